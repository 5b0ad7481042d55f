/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_ROOM_H_
#define _DAXCTL_DCD_ROOM_H_

struct daxctl_dev;

int dcd_room_left(const char *meminfo, unsigned long long *ret_bytes);
int dcd_check_room(struct daxctl_dev *dev);

#endif /* _DAXCTL_DCD_ROOM_H_ */
