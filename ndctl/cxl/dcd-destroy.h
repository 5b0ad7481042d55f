/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _CXL_DCD_DESTROY_H_
#define _CXL_DCD_DESTROY_H_

struct log_ctx;
struct cxl_region;
struct cxl_decoder;

int dcd_refuse_below(struct log_ctx *log, struct cxl_region *region);
struct cxl_region **dcd_regions_from_top(struct cxl_decoder *decoder);

#endif /* _CXL_DCD_DESTROY_H_ */
