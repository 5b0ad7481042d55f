/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fmd door: events, by GET /v1/events */
#ifndef CXLFM_FMD_EVENT_H
#define CXLFM_FMD_EVENT_H

#include <stdbool.h>
#include "cxlfm.h"

/* As struct cxlfm_door_ops has them */
int cxlfm_fmd_subscribe(cxlfm *fm);
int cxlfm_fmd_pump(cxlfm *fm, unsigned timeout);
bool cxlfm_fmd_waiting(const cxlfm *fm);

#endif /* CXLFM_FMD_EVENT_H */
