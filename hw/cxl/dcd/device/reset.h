/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: resets of the device
 */
#ifndef CXL_DCD_RESET_H
#define CXL_DCD_RESET_H

#include "hw/cxl/dcd/device.h"

/* DeviceClass.legacy_reset: FLR leaves dynamic capacity alone. */
void cxl_dcd_reset_device(DeviceState *dev);
/* What the parent leaves behind when it goes: timers, its mailbox for CDAT. */
void cxl_dcd_free_parent(CXLType3Dev *ct3d);

/* Say in the DVSEC that the device can do a CXL reset (8.1.3.1). */
void cxl_dcd_reset_offer(CXLDcdDevice *device);
/* Configuration space was written: do one if it was asked for (8.1.3.4). */
void cxl_dcd_reset_asked(CXLDcdDevice *device);

#endif /* CXL_DCD_RESET_H */
