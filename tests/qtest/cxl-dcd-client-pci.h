/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity qtests: what a machine that starts needs of its PCI
 */
#ifndef CXL_DCD_CLIENT_PCI_H
#define CXL_DCD_CLIENT_PCI_H

#include "cxl-dcd-client.h"

/* The bus number that a host bridge is given */
unsigned cxl_dcd_bridge_bus(unsigned bridge);
/* Where the CEDT says that the host bridges' registers and the window are */
void cxl_dcd_read_cedt(CXLDcdMachine *machine);
/* Bus number, BARs, register blocks of one device, and of the port it is at */
void cxl_dcd_setup_device(CXLDcdMachine *machine, unsigned index);
/* Power and power indicator of the device's slot, as a guest switches them */
void cxl_dcd_slot_power(CXLDcdDevice *device, bool on);

#endif /* CXL_DCD_CLIENT_PCI_H */
