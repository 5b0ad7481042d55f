/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fmd door */
#ifndef CXLFM_FMD_OPS_H
#define CXLFM_FMD_OPS_H

#include "door.h"

extern const struct cxlfm_door_ops cxlfm_door_fmd;

#endif /* CXLFM_FMD_OPS_H */
