// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>

#include <util/log.h>
#include <util/sysfs.h>
#include <util/dcd-tag.h>
#include <util/dcd-names.h>
#include <util/dcd-extents.h>
#include <daxctl/libdaxctl.h>
/*
 * Only for the structures: the tables of this header are static, and this file
 * uses none of them.
 */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable"
#include "libdaxctl-private.h"
#pragma GCC diagnostic pop

static struct dcd_extent *to_dcd_extent(struct daxctl_extent *extent)
{
	return (struct dcd_extent *)extent;
}

/* The log context is the first member of every library context. */
static struct log_ctx *dcd_region_log(struct daxctl_region *region)
{
	return (struct log_ctx *)region->ctx;
}

/**
 * daxctl_extent_get_first - begin a walk over the extents of a region
 * @region: any DAX region
 *
 * Extents come and go, so each walk reads them anew: it ends the life of
 * everything that an earlier walk over the same region has returned.
 *
 * Returns: the extent with the lowest offset, owned by @region; NULL when
 * there is none or the kernel cannot be read.
 */
DAXCTL_EXPORT struct daxctl_extent *
daxctl_extent_get_first(struct daxctl_region *region)
{
	return (struct daxctl_extent *)
		dcd_extents_first(&region->extents, dcd_region_log(region),
				  region->region_path, region);
}

DAXCTL_EXPORT struct daxctl_extent *
daxctl_extent_get_next(struct daxctl_extent *extent)
{
	return (struct daxctl_extent *)
		dcd_extents_next(to_dcd_extent(extent));
}

DAXCTL_EXPORT const char *
daxctl_extent_get_devname(struct daxctl_extent *extent)
{
	return to_dcd_extent(extent)->name;
}

/* Bytes from the start of the region. */
DAXCTL_EXPORT unsigned long long
daxctl_extent_get_offset(struct daxctl_extent *extent)
{
	return to_dcd_extent(extent)->offset;
}

/* Bytes. */
DAXCTL_EXPORT unsigned long long
daxctl_extent_get_length(struct daxctl_extent *extent)
{
	return to_dcd_extent(extent)->length;
}

/* The tag; null for an untagged extent. */
DAXCTL_EXPORT void daxctl_extent_get_uuid(struct daxctl_extent *extent,
					  uuid_t tag)
{
	uuid_copy(tag, to_dcd_extent(extent)->uuid);
}

static int dcd_parent_attr(struct daxctl_region *region, const char *attr,
			   char *buf)
{
	char *path, *parent, *slash;
	int rc;

	parent = strdup(region->region_path);
	if (!parent)
		return -ENOMEM;
	slash = strrchr(parent, '/');
	if (!slash) {
		free(parent);
		return -ENOENT;
	}
	*slash = '\0';
	rc = asprintf(&path, "%s/%s", parent, attr);
	free(parent);
	if (rc < 0)
		return -ENOMEM;
	rc = __sysfs_read_attr(dcd_region_log(region), path, buf);
	free(path);
	return rc;
}

/* A DAX device whose "uuid" may be written takes capacity by tag. */
static bool dcd_dev_uuid_writable(struct daxctl_dev *dev)
{
	struct stat st;
	bool writable;
	char *path;

	if (asprintf(&path, "%s/uuid", dev->dev_path) < 0)
		return false;
	writable = stat(path, &st) == 0 && (st.st_mode & 0200);
	free(path);
	return writable;
}

/**
 * daxctl_region_is_dynamic_capacity - does capacity come as extents here?
 * @region: any DAX region
 *
 * The kernel series differ in what they show, so any of these will do: the
 * mode of the CXL region names dynamic capacity, a device takes a tag, or there
 * are extents.
 *
 * Returns: 1 or 0.
 */
DAXCTL_EXPORT int daxctl_region_is_dynamic_capacity(struct daxctl_region *region)
{
	char buf[SYSFS_ATTR_SIZE];
	struct daxctl_dev *dev;

	if (dcd_parent_attr(region, "mode", buf) == 0 &&
	    dcd_parse_ident(buf).kind != DCD_IDENT_NONE)
		return 1;
	daxctl_dev_foreach(region, dev)
		if (dcd_dev_uuid_writable(dev))
			return 1;
	return daxctl_extent_get_first(region) != NULL;
}

/* The partition under a CXL region, as its first target's decoder has it. */
static int dcd_region_partition(struct daxctl_region *region, char *name,
				char **ret_dir)
{
	char decoder[SYSFS_ATTR_SIZE], *path;
	int rc;

	rc = dcd_parent_attr(region, "target0", decoder);
	if (rc < 0)
		return rc;
	if (asprintf(&path, "/sys/bus/cxl/devices/%s/mode", decoder) < 0)
		return -ENOMEM;
	rc = __sysfs_read_attr(dcd_region_log(region), path, name);
	free(path);
	if (rc < 0)
		return rc;
	/* It lies in the folder of a port, whose "uport" is the memdev. */
	if (asprintf(&path, "/sys/bus/cxl/devices/%s", decoder) < 0)
		return -ENOMEM;
	*ret_dir = realpath(path, NULL);
	free(path);
	if (!*ret_dir)
		return -errno;
	path = strrchr(*ret_dir, '/');
	if (path)
		*path = '\0';
	return 0;
}

/*
 * A property of the region's partition: 1 or 0; -ENOENT when the kernel shows no
 * such file, then with the partition's @name, empty where that is not known.
 */
static int dcd_region_property(struct daxctl_region *region, const char *file,
			       char *name)
{
	char buf[SYSFS_ATTR_SIZE], *dir, *path;
	int rc;

	if (dcd_region_partition(region, name, &dir) < 0) {
		*name = '\0';
		return -ENOENT;
	}
	rc = asprintf(&path, "%s/uport/%s/%s", dir, name, file);
	free(dir);
	if (rc < 0)
		return -ENOENT;
	rc = __sysfs_read_attr(dcd_region_log(region), path, buf);
	free(path);
	return rc == 0 ? strtoul(buf, NULL, 0) != 0 : -ENOENT;
}

/**
 * daxctl_region_is_shareable - may other hosts have the same capacity?
 * @region: any DAX region
 *
 * The partition says so; where the kernel shows no such file, the name of the
 * region's mode does.
 *
 * Returns: 1 or 0.
 */
DAXCTL_EXPORT int daxctl_region_is_shareable(struct daxctl_region *region)
{
	char buf[SYSFS_ATTR_SIZE], name[SYSFS_ATTR_SIZE];
	int rc = dcd_region_property(region, "shareable", name);

	if (rc >= 0)
		return rc;
	if (*name && dcd_parse_ident(name).kind != DCD_IDENT_NONE)
		return dcd_parse_ident(name).shareable;
	return dcd_parent_attr(region, "mode", buf) == 0 &&
	       dcd_parse_ident(buf).shareable;
}

/**
 * daxctl_region_is_read_only - are stores to the capacity lost?
 * @region: any DAX region
 *
 * Returns: 1 or 0, also where the kernel does not say.
 */
DAXCTL_EXPORT int daxctl_region_is_read_only(struct daxctl_region *region)
{
	char name[SYSFS_ATTR_SIZE];

	return dcd_region_property(region, "read_only", name) == 1;
}

/**
 * daxctl_dev_get_uuid - read the tag whose capacity a device holds
 * @dev: any DAX device
 * @tag: written only on success; null for untagged capacity
 *
 * Returns: 0, or -errno (-ENOENT: the kernel knows no tags).
 */
DAXCTL_EXPORT int daxctl_dev_get_uuid(struct daxctl_dev *dev, uuid_t tag)
{
	char buf[SYSFS_ATTR_SIZE], *path;
	int rc;

	if (asprintf(&path, "%s/uuid", dev->dev_path) < 0)
		return -ENOMEM;
	rc = __sysfs_read_attr(dcd_region_log(dev->region), path, buf);
	free(path);
	if (rc < 0)
		return rc;
	return dcd_parse_tag(buf, tag);
}

static void dcd_dev_reread(struct daxctl_dev *dev, const char *attr,
			   unsigned long long *val)
{
	char buf[SYSFS_ATTR_SIZE], *path;

	if (asprintf(&path, "%s/%s", dev->dev_path, attr) < 0)
		return;
	if (__sysfs_read_attr(dcd_region_log(dev->region), path, buf) == 0)
		*val = strtoull(buf, NULL, 0);
	free(path);
}

/* Called when the device is freed, too; takes one that is half made. */
void daxctl_dcd_drop_mappings(struct daxctl_dev *dev)
{
	struct daxctl_mapping *mapping, *next;

	if (!dev->mappings.n.next)
		return;
	list_for_each_safe(&dev->mappings, mapping, next, list) {
		list_del_from(&dev->mappings, &mapping->list);
		free(mapping);
	}
	dev->num_mappings = -1;
}

/* A device that got or lost capacity is elsewhere than it was. */
void daxctl_dcd_refresh(struct daxctl_dev *dev)
{
	dcd_dev_reread(dev, "size", &dev->size);
	dcd_dev_reread(dev, "resource", &dev->resource);
	daxctl_dcd_drop_mappings(dev);
}

/**
 * daxctl_region_get_youngest - the device that was made last in a region
 * @region: any DAX region
 *
 * The kernel's "seed" is the oldest device that nobody has used yet, which may
 * be one that another process has made and is about to use.
 *
 * Returns: a device owned by @region, or NULL when it is gone again.
 */
DAXCTL_EXPORT struct daxctl_dev *
daxctl_region_get_youngest(struct daxctl_region *region)
{
	char buf[SYSFS_ATTR_SIZE], *path;
	struct daxctl_dev *dev;
	int rc;

	if (asprintf(&path, "%s/dax_region/create", region->region_path) < 0)
		return NULL;
	rc = __sysfs_read_attr(dcd_region_log(region), path, buf);
	free(path);
	if (rc < 0)
		return NULL;
	region->devices_init = 0;
	daxctl_dev_foreach(region, dev) {
		if (strcmp(buf, daxctl_dev_get_devname(dev)) != 0)
			continue;
		/* Another of the same name may have been there before. */
		daxctl_dcd_refresh(dev);
		return dev;
	}
	return NULL;
}

/**
 * daxctl_dcd_block_in_dev - is a memory block part of a device?
 * @start: physical address of the block
 * @size: bytes
 *
 * A device of several extents has holes between its mappings, so its first
 * address and its size do not tell.
 *
 * Returns: 1 or 0, or -ENOENT when the kernel shows no mappings.
 */
int daxctl_dcd_block_in_dev(struct daxctl_dev *dev, unsigned long long start,
			    unsigned long long size)
{
	struct daxctl_mapping *mapping;
	int rc = -ENOENT;

	daxctl_mapping_foreach(dev, mapping) {
		unsigned long long end = daxctl_mapping_get_end(mapping);

		rc = 0;
		if (start >= daxctl_mapping_get_start(mapping) &&
		    start <= end && size - 1 <= end - start)
			return 1;
	}
	return rc;
}

/**
 * daxctl_dev_set_uuid - claim the capacity that carries a tag
 * @dev: device of size 0 in a region of dynamic capacity
 * @tag: all extents with this tag, in their sequence order; null: one untagged
 *       extent
 *
 * On failure the device stays as it was and no capacity is taken.
 *
 * Returns: 0 and the device's size is that of the capacity, or -errno:
 * -ENOENT no such capacity, -EBUSY the device has capacity already,
 * -EOPNOTSUPP (or -EACCES) the region takes no tags.
 */
DAXCTL_EXPORT int daxctl_dev_set_uuid(struct daxctl_dev *dev, uuid_t tag)
{
	char text[40] = "0", *path;
	int rc;

	if (!uuid_is_null(tag))
		uuid_unparse(tag, text);
	if (asprintf(&path, "%s/uuid", dev->dev_path) < 0)
		return -ENOMEM;
	/* To the kernel ENOENT means "no such capacity". */
	if (access(path, F_OK) < 0)
		rc = -EOPNOTSUPP;
	else
		rc = __sysfs_write_attr(dcd_region_log(dev->region), path,
					text);
	free(path);
	if (rc < 0)
		return rc;
	daxctl_dcd_refresh(dev);
	return 0;
}

/* Has the device asked for it while it was in use?  1 or 0. */
DAXCTL_EXPORT int daxctl_extent_is_releasing(struct daxctl_extent *extent)
{
	return strcmp(to_dcd_extent(extent)->state, "releasing") == 0;
}

/**
 * daxctl_extent_get_state - what is the matter with an extent
 *
 * Returns: "releasing" where the device wants it back and it is in use,
 * "forced" where the device has taken it back and it was in use, else NULL;
 * valid as long as @extent.
 */
DAXCTL_EXPORT const char *daxctl_extent_get_state(struct daxctl_extent *extent)
{
	return dcd_extent_state(to_dcd_extent(extent));
}

/**
 * daxctl_extent_in_dev - does a device use an extent, wholly or in part?
 * @extent, @dev: of the same region
 *
 * Returns: 1, 0, or -errno when the region does not say where it is.
 */
DAXCTL_EXPORT int daxctl_extent_in_dev(struct daxctl_extent *extent,
				       struct daxctl_dev *dev)
{
	unsigned long long base, start, end;
	struct daxctl_mapping *mapping;
	char buf[SYSFS_ATTR_SIZE];
	int rc;

	rc = dcd_parent_attr(dcd_extent_region(to_dcd_extent(extent)), "resource",
			     buf);
	if (rc < 0)
		return rc;
	base = strtoull(buf, NULL, 0);
	start = base + to_dcd_extent(extent)->offset;
	end = start + to_dcd_extent(extent)->length - 1;
	daxctl_mapping_foreach(dev, mapping)
		if (daxctl_mapping_get_start(mapping) <= end &&
		    daxctl_mapping_get_end(mapping) >= start)
			return 1;
	return 0;
}
