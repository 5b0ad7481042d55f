// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>

#include <util/log.h>
#include <util/sysfs.h>
#include <util/dcd-extents.h>
#include <cxl/libcxl.h>
#include "private.h"

/*
 * The extents that a device of dynamic capacity has given to a region.  What is
 * called struct cxl_extent here is a struct dcd_extent.
 */

static struct dcd_extent *to_dcd_extent(struct cxl_extent *extent)
{
	return (struct dcd_extent *)extent;
}

/* The log context is the first member of every library context. */
static struct log_ctx *cxl_region_log(struct cxl_region *region)
{
	return (struct log_ctx *)region->ctx;
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
	struct dcd_extent *first;
	char *dir;

	if (asprintf(&dir, "%s/dax_region%d", region->dev_path, region->id) < 0)
		return NULL;
	first = dcd_extents_first(&region->extents, cxl_region_log(region), dir,
				  region);
	free(dir);
	return (struct cxl_extent *)first;
}

CXL_EXPORT struct cxl_extent *cxl_extent_get_next(struct cxl_extent *extent)
{
	return (struct cxl_extent *)dcd_extents_next(to_dcd_extent(extent));
}

/* The kernel's name, unique within the system; treat it as opaque. */
CXL_EXPORT const char *cxl_extent_get_devname(struct cxl_extent *extent)
{
	return to_dcd_extent(extent)->name;
}

/* Bytes from the start of the region. */
CXL_EXPORT unsigned long long cxl_extent_get_offset(struct cxl_extent *extent)
{
	return to_dcd_extent(extent)->offset;
}

/* Bytes. */
CXL_EXPORT unsigned long long cxl_extent_get_length(struct cxl_extent *extent)
{
	return to_dcd_extent(extent)->length;
}

/* The tag; null for an untagged extent. */
CXL_EXPORT void cxl_extent_get_uuid(struct cxl_extent *extent, uuid_t tag)
{
	uuid_copy(tag, to_dcd_extent(extent)->uuid);
}

/* Has the device asked for it while it was in use?  1 or 0. */
CXL_EXPORT int cxl_extent_is_releasing(struct cxl_extent *extent)
{
	return strcmp(to_dcd_extent(extent)->state, "releasing") == 0;
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
	return dcd_extent_state(to_dcd_extent(extent));
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
	struct cxl_region *region = dcd_extent_region(to_dcd_extent(extent));
	char *dir, *path;
	int rc;

	if (asprintf(&dir, "%s/dax_region%d/%s", region->dev_path, region->id,
		     to_dcd_extent(extent)->name) < 0)
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
		rc = __sysfs_write_attr(cxl_region_log(region), path, "1");
	free(path);
	free(dir);
	return rc;
}
