/* SPDX-License-Identifier: GPL-2.0-only */
/* A range of System RAM whose memory is gone. */
#ifndef CXL_DCD_CUT_H
#define CXL_DCD_CUT_H

#include <linux/range.h>

struct device;

bool cxl_dcd_cut_part(struct device *dev, const struct range *gone, int n,
		      struct range *part);
void cxl_dcd_cut_ram(struct device *dev, const struct range *gone, bool dax);

#endif /* CXL_DCD_CUT_H */
