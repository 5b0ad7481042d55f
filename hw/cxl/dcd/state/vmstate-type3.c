/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration state of what a DC device inherits from QEMU's Type 3 device
 *
 * PCI state, component registers, mailbox, event logs 0..3, poison list, patrol
 * scrub and ECS settings, and the DOE mailbox. Dynamic capacity itself is in
 * state/vmstate.c. A firmware transfer that is under way is not carried over:
 * the guest's next chunk is answered "transfer out of order" and it begins
 * again, which it must be able to do anyway.
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "vmstate.h"
#include "hw/pci/msix.h"
#include "hw/pci/pcie.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"

/* Far above upstream's depth of 8; a stream that says more is damaged */
#define EVENT_RECORDS_MAX 65535

static int cxl_dcd_vmstate_events_put(QEMUFile *f, void *pv, size_t size,
                                      const VMStateField *field,
                                      JSONWriter *vmdesc)
{
    CXLEventLog *log = pv;
    CXLEvent *event;
    uint32_t count = 0;

    QSIMPLEQ_FOREACH(event, &log->events, node) {
        count++;
    }
    qemu_put_be32(f, count);
    QSIMPLEQ_FOREACH(event, &log->events, node) {
        qemu_put_buffer(f, (uint8_t *)&event->data, sizeof(event->data));
    }
    return 0;
}

static int cxl_dcd_vmstate_events_get(QEMUFile *f, void *pv, size_t size,
                                      const VMStateField *field)
{
    CXLEventLog *log = pv;
    uint32_t count = qemu_get_be32(f);
    CXLEvent *event;

    if (count > EVENT_RECORDS_MAX) {
        error_report("CXL event log: %" PRIu32 " records in the stream, at "
                     "most %d are possible", count, EVENT_RECORDS_MAX);
        return -EINVAL;
    }
    while ((event = QSIMPLEQ_FIRST(&log->events))) {
        QSIMPLEQ_REMOVE_HEAD(&log->events, node);
        g_free(event);
    }
    while (count--) {
        event = g_new0(CXLEvent, 1);
        qemu_get_buffer(f, (uint8_t *)&event->data, sizeof(event->data));
        QSIMPLEQ_INSERT_TAIL(&log->events, event, node);
    }
    return 0;
}

static const VMStateInfo vmstate_info_events = {
    .name = "cxl event records",
    .get = cxl_dcd_vmstate_events_get,
    .put = cxl_dcd_vmstate_events_put,
};

static const VMStateDescription vmstate_event_log = {
    .name = "cxl-dcd/event-log",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(next_handle, CXLEventLog),
        VMSTATE_UINT16(overflow_err_count, CXLEventLog),
        VMSTATE_UINT64(first_overflow_timestamp, CXLEventLog),
        VMSTATE_UINT64(last_overflow_timestamp, CXLEventLog),
        VMSTATE_BOOL(irq_enabled, CXLEventLog),
        {
            .name = "records",
            .size = sizeof(CXLEventLog),
            .info = &vmstate_info_events,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_device_registers = {
    .name = "cxl-dcd/device-registers",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_ARRAY(dev_reg_state, CXLDeviceState,
                            CXL_DEVICE_STATUS_REGISTERS_LENGTH),
        VMSTATE_UINT64(event_status, CXLDeviceState),
        VMSTATE_UINT8_ARRAY(mbox_reg_state, CXLDeviceState,
                            CXL_MAILBOX_REGISTERS_LENGTH),
        VMSTATE_UINT64(memdev_status, CXLDeviceState),
        VMSTATE_BOOL(timestamp.set, CXLDeviceState),
        VMSTATE_UINT64(timestamp.last_set, CXLDeviceState),
        VMSTATE_UINT64(timestamp.host_set, CXLDeviceState),
        VMSTATE_STRUCT_ARRAY(event_logs, CXLDeviceState, CXL_EVENT_TYPE_MAX, 1,
                             vmstate_event_log, CXLEventLog),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_cci = {
    .name = "cxl-dcd/cci",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT16(bg.opcode, CXLCCI),
        VMSTATE_UINT16(bg.complete_pct, CXLCCI),
        VMSTATE_UINT16(bg.ret_code, CXLCCI),
        VMSTATE_UINT64(bg.starttime, CXLCCI),
        VMSTATE_UINT64(bg.runtime, CXLCCI),
        VMSTATE_TIMER_PTR(bg.timer, CXLCCI),
        VMSTATE_UINT8(fw.active_slot, CXLCCI),
        VMSTATE_UINT8(fw.staged_slot, CXLCCI),
        VMSTATE_BOOL_ARRAY(fw.slot, CXLCCI, 4),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_poison = {
    .name = "cxl-dcd/poison",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(start, CXLPoison),
        VMSTATE_UINT64(length, CXLPoison),
        VMSTATE_UINT8(type, CXLPoison),
        VMSTATE_END_OF_LIST()
    }
};

/* Both DOE mailboxes: only the words in use travel, not 2 x 1 MiB */
static int cxl_dcd_vmstate_doe_put(QEMUFile *f, void *pv, size_t size,
                                   const VMStateField *field,
                                   JSONWriter *vmdesc)
{
    DOECap *doe = pv;
    uint32_t i;

    qemu_put_be32(f, doe->write_mbox_len);
    for (i = 0; i < doe->write_mbox_len; i++) {
        qemu_put_be32(f, doe->write_mbox[i]);
    }
    qemu_put_be32(f, doe->read_mbox_idx);
    qemu_put_be32(f, doe->read_mbox_len);
    for (i = 0; i < doe->read_mbox_len; i++) {
        qemu_put_be32(f, doe->read_mbox[i]);
    }
    return 0;
}

static int cxl_dcd_vmstate_doe_get(QEMUFile *f, void *pv, size_t size,
                                   const VMStateField *field)
{
    DOECap *doe = pv;
    uint32_t i, written, at, readable;

    written = qemu_get_be32(f);
    if (written > PCI_DOE_DW_SIZE_MAX) {
        error_report("DOE mailbox: %" PRIu32 " words written, room for %d",
                     written, PCI_DOE_DW_SIZE_MAX);
        return -EINVAL;
    }
    for (i = 0; i < written; i++) {
        doe->write_mbox[i] = qemu_get_be32(f);
    }
    at = qemu_get_be32(f);
    readable = qemu_get_be32(f);
    if (readable > PCI_DOE_DW_SIZE_MAX || at > readable) {
        error_report("DOE mailbox: word %" PRIu32 " of %" PRIu32
                     " to be read, room for %d", at, readable,
                     PCI_DOE_DW_SIZE_MAX);
        return -EINVAL;
    }
    for (i = 0; i < readable; i++) {
        doe->read_mbox[i] = qemu_get_be32(f);
    }
    doe->write_mbox_len = written;
    doe->read_mbox_idx = at;
    doe->read_mbox_len = readable;
    return 0;
}

static const VMStateInfo vmstate_info_doe_mailboxes = {
    .name = "doe mailboxes",
    .get = cxl_dcd_vmstate_doe_get,
    .put = cxl_dcd_vmstate_doe_put,
};

static const VMStateDescription vmstate_doe = {
    .name = "cxl-dcd/doe",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(ctrl.abort, DOECap),
        VMSTATE_BOOL(ctrl.intr, DOECap),
        VMSTATE_BOOL(ctrl.go, DOECap),
        VMSTATE_BOOL(status.busy, DOECap),
        VMSTATE_BOOL(status.intr, DOECap),
        VMSTATE_BOOL(status.error, DOECap),
        VMSTATE_BOOL(status.ready, DOECap),
        {
            .name = "mailboxes",
            .size = sizeof(DOECap),
            .info = &vmstate_info_doe_mailboxes,
            .flags = VMS_SINGLE,
            .offset = 0,
        },
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_scrub = {
    .name = "cxl-dcd/patrol-scrub",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(scrub_cycle_cap, CXLMemPatrolScrubReadAttrs),
        VMSTATE_UINT16(scrub_cycle, CXLMemPatrolScrubReadAttrs),
        VMSTATE_UINT8(scrub_flags, CXLMemPatrolScrubReadAttrs),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_ecs_fru = {
    .name = "cxl-dcd/ecs-fru",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(ecs_cap, CXLMemECSFRUReadAttrs),
        VMSTATE_UINT16(ecs_config, CXLMemECSFRUReadAttrs),
        VMSTATE_UINT8(ecs_flags, CXLMemECSFRUReadAttrs),
        VMSTATE_END_OF_LIST()
    }
};

static void cxl_dcd_vmstate_forget_poison(CXLPoisonList *list)
{
    CXLPoison *poison, *next;

    QLIST_FOREACH_SAFE(poison, list, node, next) {
        QLIST_REMOVE(poison, node);
        g_free(poison);
    }
}

/* loadvm loads over a device in use, and lists are loaded by appending */
static int cxl_dcd_vmstate_type3_pre_load(void *opaque)
{
    CXLType3Dev *ct3d = opaque;

    cxl_dcd_poison_again(CXL_DCD(ct3d), 0, UINT64_MAX);
    cxl_dcd_vmstate_forget_poison(&ct3d->poison_list);
    cxl_dcd_vmstate_forget_poison(&ct3d->poison_list_bkp);
    cxl_dcd_vmstate_forget_poison(&ct3d->scan_media_results);
    return 0;
}

const VMStateDescription cxl_dcd_vmstate_type3 = {
    .name = "cxl-dcd/type3",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = cxl_dcd_vmstate_type3_pre_load,
    .fields = (const VMStateField[]) {
        VMSTATE_PCI_DEVICE(parent_obj, CXLType3Dev),
        VMSTATE_STRUCT(parent_obj.exp.aer_log, CXLType3Dev, 0,
                       vmstate_pcie_aer_log, PCIEAERLog),
        VMSTATE_MSIX(parent_obj, CXLType3Dev),
        CXL_DCD_VMSTATE_COMPONENT(),
        VMSTATE_STRUCT(doe_cdat, CXLType3Dev, 1, vmstate_doe, DOECap),
        VMSTATE_STRUCT(cxl_dstate, CXLType3Dev, 1, vmstate_device_registers,
                       CXLDeviceState),
        VMSTATE_STRUCT(cci, CXLType3Dev, 1, vmstate_cci, CXLCCI),
        VMSTATE_QLIST_V(poison_list, CXLType3Dev, 1, vmstate_poison,
                        CXLPoison, node),
        VMSTATE_UINT32(poison_list_cnt, CXLType3Dev),
        VMSTATE_BOOL(poison_list_overflowed, CXLType3Dev),
        VMSTATE_UINT64(poison_list_overflow_ts, CXLType3Dev),
        VMSTATE_QLIST_V(poison_list_bkp, CXLType3Dev, 1, vmstate_poison,
                        CXLPoison, node),
        VMSTATE_QLIST_V(scan_media_results, CXLType3Dev, 1, vmstate_poison,
                        CXLPoison, node),
        VMSTATE_BOOL(scan_media_hasrun, CXLType3Dev),
        VMSTATE_STRUCT(patrol_scrub_attrs, CXLType3Dev, 1, vmstate_scrub,
                       CXLMemPatrolScrubReadAttrs),
        VMSTATE_UINT8(ecs_attrs.ecs_log_cap, CXLType3Dev),
        VMSTATE_STRUCT_ARRAY(ecs_attrs.fru_attrs, CXLType3Dev,
                             CXL_ECS_NUM_MEDIA_FRUS, 1, vmstate_ecs_fru,
                             CXLMemECSFRUReadAttrs),
        VMSTATE_END_OF_LIST()
    }
};
