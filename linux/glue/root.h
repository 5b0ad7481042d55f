/* SPDX-License-Identifier: GPL-2.0-only */
/* Root decoders: the files by which regions over partitions are created. */
#ifndef CXL_DCD_ROOT_H
#define CXL_DCD_ROOT_H

struct device;

void cxl_dcd_roots_show(void);
void cxl_dcd_roots_hide(void);
void cxl_dcd_root_region_added(struct device *dev);

#endif /* CXL_DCD_ROOT_H */
