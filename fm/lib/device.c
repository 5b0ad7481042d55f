/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The devices of a handle: how people and QEMU call them
 */
#include "device.h"
#include "export.h"
#include "handle.h"

typedef struct CxlfmDevice {
    char *name;
    char *path;
} CxlfmDevice;

static void cxlfm_device_clear(gpointer data)
{
    CxlfmDevice *device = data;

    g_free(device->name);
    g_free(device->path);
}

GArray *cxlfm_devices_new(void)
{
    GArray *devices = g_array_new(false, true, sizeof(CxlfmDevice));

    g_array_set_clear_func(devices, cxlfm_device_clear);
    return devices;
}

void cxlfm_devices_add(cxlfm *fm, const char *name, const char *path)
{
    CxlfmDevice device = { g_strdup(name), g_strdup(path) };

    g_array_append_val(fm->devices, device);
}

CXLFM_EXPORT size_t cxlfm_device_count(const cxlfm *fm)
{
    return fm->devices->len;
}

CXLFM_EXPORT const char *cxlfm_device_name(const cxlfm *fm, size_t device)
{
    return device < fm->devices->len ?
           g_array_index(fm->devices, CxlfmDevice, device).name : NULL;
}

CXLFM_EXPORT const char *cxlfm_device_path(const cxlfm *fm, size_t device)
{
    return device < fm->devices->len ?
           g_array_index(fm->devices, CxlfmDevice, device).path : NULL;
}
