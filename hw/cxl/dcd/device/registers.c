/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the guest writes into the device's registers
 *
 * The parent carries it out; what dynamic capacity makes of it comes after.
 */
#include "qemu/osdep.h"
#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "registers.h"
#include "reset.h"
#include "qemu/range.h"

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
    cxl_dcd_backing_write(device, dpa, data, CXL_CACHE_LINE_SIZE);
    return true;
}
