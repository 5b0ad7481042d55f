/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The QMP door */
#ifndef CXLFM_QMP_OPS_H
#define CXLFM_QMP_OPS_H

#include "door.h"

extern const struct cxlfm_door_ops cxlfm_door_qmp;

#endif /* CXLFM_QMP_OPS_H */
