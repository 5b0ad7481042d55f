/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: resets of the device (r3.2 9.5, 9.7)
 *
 * CXL reset (DVSEC for devices, 8.1.3): the host asks for it by a bit of
 * Control2 and sees in Status2 when it is over, which here is before the write
 * returns. It resets CXL.mem and what the device holds like a conventional
 * reset does. Clearing memory on the way is optional and not offered.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "judge.h"
#include "mailbox-registers.h"
#include "mailbox.h"
#include "reset.h"
#include "qemu/timer.h"

/* 8.1.3.1 CXL Capability */
#define CXL_RESET_CAPABLE   (1 << 7)
#define CXL_RESET_TIMEOUT   (7 << 8)  /* 0: 10 ms */
/* 8.1.3.2 CXL Control */
#define DVSEC_IO_ENABLE   (1 << 1)
/* 8.1.3.4 CXL Control2 */
#define CXL_RESET_INITIATE  (1 << 2)
/* 8.1.3.5 CXL Status2 */
#define CXL_RESET_COMPLETE  (1 << 1)
#define CXL_RESET_ERROR     (1 << 2)

static uint8_t *cxl_dcd_dvsec(CXLDcdDevice *device)
{
    Range *dvsecs = CXL_TYPE3(device)->cxl_cstate.dvsecs;

    return PCI_DEVICE(device)->config +
           range_lob(&dvsecs[PCIE_CXL_DEVICE_DVSEC]);
}

/* The parent makes timers at every reset and never frees one */
static void cxl_dcd_free_timers(CXLType3Dev *ct3d)
{
    g_clear_pointer(&ct3d->cci.bg.timer, timer_free);
    g_clear_pointer(&ct3d->vdm_fm_owned_ld_mctp_cci.bg.timer, timer_free);
    g_clear_pointer(&ct3d->ld0_cci.bg.timer, timer_free);
}

void cxl_dcd_free_parent(CXLType3Dev *ct3d)
{
    DOECap *doe = &ct3d->doe_cdat;

    cxl_dcd_free_timers(ct3d);
    g_clear_pointer(&doe->read_mbox, g_free);
    g_clear_pointer(&doe->write_mbox, g_free);
}

/*
 * QEMU keeps the device's DVSEC over every reset. With CXL.mem left enabled and
 * no HDM decoder committed, the next kernel takes it for a device that firmware
 * has set up by ranges, finds none of them, and does without it (8.1.3.2).
 */
static void cxl_dcd_reset_dvsec(CXLDcdDevice *device)
{
    uint8_t *dvsec = cxl_dcd_dvsec(device);

    pci_set_word(dvsec + offsetof(CXLDVSECDevice, ctrl), DVSEC_IO_ENABLE);
    pci_set_word(dvsec + offsetof(CXLDVSECDevice, ctrl2), 0);
    pci_set_word(dvsec + offsetof(CXLDVSECDevice, lock), 0);
}

/*
 * FLR leaves alone all that CXL adds to the function (9.5); PCI's part is done
 * by our caller. Any other reset does what a conventional one does (9.7).
 */
void cxl_dcd_reset_device(DeviceState *dev)
{
    CXLDcdDevice *device = CXL_DCD(dev);
    CXLType3Dev *ct3d = CXL_TYPE3(dev);
    bool unclean = cxl_dcd_media_disabled(device);

    if (device->in_flr) {
        trace_cxl_dcd_flr(device->path);
        return;
    }
    cxl_dcd_free_timers(ct3d);
    cxl_dcd_mailbox_registers_reset(device);
    CXL_DCD_GET_CLASS(device)->parent_reset(dev);
    if (unclean) {
        /* 8.2.10.9.5.1: until a Sanitize has come to its end */
        cxl_dev_disable_media(&ct3d->cxl_dstate);
    }
    cxl_dcd_mailbox_install(device);
    cxl_dcd_feature_forget(device);
    cxl_dcd_poison_report_reset(device);
    if (!device->dcd) {
        cxl_dcd_route_changed();
        return;
    }
    trace_cxl_dcd_reset(device->path);
    cxl_dcd_reset_dvsec(device);
    ct3d->cxl_dstate.event_logs[CXL_EVENT_TYPE_DYNAMIC_CAP].irq_enabled = false;
    device->mem_withdrawn = false;
    cxl_dcd_check_enables(device, 0);
    cxl_dcd_chain_abort(device->dcd);
    cxl_dcd_reset(device->dcd, CXL_DCD_RESET_CONVENTIONAL);
    cxl_dcd_event_log_reset(device->events);
    cxl_event_set_status(&ct3d->cxl_dstate, CXL_EVENT_TYPE_DYNAMIC_CAP, false);
    cxl_dcd_route_changed();
}

void cxl_dcd_reset_offer(CXLDcdDevice *device)
{
    uint8_t *cap = cxl_dcd_dvsec(device) + offsetof(CXLDVSECDevice, cap);

    pci_set_word(cap, (pci_get_word(cap) & ~CXL_RESET_TIMEOUT) |
                      CXL_RESET_CAPABLE);
}

void cxl_dcd_reset_asked(CXLDcdDevice *device)
{
    uint8_t *control = cxl_dcd_dvsec(device) + offsetof(CXLDVSECDevice, ctrl2);
    uint8_t *status = cxl_dcd_dvsec(device) + offsetof(CXLDVSECDevice, status2);
    uint16_t asked = pci_get_word(control);

    if (!(asked & CXL_RESET_INITIATE)) {
        return;
    }
    trace_cxl_dcd_cxl_reset(device->path);
    /* It reads as zero, also while it is carried out */
    pci_set_word(control, asked & ~CXL_RESET_INITIATE);
    pci_set_word(status, pci_get_word(status) & ~CXL_RESET_COMPLETE);
    pci_device_reset(PCI_DEVICE(device));
    pci_set_word(status, (pci_get_word(status) & ~CXL_RESET_ERROR) |
                         CXL_RESET_COMPLETE);
}
