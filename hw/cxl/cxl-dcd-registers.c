/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the guest writes into the device's registers
 *
 * The parent carries it out; what dynamic capacity makes of it comes after.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_route.h"
#include "qemu/range.h"
#include "trace.h"

/* CXL DVSEC for devices: control register and its Mem_Enable, 8.1.3.2 */
#define DVSEC_CONTROL     0x0c
#define DVSEC_MEM_ENABLE  (1 << 2)

static uint16_t cxl_dcd_dvsec_control(PCIDevice *pci_dev)
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

void cxl_dcd_config_write(PCIDevice *pci_dev, uint32_t addr, uint32_t val,
                          int len)
{
    CXLDcdDevice *device = CXL_DCD(pci_dev);
    uint16_t control = cxl_dcd_dvsec_control(pci_dev);
    uint16_t command = pci_get_word(pci_dev->config + PCI_COMMAND);

    CXL_DCD_GET_CLASS(device)->parent_config_write(pci_dev, addr, val, len);
    device->in_flr = true;
    pcie_cap_flr_write_config(pci_dev, addr, val, len);
    device->in_flr = false;
    if (device->dcd) {
        cxl_dcd_reset_asked(device);
    }
    if (!device->dcd ||
        (control == cxl_dcd_dvsec_control(pci_dev) &&
         command == pci_get_word(pci_dev->config + PCI_COMMAND))) {
        return;
    }
    cxl_dcd_reach_again(device, control);
}

void cxl_dcd_register_write(void *opaque, hwaddr offset, uint64_t value,
                            unsigned size)
{
    CXLComponentState *cstate = opaque;
    CXLDcdDevice *device = CXL_DCD(cstate->pdev);
    uint32_t *registers = cstate->crb.cache_mem_registers;
    bool control = offset == A_CXL_HDM_DECODER0_CTRL ||
        offset == A_CXL_HDM_DECODER1_CTRL ||
        offset == A_CXL_HDM_DECODER2_CTRL || offset == A_CXL_HDM_DECODER3_CTRL;
    bool refused = control &&
        FIELD_EX32(value, CXL_HDM_DECODER0_CTRL, COMMIT) &&
        !cxl_dcd_ways_valid(FIELD_EX32(value, CXL_HDM_DECODER0_CTRL, IW));

    if (refused) {
        value = FIELD_DP32(value, CXL_HDM_DECODER0_CTRL, COMMIT, 0);
    }
    device->parent_register_write(opaque, offset, value, size);
    if (refused) {
        value = ldl_le_p((uint8_t *)registers + offset);
        stl_le_p((uint8_t *)registers + offset,
                 FIELD_DP32(value, CXL_HDM_DECODER0_CTRL, ERR, 1));
    }
    if (offset >= A_CXL_HDM_DECODER_CAPABILITY &&
        offset <= A_CXL_HDM_DECODER3_TARGET_LIST_HI) {
        cxl_dcd_route_changed();
    }
}

/* Clear Poison writes a line; to capacity that the host has, like a store */
bool cxl_dcd_set_cacheline(CXLType3Dev *ct3d, uint64_t dpa, uint8_t *data)
{
    CXLDcdDevice *device = CXL_DCD(ct3d);

    if (!device->dcd || dpa < device->dc_base) {
        return CXL_DCD_GET_CLASS(device)->parent_set_cacheline(ct3d, dpa, data);
    }
    if (!cxl_dcd_reachable(device->dcd, dpa, CXL_CACHE_LINE_SIZE)) {
        return false;
    }
    return address_space_write(&ct3d->dc.host_dc_as,
                               cxl_dcd_backing_of(device, dpa),
                               MEMTXATTRS_UNSPECIFIED, data,
                               CXL_CACHE_LINE_SIZE) == MEMTX_OK;
}
