/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: does the device answer at all?
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"

/* CXL DVSEC for devices: control register and its Mem_Enable, 8.1.3.2 */
#define DVSEC_CONTROL     0x0c
#define DVSEC_MEM_ENABLE  (1 << 2)

#define MEDIA_DISABLED 3              /* 8.2.9.5.1, Media Status */

bool cxl_dcd_media_disabled(CXLDcdDevice *device)
{
    return FIELD_EX64(CXL_TYPE3(device)->cxl_dstate.memdev_status,
                      CXL_MEM_DEV_STS, MEDIA_STATUS) == MEDIA_DISABLED;
}

uint16_t cxl_dcd_dvsec_control(PCIDevice *pci_dev)
{
    Range *dvsecs = CXL_TYPE3(pci_dev)->cxl_cstate.dvsecs;

    return pci_get_word(pci_dev->config + DVSEC_CONTROL +
                        range_lob(&dvsecs[PCIE_CXL_DEVICE_DVSEC]));
}

/*
 * Memory Space Enable decides whether the device answers. Mem_Enable does when
 * it is withdrawn; firmware that never touches it has its memory all the same,
 * as with the parent's static memory.
 */
void cxl_dcd_check_enables(CXLDcdDevice *device, uint16_t old_control)
{
    PCIDevice *pci_dev = PCI_DEVICE(device);
    uint16_t command = pci_get_word(pci_dev->config + PCI_COMMAND);
    uint16_t control = cxl_dcd_dvsec_control(pci_dev);
    bool reachable;

    if (control & DVSEC_MEM_ENABLE) {
        device->mem_withdrawn = false;
    } else if (old_control & DVSEC_MEM_ENABLE) {
        device->mem_withdrawn = true;
    }
    reachable = (command & PCI_COMMAND_MEMORY) && !device->mem_withdrawn &&
                !cxl_dcd_media_disabled(device);
    if (reachable != device->reachable) {
        trace_cxl_dcd_reachable(device->path, reachable);
    }
    device->reachable = reachable;
}

void cxl_dcd_reach_again(CXLDcdDevice *device, uint16_t old_control)
{
    memory_region_transaction_begin();
    cxl_dcd_map_clear(device);
    cxl_dcd_check_enables(device, old_control);
    cxl_dcd_map_build(device);
    memory_region_transaction_commit();
}
