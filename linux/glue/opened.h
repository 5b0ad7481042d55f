/* SPDX-License-Identifier: GPL-2.0-only */
/* Who has a DAX device open keeps the module loaded. */
#ifndef CXL_DCD_GLUE_OPENED_H
#define CXL_DCD_GLUE_OPENED_H

struct device;

void cxl_dcd_opened_guard(struct device *dev);
void cxl_dcd_opened_exit(void);

#endif /* CXL_DCD_GLUE_OPENED_H */
