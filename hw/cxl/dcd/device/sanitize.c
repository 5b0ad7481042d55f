/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Sanitize, 4400h (r3.2 8.2.10.9.5.1)
 *
 * The parent runs it in the background, clears its static memory when that is
 * over and discards its own event logs. Until then the media is disabled: here
 * that means that no capacity answers. Then all dynamic capacity is zero,
 * whoever has it, and log 4 is empty; who has what does not change. Of a pool
 * it is what this head's host has to itself: the rest is other hosts' data.
 *
 * What the operation is said to take may be over before the contents are gone,
 * which is done a few milliseconds at a time: then it takes longer. Capacity
 * that changes hands meanwhile is out of reach as well, and so stays clean.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "sanitize.h"
#include "qemu/timer.h"
#include "qemu/units.h"

#define OP_SANITIZE    0x4400

/* With QEMU's lock, in one go */
#define BUSY_NS   (5 * SCALE_MS)
#define STEP      (4 * MiB)
/* Of the machine's time until the next go; when others have the pool's lock */
#define PAUSE_MS  1
#define RETRY_MS  200

/* The next bytes of a region, from @dpa on; how many: 0, not now */
static uint64_t cxl_dcd_sanitize_piece(CXLDcdDevice *device, unsigned region,
                                       uint64_t dpa)
{
    const CXLDcdRegionConfig *config =
        &cxl_dcd_config(device->dcd)->regions[region];
    uint64_t step = device->pool ?
        MAX(STEP, cxl_dcd_pool_page(device->pool->pool)) : STEP;
    CXLDcdRange range = { dpa, MIN(config->base + config->length - dpa, step) };

    if (device->pool) {
        return cxl_dcd_head_clear(device, &range) ? range.len : 0;
    }
    /* Also of what is free, and may be prepared for somebody */
    device->claims++;
    cxl_dcd_sanitize_own_clean(device, dpa, range.len, true);
    cxl_dcd_backing_changed(device, &range);
    return range.len;
}

/* Some of what is left; ms until the next go, 0: nothing is left */
static unsigned cxl_dcd_sanitize_some(CXLDcdDevice *device)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int64_t until = get_clock() + BUSY_NS;
    uint64_t len;

    while (device->sanitize_region < config->num_regions) {
        const CXLDcdRegionConfig *region =
            &config->regions[device->sanitize_region];

        if (device->sanitize_offset == region->length) {
            device->sanitize_region++;
            device->sanitize_offset = 0;
            continue;
        }
        if (get_clock() >= until) {
            return PAUSE_MS;
        }
        len = cxl_dcd_sanitize_piece(device, device->sanitize_region,
                                     region->base + device->sanitize_offset);
        if (!len) {
            return RETRY_MS;
        }
        device->sanitize_offset += len;
    }
    return 0;
}

static void cxl_dcd_sanitize_end(CXLDcdDevice *device)
{
    cxl_dcd_event_log_reset(device->events);
    cxl_event_set_status(&CXL_TYPE3(device)->cxl_dstate,
                         CXL_EVENT_TYPE_DYNAMIC_CAP, false);
    trace_cxl_dcd_sanitized(device->path);
    cxl_dcd_reach_again(device, 0);
}

/* In place of the parent's, which is called when it is over */
static void cxl_dcd_sanitize_tick(void *opaque)
{
    CXLCCI *cci = opaque;
    CXLDcdDevice *device = CXL_DCD(cci->d);
    uint64_t now = qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
    unsigned wait = 0;

    if (cci->bg.opcode == OP_SANITIZE && cci->bg.runtime &&
        now >= cci->bg.starttime + cci->bg.runtime) {
        wait = cxl_dcd_sanitize_some(device);
    }
    if (wait) {
        timer_mod(cci->bg.timer, now + wait);
        return;
    }
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
    device->sanitize_region = 0;
    device->sanitize_offset = 0;
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
