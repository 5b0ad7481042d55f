/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what is not the same in every QEMU
 *
 * What only got another name is in scripts/assemble-qemu.
 */
#ifndef CXL_DCD_COMPAT_H
#define CXL_DCD_COMPAT_H

#include "config-host.h"

/* From 10.2 on, whoever replays what is discarded is told how it went */
#if QEMU_VERSION_MAJOR > 10 || \
    (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR >= 2)
typedef int CXLDcdReplayed;
#define CXL_DCD_REPLAYED(result) (result)
#else
typedef void CXLDcdReplayed;
#define CXL_DCD_REPLAYED(result) ((void)(result))
#endif

#endif /* CXL_DCD_COMPAT_H */
