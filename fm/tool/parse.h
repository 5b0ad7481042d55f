/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people type: sizes, extents, tags, names */
#ifndef CXL_FM_PARSE_H
#define CXL_FM_PARSE_H

#include <stdbool.h>
#include <glib.h>
#include "cxlfm.h"

/* "4096", "0x1000", "512M", "1GiB". Bytes, at least 1. */
bool parse_size(const char *text, uint64_t *ret_bytes, GError **error);
/* "OFFSET+LENGTH", each as for parse_size(), the offset may be 0. */
bool parse_extent(const char *text, struct cxlfm_extent *ret_extent,
                  GError **error);
/* All of @texts (NULL: none), all of @region. g_free() the result. */
bool parse_extents(char **texts, uint8_t region,
                   struct cxlfm_extent **ret_extents, size_t *ret_count,
                   GError **error);
/* A UUID, 32 hexadecimal digits, or "random". NULL: zeros, no tag. */
bool parse_tag(const char *text, uint8_t ret_tag[CXLFM_TAG_SIZE],
               GError **error);
bool parse_policy(const char *text, uint8_t *ret_policy, GError **error);
/* "30", "30s", "5m", "2h", "1d", given as @what: seconds, at least 1 */
bool parse_time(const char *what, const char *text, uint64_t *ret_seconds,
                GError **error);
/* Whether @value, given as @what, is from 0 to @max */
bool parse_number(const char *what, int value, int max, GError **error);

#endif /* CXL_FM_PARSE_H */
