/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIBDAXCTL_DCD_H_
#define _LIBDAXCTL_DCD_H_

/*
 * CXL dynamic capacity: DAX regions whose capacity comes and goes as extents.
 * Included by daxctl/libdaxctl.h.  Symbol version LIBDAXCTL_DCD_1.
 */

#ifdef __cplusplus
extern "C" {
#endif

struct daxctl_region;
struct daxctl_dev;
struct daxctl_extent;

int daxctl_region_is_dynamic_capacity(struct daxctl_region *region);
int daxctl_region_is_shareable(struct daxctl_region *region);
int daxctl_region_is_read_only(struct daxctl_region *region);
struct daxctl_dev *daxctl_region_get_youngest(struct daxctl_region *region);

int daxctl_dev_get_uuid(struct daxctl_dev *dev, uuid_t tag);
int daxctl_dev_set_uuid(struct daxctl_dev *dev, uuid_t tag);

struct daxctl_extent *daxctl_extent_get_first(struct daxctl_region *region);
struct daxctl_extent *daxctl_extent_get_next(struct daxctl_extent *extent);
const char *daxctl_extent_get_devname(struct daxctl_extent *extent);
unsigned long long daxctl_extent_get_offset(struct daxctl_extent *extent);
unsigned long long daxctl_extent_get_length(struct daxctl_extent *extent);
void daxctl_extent_get_uuid(struct daxctl_extent *extent, uuid_t tag);
const char *daxctl_extent_get_state(struct daxctl_extent *extent);
int daxctl_extent_is_releasing(struct daxctl_extent *extent);
int daxctl_extent_in_dev(struct daxctl_extent *extent, struct daxctl_dev *dev);

#define daxctl_extent_foreach(region, extent) \
	for (extent = daxctl_extent_get_first(region); \
	     extent != NULL; \
	     extent = daxctl_extent_get_next(extent))

#ifdef __cplusplus
}
#endif

#endif /* _LIBDAXCTL_DCD_H_ */
