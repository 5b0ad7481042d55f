/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that a door has found; more calls on them are in cxlfm.h. */
#ifndef CXLFM_DEVICE_H
#define CXLFM_DEVICE_H

#include <glib.h>
#include "cxlfm.h"

/* For a new handle; g_array_unref() frees it. */
GArray *cxlfm_devices_new(void);
/* Append one. @path is "" over the FM API. */
void cxlfm_devices_add(cxlfm *fm, const char *name, const char *path);

#endif /* CXLFM_DEVICE_H */
