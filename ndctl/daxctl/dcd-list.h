/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _DAXCTL_DCD_LIST_H_
#define _DAXCTL_DCD_LIST_H_

#include <uuid/uuid.h>
#include <util/dcd-json.h>
#include <daxctl/libdaxctl.h>

/*
 * These stand in a header because daxctl/json.c, which uses them, is compiled
 * into ndctl and cxl as well.
 */

/* Add "uuid", the tag whose capacity a device holds, where it holds one. */
static inline void dcd_dev_append_json(struct json_object *jdev,
				       struct daxctl_dev *dev)
{
	uuid_t tag;

	if (daxctl_dev_get_uuid(dev, tag) == 0 && !uuid_is_null(tag))
		dcd_add_tag_json(jdev, tag);
}

/* Add "extents", as "cxl list --extents" has them, to a region's object. */
static inline void dcd_region_append_json(struct json_object *jregion,
					  struct daxctl_region *region,
					  unsigned long flags)
{
	struct json_object *jextents = NULL;
	struct daxctl_extent *extent;

	daxctl_extent_foreach(region, extent) {
		uuid_t tag;

		daxctl_extent_get_uuid(extent, tag);
		dcd_add_extent_json(jregion, &jextents,
				    daxctl_extent_get_offset(extent),
				    daxctl_extent_get_length(extent), tag,
				    daxctl_extent_get_state(extent), flags);
	}
}

#endif /* _DAXCTL_DCD_LIST_H_ */
