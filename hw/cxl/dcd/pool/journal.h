/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: transactions on the pool's file
 */
#ifndef CXL_DCD_POOL_JOURNAL_H
#define CXL_DCD_POOL_JOURNAL_H

#include "file.h"

/*
 * Between these the file is this process's alone. _begin waits for others, but
 * not for ever, and undoes what a process was killed in. _end keeps what was
 * done, or, when anything failed or @keep is false, puts everything back.
 */
bool cxl_dcd_pool_begin(CXLDcdPool *pool, GError **error);
bool cxl_dcd_pool_end(CXLDcdPool *pool, bool keep, GError **error);
/*
 * @work as a transaction of @parcel alone, if that is enough; else (and with no
 * @parcel) of all of the pool. Then it may be called twice, and nothing is left
 * of the first time: what it leaves elsewhere than in the file, it sets anew.
 */
typedef bool (*PoolWork)(CXLDcdPool *pool, void *opaque, GError **error);
bool cxl_dcd_pool_transact(CXLDcdPool *pool, PoolParcel *parcel, PoolWork work,
                           void *opaque, GError **error);
/* Undo the pool's journal, in a file that nobody else has open */
bool cxl_dcd_pool_put_back(CXLDcdPool *pool, GError **error);
/* Change [@at, @at + @len) of the metadata; both multiples of 8 */
void cxl_dcd_pool_set(CXLDcdPool *pool, void *at, const void *value,
                      size_t len);
/* Change words from @old to @fresh. False: some were not @old. */
bool cxl_dcd_pool_fill(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                       uint64_t old, uint64_t fresh);

#endif
