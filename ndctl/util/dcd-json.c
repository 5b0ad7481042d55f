// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tags and extents as JSON, the same in "cxl list" and "daxctl list".
 */
#include <json-c/json.h>
#include <util/json.h>
#include <util/dcd-json.h>

/* Add "uuid", the null UUID where there is no tag. */
void dcd_add_tag_json(struct json_object *jobj, const uuid_t tag)
{
	char text[40];

	uuid_unparse(tag, text);
	json_object_object_add(jobj, "uuid", json_object_new_string(text));
}

static struct json_object *dcd_extent_json(unsigned long long offset,
					   unsigned long long length,
					   const uuid_t tag, const char *state,
					   unsigned long flags)
{
	struct json_object *jextent = json_object_new_object();

	if (!jextent)
		return NULL;
	json_object_object_add(jextent, "offset",
			       util_json_object_hex(offset, flags));
	json_object_object_add(jextent, "length",
			       util_json_object_size(length, flags));
	dcd_add_tag_json(jextent, tag);
	if (state)
		json_object_object_add(jextent, "state",
				       json_object_new_string(state));
	return jextent;
}

/**
 * dcd_add_extent_json - add one extent to "extents" of a region's object
 * @jregion: without extents the key is left out
 * @jextents: NULL for the first extent of the region, then the array
 * @offset: bytes from the start of the region, hex text with UTIL_JSON_HUMAN
 * @length: bytes
 * @tag: null for an untagged extent
 * @state: NULL where it goes without saying
 */
void dcd_add_extent_json(struct json_object *jregion,
			 struct json_object **jextents,
			 unsigned long long offset, unsigned long long length,
			 const uuid_t tag, const char *state,
			 unsigned long flags)
{
	struct json_object *jextent;

	if (!*jextents) {
		*jextents = json_object_new_array();
		if (!*jextents)
			return;
		json_object_object_add(jregion, "extents", *jextents);
	}
	jextent = dcd_extent_json(offset, length, tag, state, flags);
	if (jextent)
		json_object_array_add(*jextents, jextent);
}
