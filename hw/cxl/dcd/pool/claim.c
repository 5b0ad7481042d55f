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
#include "blocks.h"
#include "error.h"
#include "journal.h"
#include "leave.h"
#include "lock.h"
#include "record.h"
#include "tag.h"

static bool cxl_dcd_pool_claim_own(CXLDcdPool *pool, uint32_t host,
                                   const CXLDcdPoolExtent *extents,
                                   size_t count, uint64_t generation,
                                   GError **error)
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

static bool cxl_dcd_pool_claim_shared(CXLDcdPool *pool, uint32_t host,
                                      const CXLDcdPoolExtent *extents,
                                      size_t count, uint64_t generation,
                                      GError **error)
{
    if (cxl_dcd_pool_lookup(pool, extents[0].tag, POOL_NONE)) {
        return cxl_dcd_pool_fail(error, EEXIST, "the tag is in use by shared "
                                 "capacity of the pool; another host gets it "
                                 "by enabling shared access");
    }
    return cxl_dcd_pool_new_tag(pool, host, extents, count, generation, error);
}

static bool cxl_dcd_pool_claim_check(const CXLDcdPool *pool, uint32_t host,
                                     const CXLDcdPoolExtent *extents,
                                     size_t count, GError **error)
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
static void cxl_dcd_pool_claim_undo(CXLDcdPool *pool, uint32_t host,
                                    const CXLDcdPoolExtent *extents,
                                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cxl_dcd_pool_leave(pool, host, &extents[i].range, NULL);
        cxl_dcd_pool_finish(pool, host, &extents[i].range, true, NULL);
    }
}

typedef struct Claim {
    uint32_t host;
    const CXLDcdPoolExtent *extents;
    size_t count;
    bool shared;
    const uint64_t *claims;       /* when memory was taken; NULL: it was not */
    PoolParcel *parcel;           /* that has all of it; NULL: none */
    bool reserved;                /* set: that memory is still there */
} Claim;

static bool cxl_dcd_pool_claim_work(CXLDcdPool *pool, void *opaque,
                                    GError **error)
{
    Claim *claim = opaque;
    uint64_t generation;

    claim->reserved = claim->claims && *claim->claims ==
                      cxl_dcd_pool_sum_of_generations(pool);
    if (claim->parcel && !pool->here) {
        cxl_dcd_pool_supply(pool, claim->parcel);
    }
    generation = cxl_dcd_pool_new_generation(pool);
    return generation &&
           (claim->shared ? cxl_dcd_pool_claim_shared :
                            cxl_dcd_pool_claim_own)(pool, claim->host,
                                                    claim->extents,
                                                    claim->count, generation,
                                                    error);
}

bool cxl_dcd_pool_claim_reserved(CXLDcdPool *pool, uint32_t host,
                                 const CXLDcdPoolExtent *extents, size_t count,
                                 bool shared, const uint64_t *claims,
                                 GError **error)
{
    Claim claim = { .host = host, .extents = extents, .count = count,
                    .shared = shared, .claims = claims };

    if (!cxl_dcd_pool_claim_check(pool, host, extents, count, error)) {
        return false;
    }
    if (!shared) {
        claim.parcel = cxl_dcd_pool_parcel(pool, &extents->range, count,
                                           sizeof(*extents));
    }
    if (!cxl_dcd_pool_transact(pool, claim.parcel, cxl_dcd_pool_claim_work,
                               &claim, error)) {
        return false;
    }
    for (size_t i = 0; !claim.reserved && i < count; i++) {
        if (!cxl_dcd_pool_reserve_blocks(pool, &extents[i].range, error)) {
            cxl_dcd_pool_claim_undo(pool, host, extents, count);
            return false;
        }
    }
    return true;
}

bool cxl_dcd_pool_claim(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolExtent *extents, size_t count,
                        bool shared, GError **error)
{
    return cxl_dcd_pool_claim_reserved(pool, host, extents, count, shared,
                                       NULL, error);
}

/* --- Accepting --- */

static bool cxl_dcd_pool_claim_accept_shared(CXLDcdPool *pool, uint32_t host,
                                             uint32_t tag, GError **error)
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

static bool cxl_dcd_pool_claim_accept_own(CXLDcdPool *pool, uint32_t host,
                                          uint32_t number, uint64_t at,
                                          GError **error)
{
    if (pool->records[number].use > CXL_DCD_POOL_ACCEPTED) {
        return cxl_dcd_pool_fail(error, EPERM, "block %" PRIu64 " of the pool "
                                 "is leaving host %u", at, host);
    }
    cxl_dcd_pool_set_use(pool, number, CXL_DCD_POOL_ACCEPTED);
    return true;
}

static bool cxl_dcd_pool_claim_accept_one(CXLDcdPool *pool, uint32_t host,
                                          const CXLDcdPoolRange *range,
                                          GError **error)
{
    uint32_t tag = cxl_dcd_pool_tag_of(pool, range->first);

    return tag ? cxl_dcd_pool_claim_accept_shared(pool, host, tag, error) :
                 cxl_dcd_pool_each_own(pool, host, range,
                                       cxl_dcd_pool_claim_accept_own, error);
}

bool cxl_dcd_pool_accept_all(CXLDcdPool *pool, uint32_t host,
                             const CXLDcdPoolRange *ranges, size_t count,
                             GError **error)
{
    return cxl_dcd_pool_change_all(pool, host, ranges, count,
                                   cxl_dcd_pool_claim_accept_one, error);
}

bool cxl_dcd_pool_accept(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, GError **error)
{
    return cxl_dcd_pool_accept_all(pool, host, range, 1, error);
}
