/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One device, as commands handle it */
#ifndef CXL_FM_TARGET_H
#define CXL_FM_TARGET_H

#include "cxlfm.h"

typedef struct Target {
    cxlfm *fm;                        /* not owned */
    size_t device;
    const char *name;
} Target;

#endif /* CXL_FM_TARGET_H */
