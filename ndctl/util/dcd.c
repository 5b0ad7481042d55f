// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <ccan/array_size/array_size.h>

#include <util/log.h>
#include <util/sysfs.h>
#include <util/dcd.h>

static const struct {
	const char *name;
	bool shareable;
	bool read_only;
} selectors[] = {
	{ "dynamic_ram", false, false },
	{ "dynamic_ram_shared", true, false },
	{ "dynamic_ram_ro", false, true },
	{ "dynamic_ram_shared_ro", true, true },
};

static struct dcd_ident ident_index(int index)
{
	return (struct dcd_ident){ .kind = DCD_IDENT_INDEX, .index = index };
}

/**
 * dcd_parse_ident - what a partition, region type or decoder mode name means
 * @name: e.g. "dc0" or "dynamic_ram_shared"
 *
 * Returns: the meaning by value, kind DCD_IDENT_NONE for every other text.
 */
struct dcd_ident dcd_parse_ident(const char *name)
{
	static const char stem[] = "dynamic_ram_";
	struct dcd_ident none = { .kind = DCD_IDENT_NONE };
	size_t i;

	if (strcmp(name, "dc") == 0)
		return ident_index(0);
	if (strncmp(name, "dc", 2) == 0) {
		if (name[2] >= '0' && name[2] <= '7' && !name[3])
			return ident_index(name[2] - '0');
		return none;
	}

	for (i = 0; i < ARRAY_SIZE(selectors); i++)
		if (strcmp(name, selectors[i].name) == 0)
			return (struct dcd_ident){
				.kind = DCD_IDENT_SELECTOR,
				.shareable = selectors[i].shareable,
				.read_only = selectors[i].read_only,
			};

	if (strncmp(name, stem, strlen(stem)) == 0) {
		const char *end = name + strlen(stem);

		if (end[0] >= 'a' && end[0] <= 'h' && !end[1])
			return ident_index(end[0] - 'a');
		if (end[0] >= '1' && end[0] <= '8' && !end[1])
			return ident_index(end[0] - '1');
	}
	return none;
}

static int read_u64(struct log_ctx *log, const char *dir, const char *extent,
		    const char *attr, unsigned long long *ret_val)
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

static void read_optional(struct log_ctx *log, const char *dir,
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

static struct dcd_extent *read_extent(struct log_ctx *log, const char *dir,
				      const char *name)
{
	struct dcd_extent *extent;
	char buf[SYSFS_ATTR_SIZE];

	extent = calloc(1, sizeof(*extent));
	if (!extent)
		return NULL;

	if (read_u64(log, dir, name, "offset", &extent->offset) < 0 ||
	    read_u64(log, dir, name, "length", &extent->length) < 0) {
		free(extent);
		return NULL;
	}

	/* Both are absent where they have nothing to say. */
	read_optional(log, dir, name, "uuid", buf);
	if (uuid_parse(buf, extent->uuid) < 0)
		uuid_clear(extent->uuid);
	read_optional(log, dir, name, "state", buf);
	snprintf(extent->state, sizeof(extent->state), "%.15s", buf);
	snprintf(extent->name, sizeof(extent->name), "%s", name);
	return extent;
}

static int extent_cmp(const void *a, const void *b)
{
	const struct dcd_extent *const *ea = a, *const *eb = b;

	if ((*ea)->offset != (*eb)->offset)
		return (*ea)->offset < (*eb)->offset ? -1 : 1;
	return strcmp((*ea)->name, (*eb)->name);
}

/**
 * dcd_read_extents - read all extents below a DAX region
 * @log: of the calling library
 * @dir: sysfs folder of the DAX region
 * @head: initialised list; extents are appended by rising offset and belong
 *        to the caller, who frees them with dcd_free_extents()
 *
 * An extent that goes away while it is read is left out.
 *
 * Returns: the number of extents, or -errno and nothing appended.
 */
int dcd_read_extents(struct log_ctx *log, const char *dir,
		     struct list_head *head)
{
	struct dcd_extent **vec = NULL;
	size_t nr = 0, room = 0, i;
	struct dirent *de;
	DIR *d;
	int rc;

	d = opendir(dir);
	if (!d)
		return -errno;

	while ((de = readdir(d)) != NULL) {
		struct dcd_extent *extent;
		int region, id;

		if (sscanf(de->d_name, "extent%d.%d", &region, &id) != 2 ||
		    strlen(de->d_name) >= DCD_NAME_MAX)
			continue;
		if (nr == room) {
			size_t more = room ? 2 * room : 64;
			void *grown = realloc(vec, more * sizeof(*vec));

			if (!grown) {
				rc = -ENOMEM;
				goto out;
			}
			vec = grown;
			room = more;
		}
		extent = read_extent(log, dir, de->d_name);
		if (extent)
			vec[nr++] = extent;
	}

	if (nr)
		qsort(vec, nr, sizeof(*vec), extent_cmp);
	for (i = 0; i < nr; i++)
		list_add_tail(head, &vec[i]->list);
	rc = nr;
	nr = 0;
out:
	for (i = 0; i < nr; i++)
		free(vec[i]);
	free(vec);
	closedir(d);
	return rc;
}

/** dcd_free_extents - empty a list that dcd_read_extents() has filled */
void dcd_free_extents(struct list_head *head)
{
	struct dcd_extent *extent, *next;

	list_for_each_safe(head, extent, next, list) {
		list_del_from(head, &extent->list);
		free(extent);
	}
}
