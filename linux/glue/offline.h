/* SPDX-License-Identifier: GPL-2.0-only */
/* System RAM: is it, is it online, and taking it away from the kernel. */
#ifndef CXL_DCD_OFFLINE_H
#define CXL_DCD_OFFLINE_H

#include <linux/jiffies.h>
#include <linux/types.h>

/* Time for pages to be moved away; some that are pinned never are. */
#define CXL_DCD_OFFLINE_TIME (30 * HZ)

struct device;

bool cxl_dcd_is_ram(u64 start, u64 len);
bool cxl_dcd_ram_online(u64 start, u64 size);
int cxl_dcd_ram_offline(struct device *dev, u64 start, u64 size,
			unsigned long *time);

#endif /* CXL_DCD_OFFLINE_H */
