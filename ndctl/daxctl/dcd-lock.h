/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_LOCK_H_
#define _DAXCTL_DCD_LOCK_H_

struct daxctl_dev;
struct daxctl_region;

int dcd_lock_region(struct daxctl_region *region);
int dcd_lock_new_memory(struct daxctl_dev *dev, int *lock);
int dcd_lock_memory(struct daxctl_dev *dev, int *lock);
void dcd_unlock_memory(int lock);

#endif /* _DAXCTL_DCD_LOCK_H_ */
