/* SPDX-License-Identifier: GPL-2.0-only */
/* Capacity that is gone already: its users are cut off. */
#ifndef CXL_DCD_FORCE_H
#define CXL_DCD_FORCE_H

#include "extent.h"

void cxl_dcd_forced_release(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec);
void cxl_dcd_force_bound(struct device *dev);
void cxl_dcd_extent_forced(struct cxl_dcd_extent *ext);
void cxl_dcd_force_cut(struct cxl_dcd_extent *ext);

int cxl_dcd_force_init(void);
void cxl_dcd_force_exit(void);

#endif /* CXL_DCD_FORCE_H */
