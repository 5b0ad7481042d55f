/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: CXL reset (r3.2 9.7, DVSEC for devices 8.1.3)
 *
 * The host asks for it by a bit of Control2 and sees in Status2 when it is
 * over, which here is before the write returns. It resets CXL.mem and what the
 * device holds like a conventional reset does. Clearing memory on the way is
 * optional and not offered.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "trace.h"

/* 8.1.3.1 CXL Capability */
#define CXL_RESET_CAPABLE   (1 << 7)
#define CXL_RESET_TIMEOUT   (7 << 8)  /* 0: 10 ms */
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
