/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_RAM_H_
#define _DAXCTL_DCD_RAM_H_

#include <stdbool.h>

struct daxctl_dev;
struct daxctl_region;

bool dcd_is_dynamic(struct daxctl_dev *dev);
int dcd_refuse_shared(struct daxctl_region *region, const char *advice);
int dcd_enable_ram(struct daxctl_dev *dev);
int dcd_enable_ram_as(struct daxctl_dev *dev, const char *policy);
int dcd_check_online(struct daxctl_dev *dev, bool movable, int rc);
int dcd_offline_ram(struct daxctl_dev *dev);
int dcd_check_removed(struct daxctl_dev *dev);

#endif /* _DAXCTL_DCD_RAM_H_ */
