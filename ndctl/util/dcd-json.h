/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef __UTIL_DCD_JSON_H__
#define __UTIL_DCD_JSON_H__

#include <uuid/uuid.h>

struct json_object;

void dcd_add_tag_json(struct json_object *jobj, const uuid_t tag);
void dcd_add_extent_json(struct json_object *jregion,
			 struct json_object **jextents,
			 unsigned long long offset, unsigned long long length,
			 const uuid_t tag, const char *state,
			 unsigned long flags);

#endif /* __UTIL_DCD_JSON_H__ */
