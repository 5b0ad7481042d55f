/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __UTIL_DCD_TAG_H__
#define __UTIL_DCD_TAG_H__

#include <errno.h>
#include <string.h>
#include <uuid/uuid.h>

/**
 * dcd_parse_tag - read a tag as a user types it
 * @text: a UUID, or "0" for "no tag"
 * @tag: written only on success
 *
 * Returns: 0 or -EINVAL.
 */
static inline int dcd_parse_tag(const char *text, uuid_t tag)
{
	uuid_t parsed;

	if (strcmp(text, "0") == 0)
		uuid_clear(parsed);
	else if (uuid_parse(text, parsed) < 0)
		return -EINVAL;
	uuid_copy(tag, parsed);
	return 0;
}

#endif /* __UTIL_DCD_TAG_H__ */
