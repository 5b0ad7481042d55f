/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: shared tags of the pool, as records
 */
#ifndef CXL_DCD_POOL_TAG_H
#define CXL_DCD_POOL_TAG_H

#include "file.h"

/* The list begins with @first now, has @count more; or says something else */
void cxl_dcd_pool_tags_changed(CXLDcdPool *pool, uint32_t first, int count);

bool cxl_dcd_pool_new_tag(CXLDcdPool *pool, uint32_t host,
                          const CXLDcdPoolExtent *extents, size_t count,
                          uint64_t generation, GError **error);
/*
 * A reference goes; with the last one the extents become @host's, to clean and
 * free. They are added to @left, of CXLDcdPoolRange; NULL: nobody asks.
 */
void cxl_dcd_pool_drop_reference(CXLDcdPool *pool, uint32_t number,
                                 uint32_t host, GArray *left);

/* A reference of @host, pending, on the tag of record @tag */
bool cxl_dcd_pool_new_reference(CXLDcdPool *pool, uint32_t tag, uint32_t host,
                                GError **error);
/* The tag ends when nobody refers to it; its extents are @host's, as above. */
void cxl_dcd_pool_end_tag_if_unused(CXLDcdPool *pool, uint32_t number,
                                    uint32_t host, GArray *left);

#endif
