/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: records of the pool and their lists
 *
 * All within a transaction.
 */
#ifndef CXL_DCD_POOL_RECORD_H
#define CXL_DCD_POOL_RECORD_H

#include "file.h"

/* NULL, and the transaction failed, when there is no record @number in use */
PoolRecord *cxl_dcd_pool_record(CXLDcdPool *pool, uint32_t number,
                                PoolKind kind);
static inline uint32_t pool_number(const CXLDcdPool *pool,
                                   const PoolRecord *record)
{
    return record - pool->records;
}
/* @number, which was checked before, becomes a copy of @value */
void cxl_dcd_pool_set_record(CXLDcdPool *pool, uint32_t number,
                             const PoolRecord *value);
/* The root becomes a copy of @value, but for the journal's own count */
void cxl_dcd_pool_set_root(CXLDcdPool *pool, const PoolRoot *value);
/* A copy of @value as a new record, in no list. 0: no room, error set */
uint32_t cxl_dcd_pool_new_record(CXLDcdPool *pool, const PoolRecord *value,
                                 GError **error);
void cxl_dcd_pool_free_record(CXLDcdPool *pool, uint32_t number);
/*
 * In a transaction of all of the pool: free records, and numbers for claims,
 * for @parcel, if it has used up those that it had
 */
void cxl_dcd_pool_supply(CXLDcdPool *pool, PoolParcel *parcel);
/* The number of the claim that is going on; 0: the transaction failed */
uint64_t cxl_dcd_pool_new_generation(CXLDcdPool *pool);
/*
 * Rises with every claim. Read with the lock of all of the pool, and later with
 * a parcel's: if it is the same then, nobody has claimed in that parcel.
 */
uint64_t cxl_dcd_pool_sum_of_generations(const CXLDcdPool *pool);
/* The record beside @number in a list of its. False: there is no @number */
bool cxl_dcd_pool_set_link(CXLDcdPool *pool, uint32_t number, PoolKind kind,
                           size_t link, uint32_t other);
#define POOL_PREV offsetof(PoolRecord, prev)
#define POOL_NEXT offsetof(PoolRecord, next)
#define POOL_PEER_PREV offsetof(PoolRecord, peer_prev)
#define POOL_PEER_NEXT offsetof(PoolRecord, peer_next)
/* Into and out of the list of its host */
void cxl_dcd_pool_link_host(CXLDcdPool *pool, uint32_t number);
void cxl_dcd_pool_unlink_host(CXLDcdPool *pool, uint32_t number);
/* Into and out of the hash; @host POOL_NONE: the tag itself. 0: none */
void cxl_dcd_pool_hash(CXLDcdPool *pool, uint32_t number);
void cxl_dcd_pool_unhash(CXLDcdPool *pool, uint32_t number);
uint32_t cxl_dcd_pool_lookup(CXLDcdPool *pool, const uint8_t *tag,
                             uint32_t host);
uint32_t cxl_dcd_pool_hash_of(const CXLDcdPool *pool, const uint8_t *tag,
                              uint32_t host);
void cxl_dcd_pool_set_use(CXLDcdPool *pool, uint32_t number, uint32_t use);
void cxl_dcd_pool_count_host(CXLDcdPool *pool, uint32_t host, int64_t blocks,
                             bool listed);

#endif
