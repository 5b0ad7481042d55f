/* SPDX-License-Identifier: GPL-2.0-only */
/* Partitions in sysfs: one folder of the memdev for each. */
#ifndef CXL_DCD_PARTS_H
#define CXL_DCD_PARTS_H

#include "device.h"

void cxl_dcd_parts_init(void);
void cxl_dcd_parts_show(struct cxl_dcd *dcd);
void cxl_dcd_parts_hide(struct cxl_dcd *dcd);

#endif /* CXL_DCD_PARTS_H */
