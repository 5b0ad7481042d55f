/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: free blocks of the pool are looked for
 */
#include "index.h"
#include "journal.h"
#include "lock.h"

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

uint64_t cxl_dcd_pool_free_blocks(CXLDcdPool *pool, uint64_t from, uint64_t end)
{
    uint64_t total;

    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return 0;
    }
    total = cxl_dcd_pool_total(pool, from, end);
    cxl_dcd_pool_end(pool, true, NULL);
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
    *ret_claims = pool->root->generation;
    return cxl_dcd_pool_end(pool, ok, NULL);
}

uint64_t cxl_dcd_pool_longest(CXLDcdPool *pool)
{
    uint64_t longest;

    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return 0;
    }
    longest = pool->nodes[1].longest;
    cxl_dcd_pool_end(pool, true, NULL);
    return longest;
}
