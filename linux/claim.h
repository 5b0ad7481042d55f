/* SPDX-License-Identifier: GPL-2.0-only */
/* Claims: all extents of one tag become one DAX device's. */
#ifndef CXL_DCD_CLAIM_H
#define CXL_DCD_CLAIM_H

#include "extent.h"

/**
 * struct cxl_dcd_claim_stock - stock files of a DAX device that a claim uses
 * @size: written "0", lets go of all that the device has
 * @mapping: written a range, gives it to the device
 */
struct cxl_dcd_claim_stock {
	struct device_attribute *size;
	struct device_attribute *mapping;
};

u64 cxl_dcd_dax_size(struct cxl_dcd_region *rgn,
		     const struct dev_dax *dev_dax);
bool cxl_dcd_claim_waits(struct cxl_dcd_region *rgn);
struct cxl_dcd_extent *cxl_dcd_claim_of(struct cxl_dcd_region *rgn,
					struct device *dev);
int cxl_dcd_claim(struct cxl_dcd_region *rgn, struct device *dev, const u8 *tag,
		  const struct cxl_dcd_claim_stock *stock);
void cxl_dcd_claim_end(struct cxl_dcd_region *rgn, struct device *dev);

#endif /* CXL_DCD_CLAIM_H */
