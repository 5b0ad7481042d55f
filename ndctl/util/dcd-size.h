/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef __UTIL_DCD_SIZE_H__
#define __UTIL_DCD_SIZE_H__

int dcd_parse_size(const char *text, unsigned long long *ret_size);
int dcd_size_arg(const char *text, const char *what,
		 unsigned long long *ret_size);

#endif /* __UTIL_DCD_SIZE_H__ */
