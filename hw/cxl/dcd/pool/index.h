/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the tree of free runs
 */
#ifndef CXL_DCD_POOL_INDEX_H
#define CXL_DCD_POOL_INDEX_H

#include "file.h"

/* Bring the tree in step with the words of @range. */
void cxl_dcd_pool_index(CXLDcdPool *pool, const CXLDcdPoolRange *range);
/* What of the tree is not so; UINT64_MAX when all is. O(blocks) */
uint64_t cxl_dcd_pool_index_fault(const CXLDcdPool *pool);
bool cxl_dcd_pool_run(const CXLDcdPool *pool, uint64_t from, uint64_t end,
                      uint64_t count, CXLDcdPoolRange *ret);

/* Free blocks in [@from, @end) */
uint64_t cxl_dcd_pool_total(const CXLDcdPool *pool, uint64_t from,
                            uint64_t end);
/* Blocks of the longest free run */
uint64_t cxl_dcd_pool_longest_run(const CXLDcdPool *pool);

#endif
