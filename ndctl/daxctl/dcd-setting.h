/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_SETTING_H_
#define _DAXCTL_DCD_SETTING_H_

#include <stddef.h>

#define DCD_MEMORY_DIR "/sys/devices/system/memory"

int dcd_read_setting(const char *path, char *buf, size_t len);
int dcd_write_setting(const char *path, const char *text);

#endif /* _DAXCTL_DCD_SETTING_H_ */
