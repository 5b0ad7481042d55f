/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: blocks of the pool come to a host
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include "cxl-dcd-pool-file.h"

bool cxl_dcd_pool_check_host(const CXLDcdPool *pool, uint32_t host,
                             GError **error)
{
    if (host >= pool->config.max_hosts) {
        return cxl_dcd_pool_fail(error, EINVAL, "host id %u is not possible: "
                                 "pool '%s' was made for %u hosts, with ids 0 "
                                 "to %u", host, pool->path,
                                 pool->config.max_hosts,
                                 pool->config.max_hosts - 1);
    }
    return pool->attached[host] ||
           cxl_dcd_pool_fail(error, EPERM, "host %u of pool '%s' is not this "
                             "process's", host, pool->path);
}

bool cxl_dcd_pool_check_range(const CXLDcdPool *pool,
                              const CXLDcdPoolRange *range, GError **error)
{
    if (!range->count || range->first >= pool->blocks ||
        range->count > pool->blocks - range->first) {
        return cxl_dcd_pool_fail(error, EINVAL, "%" PRIu64 " blocks from block "
                                 "%" PRIu64 " asked for, pool '%s' has %"
                                 PRIu64, range->count, range->first,
                                 pool->path, pool->blocks);
    }
    return true;
}

/* --- Coming --- */

static bool say_who_has_it(CXLDcdPool *pool, const PoolRecord *value,
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

                say_who_has_it(pool, &rest, error);
                break;
            }
        }
        return 0;
    }
    return number;
}

/* Memory that is not there would end the guest that touches it */
bool cxl_dcd_pool_reserve(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                          GError **error)
{
    uint64_t size = pool->config.block_size;
    int ret;

    if (!pool->config.reserve) {
        return true;
    }
    do {
        ret = fallocate(pool->fd, 0, range->first * size, range->count * size);
    } while (ret && errno == EINTR);
    if (ret && errno != EOPNOTSUPP) {
        return cxl_dcd_pool_fail(error, ENOSPC, "there is no memory for %"
                                 PRIu64 " bytes of pool '%s': %s; make room "
                                 "where that file is", range->count * size,
                                 pool->path, g_strerror(errno));
    }
    return true;
}

static bool claim_own(CXLDcdPool *pool, uint32_t host,
                      const CXLDcdPoolExtent *extents, size_t count,
                      uint64_t generation, GError **error)
{
    for (size_t i = 0; i < count; i++) {
        PoolRecord record = {
            .kind = POOL_EXTENT, .use = CXL_DCD_POOL_PENDING, .host = host,
            .first = extents[i].range.first, .count = extents[i].range.count,
            .generation = generation,
        };
        uint32_t number;

        memcpy(record.tag, extents[i].tag, sizeof(record.tag));
        if (cxl_dcd_pool_lookup(pool, record.tag, POOL_NONE)) {
            return cxl_dcd_pool_fail(error, EEXIST, "the tag is in use by "
                                     "shared capacity of the pool");
        }
        number = cxl_dcd_pool_take(pool, &record, CXL_DCD_POOL_OWNED, error);
        if (!number) {
            return false;
        }
        cxl_dcd_pool_link_host(pool, number);
        cxl_dcd_pool_count_host(pool, host, record.count, false);
    }
    return true;
}

static bool claim_shared(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolExtent *extents, size_t count,
                         uint64_t generation, GError **error)
{
    if (cxl_dcd_pool_lookup(pool, extents[0].tag, POOL_NONE)) {
        return cxl_dcd_pool_fail(error, EEXIST, "the tag is in use by shared "
                                 "capacity of the pool; another host gets it "
                                 "by enabling shared access");
    }
    return cxl_dcd_pool_new_tag(pool, host, extents, count, generation, error);
}

static bool check_claim(const CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolExtent *extents, size_t count,
                        GError **error)
{
    if (!cxl_dcd_pool_check_host(pool, host, error)) {
        return false;
    }
    if (!count || count > CXL_DCD_POOL_RANGES_MAX) {
        return cxl_dcd_pool_fail(error, ENOSPC, "%zu extents needed at once, "
                                 "1 to %d are possible; ask for less", count,
                                 CXL_DCD_POOL_RANGES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (!cxl_dcd_pool_check_range(pool, &extents[i].range, error)) {
            return false;
        }
    }
    return true;
}

/* All that was claimed goes again; nobody has written to it */
static void unclaim(CXLDcdPool *pool, uint32_t host,
                    const CXLDcdPoolExtent *extents, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cxl_dcd_pool_leave(pool, host, &extents[i].range, NULL);
        cxl_dcd_pool_finish(pool, host, &extents[i].range, true, NULL);
    }
}

bool cxl_dcd_pool_claim(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolExtent *extents, size_t count,
                        bool shared, GError **error)
{
    uint64_t generation;
    bool ok;

    if (!check_claim(pool, host, extents, count, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    generation = pool->root->generation + 1;
    cxl_dcd_pool_set(pool, &pool->root->generation, &generation,
                     sizeof(generation));
    ok = (shared ? claim_shared : claim_own)(pool, host, extents, count,
                                             generation, error);
    if (!cxl_dcd_pool_end(pool, ok, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!cxl_dcd_pool_reserve(pool, &extents[i].range, error)) {
            unclaim(pool, host, extents, count);
            return false;
        }
    }
    return true;
}

/* --- Records and ranges --- */

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
    return number;
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

    return number ? pool->records[number].parent : 0;
}

/*
 * Divide an extent at @block, which is inside. The smaller part gets the new
 * record, for all its words change.
 */
static bool split(CXLDcdPool *pool, uint32_t number, uint64_t block,
                  GError **error)
{
    PoolRecord keep = pool->records[number], fresh = keep;
    CXLDcdPoolState state =
        pool_word_state(pool->words[keep.first]);
    CXLDcdPoolRange range;
    uint64_t low = block - keep.first, high = keep.count - low;
    uint32_t other;

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
static uint32_t isolate(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolRange *range, uint64_t block,
                        GError **error)
{
    uint64_t end = range->first + range->count;
    uint32_t number = cxl_dcd_pool_own(pool, host, block, error);
    const PoolRecord *record;

    if (!number) {
        return 0;
    }
    record = &pool->records[number];
    if (record->first < block && !split(pool, number, block, error)) {
        return 0;
    }
    number = cxl_dcd_pool_covering(pool, block);
    record = &pool->records[number];
    if (record->first + record->count > end &&
        !split(pool, number, end, error)) {
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
        uint32_t number = isolate(pool, host, range, at, error);

        if (!number || !step(pool, host, number, at, error)) {
            return false;
        }
        at += pool->records[number].count;
    }
    cxl_dcd_pool_count_host(pool, host, 0, true);
    return true;
}

/* --- Accepting --- */

static bool accept_shared(CXLDcdPool *pool, uint32_t host, uint32_t tag,
                          GError **error)
{
    PoolRecord *record = cxl_dcd_pool_record(pool, tag, POOL_TAG);
    uint32_t number = record ? cxl_dcd_pool_lookup(pool, record->tag, host) : 0;

    if (!number) {
        return cxl_dcd_pool_fail(error, EPERM, "host %u has no reference on "
                                 "the tag", host);
    }
    if (pool->records[number].use != CXL_DCD_POOL_PENDING) {
        return true;
    }
    cxl_dcd_pool_set_use(pool, number, CXL_DCD_POOL_ACCEPTED);
    cxl_dcd_pool_count_host(pool, host, 0, true);
    cxl_dcd_pool_tags_changed(pool, pool->root->tags, 0);
    return true;
}

static bool accept_own(CXLDcdPool *pool, uint32_t host, uint32_t number,
                       uint64_t at, GError **error)
{
    if (pool->records[number].use > CXL_DCD_POOL_ACCEPTED) {
        return cxl_dcd_pool_fail(error, EPERM, "block %" PRIu64 " of the pool "
                                 "is leaving host %u", at, host);
    }
    cxl_dcd_pool_set_use(pool, number, CXL_DCD_POOL_ACCEPTED);
    return true;
}

bool cxl_dcd_pool_accept(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, GError **error)
{
    uint32_t tag;
    bool ok;

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_check_range(pool, range, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    tag = cxl_dcd_pool_tag_of(pool, range->first);
    ok = tag ? accept_shared(pool, host, tag, error) :
               cxl_dcd_pool_each_own(pool, host, range, accept_own, error);
    return cxl_dcd_pool_end(pool, ok, error);
}
