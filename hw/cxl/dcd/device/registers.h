/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the guest writes into the device's registers
 */
#ifndef CXL_DCD_REGISTERS_H
#define CXL_DCD_REGISTERS_H

#include "hw/cxl/dcd/device.h"

/* What the parent's handlers of these names do, and what follows from it */
void cxl_dcd_config_write(PCIDevice *pci_dev, uint32_t addr, uint32_t val,
                          int len);
bool cxl_dcd_set_cacheline(CXLType3Dev *ct3d, uint64_t dpa, uint8_t *data);
/*
 * Decoders are the parent's; what they lead to is ours. The parent commits
 * whatever it is given and later stops the machine over a number of ways that
 * does not exist: such a commit fails here (8.2.4.20.7).
 */
void cxl_dcd_register_write(void *opaque, hwaddr offset, uint64_t value,
                            unsigned size);

#endif /* CXL_DCD_REGISTERS_H */
