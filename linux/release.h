/* SPDX-License-Identifier: GPL-2.0-only */
/* Capacity that leaves: asked for by the device or by the user, and done. */
#ifndef CXL_DCD_RELEASE_H
#define CXL_DCD_RELEASE_H

#include "extent.h"

void cxl_dcd_release_asked(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec);
void cxl_dcd_release_ready(struct cxl_dcd *dcd);
void cxl_dcd_release_leave(struct cxl_dcd_region *rgn);
int cxl_dcd_release_here(struct cxl_dcd_extent *ext);
void cxl_dcd_release_extents(struct cxl_dcd_region *rgn,
			     struct list_head *extents);

#endif /* CXL_DCD_RELEASE_H */
