/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door, on a character device
 *
 * Bytes of the line go to the endpoint, which answers before it returns; what
 * the line does not take at once is kept and sent when it can. While much is
 * kept nothing more is read, so a fabric manager that asks and does not listen
 * costs a bounded amount of memory.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_fm.h"
#include "hw/pci/pci.h"
#include "qemu/uuid.h"
#include "trace.h"

#define CXL_DCD_FM_READ      4096      /* bytes taken at a time */
/* A message and its answer are 1 KiB; a burst of small ones may add up. */
#define CXL_DCD_FM_BACKLOG   65536

struct CXLDcdFm {
    CXLDcdDevice *device;
    CharBackend *chr;
    CXLDcdEventLog *events;       /* log 4 of the FM's CCI */
    CXLDcdFmCci *cci;
    CXLDcdEndpoint *endpoint;
    GByteArray *out;              /* not sent yet */
    guint watch;                  /* until the line takes more; 0: none */
    bool open;                    /* somebody is at the other end */
};

static void cxl_dcd_fm_flush(CXLDcdFm *fm);

static gboolean cxl_dcd_fm_writable(void *do_not_use, GIOCondition condition,
                                    void *opaque)
{
    CXLDcdFm *fm = opaque;

    fm->watch = 0;
    cxl_dcd_fm_flush(fm);
    qemu_chr_fe_accept_input(fm->chr);
    return G_SOURCE_REMOVE;
}

static void cxl_dcd_fm_flush(CXLDcdFm *fm)
{
    int sent;

    if (!fm->open || fm->watch || !fm->out->len) {
        return;
    }
    sent = qemu_chr_fe_write(fm->chr, fm->out->data, fm->out->len);
    if (sent > 0) {
        g_byte_array_remove_range(fm->out, 0, sent);
    }
    if (fm->out->len) {
        fm->watch = qemu_chr_fe_add_watch(fm->chr, G_IO_OUT | G_IO_HUP,
                                          cxl_dcd_fm_writable, fm);
        if (!fm->watch) {
            /* A line that cannot tell when it is ready: it is lost. */
            g_byte_array_set_size(fm->out, 0);
        }
    }
}

static void cxl_dcd_fm_send(void *opaque, const uint8_t *bytes, size_t len)
{
    CXLDcdFm *fm = opaque;

    /* A notification for nobody, or for one who stopped listening */
    if (!fm->open || fm->out->len > 2 * CXL_DCD_FM_BACKLOG) {
        return;
    }
    g_byte_array_append(fm->out, bytes, len);
    cxl_dcd_fm_flush(fm);
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

static int cxl_dcd_fm_can_read(void *opaque)
{
    CXLDcdFm *fm = opaque;

    return fm->out->len < CXL_DCD_FM_BACKLOG ? CXL_DCD_FM_READ : 0;
}

static void cxl_dcd_fm_read(void *opaque, const uint8_t *bytes, int len)
{
    CXLDcdFm *fm = opaque;
    CXLDcdDevice *device = fm->device;

    /* As a request of QMP does: what is offered again must be clean. */
    object_ref(OBJECT(device));
    cxl_dcd_scrub_drain(device);
    /* Waiting may have let the device go. */
    if (device->fm == fm) {
        cxl_dcd_endpoint_receive(fm->endpoint, bytes, len);
    }
    object_unref(OBJECT(device));
}

static void cxl_dcd_fm_line_event(void *opaque, QEMUChrEvent event)
{
    CXLDcdFm *fm = opaque;

    switch (event) {
    case CHR_EVENT_OPENED:
        trace_cxl_dcd_fm_line(fm->device->path, true);
        fm->open = true;
        break;
    case CHR_EVENT_CLOSED:
        trace_cxl_dcd_fm_line(fm->device->path, false);
        fm->open = false;
        if (fm->watch) {
            g_source_remove(fm->watch);
            fm->watch = 0;
        }
        g_byte_array_set_size(fm->out, 0);
        cxl_dcd_endpoint_disconnect(fm->endpoint);
        break;
    default:
        break;
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

CXLDcdFm *cxl_dcd_fm_new(CXLDcdDevice *device, CharBackend *chr, uint8_t eid)
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
    fm->chr = chr;
    fm->out = g_byte_array_new();
    fm->events = cxl_dcd_event_log_new(device->event_log_size,
                                       &cxl_dcd_fm_log_ops, fm);
    fm->cci = cxl_dcd_fm_cci_new(device->dcd, fm->events, &identity);
    fm->endpoint = cxl_dcd_endpoint_new(fm->cci, eid, uuid.data,
                                        &cxl_dcd_fm_endpoint_ops, fm);
    device->fm = fm;
    qemu_chr_fe_set_handlers(chr, cxl_dcd_fm_can_read, cxl_dcd_fm_read,
                             cxl_dcd_fm_line_event, NULL, fm, NULL, true);
    return fm;
}

void cxl_dcd_fm_free(CXLDcdFm *fm)
{
    if (!fm) {
        return;
    }
    fm->device->fm = NULL;
    if (fm->watch) {
        g_source_remove(fm->watch);
    }
    qemu_chr_fe_deinit(fm->chr, false);
    cxl_dcd_endpoint_free(fm->endpoint);
    cxl_dcd_fm_cci_free(fm->cci);
    cxl_dcd_event_log_free(fm->events);
    g_byte_array_unref(fm->out);
    g_free(fm);
}

void cxl_dcd_fm_event(CXLDcdFm *fm, const CXLDcdEvent *event)
{
    if (fm) {
        cxl_dcd_event_log_insert(fm->events, event);
    }
}
