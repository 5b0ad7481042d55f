/* SPDX-License-Identifier: GPL-2.0-only */
/* What devices hold for us already: their lists decide. */
#ifndef CXL_DCD_RECOVER_H
#define CXL_DCD_RECOVER_H

#include "region.h"

int cxl_dcd_recover(struct cxl_dcd_region *rgn);
int cxl_dcd_reconcile(struct cxl_dcd *dcd, bool emptied);

#endif /* CXL_DCD_RECOVER_H */
