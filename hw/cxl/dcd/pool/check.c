/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: does everything in the pool's file agree?
 *
 * Run when a file is opened, for it may come from anywhere, and by tests after
 * processes were killed. Reads all words, all records that were ever used, all
 * lists and the index.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "error.h"
#include "index.h"
#include "journal.h"
#include "record.h"

typedef struct Check {
    CXLDcdPool *pool;
    GError **error;
    uint64_t covered;             /* blocks of extents */
    uint32_t linked;              /* records that some list has */
    uint32_t hashed;
} Check;

G_GNUC_PRINTF(2, 3)
static bool cxl_dcd_pool_check_wrong(Check *check, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    return cxl_dcd_pool_fail(check->error, EIO, "pool '%s' is damaged: %s; "
                             "remove the file, what it holds is lost",
                             check->pool->path, text);
}

static CXLDcdPoolState cxl_dcd_pool_check_state_of(const PoolRecord *record)
{
    return record->host == POOL_NONE ? CXL_DCD_POOL_SHARED :
           record->use <= CXL_DCD_POOL_ACCEPTED ? CXL_DCD_POOL_OWNED :
                                                  CXL_DCD_POOL_DIRTY;
}

/* A record that a list says is an extent of @host, or of tag @parent */
static bool cxl_dcd_pool_check_extent(Check *check, uint32_t number,
                                      uint32_t host, uint32_t parent)
{
    const CXLDcdPool *pool = check->pool;
    const PoolRecord *record = &pool->records[number];
    uint64_t want;

    if (record->kind != POOL_EXTENT || record->host != host ||
        record->parent != parent || record->use > POOL_LEFT) {
        return cxl_dcd_pool_check_wrong(
            check, "record %u is not an extent of its list", number);
    }
    if (!record->count || record->first >= pool->blocks ||
        record->count > pool->blocks - record->first) {
        return cxl_dcd_pool_check_wrong(check,
                                        "extent %u has %" PRIu64
                                        " blocks from %" PRIu64,
                                        number, record->count, record->first);
    }
    want = pool_word(cxl_dcd_pool_check_state_of(record), number,
                     record->generation);
    for (uint64_t i = record->first; i < record->first + record->count; i++) {
        if (pool->words[i] != want) {
            return cxl_dcd_pool_check_wrong(check,
                                            "block %" PRIu64
                                            " is marked 0x%" PRIx64
                                            ", extent %u says 0x%" PRIx64,
                                            i, pool->words[i], number, want);
        }
    }
    check->covered += record->count;
    check->linked++;
    return true;
}

static bool cxl_dcd_pool_check_reference(Check *check, uint32_t number,
                                         uint32_t host)
{
    CXLDcdPool *pool = check->pool;
    const PoolRecord *record = &pool->records[number], *tag;

    if (record->kind != POOL_REFERENCE || record->host != host ||
        record->use > POOL_LEFT) {
        return cxl_dcd_pool_check_wrong(
            check, "record %u is not a reference of host %u", number, host);
    }
    tag = cxl_dcd_pool_record(pool, record->parent, POOL_TAG);
    if (!tag || memcmp(tag->tag, record->tag, sizeof(tag->tag)) ||
        cxl_dcd_pool_lookup(pool, record->tag, host) != number) {
        return cxl_dcd_pool_check_wrong(
            check, "reference %u of host %u is not on a tag", number, host);
    }
    check->linked++;
    check->hashed++;
    return true;
}

static bool cxl_dcd_pool_check_host_entry(Check *check, uint32_t host)
{
    const CXLDcdPool *pool = check->pool;
    const PoolHost *entry = &pool->hosts[host];
    uint32_t at = entry->first, before = 0, count = 0;
    uint64_t blocks = check->covered;

    for (; at; at = pool->records[at].next) {
        if (at >= pool->config.max_records || count++ >= entry->records ||
            pool->records[at].prev != before) {
            return cxl_dcd_pool_check_wrong(check, "the list of host %u", host);
        }
        if (!(pool->records[at].kind == POOL_REFERENCE ?
                  cxl_dcd_pool_check_reference(check, at, host) :
                  cxl_dcd_pool_check_extent(check, at, host, 0))) {
            return false;
        }
        before = at;
    }
    if (count != entry->records ||
        entry->blocks != check->covered - blocks) {
        return cxl_dcd_pool_check_wrong(check,
                                        "host %u has %u records and %" PRIu64
                                        " blocks, "
                                        "its entry says %u and %" PRIu64,
                                        host, count, check->covered - blocks,
                                        entry->records, entry->blocks);
    }
    return true;
}

static bool cxl_dcd_pool_check_peers(Check *check, uint32_t number)
{
    const CXLDcdPool *pool = check->pool;
    const PoolRecord *tag = &pool->records[number];
    uint32_t at = tag->references, before = 0, count = 0;

    for (; at; at = pool->records[at].peer_next) {
        if (at >= pool->config.max_records ||
            count++ >= tag->reference_count ||
            pool->records[at].kind != POOL_REFERENCE ||
            pool->records[at].peer_prev != before ||
            pool->records[at].parent != number) {
            return cxl_dcd_pool_check_wrong(check, "the references of tag %u",
                                            number);
        }
        before = at;
    }
    return (count == tag->reference_count && (count || tag->use)) ||
           cxl_dcd_pool_check_wrong(check,
                                    "tag %u has %u references, it says %u",
                                    number, count, tag->reference_count);
}

static bool cxl_dcd_pool_check_tag(Check *check, uint32_t number)
{
    CXLDcdPool *pool = check->pool;
    const PoolRecord *tag = &pool->records[number];
    uint32_t at = tag->extents, count = 0;
    uint64_t blocks = check->covered;

    for (; at; at = pool->records[at].next) {
        if (at >= pool->config.max_records || count >= tag->extent_count ||
            pool->records[at].sequence != count) {
            return cxl_dcd_pool_check_wrong(check, "the extents of tag %u",
                                            number);
        }
        if (!cxl_dcd_pool_check_extent(check, at, POOL_NONE, number)) {
            return false;
        }
        count++;
    }
    if (count != tag->extent_count || !count || tag->use > 1 ||
        check->covered - blocks != tag->count ||
        cxl_dcd_pool_lookup(pool, tag->tag, POOL_NONE) != number) {
        return cxl_dcd_pool_check_wrong(check, "tag %u has not what it says",
                                        number);
    }
    check->linked++;
    check->hashed++;
    return cxl_dcd_pool_check_peers(check, number);
}

static bool cxl_dcd_pool_check_tags(Check *check)
{
    const CXLDcdPool *pool = check->pool;
    uint32_t at = pool->root->tags, before = 0, count = 0;

    for (; at; at = pool->records[at].next) {
        if (at >= pool->config.max_records ||
            count++ >= pool->root->tag_count ||
            pool->records[at].kind != POOL_TAG ||
            pool->records[at].prev != before) {
            return cxl_dcd_pool_check_wrong(check, "the list of tags");
        }
        if (!cxl_dcd_pool_check_tag(check, at)) {
            return false;
        }
        before = at;
    }
    return count == pool->root->tag_count ||
           cxl_dcd_pool_check_wrong(check, "there are %u tags, not %u", count,
                                    pool->root->tag_count);
}

/* A list of free records; with what was counted before in *@count */
static bool cxl_dcd_pool_check_free(Check *check, uint32_t first,
                                    uint32_t *count)
{
    const CXLDcdPool *pool = check->pool;
    const uint32_t fresh = pool->root->fresh_record;

    for (uint32_t at = first; at; at = pool->records[at].next) {
        if (at >= fresh || ++*count > fresh ||
            pool->records[at].kind != POOL_UNUSED) {
            return cxl_dcd_pool_check_wrong(check, "a list of free records");
        }
    }
    return true;
}

static bool cxl_dcd_pool_check_parcels(Check *check, uint32_t *count,
                                       uint32_t *used)
{
    const CXLDcdPool *pool = check->pool;

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        const PoolParcel *parcel = &pool->parcels[i];

        if (parcel->generation > parcel->generation_end ||
            parcel->generation_end > pool->root->generation) {
            return cxl_dcd_pool_check_wrong(check, "the counters of parcel %u",
                                            i);
        }
        if (!cxl_dcd_pool_check_free(check, parcel->free_record, count)) {
            return false;
        }
        *used += parcel->used_records;
    }
    return true;
}

static bool cxl_dcd_pool_check_records(Check *check)
{
    const CXLDcdPool *pool = check->pool;
    const PoolRoot *root = pool->root;
    uint32_t count = 0, used = 0, said = root->used_records;

    if (!root->fresh_record || root->fresh_record > pool->config.max_records ||
        root->region_count > CXL_DCD_POOL_REGIONS) {
        return cxl_dcd_pool_check_wrong(check, "its counters");
    }
    if (!cxl_dcd_pool_check_free(check, root->free_record, &count) ||
        !cxl_dcd_pool_check_parcels(check, &count, &said)) {
        return false;
    }
    for (uint32_t i = 1; i < root->fresh_record; i++) {
        used += pool->records[i].kind != POOL_UNUSED;
    }
    return (used == said && used == check->linked &&
            used + count + 1 == root->fresh_record) ||
           cxl_dcd_pool_check_wrong(
               check,
               "%u records are in use, %u are in lists, %u free, "
               "counters say %u of %u",
               used, check->linked, count, said, root->fresh_record - 1);
}

static bool cxl_dcd_pool_check_hash(Check *check)
{
    const CXLDcdPool *pool = check->pool;
    uint64_t count = 0;

    for (uint64_t i = 0; i < pool->buckets_count; i++) {
        uint32_t at = pool->buckets[i];

        for (; at; at = pool->records[at].hash_next) {
            const PoolRecord *record;

            if (at >= pool->config.max_records || count++ > check->hashed) {
                return cxl_dcd_pool_check_wrong(check,
                                                "bucket %" PRIu64
                                                " of its hash",
                                                i);
            }
            record = &pool->records[at];
            if (cxl_dcd_pool_hash_of(pool, record->tag,
                                     record->kind == POOL_TAG ? POOL_NONE :
                                     record->host) != i) {
                return cxl_dcd_pool_check_wrong(
                    check, "record %u is in the wrong bucket", at);
            }
        }
    }
    return count == check->hashed ||
           cxl_dcd_pool_check_wrong(check,
                                    "its hash has %" PRIu64 " records, not %u",
                                    count, check->hashed);
}

static bool cxl_dcd_pool_check_words(Check *check)
{
    const CXLDcdPool *pool = check->pool;
    uint64_t used = 0, node;

    for (uint64_t i = 0; i < pool->blocks; i++) {
        used += pool->words[i] != 0;
    }
    if (used != check->covered) {
        return cxl_dcd_pool_check_wrong(check,
                                        "%" PRIu64
                                        " blocks are marked as used, extents "
                                        "have %" PRIu64,
                                        used, check->covered);
    }
    node = cxl_dcd_pool_index_fault(pool);
    return node == UINT64_MAX ||
           cxl_dcd_pool_check_wrong(check, "node %" PRIu64 " of its index",
                                    node);
}

static bool cxl_dcd_pool_check_all(Check *check)
{
    for (uint32_t i = 0; i < check->pool->config.max_hosts; i++) {
        if (!cxl_dcd_pool_check_host_entry(check, i)) {
            return false;
        }
    }
    return cxl_dcd_pool_check_tags(check) &&
           cxl_dcd_pool_check_records(check) &&
           cxl_dcd_pool_check_hash(check) && cxl_dcd_pool_check_words(check);
}

bool cxl_dcd_pool_check(CXLDcdPool *pool, GError **error)
{
    Check check = { .pool = pool, .error = error };
    bool ok;

    if (!cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    ok = cxl_dcd_pool_check_all(&check);
    return cxl_dcd_pool_end(pool, ok, error);
}
