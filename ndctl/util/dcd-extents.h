/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __UTIL_DCD_EXTENTS_H__
#define __UTIL_DCD_EXTENTS_H__

#include <uuid/uuid.h>

/*
 * The extents below a DAX region, for libcxl and libdaxctl: what they call a
 * struct cxl_extent or daxctl_extent is a struct dcd_extent.  Extents come and
 * go by themselves, so nothing is kept from one walk to the next.
 */

struct log_ctx;
struct dcd_extents;

/**
 * struct dcd_extent - one device extent
 * @all: those that were read with it
 * @name: sysfs name, to be treated as opaque
 * @offset: bytes from the start of the region
 * @length: bytes
 * @uuid: tag, null for an untagged extent
 * @state: what the kernel says about it, "" where it says nothing
 */
struct dcd_extent {
	struct dcd_extents *all;
	char name[32];
	unsigned long long offset;
	unsigned long long length;
	uuid_t uuid;
	char state[16];
};

struct dcd_extent *dcd_extents_first(struct dcd_extents **all,
				     struct log_ctx *log, const char *dir,
				     void *region);
struct dcd_extent *dcd_extents_next(struct dcd_extent *extent);
void *dcd_extent_region(const struct dcd_extent *extent);
const char *dcd_extent_state(const struct dcd_extent *extent);
void dcd_extents_free(struct dcd_extents *all);

#endif /* __UTIL_DCD_EXTENTS_H__ */
