/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the core and the event log ask of the device
 */
#ifndef CXL_DCD_OPS_H
#define CXL_DCD_OPS_H

#include "hw/cxl/dcd/device.h"

extern const CXLDcdOps cxl_dcd_device_ops;
extern const CXLDcdEventLogOps cxl_dcd_device_log_ops;

#endif /* CXL_DCD_OPS_H */
