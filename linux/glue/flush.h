/* SPDX-License-Identifier: GPL-2.0-only */
/* Lets regions be committed under a hypervisor, when told to. */
#ifndef CXL_DCD_FLUSH_H
#define CXL_DCD_FLUSH_H

int cxl_dcd_flush_init(void);
void cxl_dcd_flush_exit(void);

#endif /* CXL_DCD_FLUSH_H */
