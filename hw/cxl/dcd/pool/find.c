/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: free blocks of the pool are looked for
 */
#include "index.h"
#include "journal.h"

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
