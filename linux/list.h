/* SPDX-License-Identifier: GPL-2.0-only */
/* What a device lists as accepted, and giving of it back until it does not. */
#ifndef CXL_DCD_LIST_H
#define CXL_DCD_LIST_H

#include "device.h"

int cxl_dcd_listed(struct cxl_dcd *dcd, struct cxl_dcd_span **spans, u32 *nr);
int cxl_dcd_list_release(struct cxl_dcd *dcd, struct cxl_dcd_span *spans,
			 u32 nr);

#endif /* CXL_DCD_LIST_H */
