// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>

#include <util/log.h>
#include <util/dcd.h>
#include <util/sysfs.h>
#include <cxl/libcxl.h>
#include "private.h"

/*
 * The extents that a device of dynamic capacity has given to a region.  They
 * come and go under us, so nothing is kept from one walk to the next.
 */

struct cxl_extent {
	struct cxl_dcd_extents *all;
	struct dcd_extent *raw;
};

struct cxl_dcd_extents {
	struct cxl_region *region;
	struct list_head raw;
	struct cxl_extent *vec;
	int nr;
};

static void drop_extents(struct cxl_dcd_extents *all)
{
	dcd_free_extents(&all->raw);
	free(all->vec);
	all->vec = NULL;
	all->nr = 0;
}

/* Called when the region is freed; takes NULL. */
void cxl_dcd_free_extents(struct cxl_dcd_extents *all)
{
	if (!all)
		return;
	drop_extents(all);
	free(all);
}

static int read_extents(struct cxl_region *region)
{
	struct cxl_dcd_extents *all = region->extents;
	struct dcd_extent *raw;
	int rc, i = 0;
	char *dir;

	if (!all) {
		all = region->extents = calloc(1, sizeof(*all));
		if (!all)
			return -ENOMEM;
		all->region = region;
		list_head_init(&all->raw);
	}
	drop_extents(all);

	if (asprintf(&dir, "%s/dax_region%d", region->dev_path, region->id) < 0)
		return -ENOMEM;
	/* The log context is the first member of every library context. */
	rc = dcd_read_extents((struct log_ctx *)region->ctx, dir, &all->raw);
	free(dir);
	if (rc <= 0)
		return rc;

	all->vec = calloc(rc, sizeof(*all->vec));
	if (!all->vec) {
		drop_extents(all);
		return -ENOMEM;
	}
	all->nr = rc;
	list_for_each(&all->raw, raw, list) {
		all->vec[i].all = all;
		all->vec[i].raw = raw;
		i++;
	}
	return 0;
}

/**
 * cxl_extent_get_first - begin a walk over the extents of a region
 * @region: any region
 *
 * Each walk reads the kernel anew, and ends the life of everything that an
 * earlier walk over the same region has returned.
 *
 * Returns: the extent with the lowest offset, owned by @region; NULL when
 * there is none.
 */
CXL_EXPORT struct cxl_extent *cxl_extent_get_first(struct cxl_region *region)
{
	if (read_extents(region) < 0 || !region->extents->nr)
		return NULL;
	return &region->extents->vec[0];
}

CXL_EXPORT struct cxl_extent *cxl_extent_get_next(struct cxl_extent *extent)
{
	struct cxl_dcd_extents *all = extent->all;

	return extent + 1 < all->vec + all->nr ? extent + 1 : NULL;
}

/* The kernel's name, unique within the system; treat it as opaque. */
CXL_EXPORT const char *cxl_extent_get_devname(struct cxl_extent *extent)
{
	return extent->raw->name;
}

/* Bytes from the start of the region. */
CXL_EXPORT unsigned long long cxl_extent_get_offset(struct cxl_extent *extent)
{
	return extent->raw->offset;
}

/* Bytes. */
CXL_EXPORT unsigned long long cxl_extent_get_length(struct cxl_extent *extent)
{
	return extent->raw->length;
}

/* The tag; null for an untagged extent. */
CXL_EXPORT void cxl_extent_get_uuid(struct cxl_extent *extent, uuid_t tag)
{
	uuid_copy(tag, extent->raw->uuid);
}

/* Has the device asked for it while it was in use?  1 or 0. */
CXL_EXPORT int cxl_extent_is_releasing(struct cxl_extent *extent)
{
	return strcmp(extent->raw->state, "releasing") == 0;
}

/**
 * cxl_extent_get_state - what is the matter with an extent
 *
 * Returns: "releasing" where the device wants it back and it is in use,
 * "forced" where the device has taken it back and it was in use, else NULL;
 * valid as long as @extent.
 */
CXL_EXPORT const char *cxl_extent_get_state(struct cxl_extent *extent)
{
	return dcd_state_shown(extent->raw->state);
}

/**
 * cxl_extent_release - give an extent's capacity back to the device
 * @extent: its tag's other extents may go with it
 *
 * @extent stays valid, but begin a new walk to see what is left.
 *
 * Returns: 0, or -errno: -EBUSY it is in use, -ENOENT it is gone already,
 * -EOPNOTSUPP the kernel does not let the host begin a release.
 */
CXL_EXPORT int cxl_extent_release(struct cxl_extent *extent)
{
	struct cxl_region *region = extent->all->region;
	struct log_ctx *log = (struct log_ctx *)region->ctx;
	char *dir, *path;
	int rc;

	if (asprintf(&dir, "%s/dax_region%d/%s", region->dev_path, region->id,
		     extent->raw->name) < 0)
		return -ENOMEM;
	if (asprintf(&path, "%s/release", dir) < 0) {
		free(dir);
		return -ENOMEM;
	}
	if (access(dir, F_OK) < 0)
		rc = -ENOENT;
	else if (access(path, F_OK) < 0)
		rc = -EOPNOTSUPP;
	else
		rc = __sysfs_write_attr(log, path, "1");
	free(path);
	free(dir);
	return rc;
}
