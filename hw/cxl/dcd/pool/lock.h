/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: who may change what in a pool's file
 */
#ifndef CXL_DCD_POOL_LOCK_H
#define CXL_DCD_POOL_LOCK_H

#include "file.h"

/* Bytes of the file that are locked: one per host, one per opening */
bool cxl_dcd_pool_lock_byte(const CXLDcdPool *pool, uint64_t byte, bool lock);
#define POOL_LOCK_HOST ((1ULL << 60) + 1)
#define POOL_LOCK_OPENING (1ULL << 61)
#define POOL_OPENINGS (1U << 24)

/* All that say who has opened the file, for whoever wants to be alone */
bool cxl_dcd_pool_lock_openings(const CXLDcdPool *pool, bool lock);
/* To be called once when the file was mapped, before anything is locked */
bool cxl_dcd_pool_lock_init(CXLDcdPool *pool, GError **error);
/*
 * Wait for the lock of @parcel, or (NULL) of all of the pool, but not for ever:
 * ETIMEDOUT. Who had it before may have died and left a journal.
 */
bool cxl_dcd_pool_lock(CXLDcdPool *pool, PoolParcel *parcel, GError **error);
void cxl_dcd_pool_unlock(CXLDcdPool *pool, PoolParcel *parcel);
/* What callers name: EINVAL when it is not possible, EPERM: not this host's */
bool cxl_dcd_pool_check_range(const CXLDcdPool *pool,
                              const CXLDcdPoolRange *range, GError **error);
bool cxl_dcd_pool_check_host(const CXLDcdPool *pool, uint32_t host,
                             GError **error);

#endif
