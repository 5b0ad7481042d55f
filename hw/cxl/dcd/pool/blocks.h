/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: blocks of the pool and the records that have them
 */
#ifndef CXL_DCD_POOL_BLOCKS_H
#define CXL_DCD_POOL_BLOCKS_H

#include "file.h"

/*
 * A new record like @value, and the words of its blocks, which must be free,
 * its. 0 with @error set.
 */
uint32_t cxl_dcd_pool_take(CXLDcdPool *pool, const PoolRecord *value,
                           CXLDcdPoolState state, GError **error);
/* Memory for these blocks, where the pool is to reserve it */
bool cxl_dcd_pool_reserve_blocks(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                                 GError **error);
/* All words of an extent's record to another state */
void cxl_dcd_pool_mark(CXLDcdPool *pool, uint32_t number,
                       CXLDcdPoolState from, CXLDcdPoolState to);
/* The record of the extent that covers @block; 0: none */
uint32_t cxl_dcd_pool_covering(CXLDcdPool *pool, uint64_t block);
/* The record of @host's that covers @block; 0 with @error set */
uint32_t cxl_dcd_pool_own(CXLDcdPool *pool, uint32_t host, uint64_t block,
                          GError **error);
/*
 * The tag of @block; 0: it is not shared. Tags are of all of the pool: a
 * transaction of a parcel that meets one is done again.
 */
uint32_t cxl_dcd_pool_tag_of(CXLDcdPool *pool, uint64_t block);
/*
 * @step on each record of @host's within @range, after dividing those that
 * reach out of it; and its list has changed. @at: the record's first block.
 */
typedef bool (*PoolStep)(CXLDcdPool *pool, uint32_t host, uint32_t number,
                         uint64_t at, GError **error);
bool cxl_dcd_pool_each_own(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRange *range, PoolStep step,
                           GError **error);
/* @change on each range, all or none, as one transaction of @host's */
typedef bool (*PoolChange)(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRange *range, GError **error);
bool cxl_dcd_pool_change_all(CXLDcdPool *pool, uint32_t host,
                             const CXLDcdPoolRange *ranges, size_t count,
                             PoolChange change, GError **error);
/* The parcel that has all of these; NULL: none. @step: bytes from one to one */
PoolParcel *cxl_dcd_pool_parcel(const CXLDcdPool *pool,
                                const CXLDcdPoolRange *first, size_t count,
                                size_t step);

#endif
