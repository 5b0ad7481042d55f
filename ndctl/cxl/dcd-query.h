/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _CXL_DCD_QUERY_H_
#define _CXL_DCD_QUERY_H_

#include <stdbool.h>
#include <uuid/uuid.h>

struct option;
struct cxl_ctx;
struct cxl_extent;
struct cxl_region;

/**
 * struct dcd_query - which extents of a region are meant
 * @by_tag: only those with @tag, which is null for untagged ones
 * @by_offset: only the one that begins at @offset bytes
 */
struct dcd_query {
	bool by_tag;
	bool by_offset;
	uuid_t tag;
	unsigned long long offset;
};

struct cxl_region *dcd_region_arg(struct cxl_ctx *ctx, int argc,
				  const char **argv, const char *const *usage,
				  const struct option *options);
int dcd_query_arg(struct dcd_query *query, const char *uuid,
		  const char *offset);
bool dcd_query_matches(struct cxl_extent *extent,
		       const struct dcd_query *query);

#endif /* _CXL_DCD_QUERY_H_ */
