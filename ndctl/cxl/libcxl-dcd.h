/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef _LIBCXL_DCD_H_
#define _LIBCXL_DCD_H_

#include <stdbool.h>
#include <string.h>

/*
 * CXL dynamic capacity (CXL r3.1 section 9.13.3): partitions of a memory
 * device, regions over them, and the extents that the device has given to a
 * region.  Included by cxl/libcxl.h.  Symbol version LIBCXL_DCD_1.
 */

#ifdef __cplusplus
extern "C" {
#endif

struct cxl_memdev;
struct cxl_decoder;
struct cxl_region;
struct cxl_dc_partition;
struct cxl_extent;

bool cxl_dc_ident(const char *ident);

struct cxl_dc_partition *cxl_dc_partition_get_first(struct cxl_memdev *memdev);
struct cxl_dc_partition *
cxl_dc_partition_get_next(struct cxl_dc_partition *part);
struct cxl_dc_partition *cxl_dc_partition_find(struct cxl_memdev *memdev,
					       const char *ident);
const char *cxl_dc_partition_get_name(struct cxl_dc_partition *part);
unsigned long long cxl_dc_partition_get_size(struct cxl_dc_partition *part);
int cxl_dc_partition_get_qos_class(struct cxl_dc_partition *part);
int cxl_dc_partition_is_shareable(struct cxl_dc_partition *part);
int cxl_dc_partition_is_read_only(struct cxl_dc_partition *part);
int cxl_dc_partition_is_nonvolatile(struct cxl_dc_partition *part);

#define cxl_dc_partition_foreach(memdev, part) \
	for (part = cxl_dc_partition_get_first(memdev); part != NULL; \
	     part = cxl_dc_partition_get_next(part))

const char *cxl_decoder_get_dc_name(struct cxl_decoder *decoder, int index);
int cxl_decoder_set_dc_mode(struct cxl_decoder *decoder, const char *name);
const char *cxl_decoder_get_mode_name(struct cxl_decoder *decoder);
struct cxl_region *cxl_decoder_create_dc_region(struct cxl_decoder *decoder,
						const char *name);

int cxl_region_is_dynamic_capacity(struct cxl_region *region);
const char *cxl_region_get_mode_name(struct cxl_region *region);

struct cxl_extent *cxl_extent_get_first(struct cxl_region *region);
struct cxl_extent *cxl_extent_get_next(struct cxl_extent *extent);
const char *cxl_extent_get_devname(struct cxl_extent *extent);
unsigned long long cxl_extent_get_offset(struct cxl_extent *extent);
unsigned long long cxl_extent_get_length(struct cxl_extent *extent);
void cxl_extent_get_uuid(struct cxl_extent *extent, uuid_t tag);
const char *cxl_extent_get_state(struct cxl_extent *extent);
int cxl_extent_is_releasing(struct cxl_extent *extent);
int cxl_extent_release(struct cxl_extent *extent);

#define cxl_extent_foreach(region, extent) \
	for (extent = cxl_extent_get_first(region); extent != NULL; \
	     extent = cxl_extent_get_next(extent))

#ifdef __cplusplus
}
#endif

#endif /* _LIBCXL_DCD_H_ */
