/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Sanitize, 4400h (r3.2 8.2.10.9.5.1)
 *
 * The parent runs it in the background, clears its static memory when that is
 * over and discards its own event logs. Until then the media is disabled: here
 * that means that no capacity answers. Then all dynamic capacity is zero,
 * whoever has it, and log 4 is empty; who has what does not change. Of a pool
 * it is what this head's host has to itself: the rest is other hosts' data.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "qemu/timer.h"
#include "trace.h"

#define OP_SANITIZE    0x4400
#define MEDIA_DISABLED 3              /* 8.2.9.5.1, Media Status */

bool cxl_dcd_media_disabled(CXLDcdDevice *device)
{
    return FIELD_EX64(CXL_TYPE3(device)->cxl_dstate.memdev_status,
                      CXL_MEM_DEV_STS, MEDIA_STATUS) == MEDIA_DISABLED;
}

static void cxl_dcd_sanitize_end(CXLDcdDevice *device)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned i;

    if (device->pool) {
        cxl_dcd_head_clear(device);
    }
    for (i = 0; !device->pool && i < config->num_regions; i++) {
        CXLDcdRange range = {
            config->regions[i].base, config->regions[i].length,
        };

        cxl_dcd_scrub_add(device, &range, true);
    }
    /* Nothing was mapped for seconds: no processor holds on to it */
    cxl_dcd_scrub_finish(device);
    cxl_dcd_event_log_reset(device->events);
    cxl_event_set_status(&CXL_TYPE3(device)->cxl_dstate,
                         CXL_EVENT_TYPE_DYNAMIC_CAP, false);
    trace_cxl_dcd_sanitized(device->path);
    cxl_dcd_reach_again(device, 0);
}

/* In place of the parent's, which is called first */
static void cxl_dcd_sanitize_tick(void *opaque)
{
    CXLCCI *cci = opaque;
    CXLDcdDevice *device = CXL_DCD(cci->d);

    device->parent_background(opaque);
    if (!cci->bg.runtime && cci->bg.opcode == OP_SANITIZE) {
        cci->bg.timer->cb = device->parent_background;
        cxl_dcd_sanitize_end(device);
    }
}

void cxl_dcd_sanitize_begin(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;

    if (cci->bg.timer->cb != cxl_dcd_sanitize_tick) {
        device->parent_background = cci->bg.timer->cb;
        cci->bg.timer->cb = cxl_dcd_sanitize_tick;
    }
    trace_cxl_dcd_sanitize(device->path);
    cxl_dcd_reach_again(device, 0);
}

void cxl_dcd_sanitize_resume(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;

    if (cci->bg.runtime && cci->bg.opcode == OP_SANITIZE) {
        cxl_dcd_sanitize_begin(device);
    }
}
