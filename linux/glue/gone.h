/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses whose memory is gone: nothing of them is moved or put online. */
#ifndef CXL_DCD_GONE_H
#define CXL_DCD_GONE_H

#include <linux/types.h>

int cxl_dcd_gone_add(u64 start, u64 size);
void cxl_dcd_gone_del(u64 start, u64 size);

int cxl_dcd_gone_init(void);
void cxl_dcd_gone_exit(void);

#endif /* CXL_DCD_GONE_H */
