/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the pool's hosts, and what is told about them
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "error.h"
#include "journal.h"
#include "leave.h"
#include "lock.h"
#include "record.h"

bool cxl_dcd_pool_attach(CXLDcdPool *pool, uint32_t host, GError **error)
{
    const unsigned left = 1 << CXL_DCD_POOL_PENDING |
                          1 << CXL_DCD_POOL_LEAVING | 1 << POOL_LEFT;
    PoolHost entry;

    if (host >= pool->config.max_hosts) {
        return cxl_dcd_pool_check_host(pool, host, error);
    }
    if (pool->attached[host]) {
        return cxl_dcd_pool_fail(error, EBUSY, "host %u of pool '%s' is in use "
                                 "by another device of this process", host,
                                 pool->path);
    }
    if (!cxl_dcd_pool_lock_byte(pool, POOL_LOCK_HOST + host, true)) {
        return cxl_dcd_pool_fail(error, EBUSY, "host %u of pool '%s' is in use "
                                 "by another process; every host needs an id "
                                 "of its own", host, pool->path);
    }
    pool->attached[host] = true;
    if (!cxl_dcd_pool_begin(pool, error)) {
        cxl_dcd_pool_detach(pool, host);
        return false;
    }
    entry = pool->hosts[host];
    entry.lives++;
    cxl_dcd_pool_set(pool, &pool->hosts[host], &entry, sizeof(entry));
    if (!cxl_dcd_pool_end(pool, true, error) ||
        !cxl_dcd_pool_clean_host(pool, host, left, true, NULL, error) ||
        !cxl_dcd_pool_drop_all(pool, host, error)) {
        cxl_dcd_pool_detach(pool, host);
        return false;
    }
    return true;
}

bool cxl_dcd_pool_reclaim(CXLDcdPool *pool, uint32_t host, uint64_t *ret_freed,
                          GError **error)
{
    bool ok;

    *ret_freed = 0;
    if (host >= pool->config.max_hosts) {
        return cxl_dcd_pool_check_host(pool, host, error);
    }
    if (pool->attached[host] ||
        !cxl_dcd_pool_lock_byte(pool, POOL_LOCK_HOST + host, true)) {
        return cxl_dcd_pool_fail(error, EBUSY, "host %u of pool '%s' is alive: "
                                 "release its capacity, or end its process "
                                 "before its capacity is reclaimed", host,
                                 pool->path);
    }
    /* What its process was killed in the middle of is undone first */
    ok = cxl_dcd_pool_begin(pool, error) &&
         cxl_dcd_pool_end(pool, true, error) &&
         cxl_dcd_pool_clean_host(pool, host, POOL_USES_ALL, true, ret_freed,
                                 error);
    cxl_dcd_pool_lock_byte(pool, POOL_LOCK_HOST + host, false);
    return ok;
}

/* --- Regions --- */

static bool cxl_dcd_pool_host_same_regions(const PoolRoot *root,
                                           const CXLDcdPoolRegion *regions,
                                           unsigned count)
{
    return root->region_count == count &&
           !memcmp(root->regions, regions, count * sizeof(*regions));
}

bool cxl_dcd_pool_set_head(CXLDcdPool *pool, uint32_t host,
                           const CXLDcdPoolRegion *regions, unsigned count,
                           const CXLDcdPoolHead *head, GError **error)
{
    PoolRoot root;
    PoolHost entry;
    bool ok = true;

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    root = *pool->root;
    if (!root.region_count) {
        root.region_count = count;
        memcpy(root.regions, regions, count * sizeof(*regions));
        cxl_dcd_pool_set_root(pool, &root);
    } else if (!cxl_dcd_pool_host_same_regions(&root, regions, count)) {
        ok = cxl_dcd_pool_fail(error, EINVAL, "pool '%s' is divided into %"
                               PRIu64 " regions by its first head; all heads "
                               "have the same number, sizes, flags (but "
                               "read-only) and sanitize settings", pool->path,
                               root.region_count);
    }
    entry = pool->hosts[host];
    entry.head = *head;
    cxl_dcd_pool_set(pool, &pool->hosts[host], &entry, sizeof(entry));
    return cxl_dcd_pool_end(pool, ok, error);
}

unsigned cxl_dcd_pool_regions(CXLDcdPool *pool,
                              CXLDcdPoolRegion ret[CXL_DCD_POOL_REGIONS])
{
    unsigned count;

    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return 0;
    }
    count = MIN(pool->root->region_count, CXL_DCD_POOL_REGIONS);
    memcpy(ret, pool->root->regions, count * sizeof(*ret));
    cxl_dcd_pool_end(pool, true, NULL);
    return count;
}

/* --- Reading --- */

static CXLDcdPoolUse cxl_dcd_pool_host_shown(uint32_t use)
{
    return MIN(use, CXL_DCD_POOL_LEAVING);
}

static void cxl_dcd_pool_host_add_used(const PoolRecord *record,
                                       CXLDcdPoolUse use, bool shared,
                                       uint64_t generation, GArray *used)
{
    CXLDcdPoolUsed one = {
        .extent = {
            .range = { record->first, record->count },
            .sequence = record->sequence,
        },
        .use = use, .shared = shared, .generation = generation,
    };

    memcpy(one.extent.tag, record->tag, sizeof(one.extent.tag));
    g_array_append_val(used, one);
}

static void cxl_dcd_pool_host_add_shared(CXLDcdPool *pool,
                                         const PoolRecord *reference,
                                         GArray *used)
{
    const PoolRecord *tag = cxl_dcd_pool_record(pool, reference->parent,
                                                POOL_TAG);
    uint32_t at = tag ? tag->extents : 0, i;

    for (i = 0; tag && i < tag->extent_count; i++) {
        const PoolRecord *extent = cxl_dcd_pool_record(pool, at, POOL_EXTENT);

        if (!extent) {
            return;
        }
        cxl_dcd_pool_host_add_used(extent,
                                   cxl_dcd_pool_host_shown(reference->use),
                                   true, tag->generation, used);
        at = extent->next;
    }
}

static void cxl_dcd_pool_host_collect(CXLDcdPool *pool, const PoolHost *host,
                                      GArray *used)
{
    uint32_t at = host->first, steps = 0;

    while (at && at < pool->config.max_records &&
           steps++ < pool->config.max_records) {
        const PoolRecord *record = &pool->records[at];

        if (record->kind == POOL_EXTENT) {
            cxl_dcd_pool_host_add_used(record,
                                       cxl_dcd_pool_host_shown(record->use),
                                       false, record->generation, used);
        } else {
            cxl_dcd_pool_host_add_shared(pool, record, used);
        }
        at = record->next;
    }
}

static int cxl_dcd_pool_host_by_first(gconstpointer a, gconstpointer b)
{
    const CXLDcdPoolUsed *x = a, *y = b;
    uint64_t i = x->extent.range.first, j = y->extent.range.first;

    return i < j ? -1 : i > j;
}

bool cxl_dcd_pool_host(CXLDcdPool *pool, uint32_t host, bool used,
                       CXLDcdPoolHostInfo *ret)
{
    const PoolHost *entry;

    memset(ret, 0, sizeof(*ret));
    if (host >= pool->config.max_hosts || !cxl_dcd_pool_begin(pool, NULL)) {
        return false;
    }
    entry = &pool->hosts[host];
    ret->head = entry->head;
    ret->known = entry->lives;
    ret->lives = entry->lives;
    ret->blocks = entry->blocks;
    ret->generation = entry->generation;
    if (used) {
        ret->used = g_array_new(FALSE, FALSE, sizeof(CXLDcdPoolUsed));
        cxl_dcd_pool_host_collect(pool, entry, ret->used);
        g_array_sort(ret->used, cxl_dcd_pool_host_by_first);
    }
    cxl_dcd_pool_end(pool, true, NULL);
    ret->alive = ret->known && cxl_dcd_pool_alive(pool, host);
    return true;
}

static void cxl_dcd_pool_host_add_references(CXLDcdPool *pool,
                                             const PoolRecord *tag,
                                             GArray *hosts)
{
    uint32_t at = tag->references, i;

    for (i = 0; i < tag->reference_count; i++) {
        const PoolRecord *record = cxl_dcd_pool_record(pool, at,
                                                       POOL_REFERENCE);
        CXLDcdPoolReference one;

        if (!record) {
            return;
        }
        one = (CXLDcdPoolReference){ record->host,
                                     cxl_dcd_pool_host_shown(record->use) };
        g_array_append_val(hosts, one);
        at = record->peer_next;
    }
}

static void cxl_dcd_pool_host_clear_tag(gpointer data)
{
    g_array_unref(((CXLDcdPoolTagInfo *)data)->hosts);
}

GArray *cxl_dcd_pool_tags(CXLDcdPool *pool, uint32_t *ret_generation)
{
    GArray *tags = g_array_new(FALSE, FALSE, sizeof(CXLDcdPoolTagInfo));
    uint32_t at, i;

    g_array_set_clear_func(tags, cxl_dcd_pool_host_clear_tag);
    *ret_generation = 0;
    if (!cxl_dcd_pool_begin(pool, NULL)) {
        return tags;
    }
    at = pool->root->tags;
    for (i = 0; i < pool->root->tag_count; i++) {
        const PoolRecord *record = cxl_dcd_pool_record(pool, at, POOL_TAG);
        CXLDcdPoolTagInfo info;

        if (!record) {
            break;
        }
        info = (CXLDcdPoolTagInfo) {
            .held = record->use, .blocks = record->count,
            .generation = record->generation,
            .hosts = g_array_new(FALSE, FALSE, sizeof(CXLDcdPoolReference)),
        };
        memcpy(info.tag, record->tag, sizeof(info.tag));
        cxl_dcd_pool_host_add_references(pool, record, info.hosts);
        g_array_append_val(tags, info);
        at = record->next;
    }
    *ret_generation = pool->root->tag_generation;
    cxl_dcd_pool_end(pool, true, NULL);
    return tags;
}

uint64_t cxl_dcd_pool_claims(const CXLDcdPool *pool)
{
    uint64_t claims = pool->root->generation;

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        const PoolParcel *parcel = &pool->parcels[i];

        /* It has numbers that no claim has yet */
        claims -= parcel->generation_end - parcel->generation;
    }
    return claims;
}
