/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: blocks of the pool and the records that have them
 *
 * A block's word names the record of its extent; here the two are changed
 * together. All of it within a transaction, but for a look at one block and for
 * what makes a transaction of several changes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "blocks.h"
#include "error.h"
#include "journal.h"
#include "lock.h"
#include "record.h"

CXLDcdPoolState cxl_dcd_pool_block(const CXLDcdPool *pool, uint64_t block,
                                   uint32_t *ret_owner)
{
    uint64_t word = __atomic_load_n(&pool->words[block], __ATOMIC_ACQUIRE);
    uint32_t number = pool_word_record(word);
    const PoolRecord *record =
        &pool->records[number < pool->config.max_records ? number : 0];

    *ret_owner = record->parent ? record->parent : record->host;
    return pool_word_state(word);
}

static bool cxl_dcd_pool_blocks_say_who_has_it(CXLDcdPool *pool,
                                               const PoolRecord *value,
                                               GError **error)
{
    for (uint64_t i = value->first; i < value->first + value->count; i++) {
        uint32_t owner;

        switch (cxl_dcd_pool_block(pool, i, &owner)) {
        case CXL_DCD_POOL_OWNED:
            return cxl_dcd_pool_fail(error, EBUSY, "block %" PRIu64 " of the "
                                     "pool is host %u's", i, owner);
        case CXL_DCD_POOL_SHARED:
            return cxl_dcd_pool_fail(error, EBUSY, "block %" PRIu64 " of the "
                                     "pool is shared", i);
        case CXL_DCD_POOL_DIRTY:
            return cxl_dcd_pool_fail(error, EBUSY, "block %" PRIu64 " of the "
                                     "pool is being cleaned after host %u", i,
                                     owner);
        default:
            break;
        }
    }
    return false;
}

uint32_t cxl_dcd_pool_take(CXLDcdPool *pool, const PoolRecord *value,
                           CXLDcdPoolState state, GError **error)
{
    CXLDcdPoolRange range = { value->first, value->count };
    uint32_t number = cxl_dcd_pool_new_record(pool, value, error);

    if (!number) {
        return 0;
    }
    if (!cxl_dcd_pool_fill(pool, &range, 0,
                           pool_word(state, number, value->generation))) {
        /* The words that were free are marked as ours by now: look behind */
        for (uint64_t i = 0; i < range.count; i++) {
            uint64_t word = pool->words[range.first + i];

            if (word && pool_word_record(word) != number) {
                PoolRecord rest = { .first = range.first + i, .count = 1 };

                cxl_dcd_pool_blocks_say_who_has_it(pool, &rest, error);
                break;
            }
        }
        return 0;
    }
    return number;
}

/* Memory that is not there would end the guest that touches it */
bool cxl_dcd_pool_reserve(const CXLDcdPool *pool, uint64_t at, uint64_t len,
                          GError **error)
{
    int ret;

    if (!pool->config.reserve) {
        return true;
    }
    do {
        ret = fallocate(pool->fd, 0, at, len);
    } while (ret && errno == EINTR);
    if (ret && errno != EOPNOTSUPP) {
        return cxl_dcd_pool_fail(error, ENOSPC, "there is no memory for %"
                                 PRIu64 " bytes of pool '%s': %s; make room "
                                 "where that file is", len, pool->path,
                                 g_strerror(errno));
    }
    return true;
}

bool cxl_dcd_pool_reserve_blocks(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                                 GError **error)
{
    uint64_t size = pool->config.block_size;

    return cxl_dcd_pool_reserve(pool, range->first * size, range->count * size,
                                error);
}

uint32_t cxl_dcd_pool_covering(CXLDcdPool *pool, uint64_t block)
{
    uint64_t word = __atomic_load_n(&pool->words[block], __ATOMIC_ACQUIRE);
    uint32_t number = word ? pool_word_record(word) : 0;
    const PoolRecord *record;

    if (!number) {
        return 0;
    }
    record = cxl_dcd_pool_record(pool, number, POOL_EXTENT);
    if (!record || block < record->first ||
        block - record->first >= record->count) {
        pool->failed = true;
        return 0;
    }
    return pool_within(pool, &(CXLDcdPoolRange) { record->first,
                                                  record->count }) ?
           number : 0;
}

void cxl_dcd_pool_mark(CXLDcdPool *pool, uint32_t number, CXLDcdPoolState from,
                       CXLDcdPoolState to)
{
    const PoolRecord *record = &pool->records[number];
    CXLDcdPoolRange range = { record->first, record->count };

    if (range.first >= pool->blocks ||
        range.count > pool->blocks - range.first) {
        pool->failed = true;
        return;
    }
    cxl_dcd_pool_fill(pool, &range,
                      pool_word(from, number, record->generation),
                      pool_word(to, number, record->generation));
}

uint32_t cxl_dcd_pool_own(CXLDcdPool *pool, uint32_t host, uint64_t block,
                          GError **error)
{
    uint32_t number = cxl_dcd_pool_covering(pool, block);

    if (!number || pool->records[number].host != host) {
        cxl_dcd_pool_fail(error, EPERM, "block %" PRIu64 " of the pool is not "
                          "host %u's", block, host);
        return 0;
    }
    return number;
}

uint32_t cxl_dcd_pool_tag_of(CXLDcdPool *pool, uint64_t block)
{
    uint32_t number = cxl_dcd_pool_covering(pool, block);
    uint32_t tag = number ? pool->records[number].parent : 0;

    if (tag && pool->here) {
        pool->narrow = pool->failed = true;
        return 0;
    }
    return tag;
}

/*
 * Divide an extent at @block, which is inside. The smaller part gets the new
 * record, for all its words change.
 */
static bool cxl_dcd_pool_blocks_split(CXLDcdPool *pool, uint32_t number,
                                      uint64_t block, GError **error)
{
    PoolRecord keep = pool->records[number], fresh = keep;
    CXLDcdPoolRange range = { keep.first, keep.count };
    CXLDcdPoolState state;
    uint64_t low = block - keep.first, high = keep.count - low;
    uint32_t other;

    if (block <= keep.first || low >= keep.count ||
        !pool_within(pool, &range)) {
        pool->failed = true;
        return false;
    }
    state = pool_word_state(pool->words[keep.first]);
    if (low < high) {
        fresh.count = low;
        keep.first = block;
        keep.count = high;
    } else {
        fresh.first = block;
        fresh.count = high;
        keep.count = low;
    }
    other = cxl_dcd_pool_new_record(pool, &fresh, error);
    if (!other) {
        return false;
    }
    range = (CXLDcdPoolRange) { fresh.first, fresh.count };
    cxl_dcd_pool_fill(pool, &range, pool_word(state, number, keep.generation),
                      pool_word(state, other, keep.generation));
    cxl_dcd_pool_set_record(pool, number, &keep);
    cxl_dcd_pool_link_host(pool, other);
    return true;
}

/*
 * The record that covers exactly what @range and the extent at @block have in
 * common; extents are divided for that. 0 with @error set.
 */
static uint32_t cxl_dcd_pool_blocks_isolate(CXLDcdPool *pool, uint32_t host,
                                            const CXLDcdPoolRange *range,
                                            uint64_t block, GError **error)
{
    uint64_t end = range->first + range->count;
    uint32_t number = cxl_dcd_pool_own(pool, host, block, error);
    const PoolRecord *record;

    if (!number) {
        return 0;
    }
    record = &pool->records[number];
    if (record->first < block &&
        !cxl_dcd_pool_blocks_split(pool, number, block, error)) {
        return 0;
    }
    number = cxl_dcd_pool_covering(pool, block);
    record = &pool->records[number];
    if (record->first + record->count > end &&
        !cxl_dcd_pool_blocks_split(pool, number, end, error)) {
        return 0;
    }
    return cxl_dcd_pool_covering(pool, block);
}

bool cxl_dcd_pool_each_own(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRange *range, PoolStep step,
                           GError **error)
{
    uint64_t at = range->first;

    while (at < range->first + range->count) {
        uint32_t number =
            cxl_dcd_pool_blocks_isolate(pool, host, range, at, error);

        if (!number || !step(pool, host, number, at, error)) {
            return false;
        }
        /* Whatever has become of it meanwhile, this ends */
        at += MAX(pool->records[number].count, 1);
    }
    cxl_dcd_pool_count_host(pool, host, 0, true);
    return true;
}

PoolParcel *cxl_dcd_pool_parcel(const CXLDcdPool *pool,
                                const CXLDcdPoolRange *first, size_t count,
                                size_t step)
{
    PoolParcel *parcel = NULL;

    for (size_t i = 0; i < count; i++) {
        PoolParcel *of = pool_parcel_of(
            pool, (const void *)((const uint8_t *)first + i * step));

        if (!of || (parcel && of != parcel)) {
            return NULL;
        }
        parcel = of;
    }
    return parcel;
}

typedef struct PoolChanges {
    uint32_t host;
    const CXLDcdPoolRange *ranges;
    size_t count;
    PoolChange change;
} PoolChanges;

static bool cxl_dcd_pool_blocks_change(CXLDcdPool *pool, void *opaque,
                                       GError **error)
{
    const PoolChanges *all = opaque;

    for (size_t i = 0; i < all->count; i++) {
        if (!all->change(pool, all->host, &all->ranges[i], error)) {
            return false;
        }
    }
    return true;
}

bool cxl_dcd_pool_change_all(CXLDcdPool *pool, uint32_t host,
                             const CXLDcdPoolRange *ranges, size_t count,
                             PoolChange change, GError **error)
{
    PoolChanges all = { host, ranges, count, change };

    if (!cxl_dcd_pool_check_host(pool, host, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!cxl_dcd_pool_check_range(pool, &ranges[i], error)) {
            return false;
        }
    }
    return cxl_dcd_pool_transact(pool,
                                 cxl_dcd_pool_parcel(pool, ranges, count,
                                                     sizeof(*ranges)),
                                 cxl_dcd_pool_blocks_change, &all, error);
}
