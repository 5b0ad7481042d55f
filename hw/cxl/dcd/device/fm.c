/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door of one device
 *
 * An MCTP endpoint with a CCI and an event log, on a line that it may share
 * with other devices (device/line.c).
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "hw/cxl/dcd/trace.h"
#include "fm.h"
#include "line.h"
#include "hw/pci/pci.h"
#include "qemu/timer.h"
#include "qemu/uuid.h"
#include "system/system.h"

struct CXLDcdFm {
    CXLDcdDevice *device;
    CXLDcdLine *line;             /* NULL: while it is made */
    CXLDcdLineClient client;
    CXLDcdEventLog *events;       /* log 4 of the FM's CCI */
    CXLDcdFmCci *cci;
    CXLDcdEndpoint *endpoint;
    CXLDcdSettled waiter;         /* before an answer is sent */
    CXLDcdSettled prepare;        /* before a command is run again */
    QEMUTimer *delay;             /* and by a fault */
};

static void cxl_dcd_fm_send(void *opaque, const uint8_t *bytes, size_t len)
{
    CXLDcdFm *fm = opaque;

    if (fm->line) {
        cxl_dcd_line_send(fm->line, bytes, len);
    }
}

static void cxl_dcd_fm_ran(void *opaque, uint16_t opcode, size_t in_len,
                           uint16_t code, size_t out_len)
{
    CXLDcdFm *fm = opaque;

    trace_cxl_dcd_fm_command(fm->device->path, opcode, in_len, code,
                             cxl_dcd_return_code_name(code), out_len);
    /* References and settings of regions change without an event */
    cxl_dcd_persist_changed(fm->device);
}

static bool cxl_dcd_fm_busy(void *opaque)
{
    CXLDcdFm *fm = opaque;

    return fm->waiter.waiting || fm->prepare.waiting ||
           timer_pending(fm->delay);
}

/* What was decided is so: the fabric manager may hear of it. */
static void cxl_dcd_fm_settled(void *opaque)
{
    CXLDcdFm *fm = opaque;

    if (cxl_dcd_fm_busy(fm)) {
        return;
    }
    cxl_dcd_endpoint_settled(fm->endpoint);
    cxl_dcd_line_ready(fm->line);
}

/* Only what changes something waits for the change. */
static bool cxl_dcd_fm_settle(void *opaque, uint16_t opcode, uint16_t code,
                              uint32_t delay)
{
    CXLDcdFm *fm = opaque;
    CXLDcdDevice *device = fm->device;

    if (delay) {
        timer_mod(fm->delay, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + delay);
    }
    if (code != CXL_DCD_RC_SUCCESS ||
        opcode < CXL_DCD_OP_FM_SET_REGION_CONFIG ||
        opcode > CXL_DCD_OP_FM_REMOVE_REFERENCE) {
        return !delay;
    }
    fm->waiter.clean = opcode == CXL_DCD_OP_FM_INITIATE_RELEASE ||
                       opcode == CXL_DCD_OP_FM_REMOVE_REFERENCE;
    if (cxl_dcd_settled(device) &&
        (!fm->waiter.clean || cxl_dcd_clean(device))) {
        return !delay;
    }
    cxl_dcd_settle_wait(device, &fm->waiter);
    return false;
}

/* --- Memory is taken for what is to be offered --- */

static void cxl_dcd_fm_may_wait(void *opaque, bool may_wait)
{
    CXLDcdFm *fm = opaque;

    cxl_dcd_prepare_may_wait(fm->device, may_wait);
}

static bool cxl_dcd_fm_begun(void *opaque)
{
    CXLDcdFm *fm = opaque;

    if (!cxl_dcd_preparing(fm->device)) {
        return false;
    }
    cxl_dcd_settle_wait(fm->device, &fm->prepare);
    return true;
}

static void cxl_dcd_fm_prepared(void *opaque)
{
    CXLDcdFm *fm = opaque;

    cxl_dcd_endpoint_again(fm->endpoint);
    if (!cxl_dcd_fm_busy(fm)) {
        cxl_dcd_line_ready(fm->line);
    }
}

/* Who asked over the line is not there any more; others may wait as well. */
static void cxl_dcd_fm_abandon(CXLDcdFm *fm)
{
    if (!fm->prepare.waiting) {
        return;
    }
    cxl_dcd_settle_cancel(fm->device, &fm->prepare);
    if (!cxl_dcd_settle_prepare_awaited(fm->device)) {
        cxl_dcd_prepare_abandon(fm->device);
    }
}

static const CXLDcdEndpointOps cxl_dcd_fm_endpoint_ops = {
    .send = cxl_dcd_fm_send,
    .ran = cxl_dcd_fm_ran,
    .settle = cxl_dcd_fm_settle,
    .may_wait = cxl_dcd_fm_may_wait,
    .begun = cxl_dcd_fm_begun,
};

static void cxl_dcd_fm_line_event(void *opaque, bool open)
{
    CXLDcdFm *fm = opaque;

    trace_cxl_dcd_fm_line(fm->device->path, open);
    if (!open) {
        timer_del(fm->delay);
        cxl_dcd_fm_abandon(fm);
        cxl_dcd_endpoint_disconnect(fm->endpoint);
    }
}

static uint64_t cxl_dcd_fm_now(void *opaque)
{
    CXLDcdFm *fm = opaque;

    return cxl_device_get_timestamp(&CXL_TYPE3(fm->device)->cxl_dstate);
}

static void cxl_dcd_fm_log_filled(void *opaque)
{
    CXLDcdFm *fm = opaque;

    cxl_dcd_endpoint_notify(fm->endpoint);
}

static const CXLDcdEventLogOps cxl_dcd_fm_log_ops = {
    .now = cxl_dcd_fm_now,
    .became_non_empty = cxl_dcd_fm_log_filled,
};

/* A link of PCIe's capability structure, as 5501h tells it */
static void cxl_dcd_fm_set_pool(CXLDcdFm *fm)
{
    PCIDevice *pci_dev = PCI_DEVICE(fm->device);
    const uint8_t *cap = pci_dev->config + pci_dev->exp.exp_cap;
    uint32_t max = pci_get_long(cap + PCI_EXP_LNKCAP);
    uint16_t now = pci_get_word(cap + PCI_EXP_LNKSTA);
    const CXLDcdHeadInfo link = {
        .max_width = (max & PCI_EXP_LNKCAP_MLW) >> 4,
        .current_width = (now & PCI_EXP_LNKSTA_NLW) >> 4,
        .speeds = pci_get_long(cap + PCI_EXP_LNKCAP2) >> 1 & 0x3f,
        .max_speed = max & PCI_EXP_LNKCAP_SLS,
        .current_speed = now & PCI_EXP_LNKSTA_CLS,
    };

    if (fm->device->pool) {
        cxl_dcd_fm_cci_set_pool(fm->cci, fm->device->pool->pool, &link);
    }
}

/*
 * The same after a migration, so made of what stays the same: the machine's
 * UUID, the device's serial number and its path (RFC 9562, version 8).
 */
static void cxl_dcd_fm_uuid(const CXLDcdDevice *device, QemuUUID *ret)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint64_t serial = cpu_to_le64(CXL_TYPE3(device)->sn);
    uint8_t digest[32];
    gsize len = sizeof(digest);

    g_checksum_update(sum, qemu_uuid.data, sizeof(qemu_uuid.data));
    g_checksum_update(sum, (const uint8_t *)&serial, sizeof(serial));
    g_checksum_update(sum, (const uint8_t *)device->path, -1);
    g_checksum_get_digest(sum, digest, &len);
    memcpy(ret->data, digest, sizeof(ret->data));
    ret->data[6] = (ret->data[6] & 0x0f) | 0x80;
    ret->data[8] = (ret->data[8] & 0x3f) | 0x80;
}

bool cxl_dcd_fm_new(CXLDcdDevice *device, const char *chardev, uint8_t eid,
                    Error **errp)
{
    const uint8_t *config = PCI_DEVICE(device)->config;
    const CXLDcdFmIdentity identity = {
        .vendor = pci_get_word(config + PCI_VENDOR_ID),
        .device = pci_get_word(config + PCI_DEVICE_ID),
        .subsystem_vendor = pci_get_word(config + PCI_SUBSYSTEM_VENDOR_ID),
        .subsystem = pci_get_word(config + PCI_SUBSYSTEM_ID),
        .serial = CXL_TYPE3(device)->sn,
    };
    CXLDcdFm *fm = g_new0(CXLDcdFm, 1);
    QemuUUID uuid;

    cxl_dcd_fm_uuid(device, &uuid);
    fm->device = device;
    fm->events = cxl_dcd_event_log_new(device->event_log_size,
                                       &cxl_dcd_fm_log_ops, fm);
    fm->cci = cxl_dcd_fm_cci_new(device->dcd, fm->events, &identity);
    cxl_dcd_fm_set_pool(fm);
    fm->endpoint = cxl_dcd_endpoint_new(fm->cci, eid, uuid.data,
                                        &cxl_dcd_fm_endpoint_ops, fm);
    cxl_dcd_endpoint_set_faults(fm->endpoint, device->faults);
    fm->delay = timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_fm_settled, fm);
    fm->waiter = (CXLDcdSettled){
        .limited = true,
        .done = cxl_dcd_fm_settled,
        .opaque = fm,
    };
    fm->prepare = (CXLDcdSettled) {
        .prepare = true,
        .done = cxl_dcd_fm_prepared,
        .opaque = fm,
    };
    fm->client = (CXLDcdLineClient){
        .mctp = cxl_dcd_endpoint_mctp(fm->endpoint),
        .busy = cxl_dcd_fm_busy,
        .event = cxl_dcd_fm_line_event,
        .opaque = fm,
    };
    fm->line = cxl_dcd_line_join(chardev, &fm->client, errp);
    if (!fm->line) {
        cxl_dcd_fm_free(fm);
        return false;
    }
    device->fm = fm;
    return true;
}

void cxl_dcd_fm_free(CXLDcdFm *fm)
{
    if (!fm) {
        return;
    }
    fm->device->fm = NULL;
    cxl_dcd_settle_cancel(fm->device, &fm->waiter);
    cxl_dcd_fm_abandon(fm);
    timer_free(fm->delay);
    if (fm->line) {
        cxl_dcd_line_leave(fm->line, &fm->client);
    }
    cxl_dcd_endpoint_free(fm->endpoint);
    cxl_dcd_fm_cci_free(fm->cci);
    cxl_dcd_event_log_free(fm->events);
    g_free(fm);
}

void cxl_dcd_fm_event(CXLDcdFm *fm, const CXLDcdEvent *event)
{
    if (fm) {
        cxl_dcd_event_log_insert(fm->events, event);
    }
}

/* --- Migration --- */

void cxl_dcd_fm_save(CXLDcdDevice *device, GByteArray **ret_endpoint,
                     GByteArray **ret_events)
{
    *ret_endpoint = cxl_dcd_endpoint_save(device->fm->endpoint);
    *ret_events = cxl_dcd_event_log_save(device->fm->events);
}

static bool cxl_dcd_fm_eid_taken(void *opaque, uint8_t eid)
{
    CXLDcdFm *fm = opaque;

    return cxl_dcd_line_has(fm->line, eid);
}

bool cxl_dcd_fm_load(CXLDcdDevice *device, const GByteArray *endpoint,
                     const GByteArray *events, const char **ret_why)
{
    CXLDcdFm *fm = device->fm;

    if (!fm) {
        *ret_why =
            "the other machine's device has property '" CXL_DCD_PROP_FMAPI
            "', this one has not";
        return false;
    }
    if (!cxl_dcd_event_log_restore(fm->events, events->data, events->len,
                                   ret_why)) {
        return false;
    }
    if (!cxl_dcd_endpoint_restore(fm->endpoint, endpoint->data, endpoint->len,
                                  cxl_dcd_fm_eid_taken)) {
        *ret_why = "the endpoint's state makes no sense here; does another "
                   "device of the line have its endpoint id?";
        return false;
    }
    cxl_dcd_settle_cancel(device, &fm->waiter);
    cxl_dcd_fm_abandon(fm);
    timer_del(fm->delay);
    cxl_dcd_line_ready(fm->line);
    return true;
}
