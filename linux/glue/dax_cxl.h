/* SPDX-License-Identifier: GPL-2.0-only */
/* Keeps the stock driver of DAX regions (dax_cxl) off ours. */
#ifndef CXL_DCD_DAX_CXL_H
#define CXL_DCD_DAX_CXL_H

int cxl_dcd_dax_cxl_hook(void);
void cxl_dcd_dax_cxl_unhook(void);

#endif /* CXL_DCD_DAX_CXL_H */
