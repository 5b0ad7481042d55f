/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door of one device
 *
 * An MCTP endpoint with a CCI and an event log, on a line that it may share
 * with other devices (cxl-dcd-line.c).
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_fm.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "hw/pci/pci.h"
#include "qemu/uuid.h"
#include "trace.h"

struct CXLDcdFm {
    CXLDcdDevice *device;
    CXLDcdLine *line;             /* NULL: while it is made */
    CXLDcdEventLog *events;       /* log 4 of the FM's CCI */
    CXLDcdFmCci *cci;
    CXLDcdEndpoint *endpoint;
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

static const CXLDcdEndpointOps cxl_dcd_fm_endpoint_ops = {
    .send = cxl_dcd_fm_send,
    .ran = cxl_dcd_fm_ran,
};

CXLDcdMctp *cxl_dcd_fm_mctp(CXLDcdFm *fm)
{
    return cxl_dcd_endpoint_mctp(fm->endpoint);
}

void cxl_dcd_fm_settle(CXLDcdFm *fm)
{
    CXLDcdDevice *device = fm->device;

    object_ref(OBJECT(device));
    cxl_dcd_scrub_drain(device);
    object_unref(OBJECT(device));
}

void cxl_dcd_fm_line_event(CXLDcdFm *fm, bool open)
{
    trace_cxl_dcd_fm_line(fm->device->path, open);
    if (!open) {
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

    qemu_uuid_generate(&uuid);
    fm->device = device;
    fm->events = cxl_dcd_event_log_new(device->event_log_size,
                                       &cxl_dcd_fm_log_ops, fm);
    fm->cci = cxl_dcd_fm_cci_new(device->dcd, fm->events, &identity);
    cxl_dcd_fm_set_pool(fm);
    fm->endpoint = cxl_dcd_endpoint_new(fm->cci, eid, uuid.data,
                                        &cxl_dcd_fm_endpoint_ops, fm);
    fm->line = cxl_dcd_line_join(chardev, fm, errp);
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
    if (fm->line) {
        cxl_dcd_line_leave(fm->line, fm);
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
