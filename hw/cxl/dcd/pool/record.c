/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the records of the pool's file, their lists and hash
 *
 * All within a transaction: a change is a changed copy that is set. Numbers
 * that were read from the file are checked here, on their way to a record.
 */
#include <errno.h>
#include <string.h>
#include "error.h"
#include "journal.h"
#include "record.h"

/* What a parcel gets at once, so that it seldom needs to ask */
#define SUPPLY_RECORDS 16
#define SUPPLY_GENERATIONS 4096

PoolRecord *cxl_dcd_pool_record(CXLDcdPool *pool, uint32_t number,
                                PoolKind kind)
{
    if (!number || number >= pool->config.max_records ||
        pool->records[number].kind != kind) {
        pool->failed = true;
        return NULL;
    }
    return &pool->records[number];
}

void cxl_dcd_pool_set_record(CXLDcdPool *pool, uint32_t number,
                             const PoolRecord *value)
{
    cxl_dcd_pool_set(pool, &pool->records[number], value, sizeof(*value));
}

void cxl_dcd_pool_set_root(CXLDcdPool *pool, const PoolRoot *value)
{
    const size_t skip = sizeof(value->journal_count);

    cxl_dcd_pool_set(pool, (uint8_t *)pool->root + skip,
                     (const uint8_t *)value + skip, sizeof(*value) - skip);
}

/* --- Which are free --- */

/* The list of free records from @first on goes on with *@ret_next. */
static bool cxl_dcd_pool_record_next_free(CXLDcdPool *pool, uint32_t first,
                                          uint32_t *ret_next, GError **error)
{
    const PoolRecord *record = cxl_dcd_pool_record(pool, first, POOL_UNUSED);

    if (!record) {
        return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: its list "
                                 "of free records", pool->path);
    }
    *ret_next = record->next;
    return true;
}

/* From @parcel's list, which has one. The two counters are of 8 bytes. */
static uint32_t cxl_dcd_pool_record_from_parcel(CXLDcdPool *pool,
                                                PoolParcel *parcel,
                                                GError **error)
{
    uint32_t number = parcel->free_record;
    uint32_t pair[2] = { 0, parcel->used_records + 1 };

    if (!cxl_dcd_pool_record_next_free(pool, number, &pair[0], error)) {
        return 0;
    }
    cxl_dcd_pool_set(pool, &parcel->free_record, pair, sizeof(pair));
    return number;
}

static uint32_t cxl_dcd_pool_record_from_any_parcel(CXLDcdPool *pool,
                                                    GError **error)
{
    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        if (pool->parcels[i].free_record) {
            return cxl_dcd_pool_record_from_parcel(pool, &pool->parcels[i],
                                                   error);
        }
    }
    cxl_dcd_pool_fail(error, ENOSPC, "all %u records of pool '%s' are in "
                      "use (extents, tags, references of all hosts); "
                      "release some, or make a pool with more max-extents",
                      pool->config.max_records - 1, pool->path);
    return 0;
}

static uint32_t cxl_dcd_pool_record_from_root(CXLDcdPool *pool, GError **error)
{
    PoolRoot root = *pool->root;
    uint32_t number = root.free_record;

    if (number) {
        if (!cxl_dcd_pool_record_next_free(pool, number, &root.free_record,
                                           error)) {
            return 0;
        }
    } else if (root.fresh_record < pool->config.max_records) {
        number = root.fresh_record++;
    } else {
        return cxl_dcd_pool_record_from_any_parcel(pool, error);
    }
    root.used_records++;
    cxl_dcd_pool_set_root(pool, &root);
    return number;
}

static uint32_t cxl_dcd_pool_record_from(CXLDcdPool *pool, GError **error)
{
    if (!pool->here) {
        return cxl_dcd_pool_record_from_root(pool, error);
    }
    if (!pool->here->free_record) {
        pool->narrow = pool->failed = true;
        return 0;
    }
    return cxl_dcd_pool_record_from_parcel(pool, pool->here, error);
}

uint32_t cxl_dcd_pool_new_record(CXLDcdPool *pool, const PoolRecord *value,
                                 GError **error)
{
    uint32_t number = cxl_dcd_pool_record_from(pool, error);

    if (number) {
        cxl_dcd_pool_set_record(pool, number, value);
    }
    return number;
}

void cxl_dcd_pool_free_record(CXLDcdPool *pool, uint32_t number)
{
    PoolRecord record = { .kind = POOL_UNUSED };
    PoolParcel *parcel = pool->here;
    PoolRoot root;

    if (parcel) {
        uint32_t pair[2] = { number, parcel->used_records - 1 };

        record.next = parcel->free_record;
        cxl_dcd_pool_set(pool, &parcel->free_record, pair, sizeof(pair));
    } else {
        root = *pool->root;
        record.next = root.free_record;
        root.free_record = number;
        root.used_records--;
        cxl_dcd_pool_set_root(pool, &root);
    }
    cxl_dcd_pool_set_record(pool, number, &record);
}

/* One of those that are free in the pool becomes free in @parcel. */
static bool cxl_dcd_pool_record_move(CXLDcdPool *pool, PoolParcel *parcel)
{
    PoolRecord record = { .kind = POOL_UNUSED, .next = parcel->free_record };
    uint32_t pair[2] = { 0, parcel->used_records - 1 };

    if (!pool->root->free_record &&
        pool->root->fresh_record >= pool->config.max_records) {
        return false;
    }
    pair[0] = cxl_dcd_pool_record_from_root(pool, NULL);
    if (!pair[0]) {
        return false;
    }
    cxl_dcd_pool_set_record(pool, pair[0], &record);
    cxl_dcd_pool_set(pool, &parcel->free_record, pair, sizeof(pair));
    return true;
}

void cxl_dcd_pool_supply(CXLDcdPool *pool, PoolParcel *parcel)
{
    const uint64_t last = pool->root->generation;
    uint64_t numbers[2] = { last, last + SUPPLY_GENERATIONS };

    if (parcel->generation >= parcel->generation_end) {
        cxl_dcd_pool_set(pool, &pool->root->generation, &numbers[1],
                         sizeof(numbers[1]));
        cxl_dcd_pool_set(pool, &parcel->generation, numbers, sizeof(numbers));
    }
    if (!parcel->free_record) {
        for (unsigned i = 0; i < SUPPLY_RECORDS; i++) {
            if (!cxl_dcd_pool_record_move(pool, parcel)) {
                break;
            }
        }
    }
}

uint64_t cxl_dcd_pool_new_generation(CXLDcdPool *pool)
{
    PoolParcel *parcel = pool->here;
    uint64_t *at = parcel ? &parcel->generation : &pool->root->generation;
    uint64_t generation = *at + 1;

    if (parcel && generation > parcel->generation_end) {
        pool->narrow = pool->failed = true;
        return 0;
    }
    cxl_dcd_pool_set(pool, at, &generation, sizeof(generation));
    return generation;
}

uint64_t cxl_dcd_pool_sum_of_generations(const CXLDcdPool *pool)
{
    uint64_t sum = __atomic_load_n(&pool->root->generation, __ATOMIC_RELAXED);

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        sum += __atomic_load_n(&pool->parcels[i].generation, __ATOMIC_RELAXED);
    }
    return sum;
}

/* --- Changes --- */

void cxl_dcd_pool_set_use(CXLDcdPool *pool, uint32_t number, uint32_t use)
{
    PoolRecord record = pool->records[number];

    record.use = use;
    cxl_dcd_pool_set_record(pool, number, &record);
}

/* --- Lists --- */

bool cxl_dcd_pool_set_link(CXLDcdPool *pool, uint32_t number, PoolKind kind,
                           size_t link, uint32_t other)
{
    PoolRecord *record = cxl_dcd_pool_record(pool, number, kind), copy;

    if (record) {
        copy = *record;
        memcpy((uint8_t *)&copy + link, &other, sizeof(other));
        cxl_dcd_pool_set_record(pool, number, &copy);
    }
    return record;
}

/* The kind of a record that is in a host's list, whichever it is */
static PoolKind cxl_dcd_pool_record_kind_in_host(const CXLDcdPool *pool,
                                                 uint32_t number)
{
    return number < pool->config.max_records &&
           pool->records[number].kind == POOL_REFERENCE ? POOL_REFERENCE :
                                                          POOL_EXTENT;
}

/* The entry of the host that a record says it is of; NULL: it has none */
static PoolHost *cxl_dcd_pool_record_host_entry(CXLDcdPool *pool, uint32_t host)
{
    if (host >= pool->config.max_hosts) {
        pool->failed = true;
        return NULL;
    }
    return &pool->hosts[host];
}

/* The list of @entry begins with @first now, and has @count records more */
static void cxl_dcd_pool_record_set_list(CXLDcdPool *pool, PoolHost *entry,
                                         uint32_t first, int count)
{
    PoolHost host = *entry;

    host.first = first;
    host.records += count;
    cxl_dcd_pool_set(pool, entry, &host, sizeof(host));
}

void cxl_dcd_pool_link_host(CXLDcdPool *pool, uint32_t number)
{
    PoolRecord record = pool->records[number];
    PoolHost *host = cxl_dcd_pool_record_host_entry(pool, record.host);

    if (!host) {
        return;
    }
    record.prev = 0;
    record.next = host->first;
    cxl_dcd_pool_set_record(pool, number, &record);
    if (record.next) {
        cxl_dcd_pool_set_link(pool, record.next,
                              cxl_dcd_pool_record_kind_in_host(pool,
                                                               record.next),
                              POOL_PREV, number);
    }
    cxl_dcd_pool_record_set_list(pool, host, number, 1);
}

void cxl_dcd_pool_unlink_host(CXLDcdPool *pool, uint32_t number)
{
    PoolRecord record = pool->records[number];
    PoolHost *host = cxl_dcd_pool_record_host_entry(pool, record.host);

    if (!host) {
        return;
    }
    if (record.next) {
        cxl_dcd_pool_set_link(pool, record.next,
                              cxl_dcd_pool_record_kind_in_host(pool,
                                                               record.next),
                              POOL_PREV, record.prev);
    }
    if (record.prev &&
        !cxl_dcd_pool_set_link(pool, record.prev,
                               cxl_dcd_pool_record_kind_in_host(pool,
                                                                record.prev),
                               POOL_NEXT, record.next)) {
        return;
    }
    cxl_dcd_pool_record_set_list(pool, host,
                                 record.prev ? host->first : record.next, -1);
}

void cxl_dcd_pool_count_host(CXLDcdPool *pool, uint32_t number, int64_t blocks,
                             bool listed)
{
    PoolHost *entry = cxl_dcd_pool_record_host_entry(pool, number), host;

    if (!entry) {
        return;
    }
    host = *entry;
    host.blocks += blocks;
    host.generation += listed;
    cxl_dcd_pool_set(pool, entry, &host, sizeof(host));
}

/* --- Hash --- */

uint32_t cxl_dcd_pool_hash_of(const CXLDcdPool *pool, const uint8_t *tag,
                              uint32_t host)
{
    uint64_t low, high;

    memcpy(&low, tag, sizeof(low));
    memcpy(&high, tag + sizeof(low), sizeof(high));
    low = (low ^ (high << 1 | high >> 63)) * 0x9e3779b97f4a7c15ULL;
    low = (low ^ low >> 29 ^ host) * 0xbf58476d1ce4e5b9ULL;
    return (low >> 32) & (pool->buckets_count - 1);
}

/* Hash chains are changed in 8 bytes; buckets are 4 */
static void cxl_dcd_pool_record_set_bucket(CXLDcdPool *pool, uint32_t bucket,
                                           uint32_t number)
{
    uint32_t pair[2], *at = &pool->buckets[bucket & ~1U];

    memcpy(pair, at, sizeof(pair));
    pair[bucket & 1] = number;
    cxl_dcd_pool_set(pool, at, pair, sizeof(pair));
}

static uint32_t cxl_dcd_pool_record_bucket_of(const CXLDcdPool *pool,
                                              const PoolRecord *record)
{
    return cxl_dcd_pool_hash_of(pool, record->tag, record->kind == POOL_TAG ?
                                                   POOL_NONE : record->host);
}

void cxl_dcd_pool_hash(CXLDcdPool *pool, uint32_t number)
{
    PoolRecord record = pool->records[number];
    uint32_t bucket = cxl_dcd_pool_record_bucket_of(pool, &record);

    record.hash_next = pool->buckets[bucket];
    cxl_dcd_pool_set_record(pool, number, &record);
    cxl_dcd_pool_record_set_bucket(pool, bucket, number);
}

static PoolRecord *cxl_dcd_pool_record_hashed(CXLDcdPool *pool, uint32_t number)
{
    if (number && number < pool->config.max_records &&
        pool->records[number].kind == POOL_TAG) {
        return &pool->records[number];
    }
    return cxl_dcd_pool_record(pool, number, POOL_REFERENCE);
}

void cxl_dcd_pool_unhash(CXLDcdPool *pool, uint32_t number)
{
    PoolRecord *record = &pool->records[number], copy;
    uint32_t bucket = cxl_dcd_pool_record_bucket_of(pool, record),
             at = pool->buckets[bucket];
    uint32_t steps = 0;

    if (at == number) {
        cxl_dcd_pool_record_set_bucket(pool, bucket, record->hash_next);
        return;
    }
    while (steps++ < pool->config.max_records) {
        PoolRecord *before = cxl_dcd_pool_record_hashed(pool, at);

        if (!before) {
            return;
        }
        if (before->hash_next == number) {
            copy = *before;
            copy.hash_next = record->hash_next;
            cxl_dcd_pool_set_record(pool, at, &copy);
            return;
        }
        at = before->hash_next;
    }
    pool->failed = true;
}

uint32_t cxl_dcd_pool_lookup(CXLDcdPool *pool, const uint8_t *tag,
                             uint32_t host)
{
    PoolKind kind = host == POOL_NONE ? POOL_TAG : POOL_REFERENCE;
    uint32_t at = pool->buckets[cxl_dcd_pool_hash_of(pool, tag, host)];
    uint32_t steps = 0;

    while (at && steps++ < pool->config.max_records) {
        PoolRecord *record = cxl_dcd_pool_record_hashed(pool, at);

        if (!record) {
            return 0;
        }
        if (record->kind == kind &&
            (host == POOL_NONE || record->host == host) &&
            !memcmp(record->tag, tag, CXL_DCD_POOL_TAG_SIZE)) {
            return at;
        }
        at = record->hash_next;
    }
    return 0;
}
