/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is counted */
#ifndef CXL_FMD_FMD_COUNT_H
#define CXL_FMD_FMD_COUNT_H

#include <stdint.h>

enum fmd_counter {
    FMD_COUNT_ACTS,               /* [act] asked of devices */
    FMD_COUNT_ACTS_FAILED,        /* [act] of them refused or not answered */
    FMD_COUNT_PASSES,             /* over a pool */
    FMD_COUNT_PASS_US,            /* time they took */
    FMD_COUNT_LOOKED,             /* claims that they looked at */
    FMD_COUNT_CONNECTS,           /* to monitors */
    FMD_COUNT_CONNECTS_FAILED,
    FMD_COUNT_STORE_WRITES,
    FMD_COUNT_STORE_FAILED,       /* writes and reads that failed */
    FMD_COUNT_STORE_CONFLICTS,
    FMD_COUNT_STORE_US,           /* time of the writes */
    FMD_COUNT_LEASES_LOST,        /* of the daemon */
    FMD_COUNT_LAPSED,             /* claims whose lease was not renewed */
    FMD_COUNT_SANITIZED,          /* bytes whose time is known */
    FMD_COUNT_SANITIZE_US,        /* at most; see pool-clean.h */
    FMD_COUNT_MAX,
};

#endif /* CXL_FMD_FMD_COUNT_H */
