/* SPDX-License-Identifier: GPL-2.0-only */
/* Which addresses of a region DAX devices can take: opened and closed. */
#ifndef CXL_DCD_RANGE_H
#define CXL_DCD_RANGE_H

#include "region.h"

int cxl_dcd_range_close_all(struct cxl_dcd_region *rgn);
void cxl_dcd_range_free_all(struct cxl_dcd_region *rgn);
int cxl_dcd_range_open(struct cxl_dcd_region *rgn, u64 start, u64 len);
int cxl_dcd_range_close(struct cxl_dcd_region *rgn, u64 start, u64 len);
u64 cxl_dcd_range_available(struct cxl_dcd_region *rgn);
void cxl_dcd_range_close_free(struct cxl_dcd_region *rgn, u64 start, u64 len);

#endif /* CXL_DCD_RANGE_H */
