/* SPDX-License-Identifier: GPL-2.0-only */
/* Our methods in the place of a stock sysfs file's: put in, and put back. */
#ifndef CXL_DCD_OVERRIDE_H
#define CXL_DCD_OVERRIDE_H

#include <linux/device.h>

/**
 * struct cxl_dcd_override - a stock sysfs file with our methods in its place
 * @group: folder of the file, NULL for none
 * @mine: our methods; name and mode as the stock file has them
 * @stock: the stock attribute, found when first replaced
 */
struct cxl_dcd_override {
	const char *group;
	struct device_attribute mine;
	struct device_attribute *stock;
};

int cxl_dcd_override_add(struct device *dev, struct cxl_dcd_override *ovr);
int cxl_dcd_override_swap(struct device *dev, struct cxl_dcd_override *ovr,
			  bool *busy);
void cxl_dcd_override_wait(struct device *dev, struct cxl_dcd_override *ovr);
void cxl_dcd_override_del(struct device *dev, struct cxl_dcd_override *ovr);

#endif /* CXL_DCD_OVERRIDE_H */
