/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The FM API door */
#ifndef CXLFM_FMAPI_OPS_H
#define CXLFM_FMAPI_OPS_H

#include "door.h"

extern const struct cxlfm_door_ops cxlfm_door_fmapi;

#endif /* CXLFM_FMAPI_OPS_H */
