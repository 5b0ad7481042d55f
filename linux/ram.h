/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel has as System RAM keeps the module loaded. */
#ifndef CXL_DCD_RAM_H
#define CXL_DCD_RAM_H

struct dev_dax;
struct device;

bool cxl_dcd_ram_any(const struct dev_dax *dev_dax);
void cxl_dcd_ram_bound(struct device *dev);
void cxl_dcd_ram_unbound(struct device *dev);

#endif /* CXL_DCD_RAM_H */
