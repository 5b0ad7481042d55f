/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The FM API door: lists, and all of a device; see struct cxlfm_door_ops. */
#ifndef CXLFM_FMAPI_LIST_H
#define CXLFM_FMAPI_LIST_H

#include <glib.h>
#include "cxlfm.h"

int cxlfm_fmapi_tags(cxlfm *fm, size_t device, GArray *fill);
int cxlfm_fmapi_snapshot(cxlfm *fm, size_t device,
                         struct cxlfm_snapshot *fill);

#endif /* CXLFM_FMAPI_LIST_H */
