/* SPDX-License-Identifier: GPL-2.0-only */
/* The interrupt of the event log: set up as soon as the PCI driver is done. */
#ifndef CXL_DCD_INTERRUPT_H
#define CXL_DCD_INTERRUPT_H

#include "device.h"

void cxl_dcd_interrupt_attach(struct cxl_dcd *dcd);
void cxl_dcd_interrupt_arm(struct cxl_dcd *dcd);
void cxl_dcd_interrupt_rebound(struct cxl_dcd *dcd);
void cxl_dcd_interrupt_detach(struct cxl_dcd *dcd);

#endif /* CXL_DCD_INTERRUPT_H */
