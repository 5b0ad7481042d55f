/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: free blocks of the pool are looked for
 */
#include "index.h"
#include "journal.h"
#include "lock.h"
#include "record.h"

bool cxl_dcd_pool_find(CXLDcdPool *pool, uint64_t from, uint64_t end,
                       uint64_t count, CXLDcdPoolRange *ret, GError **error)
{
    bool found;

    if (!cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    found = cxl_dcd_pool_run(pool, from, end, count, ret);
    cxl_dcd_pool_end(pool, true, NULL);
    return found;
}

/* --- Away from others --- */

/* So often must others have been in the way, of late, ... */
#define OFTEN 64
/* ... for so many searches in another parcel */
#define AWAY 65536

typedef struct Find {
    uint64_t from;
    uint64_t end;
    uint64_t count;
    CXLDcdPoolRange run;          /* set, when it is @found */
    bool found;
} Find;

static bool cxl_dcd_pool_find_work(CXLDcdPool *pool, void *opaque,
                                   GError **error)
{
    Find *find = opaque;
    uint64_t from = find->from, end = find->end;

    if (pool->here) {
        uint64_t first = (pool->here - pool->parcels) * pool->parcel_blocks;

        from = MAX(from, first);
        end = MIN(end, first + pool->parcel_blocks);
    }
    find->found = cxl_dcd_pool_run(pool, from, end, find->count, &find->run);
    pool->narrow = pool->here && !find->found;
    return !pool->narrow;
}

/* Numbers with their bits in reverse are far apart, also the first of them. */
static uint32_t cxl_dcd_pool_find_reverse(uint32_t number, uint32_t count)
{
    uint32_t reverse = 0;

    for (uint32_t bit = 1; bit < count; bit *= 2, number /= 2) {
        reverse = reverse * 2 + (number & 1);
    }
    return reverse;
}

/* A parcel for a process that has to wait too often; NULL: as others do */
static PoolParcel *cxl_dcd_pool_find_home(CXLDcdPool *pool)
{
    if (pool->met >= OFTEN) {
        uint64_t used = ((pool->blocks - 1) >> pool->parcel_shift) + 1;

        if (!pool->turn) {
            pool->turn = pool->token % POOL_PARCELS;
        }
        pool->home = cxl_dcd_pool_find_reverse(++pool->turn,
                                               pool->parcels_count) % used;
        pool->away = AWAY;
        pool->met = 0;
    }
    if (!pool->away) {
        return NULL;
    }
    pool->away--;
    return &pool->parcels[pool->home];
}

bool cxl_dcd_pool_find_apart(CXLDcdPool *pool, uint64_t from, uint64_t end,
                             uint64_t count, CXLDcdPoolRange *ret,
                             GError **error)
{
    Find find = { .from = from, .end = end, .count = count };

    if (!cxl_dcd_pool_transact(pool, cxl_dcd_pool_find_home(pool),
                               cxl_dcd_pool_find_work, &find, error)) {
        return false;
    }
    if (find.found) {
        *ret = find.run;
    }
    return find.found;
}

/* --- How much --- */

bool cxl_dcd_pool_count_free(CXLDcdPool *pool, uint64_t from, uint64_t end,
                             uint64_t *ret, GError **error)
{
    if (!cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    *ret = cxl_dcd_pool_total(pool, from, end);
    return cxl_dcd_pool_end(pool, true, error);
}

uint64_t cxl_dcd_pool_free_blocks(CXLDcdPool *pool, uint64_t from, uint64_t end)
{
    uint64_t total = 0;

    cxl_dcd_pool_count_free(pool, from, end, &total, NULL);
    return total;
}

bool cxl_dcd_pool_free_since(CXLDcdPool *pool, const CXLDcdPoolRange *ranges,
                             size_t count, uint64_t *ret_claims)
{
    CXLDcdPoolRange run;
    bool ok = true;

    for (size_t i = 0; i < count; i++) {
        if (!cxl_dcd_pool_check_range(pool, &ranges[i], NULL)) {
            return false;
        }
    }
    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return false;
    }
    for (size_t i = 0; ok && i < count; i++) {
        ok = cxl_dcd_pool_run(pool, ranges[i].first,
                              ranges[i].first + ranges[i].count,
                              ranges[i].count, &run);
    }
    *ret_claims = cxl_dcd_pool_sum_of_generations(pool);
    return cxl_dcd_pool_end(pool, ok, NULL);
}

uint64_t cxl_dcd_pool_longest(CXLDcdPool *pool)
{
    uint64_t longest;

    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return 0;
    }
    longest = cxl_dcd_pool_longest_run(pool);
    cxl_dcd_pool_end(pool, true, NULL);
    return longest;
}
