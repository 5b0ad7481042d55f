/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the core and the event log ask of the device
 *
 * Called in the middle of a request, when it is known to succeed: none of
 * these may fail, or ask anything of the core that changes it.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_fm.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "trace.h"

static uint32_t cxl_dcd_op_event_room(void *opaque)
{
    return cxl_dcd_event_log_room(CXL_DCD(opaque)->events);
}

static void cxl_dcd_op_event(void *opaque, const CXLDcdEvent *event)
{
    CXLDcdDevice *device = opaque;

    cxl_dcd_persist_changed(device);
    trace_cxl_dcd_event(device->path, event->type, event->host_id, event->dpa,
                        event->length, event->more);
    /* Types 4 and 5 are for the fabric manager, who has a log of his own */
    if (event->type <= CXL_DCD_EVENT_REGION_CONFIG) {
        cxl_dcd_event_log_insert(device->events, event);
    } else {
        cxl_dcd_fm_event(device->fm, event);
    }
}

static void cxl_dcd_op_reach(void *opaque, const CXLDcdRange *range,
                             bool reachable)
{
    if (!reachable) {
        cxl_dcd_poison_drop(opaque, range);
    } else {
        cxl_dcd_vmstate_memory_changed(opaque, range);
        cxl_dcd_footprint_use(opaque, range);
    }
    cxl_dcd_discard_reach(opaque, range, reachable);
    cxl_dcd_map_reach(opaque, range, reachable);
}

static void cxl_dcd_op_commit(void *opaque)
{
    cxl_dcd_persist_changed(opaque);
    cxl_dcd_map_commit(opaque);
}

static void cxl_dcd_op_sanitize(void *opaque, const CXLDcdRange *range,
                                bool must)
{
    CXLDcdDevice *device = opaque;
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int region = cxl_dcd_region_of(device->dcd, range->dpa, range->len);

    if (device->pool) {
        cxl_dcd_head_leave(device, range);
        cxl_dcd_scrub_add(device, range, must);
        return;
    }
    /* Memory goes back to the system, files keep what nobody asked to clear */
    if (must || !(config->regions[region].attributes &
                  CXL_DCD_REGION_NONVOLATILE)) {
        cxl_dcd_scrub_add(device, range, must);
    }
}

static void cxl_dcd_op_outcome(void *opaque, CXLDcdOutcome outcome,
                               const CXLDcdExtent *extents, size_t count)
{
    CXLDcdDevice *device = opaque;

    if (device->pool) {
        cxl_dcd_head_outcome(device, outcome, extents, count);
    }
    cxl_dcd_qmp_outcome(device, outcome, extents, count);
}

const CXLDcdOps cxl_dcd_device_ops = {
    .event_room = cxl_dcd_op_event_room,
    .event = cxl_dcd_op_event,
    .reach = cxl_dcd_op_reach,
    .commit = cxl_dcd_op_commit,
    .sanitize = cxl_dcd_op_sanitize,
    .outcome = cxl_dcd_op_outcome,
};

static uint64_t cxl_dcd_log_now(void *opaque)
{
    return cxl_device_get_timestamp(&CXL_TYPE3(opaque)->cxl_dstate);
}

static void cxl_dcd_log_filled(void *opaque)
{
    cxl_event_set_status(&CXL_TYPE3(opaque)->cxl_dstate,
                         CXL_EVENT_TYPE_DYNAMIC_CAP, true);
    cxl_dcd_mailbox_interrupt(opaque);
}

static void cxl_dcd_log_emptied(void *opaque)
{
    cxl_event_set_status(&CXL_TYPE3(opaque)->cxl_dstate,
                         CXL_EVENT_TYPE_DYNAMIC_CAP, false);
}

static void cxl_dcd_log_dropped(void *opaque, const CXLDcdEvent *event)
{
    trace_cxl_dcd_event_dropped(CXL_DCD(opaque)->path, event->type, event->dpa,
                                event->length);
}

const CXLDcdEventLogOps cxl_dcd_device_log_ops = {
    .now = cxl_dcd_log_now,
    .became_non_empty = cxl_dcd_log_filled,
    .became_empty = cxl_dcd_log_emptied,
    .dropped = cxl_dcd_log_dropped,
};
