/* SPDX-License-Identifier: GPL-2.0-only */
/* What keeps the module loaded, for people who want it to go. */
#ifndef CXL_DCD_USERS_H
#define CXL_DCD_USERS_H

struct device;

/**
 * enum cxl_dcd_use - why a DAX device keeps the module loaded
 * @CXL_DCD_USE_OPEN: somebody has it open, or mapped
 * @CXL_DCD_USE_PAGES: nobody has, but pages of it are held
 * @CXL_DCD_USE_RAM: it is System RAM
 * @CXL_DCD_USE_KEPT: it was, and the kernel keeps it
 */
enum cxl_dcd_use {
	CXL_DCD_USE_OPEN,
	CXL_DCD_USE_PAGES,
	CXL_DCD_USE_RAM,
	CXL_DCD_USE_KEPT,
};

void cxl_dcd_users_add(const struct device *dev, enum cxl_dcd_use use);
void cxl_dcd_users_del(const struct device *dev, enum cxl_dcd_use use);
void cxl_dcd_users_exit(void);

#endif /* CXL_DCD_USERS_H */
