/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_BLOCKS_H_
#define _DAXCTL_DCD_BLOCKS_H_

#include <stdbool.h>

struct daxctl_dev;

extern unsigned int dcd_offline_seconds;

unsigned long long dcd_block_size(void);
int dcd_online_blocks(struct daxctl_dev *dev, bool movable);
int dcd_offline_blocks(struct daxctl_dev *dev);
unsigned long long dcd_online_size(struct daxctl_dev *dev);
unsigned long long dcd_count_blocks(struct daxctl_dev *dev);

#endif /* _DAXCTL_DCD_BLOCKS_H_ */
