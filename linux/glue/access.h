/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast memory of our regions is, for the kernel's NUMA policy. */
#ifndef CXL_DCD_ACCESS_H
#define CXL_DCD_ACCESS_H

struct cxl_region;
struct device;

int cxl_dcd_access_add(struct device *dev, struct cxl_region *cxlr,
		       unsigned int part);
void cxl_dcd_access_del(struct device *dev);

int cxl_dcd_access_init(void);
void cxl_dcd_access_exit(void);

#endif /* CXL_DCD_ACCESS_H */
