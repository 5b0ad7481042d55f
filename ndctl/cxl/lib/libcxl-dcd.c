// SPDX-License-Identifier: LGPL-2.1-or-later
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>

#include <util/log.h>
#include <util/sysfs.h>
#include <util/dcd-names.h>
#include <cxl/libcxl.h>
#include "private.h"

/*
 * Dynamic capacity in libcxl: partitions, and regions over them.
 *
 * A memdev's partitions are read on demand and kept with it: they change only
 * with the device itself.  Names differ between kernel series, so partitions
 * are found by looking at what the memdev has, and an identifier that a user
 * types is matched against them by position or by properties: see
 * util/dcd-names.h.
 */

/* The index of a partition whose name tells its properties, not its position */
#define NO_INDEX -1

struct cxl_dc_partition {
	struct cxl_memdev *memdev;
	char name[DCD_NAME_MAX];
	int index;
	unsigned long long size;
	int qos_class;
	bool shareable;
	bool read_only;
	bool nonvolatile;
};

struct cxl_dcd {
	int nr_parts;
	struct cxl_dc_partition parts[DCD_MAX_PARTITIONS];
};

/* The log context is the first member of every library context. */
static struct log_ctx *dcd_log(struct cxl_ctx *ctx)
{
	return (struct log_ctx *)ctx;
}

/* Called when the memdev is freed; takes NULL. */
void cxl_dcd_free(struct cxl_dcd *dcd)
{
	free(dcd);
}

static int dcd_read_attr(struct cxl_ctx *ctx, const char *dir, const char *attr,
			 char *buf)
{
	char *path;
	int rc;

	buf[0] = '\0';
	if (asprintf(&path, "%s/%s", dir, attr) < 0)
		return -ENOMEM;
	rc = __sysfs_read_attr(dcd_log(ctx), path, buf);
	free(path);
	return rc;
}

static int dcd_write_attr(struct cxl_ctx *ctx, const char *dir,
			  const char *attr, const char *text)
{
	char *path;
	int rc;

	if (asprintf(&path, "%s/%s", dir, attr) < 0)
		return -ENOMEM;
	rc = __sysfs_write_attr(dcd_log(ctx), path, text);
	free(path);
	return rc;
}

/**
 * cxl_dc_ident - does a region type or decoder mode mean dynamic capacity?
 * @ident: e.g. "dc0", "dynamic_ram_1"; not NULL
 */
CXL_EXPORT bool cxl_dc_ident(const char *ident)
{
	return dcd_parse_ident(ident).kind != DCD_IDENT_NONE;
}

/* 0 or 1 from an attribute of a partition, @fallback where it is absent. */
static bool dcd_read_flag(struct cxl_ctx *ctx, const char *dir,
			  const char *attr, bool fallback)
{
	char buf[SYSFS_ATTR_SIZE];

	if (dcd_read_attr(ctx, dir, attr, buf) < 0)
		return fallback;
	return strtoul(buf, NULL, 0) != 0;
}

static bool dcd_read_partition(struct cxl_memdev *memdev, const char *name,
			       struct cxl_dc_partition *part)
{
	struct dcd_ident ident = dcd_parse_ident(name);
	char buf[SYSFS_ATTR_SIZE], *dir;
	bool found;

	if (asprintf(&dir, "%s/%s", memdev->dev_path, name) < 0)
		return false;

	/* An absent partition can leave its folder behind, without files. */
	found = dcd_read_attr(memdev->ctx, dir, "size", buf) == 0;
	if (found) {
		*part = (struct cxl_dc_partition){
			.memdev = memdev,
			.index = ident.kind == DCD_IDENT_INDEX ? ident.index :
								 NO_INDEX,
			.size = strtoull(buf, NULL, 0),
			.qos_class = CXL_QOS_CLASS_NONE,
		};
		snprintf(part->name, sizeof(part->name), "%s", name);
		if (dcd_read_attr(memdev->ctx, dir, "qos_class", buf) == 0)
			part->qos_class = atoi(buf);
		part->shareable = dcd_read_flag(memdev->ctx, dir, "shareable",
						ident.shareable);
		part->read_only = dcd_read_flag(memdev->ctx, dir, "read_only",
						ident.read_only);
		part->nonvolatile = dcd_read_flag(memdev->ctx, dir,
						  "nonvolatile", false);
	}
	free(dir);
	return found;
}

static int dcd_partition_cmp(const void *a, const void *b)
{
	const struct cxl_dc_partition *pa = a, *pb = b;

	if (pa->index != pb->index)
		return pa->index - pb->index;
	return strcmp(pa->name, pb->name);
}

static struct cxl_dcd *dcd_memdev_partitions(struct cxl_memdev *memdev)
{
	struct cxl_dcd *dcd = memdev->dcd;
	struct dirent *de;
	DIR *dir;

	if (dcd)
		return dcd;
	dcd = memdev->dcd = calloc(1, sizeof(*dcd));
	if (!dcd)
		return NULL;

	dir = opendir(memdev->dev_path);
	if (!dir)
		return dcd;
	while ((de = readdir(dir)) != NULL &&
	       dcd->nr_parts < DCD_MAX_PARTITIONS) {
		if (!cxl_dc_ident(de->d_name))
			continue;
		if (dcd_read_partition(memdev, de->d_name,
				       &dcd->parts[dcd->nr_parts]))
			dcd->nr_parts++;
	}
	closedir(dir);
	qsort(dcd->parts, dcd->nr_parts, sizeof(dcd->parts[0]),
	      dcd_partition_cmp);
	return dcd;
}

/**
 * cxl_dc_partition_get_first - first dynamic capacity partition of a memdev
 *
 * Returns: a partition that lives as long as @memdev, NULL when it has none.
 */
CXL_EXPORT struct cxl_dc_partition *
cxl_dc_partition_get_first(struct cxl_memdev *memdev)
{
	struct cxl_dcd *dcd = dcd_memdev_partitions(memdev);

	return dcd && dcd->nr_parts ? &dcd->parts[0] : NULL;
}

CXL_EXPORT struct cxl_dc_partition *
cxl_dc_partition_get_next(struct cxl_dc_partition *part)
{
	struct cxl_dcd *dcd = part->memdev->dcd;

	return part + 1 < dcd->parts + dcd->nr_parts ? part + 1 : NULL;
}

/**
 * cxl_dc_partition_find - the partition that a name means on this memdev
 * @ident: the kernel's own name, or any of the names of the other series; where
 *         the kernel names partitions by what they are, a position means
 *         something only if there is a single one
 *
 * Returns: the partition, NULL when the memdev has no such one.
 */
CXL_EXPORT struct cxl_dc_partition *
cxl_dc_partition_find(struct cxl_memdev *memdev, const char *ident)
{
	struct dcd_ident want = dcd_parse_ident(ident);
	struct cxl_dc_partition *part;

	cxl_dc_partition_foreach(memdev, part)
		if (strcmp(part->name, ident) == 0)
			return part;
	cxl_dc_partition_foreach(memdev, part) {
		if (want.kind == DCD_IDENT_INDEX && part->index == NO_INDEX &&
		    want.index == 0 && memdev->dcd->nr_parts == 1)
			return part;
		if (want.kind == DCD_IDENT_INDEX && part->index == want.index)
			return part;
		if (want.kind == DCD_IDENT_PROPERTIES &&
		    part->shareable == want.shareable &&
		    part->read_only == want.read_only)
			return part;
	}
	return NULL;
}

/* The kernel's name for the partition, e.g. "dynamic_ram_1". */
CXL_EXPORT const char *cxl_dc_partition_get_name(struct cxl_dc_partition *part)
{
	return part->name;
}

/* Bytes of device physical address space, not of capacity at hand. */
CXL_EXPORT unsigned long long
cxl_dc_partition_get_size(struct cxl_dc_partition *part)
{
	return part->size;
}

/* CXL_QOS_CLASS_NONE where the device gives none. */
CXL_EXPORT int cxl_dc_partition_get_qos_class(struct cxl_dc_partition *part)
{
	return part->qos_class;
}

CXL_EXPORT int cxl_dc_partition_is_shareable(struct cxl_dc_partition *part)
{
	return part->shareable;
}

CXL_EXPORT int cxl_dc_partition_is_read_only(struct cxl_dc_partition *part)
{
	return part->read_only;
}

/* Does what is in it outlive a loss of power? No, where the kernel is silent. */
CXL_EXPORT int cxl_dc_partition_is_nonvolatile(struct cxl_dc_partition *part)
{
	return part->nonvolatile;
}

/* Is @entry "create_<partition>_region"?  Then copy out the partition. */
static bool dcd_create_attr_name(const char *entry, char *name)
{
	static const char head[] = "create_", tail[] = "_region";
	size_t len = strlen(entry), hl = strlen(head), tl = strlen(tail);

	if (len <= hl + tl || len - hl - tl >= DCD_NAME_MAX ||
	    strncmp(entry, head, hl) != 0 ||
	    strcmp(entry + len - tl, tail) != 0)
		return false;
	memcpy(name, entry + hl, len - hl - tl);
	name[len - hl - tl] = '\0';
	return cxl_dc_ident(name);
}

static bool dcd_same_partition(const char *a, const char *b)
{
	struct dcd_ident ia = dcd_parse_ident(a), ib = dcd_parse_ident(b);

	return ia.kind == ib.kind && ia.index == ib.index &&
	       ia.shareable == ib.shareable && ia.read_only == ib.read_only;
}

static int dcd_name_cmp(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct cxl_dc_names *dcd_decoder_names(struct cxl_decoder *decoder)
{
	struct cxl_dc_names *names = decoder->dc_names;
	struct dirent *de;
	DIR *dir;

	if (names)
		return names;
	names = decoder->dc_names = calloc(1, sizeof(*names));
	if (!names)
		return NULL;

	dir = opendir(decoder->dev_path);
	if (!dir)
		return names;
	while ((de = readdir(dir)) != NULL && names->nr < DCD_MAX_PARTITIONS)
		if (dcd_create_attr_name(de->d_name, names->name[names->nr]))
			names->nr++;
	closedir(dir);
	qsort(names->name, names->nr, sizeof(names->name[0]), dcd_name_cmp);
	return names;
}

/**
 * cxl_decoder_get_dc_name - kinds of DC region that can be made in a window
 * @decoder: root decoder
 * @index: from 0
 *
 * Returns: the kernel's name, which lives as long as @decoder; NULL past the
 * last one.
 */
CXL_EXPORT const char *cxl_decoder_get_dc_name(struct cxl_decoder *decoder,
					       int index)
{
	struct cxl_dc_names *names = dcd_decoder_names(decoder);

	if (!names || index < 0 || index >= names->nr)
		return NULL;
	return names->name[index];
}

static struct cxl_region *dcd_find_region(struct cxl_decoder *decoder,
					  const char *devname)
{
	struct cxl_region *region;

	decoder->regions_init = 0;
	cxl_region_foreach(decoder, region)
		if (strcmp(cxl_region_get_devname(region), devname) == 0)
			return region;
	return NULL;
}

/* Read the next free name and claim it; others may be doing the same. */
static int dcd_claim_region(struct cxl_decoder *decoder, const char *attr,
			    char *buf)
{
	int tries, rc = -EBUSY;

	for (tries = 0; tries < 16 && rc == -EBUSY; tries++) {
		rc = dcd_read_attr(decoder->ctx, decoder->dev_path, attr, buf);
		if (rc < 0)
			return rc;
		rc = dcd_write_attr(decoder->ctx, decoder->dev_path, attr, buf);
	}
	return rc;
}

/**
 * cxl_decoder_create_dc_region - make an empty region for dynamic capacity
 * @decoder: root decoder
 * @name: partition as cxl_dc_partition_get_name() has it
 *
 * Returns: a region owned by @decoder, or NULL with errno set: ENOENT when the
 * window takes no such region.
 */
CXL_EXPORT struct cxl_region *
cxl_decoder_create_dc_region(struct cxl_decoder *decoder, const char *name)
{
	/* The oldest series makes all of them with one file. */
	static const char any_partition[] = "dc";
	char buf[SYSFS_ATTR_SIZE], attr[DCD_NAME_MAX + 16];
	struct cxl_region *region;
	const char *kernel_name;
	int rc, i;

	for (i = 0; (kernel_name = cxl_decoder_get_dc_name(decoder, i)); i++)
		if (dcd_same_partition(kernel_name, name) ||
		    strcmp(kernel_name, any_partition) == 0)
			break;
	if (!kernel_name) {
		errno = ENOENT;
		return NULL;
	}

	snprintf(attr, sizeof(attr), "create_%s_region", kernel_name);
	rc = dcd_claim_region(decoder, attr, buf);
	if (rc < 0) {
		errno = -rc;
		return NULL;
	}

	region = dcd_find_region(decoder, buf);
	if (!region) {
		/* Do not leave a region behind that nobody knows about. */
		dcd_write_attr(decoder->ctx, decoder->dev_path, "delete_region",
			       buf);
		errno = ENXIO;
	}
	return region;
}

/**
 * cxl_decoder_set_dc_mode - point an endpoint decoder at a DC partition
 * @decoder: idle endpoint decoder
 * @name: partition as cxl_dc_partition_get_name() has it
 *
 * Returns: 0 or -errno.
 */
CXL_EXPORT int cxl_decoder_set_dc_mode(struct cxl_decoder *decoder,
				       const char *name)
{
	int rc;

	if (!cxl_port_is_endpoint(cxl_decoder_get_port(decoder)) ||
	    !cxl_dc_ident(name))
		return -EINVAL;
	rc = dcd_write_attr(decoder->ctx, decoder->dev_path, "mode", name);
	if (rc == 0)
		decoder->mode = CXL_DECODER_MODE_DC;
	return rc;
}

/**
 * cxl_decoder_get_mode_name - the kernel's own word for a decoder's mode
 * @decoder: endpoint decoder
 *
 * Returns: text that lives until the next call for @decoder, "none" where the
 * kernel shows none.
 */
CXL_EXPORT const char *cxl_decoder_get_mode_name(struct cxl_decoder *decoder)
{
	char buf[SYSFS_ATTR_SIZE];

	if (dcd_read_attr(decoder->ctx, decoder->dev_path, "mode", buf) < 0)
		return "none";
	snprintf(decoder->mode_name, sizeof(decoder->mode_name), "%.31s", buf);
	return decoder->mode_name;
}

/* As cxl_decoder_get_mode_name(), for a region. */
CXL_EXPORT const char *cxl_region_get_mode_name(struct cxl_region *region)
{
	char buf[SYSFS_ATTR_SIZE];

	if (dcd_read_attr(region->ctx, region->dev_path, "mode", buf) < 0)
		return "none";
	snprintf(region->mode_name, sizeof(region->mode_name), "%.31s", buf);
	return region->mode_name;
}

/* Does the capacity of this region come and go as extents?  1 or 0. */
CXL_EXPORT int cxl_region_is_dynamic_capacity(struct cxl_region *region)
{
	return cxl_dc_ident(cxl_region_get_mode_name(region));
}
