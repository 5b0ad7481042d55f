/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef __UTIL_DCD_SIZE_H__
#define __UTIL_DCD_SIZE_H__

/* What dcd_parse_size() takes, for error messages. */
#define DCD_SIZE_WORDS "bytes, or with a suffix K, M, G or T, below 8 EiB"

int dcd_parse_size(const char *text, unsigned long long *ret_size);

#endif /* __UTIL_DCD_SIZE_H__ */
