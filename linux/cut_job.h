/* SPDX-License-Identifier: GPL-2.0-only */
/* Who cuts off the users of a DAX device. */
#ifndef CXL_DCD_CUT_JOB_H
#define CXL_DCD_CUT_JOB_H

#include <linux/types.h>

struct device;
struct work_struct;

void cxl_dcd_cut_job_add(struct device *dev, u64 start, u64 size);
void cxl_dcd_cut_queue(struct work_struct *work);

int cxl_dcd_cut_job_init(void);
void cxl_dcd_cut_job_exit(void);

#endif /* CXL_DCD_CUT_JOB_H */
