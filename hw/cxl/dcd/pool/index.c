/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: where the pool is free
 *
 * A binary tree over the words: each node knows the free blocks at its start,
 * at its end, its longest run and how many there are. Finding a run, and
 * bringing the tree in step with a changed block, touch one node a level.
 * Nodes are numbered as in a heap: 1 is the root, 2n and 2n + 1 are below n.
 * The uppermost nodes that are kept are the parcels', for those have different
 * writers; what is above is worked out when it is asked for.
 */
#include "index.h"

static bool cxl_dcd_pool_index_is_free(const CXLDcdPool *pool, uint64_t block)
{
    return block < pool->blocks &&
           !__atomic_load_n(&pool->words[block], __ATOMIC_RELAXED);
}

/* Of a leaf that is not all free; bit n of runs[i]: 2^i free blocks from n */
static uint32_t cxl_dcd_pool_index_longest_in(uint64_t free)
{
    uint64_t runs[6] = { free }, from = UINT64_MAX;
    uint32_t longest = 0;

    for (unsigned i = 1; i < G_N_ELEMENTS(runs); i++) {
        runs[i] = runs[i - 1] & runs[i - 1] >> (1 << (i - 1));
    }
    for (unsigned i = G_N_ELEMENTS(runs); i--;) {
        uint64_t longer = from & runs[i] >> longest;

        if (longer) {
            from = longer;
            longest += 1 << i;
        }
    }
    return longest;
}

static PoolNode cxl_dcd_pool_index_leaf_of(const CXLDcdPool *pool,
                                           uint64_t leaf)
{
    const PoolNode all = { POOL_LEAF, POOL_LEAF, POOL_LEAF, POOL_LEAF };
    uint64_t first = leaf * POOL_LEAF, end = first + POOL_LEAF, free = 0;

    for (uint64_t i = first; i < MIN(end, pool->blocks); i++) {
        free |= (uint64_t)!__atomic_load_n(&pool->words[i], __ATOMIC_RELAXED)
                << (i - first);
    }
    return !~free ? all : (PoolNode) {
        .prefix = __builtin_ctzll(~free),
        .suffix = __builtin_clzll(~free),
        .longest = cxl_dcd_pool_index_longest_in(free),
        .total = __builtin_popcountll(free),
    };
}

/* @half: blocks below each of the two */
static PoolNode cxl_dcd_pool_index_joined(const PoolNode *low,
                                          const PoolNode *high, uint64_t half)
{
    PoolNode node = {
        .prefix = low->prefix == half ? half + high->prefix : low->prefix,
        .suffix = high->suffix == half ? half + low->suffix : high->suffix,
        .longest = MAX(MAX(low->longest, high->longest),
                       low->suffix + high->prefix),
        .total = low->total + high->total,
    };

    return node;
}

void cxl_dcd_pool_index(CXLDcdPool *pool, const CXLDcdPoolRange *range)
{
    uint64_t first = range->first / POOL_LEAF;
    uint64_t last = (range->first + MAX(range->count, 1) - 1) / POOL_LEAF;
    uint64_t half = POOL_LEAF;

    for (uint64_t i = first; i <= last; i++) {
        pool->nodes[pool->leaves + i] = cxl_dcd_pool_index_leaf_of(pool, i);
    }
    first += pool->leaves;
    last += pool->leaves;
    for (; first >= 2ULL * pool->parcels_count; half *= 2) {
        first /= 2;
        last /= 2;
        for (uint64_t i = first; i <= last; i++) {
            pool->nodes[i] =
                cxl_dcd_pool_index_joined(&pool->nodes[2 * i],
                                          &pool->nodes[2 * i + 1], half);
        }
    }
}

static bool cxl_dcd_pool_index_same(const PoolNode *a, const PoolNode *b)
{
    return a->prefix == b->prefix && a->suffix == b->suffix &&
           a->longest == b->longest && a->total == b->total;
}

uint64_t cxl_dcd_pool_index_fault(const CXLDcdPool *pool)
{
    uint64_t half = POOL_LEAF;
    PoolNode node;

    for (uint64_t i = 0; i < pool->leaves; i++) {
        node = cxl_dcd_pool_index_leaf_of(pool, i);
        if (!cxl_dcd_pool_index_same(&node, &pool->nodes[pool->leaves + i])) {
            return pool->leaves + i;
        }
    }
    for (uint64_t level = pool->leaves / 2; level >= pool->parcels_count;
         level /= 2, half *= 2) {
        for (uint64_t i = level; i < 2 * level; i++) {
            node = cxl_dcd_pool_index_joined(&pool->nodes[2 * i],
                                             &pool->nodes[2 * i + 1], half);
            if (!cxl_dcd_pool_index_same(&node, &pool->nodes[i])) {
                return i;
            }
        }
    }
    return UINT64_MAX;
}

/* A walk from left to right that looks for a run */
typedef struct Search {
    const CXLDcdPool *pool;
    uint64_t from;
    uint64_t end;
    uint64_t want;                /* blocks */
    uint64_t run;                 /* free blocks right before where we are */
    uint64_t start;               /* of the run */
} Search;

static bool cxl_dcd_pool_index_search_leaf(Search *search, uint64_t at)
{
    uint64_t end = MIN(at + POOL_LEAF, search->end);

    for (at = MAX(at, search->from); at < end; at++) {
        if (!cxl_dcd_pool_index_is_free(search->pool, at)) {
            search->run = 0;
            continue;
        }
        if (!search->run++) {
            search->start = at;
        }
        if (search->run >= search->want) {
            return true;
        }
    }
    return false;
}

/* @node covers [@at, @at + @span) */
static bool cxl_dcd_pool_index_search_node(Search *search, uint64_t node,
                                           uint64_t at, uint64_t span)
{
    const PoolNode *n = &search->pool->nodes[node];

    if (at >= search->end || at + span <= search->from) {
        return false;
    }
    if (at >= search->from && at + span <= search->end &&
        search->run + n->prefix < search->want && n->longest < search->want) {
        /* Not in here, but it may begin here */
        if (n->suffix < span) {
            search->run = n->suffix;
            search->start = at + span - n->suffix;
        } else {
            search->start = search->run ? search->start : at;
            search->run += span;
        }
        return false;
    }
    if (span == POOL_LEAF) {
        return cxl_dcd_pool_index_search_leaf(search, at);
    }
    span /= 2;
    return cxl_dcd_pool_index_search_node(search, 2 * node, at, span) ||
           cxl_dcd_pool_index_search_node(search, 2 * node + 1, at + span,
                                          span);
}

/* The node of the parcel that begins at @at */
static uint64_t cxl_dcd_pool_index_parcel(const CXLDcdPool *pool, uint64_t at)
{
    return pool->parcels_count + (at >> pool->parcel_shift);
}

/* First block at or above @at and below @end that is not free, else @end */
static uint64_t cxl_dcd_pool_index_run_end(const CXLDcdPool *pool, uint64_t at,
                                           uint64_t end)
{
    while (at < end) {
        uint64_t node = pool->leaves + at / POOL_LEAF, span = POOL_LEAF;

        if (!(at & (pool->parcel_blocks - 1)) &&
            pool->nodes[cxl_dcd_pool_index_parcel(pool, at)].prefix ==
            pool->parcel_blocks) {
            at += pool->parcel_blocks;
            continue;
        }
        if (at % POOL_LEAF || pool->nodes[node].prefix < span) {
            if (!cxl_dcd_pool_index_is_free(pool, at)) {
                return at;
            }
            at++;
            continue;
        }
        /* Up while it is the start of something that is free as a whole */
        while (node >= 2ULL * pool->parcels_count && !(node & 1) &&
               pool->nodes[node / 2].prefix == 2 * span) {
            node /= 2;
            span *= 2;
        }
        at += span;
    }
    return end;
}

bool cxl_dcd_pool_run(const CXLDcdPool *pool, uint64_t from, uint64_t end,
                      uint64_t count, CXLDcdPoolRange *ret)
{
    Search search = {
        .pool = pool, .from = from, .end = MIN(end, pool->blocks),
        .want = MAX(count, 1),
    };

    uint64_t span = pool->parcel_blocks, at = from & -span;
    bool found = false;

    for (; !found && at < search.end; at += span) {
        found = cxl_dcd_pool_index_search_node(
            &search, cxl_dcd_pool_index_parcel(pool, at), at, span);
    }
    if (!found) {
        return false;
    }
    ret->first = search.start;
    ret->count = cxl_dcd_pool_index_run_end(pool, search.start, search.end) -
                 search.start;
    return true;
}

static uint64_t cxl_dcd_pool_index_total_in(const CXLDcdPool *pool,
                                            uint64_t node, uint64_t at,
                                            uint64_t span, uint64_t from,
                                            uint64_t end)
{
    uint64_t total = 0;

    if (at >= end || at + span <= from) {
        return 0;
    }
    if (at >= from && at + span <= end) {
        return pool->nodes[node].total;
    }
    if (span == POOL_LEAF) {
        for (uint64_t i = MAX(at, from); i < MIN(at + span, end); i++) {
            total += cxl_dcd_pool_index_is_free(pool, i);
        }
        return total;
    }
    span /= 2;
    return cxl_dcd_pool_index_total_in(pool, 2 * node, at, span, from, end) +
           cxl_dcd_pool_index_total_in(pool, 2 * node + 1, at + span, span,
                                       from, end);
}

uint64_t cxl_dcd_pool_total(const CXLDcdPool *pool, uint64_t from, uint64_t end)
{
    uint64_t span = pool->parcel_blocks, at = from & -span, total = 0;

    for (end = MIN(end, pool->blocks); at < end; at += span) {
        uint64_t node = cxl_dcd_pool_index_parcel(pool, at);

        total += at >= from && at + span <= end ? pool->nodes[node].total :
                 cxl_dcd_pool_index_total_in(pool, node, at, span, from, end);
    }
    return total;
}

uint64_t cxl_dcd_pool_longest_run(const CXLDcdPool *pool)
{
    uint64_t longest = 0, run = 0;

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        const PoolNode *node = &pool->nodes[pool->parcels_count + i];

        longest = MAX(longest, MAX(node->longest, run + node->prefix));
        run = node->suffix < pool->parcel_blocks ? node->suffix :
                                                   run + node->suffix;
    }
    return longest;
}
