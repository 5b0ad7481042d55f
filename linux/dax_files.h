/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of DAX regions and DAX devices by which capacity is taken. */
#ifndef CXL_DCD_DAX_FILES_H
#define CXL_DCD_DAX_FILES_H

struct device;

int cxl_dcd_dax_region_files(struct device *dev);
int cxl_dcd_dax_device_files(struct device *dax_dev);

#endif /* CXL_DCD_DAX_FILES_H */
