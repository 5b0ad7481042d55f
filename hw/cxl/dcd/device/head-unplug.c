/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the pages of a head that is unplugged
 *
 * They stay the host's in the pool's file, and this process maps them until
 * nobody holds on to the device any more. To take those that were used out of
 * the process takes long, so a thread begins with that; what is left for the
 * device's end are addresses.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/worker.h"
#include "block/aio.h"
#include "qemu/main-loop.h"

/* Bytes in one go */
#define STEP_BYTES (64ULL << 20)

typedef struct CXLDcdUnplug {
    CXLDcdDevice *device;         /* referenced */
    CXLDcdWorker *worker;
    CXLDcdJob job;
    GArray *parts;                /* CXLDcdPart */
    guint part;
    uint64_t done;                /* bytes of it */
} CXLDcdUnplug;

static bool cxl_dcd_unplug_some(void *opaque)
{
    CXLDcdUnplug *unplug = opaque;
    const CXLDcdPart *part =
        &g_array_index(unplug->parts, CXLDcdPart, unplug->part);
    uint64_t len = MIN(part->len - unplug->done, STEP_BYTES);

    cxl_dcd_pages_let_go(MEMORY_BACKEND(unplug->device->pool),
                         part->offset + unplug->done, len);
    unplug->done += len;
    if (unplug->done == part->len) {
        unplug->part++;
        unplug->done = 0;
    }
    return unplug->part == unplug->parts->len;
}

static void cxl_dcd_unplug_free(void *opaque)
{
    CXLDcdUnplug *unplug = opaque;

    cxl_dcd_worker_free(unplug->worker);
    g_array_unref(unplug->parts);
    object_unref(OBJECT(unplug->device));
    g_free(unplug);
}

static void cxl_dcd_unplug_done(void *opaque)
{
    /* The worker, whose end this is, is not through with it */
    aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_unplug_free,
                            opaque);
}

void cxl_dcd_head_unplug(CXLDcdDevice *device)
{
    CXLDcdUnplug *unplug;
    CXLDcdExtent extent;
    uint64_t at = 0;

    if (!device->pool_attached) {
        return;
    }
    unplug = g_new0(CXLDcdUnplug, 1);
    unplug->parts = g_array_new(false, false, sizeof(CXLDcdPart));
    for (; cxl_dcd_extent_from(device->dcd, at, &extent);
         at = extent.dpa + extent.len) {
        CXLDcdPart part = {
            .offset = cxl_dcd_backing_of(device, extent.dpa),
            .len = extent.len,
        };

        if (cxl_dcd_state_listed(extent.state)) {
            g_array_append_val(unplug->parts, part);
        }
    }
    if (!unplug->parts->len) {
        g_array_unref(unplug->parts);
        g_free(unplug);
        return;
    }
    unplug->device = device;
    object_ref(OBJECT(device));
    unplug->worker = cxl_dcd_worker_new();
    unplug->job = (CXLDcdJob) {
        .step = cxl_dcd_unplug_some,
        .done = cxl_dcd_unplug_done,
        .opaque = unplug,
    };
    cxl_dcd_worker_submit(unplug->worker, &unplug->job);
}
