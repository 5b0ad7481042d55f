/* SPDX-License-Identifier: GPL-2.0-only */
/* An extent as user space sees it: its folder extentX.Y and the files there. */
#ifndef CXL_DCD_FOLDER_H
#define CXL_DCD_FOLDER_H

#include "extent.h"

struct cxl_dcd_extent *cxl_dcd_extent_alloc(const struct cxl_dcd_rec *rec,
					    u64 offset);
int cxl_dcd_extents_left(void);

#endif /* CXL_DCD_FOLDER_H */
