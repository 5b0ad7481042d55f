// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic capacity in "cxl list".
 */
#include <stdio.h>
#include <uuid/uuid.h>
#include <util/dcd-json.h>
#include <util/json.h>
#include <cxl/libcxl.h>
#include <json-c/json.h>

#include "dcd-list.h"

static void dcd_add_size(struct json_object *jobj, const char *name,
			 const char *suffix, unsigned long long size,
			 unsigned long flags)
{
	char key[64];

	snprintf(key, sizeof(key), "%s%s", name, suffix);
	json_object_object_add(jobj, key, util_json_object_size(size, flags));
}

static void dcd_add_true(struct json_object *jobj, const char *name,
			 const char *suffix)
{
	char key[64];

	snprintf(key, sizeof(key), "%s%s", name, suffix);
	json_object_object_add(jobj, key, json_object_new_boolean(true));
}

/**
 * dcd_memdev_append_json - add the DC partitions to a memdev's object
 *
 * For each: <name>_size, <name>_qos_class where there is one, and
 * <name>_shareable, <name>_read_only and <name>_nonvolatile where it is so.
 */
void dcd_memdev_append_json(struct json_object *jdev, struct cxl_memdev *memdev,
			    unsigned long flags)
{
	struct cxl_dc_partition *part;

	cxl_dc_partition_foreach(memdev, part) {
		const char *name = cxl_dc_partition_get_name(part);
		int qos_class = cxl_dc_partition_get_qos_class(part);
		char key[64];

		if (!cxl_dc_partition_get_size(part))
			continue;
		dcd_add_size(jdev, name, "_size", cxl_dc_partition_get_size(part),
			     flags);
		if (qos_class != CXL_QOS_CLASS_NONE) {
			snprintf(key, sizeof(key), "%s_qos_class", name);
			json_object_object_add(
				jdev, key, json_object_new_int(qos_class));
		}
		if (cxl_dc_partition_is_shareable(part))
			dcd_add_true(jdev, name, "_shareable");
		if (cxl_dc_partition_is_read_only(part))
			dcd_add_true(jdev, name, "_read_only");
		if (cxl_dc_partition_is_nonvolatile(part))
			dcd_add_true(jdev, name, "_nonvolatile");
	}
}

/* Add "<name>_capable":true for each kind of DC region a window takes. */
void dcd_decoder_append_json(struct json_object *jdecoder,
			     struct cxl_decoder *decoder)
{
	const char *name;
	int i;

	for (i = 0; (name = cxl_decoder_get_dc_name(decoder, i)); i++)
		dcd_add_true(jdecoder, name, "_capable");
}

/**
 * dcd_extents_append_json - add "extents" to a region's object
 *
 * By rising offset; an extent that the device wants back or has taken shows its
 * state.
 */
void dcd_extents_append_json(struct json_object *jregion,
			     struct cxl_region *region, unsigned long flags)
{
	struct json_object *jextents = NULL;
	struct cxl_extent *extent;

	cxl_extent_foreach(region, extent) {
		uuid_t tag;

		cxl_extent_get_uuid(extent, tag);
		dcd_add_extent_json(jregion, &jextents,
				    cxl_extent_get_offset(extent),
				    cxl_extent_get_length(extent), tag,
				    cxl_extent_get_state(extent), flags);
	}
}
