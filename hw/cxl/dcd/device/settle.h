/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: nothing is said to be done before it is
 */
#ifndef CXL_DCD_SETTLE_H
#define CXL_DCD_SETTLE_H

#include "hw/cxl/dcd/device.h"

void cxl_dcd_settle_init(CXLDcdDevice *device);
/* The device is gone: whoever waits is told. */
void cxl_dcd_settle_gone(CXLDcdDevice *device);
void cxl_dcd_settle_free(CXLDcdDevice *device);

#endif /* CXL_DCD_SETTLE_H */
