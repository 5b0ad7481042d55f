/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the device's CDAT
 */
#ifndef CXL_DCD_CDAT_H
#define CXL_DCD_CDAT_H

#include "hw/cxl/dcd/device.h"

/* Replace the parent's table by one with an entry set per region. */
bool cxl_dcd_cdat_init(CXLDcdDevice *device, Error **errp);
/* Before the parent releases the table. */
void cxl_dcd_cdat_free(CXLDcdDevice *device);

#endif /* CXL_DCD_CDAT_H */
