/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: faults of a device
 */
#ifndef CXL_DCD_DEVICE_FAULT_H
#define CXL_DCD_DEVICE_FAULT_H

#include "hw/cxl/dcd/device.h"
#include "hw/cxl/dcd/fault.h"

void cxl_dcd_device_fault_init(CXLDcdDevice *device);
void cxl_dcd_device_fault_free(CXLDcdDevice *device);
/* A fault or what came of it may have ended. */
void cxl_dcd_device_fault_ended(CXLDcdDevice *device);

#endif /* CXL_DCD_DEVICE_FAULT_H */
