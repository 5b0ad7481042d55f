/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device that was unplugged answers nothing
 */
#ifndef CXL_DCD_GATE_H
#define CXL_DCD_GATE_H

#include "hw/cxl/dcd/device.h"

/* Before what registers lead to is freed */
void cxl_dcd_gate_close(CXLDcdDevice *device);

#endif /* CXL_DCD_GATE_H */
