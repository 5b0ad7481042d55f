/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the core and the event log ask of the device
 *
 * Called in the middle of a request: none of these may ask anything of the core
 * that changes it, and but for what is asked in advance none may fail.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "fault.h"
#include "fm.h"
#include "mailbox.h"
#include "ops.h"
#include "outcome.h"

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
    cxl_dcd_persist_reach(opaque, range);
    if (reachable) {
        cxl_dcd_backing_changed(opaque, range);
        cxl_dcd_footprint_use(opaque, range);
        cxl_dcd_layout_reach(opaque, range);
    }
    cxl_dcd_discard_reach(opaque, range, reachable);
    cxl_dcd_map_reach(opaque, range, reachable);
}

static void cxl_dcd_op_commit(void *opaque)
{
    cxl_dcd_persist_changed(opaque);
    cxl_dcd_layout_accepted(opaque);
    cxl_dcd_map_commit(opaque);
}

static bool cxl_dcd_op_sanitize(void *opaque, const CXLDcdRange *range,
                                bool must)
{
    cxl_dcd_poison_drop(opaque, range);
    cxl_dcd_sanitizer_add(opaque, range, must);
    return false;
}

static GHashTable *cxl_dcd_op_event_ranges(void *opaque, uint8_t type)
{
    return cxl_dcd_event_log_ranges(CXL_DCD(opaque)->events, type);
}

/*
 * What is not in the file would be lost by a crash, and what is changed after
 * it was sent is not so where the guest goes on.
 */
static bool cxl_dcd_op_may_change(void *opaque, GError **error)
{
    CXLDcdDevice *device = opaque;
    int failed = cxl_dcd_persist_failed(device);

    if (failed) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "the state of device '%s' cannot be written to '%s': %s; "
                    "nothing is changed before that is mended (it is tried "
                    "every second)", device->path, device->state_path,
                    g_strerror(failed));
        return false;
    }
    if (cxl_dcd_migrated(device)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "the machine of device '%s' has migrated, and what is "
                    "changed here is not so there: ask the machine that it "
                    "went to, or this one when it runs again", device->path);
        return false;
    }
    return true;
}

/* Windows are followed through one switch only, as QEMU's own code does it */
static bool cxl_dcd_op_offerable(void *opaque, GError **error)
{
    CXLDcdDevice *device = opaque;
    unsigned depth = cxl_dcd_switch_depth(device);

    if (depth > 1) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "device '%s' is behind %u CXL switches in a row: QEMU "
                    "decodes addresses through one, so the host could not "
                    "reach the capacity; put it behind one switch or none",
                    device->path, depth);
        return false;
    }
    return true;
}

const CXLDcdOps cxl_dcd_device_ops = {
    .event_room = cxl_dcd_op_event_room,
    .event = cxl_dcd_op_event,
    .reach = cxl_dcd_op_reach,
    .commit = cxl_dcd_op_commit,
    .sanitize = cxl_dcd_op_sanitize,
    .event_ranges = cxl_dcd_op_event_ranges,
    .may_change = cxl_dcd_op_may_change,
    .offerable = cxl_dcd_op_offerable,
    .outcome = cxl_dcd_outcome_tell,
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

static bool cxl_dcd_log_full(void *opaque)
{
    return cxl_dcd_fault_event(CXL_DCD(opaque)->faults,
                               CXL_DCD_FAULT_OVERFLOW);
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
    .full = cxl_dcd_log_full,
    .dropped = cxl_dcd_log_dropped,
};
