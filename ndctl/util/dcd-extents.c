// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>

#include <util/log.h>
#include <util/sysfs.h>
#include <util/dcd-extents.h>

/**
 * struct dcd_extents - the extents of one region, as the last walk found them
 * @region: what the library calls the region
 * @vec: by rising offset
 */
struct dcd_extents {
	void *region;
	struct dcd_extent *vec;
	int nr;
};

static int dcd_read_u64(struct log_ctx *log, const char *dir,
			const char *extent, const char *attr,
			unsigned long long *ret_val)
{
	char buf[SYSFS_ATTR_SIZE], *path, *end;
	unsigned long long val;
	int rc;

	if (asprintf(&path, "%s/%s/%s", dir, extent, attr) < 0)
		return -ENOMEM;
	rc = __sysfs_read_attr(log, path, buf);
	free(path);
	if (rc < 0)
		return rc;

	errno = 0;
	val = strtoull(buf, &end, 0);
	if (end == buf || *end || errno)
		return -EINVAL;
	*ret_val = val;
	return 0;
}

static void dcd_read_optional(struct log_ctx *log, const char *dir,
			      const char *extent, const char *attr, char *buf)
{
	char *path;

	buf[0] = '\0';
	if (asprintf(&path, "%s/%s/%s", dir, extent, attr) < 0)
		return;
	if (__sysfs_read_attr(log, path, buf) < 0)
		buf[0] = '\0';
	free(path);
}

static bool dcd_read_extent(struct log_ctx *log, const char *dir,
			    const char *name, struct dcd_extent *extent)
{
	char buf[SYSFS_ATTR_SIZE];

	if (dcd_read_u64(log, dir, name, "offset", &extent->offset) < 0 ||
	    dcd_read_u64(log, dir, name, "length", &extent->length) < 0)
		return false;

	/* Both are absent where they have nothing to say. */
	dcd_read_optional(log, dir, name, "uuid", buf);
	if (uuid_parse(buf, extent->uuid) < 0)
		uuid_clear(extent->uuid);
	dcd_read_optional(log, dir, name, "state", buf);
	snprintf(extent->state, sizeof(extent->state), "%.15s", buf);
	snprintf(extent->name, sizeof(extent->name), "%s", name);
	return true;
}

static int dcd_extent_cmp(const void *a, const void *b)
{
	const struct dcd_extent *ea = a, *eb = b;

	if (ea->offset != eb->offset)
		return ea->offset < eb->offset ? -1 : 1;
	return strcmp(ea->name, eb->name);
}

static bool dcd_is_extent_name(const char *name)
{
	int region, id;

	return sscanf(name, "extent%d.%d", &region, &id) == 2 &&
	       strlen(name) < sizeof(((struct dcd_extent *)NULL)->name);
}

/* One more place in @all->vec, where there are @room.  NULL: no memory. */
static struct dcd_extent *dcd_extents_next_free(struct dcd_extents *all,
						int *room)
{
	struct dcd_extent *grown;

	if (all->nr == *room) {
		*room = *room ? 2 * *room : 64;
		grown = realloc(all->vec, *room * sizeof(*grown));
		if (!grown)
			return NULL;
		all->vec = grown;
	}
	memset(&all->vec[all->nr], 0, sizeof(all->vec[0]));
	all->vec[all->nr].all = all;
	return &all->vec[all->nr];
}

static void dcd_extents_drop(struct dcd_extents *all)
{
	free(all->vec);
	all->vec = NULL;
	all->nr = 0;
}

/*
 * Read all extents below @dir.  One that goes away while it is read is left
 * out.  Returns: 0, or -errno and there are none.
 */
static int dcd_extents_read(struct dcd_extents *all, struct log_ctx *log,
			    const char *dir)
{
	struct dirent *de;
	int room = 0, rc = 0;
	DIR *d;

	d = opendir(dir);
	if (!d)
		return -errno;
	while ((de = readdir(d)) != NULL) {
		struct dcd_extent *extent;

		if (!dcd_is_extent_name(de->d_name))
			continue;
		extent = dcd_extents_next_free(all, &room);
		if (!extent) {
			rc = -ENOMEM;
			break;
		}
		if (dcd_read_extent(log, dir, de->d_name, extent))
			all->nr++;
	}
	closedir(d);
	if (rc < 0)
		dcd_extents_drop(all);
	else if (all->nr)
		qsort(all->vec, all->nr, sizeof(all->vec[0]), dcd_extent_cmp);
	return rc;
}

/**
 * dcd_extents_first - begin a walk over the extents of a DAX region
 * @all: NULL, or what an earlier walk over the same region has left
 * @log: of the calling library
 * @dir: sysfs folder of the DAX region
 * @region: for dcd_extent_region()
 *
 * Ends the life of all extents that the earlier walk has returned.
 *
 * Returns: the extent with the lowest offset, which lives as long as *@all;
 * NULL when there is none or the kernel cannot be read.
 */
struct dcd_extent *dcd_extents_first(struct dcd_extents **all,
				     struct log_ctx *log, const char *dir,
				     void *region)
{
	if (!*all)
		*all = calloc(1, sizeof(**all));
	if (!*all)
		return NULL;
	(*all)->region = region;
	dcd_extents_drop(*all);
	if (dcd_extents_read(*all, log, dir) < 0 || !(*all)->nr)
		return NULL;
	return &(*all)->vec[0];
}

/* The extent of the next higher offset, NULL after the last one. */
struct dcd_extent *dcd_extents_next(struct dcd_extent *extent)
{
	struct dcd_extents *all = extent->all;

	return extent + 1 < all->vec + all->nr ? extent + 1 : NULL;
}

/* What dcd_extents_first() was given. */
void *dcd_extent_region(const struct dcd_extent *extent)
{
	return extent->all->region;
}

/**
 * dcd_extent_state - the state of an extent, as lists show it
 *
 * Returns: "releasing" or "forced"; NULL for one that is there and stays there,
 * which goes without saying.
 */
const char *dcd_extent_state(const struct dcd_extent *extent)
{
	return strcmp(extent->state, "releasing") == 0 ||
	       strcmp(extent->state, "forced") == 0 ? extent->state : NULL;
}

/* Takes NULL. */
void dcd_extents_free(struct dcd_extents *all)
{
	if (!all)
		return;
	dcd_extents_drop(all);
	free(all);
}
