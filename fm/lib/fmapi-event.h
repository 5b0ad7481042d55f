/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The FM API door: events; see struct cxlfm_door_ops. */
#ifndef CXLFM_FMAPI_EVENT_H
#define CXLFM_FMAPI_EVENT_H

#include "cxlfm.h"

int cxlfm_fmapi_subscribe(cxlfm *fm);
int cxlfm_fmapi_drain(cxlfm *fm);

#endif /* CXLFM_FMAPI_EVENT_H */
