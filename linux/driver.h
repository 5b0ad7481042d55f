/* SPDX-License-Identifier: GPL-2.0-only */
/* The driver of the DAX regions that lie over dynamic capacity. */
#ifndef CXL_DCD_DRIVER_H
#define CXL_DCD_DRIVER_H

struct device;

void cxl_dcd_driver_device_gone(struct device *dev);
int cxl_dcd_driver_init(void);
void cxl_dcd_driver_exit(void);

#endif /* CXL_DCD_DRIVER_H */
