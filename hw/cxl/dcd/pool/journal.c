/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: transactions on the pool's file
 *
 * A process may be killed between any two instructions, also in here. What it
 * stored is in the file, for the file is mapped and shared; the kernel drops
 * its locks. So each value is put into the journal before it is changed, and
 * who gets the lock next finds the journal not empty and goes back. Going back
 * can itself be interrupted at any point and done again.
 *
 * A transaction is of one parcel, with the journal that is in there, or of all
 * of the pool. The smaller kind is tried first where it may be enough. What it
 * comes across that is not the parcel's makes it fail, as narrow; then it is
 * undone like any other that fails, and done again with all of the pool.
 *
 * What this does not cover is the whole machine going down while a file on a
 * disk is half written back; the check at the next opening finds that.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include "error.h"
#include "index.h"
#include "journal.h"
#include "lock.h"

typedef struct Journal {
    uint64_t *count;              /* of entries that are to be undone */
    PoolEntry *entries;
    uint32_t room;
} Journal;

static Journal cxl_dcd_pool_journal_of(const CXLDcdPool *pool,
                                       PoolParcel *parcel)
{
    PoolEntry *entries = (PoolEntry *)(void *)(pool->parcels + POOL_PARCELS);

    return parcel ?
        (Journal) { &parcel->journal_count,
                    entries + (parcel - pool->parcels) * POOL_PARCEL_ENTRIES,
                    POOL_PARCEL_ENTRIES } :
        (Journal) { &pool->root->journal_count, pool->journal,
                    pool->journal_entries };
}

static uint64_t cxl_dcd_pool_journal_count(const CXLDcdPool *pool,
                                           PoolParcel *parcel)
{
    return __atomic_load_n(parcel ? &parcel->journal_count :
                                    &pool->root->journal_count,
                           __ATOMIC_SEQ_CST);
}

static PoolEntry *cxl_dcd_pool_journal_next_entry(CXLDcdPool *pool,
                                                  const Journal *journal)
{
    uint64_t count = __atomic_load_n(journal->count, __ATOMIC_RELAXED);

    if (count >= journal->room) {
        pool->failed = true;
        *(pool->here ? &pool->narrow : &pool->full) = true;
        return NULL;
    }
    return &journal->entries[count];
}

/* The entry is complete before it counts, and counts before the change */
static void cxl_dcd_pool_journal_add_entry(const Journal *journal)
{
    __atomic_store_n(journal->count, *journal->count + 1, __ATOMIC_RELEASE);
}

static bool cxl_dcd_pool_journal_undo_entry(CXLDcdPool *pool,
                                            const PoolEntry *shared)
{
    /* Read once: what is looked at must be what is used. */
    const PoolEntry copy = {
        .kind = __atomic_load_n(&shared->kind, __ATOMIC_RELAXED),
        .at = __atomic_load_n(&shared->at, __ATOMIC_RELAXED),
        .old = __atomic_load_n(&shared->old, __ATOMIC_RELAXED),
        .fresh = __atomic_load_n(&shared->fresh, __ATOMIC_RELAXED),
        .count = __atomic_load_n(&shared->count, __ATOMIC_RELAXED),
    };
    const PoolEntry *entry = &copy;
    CXLDcdPoolRange range = { entry->at, entry->count };
    uint64_t i, expected;

    if (entry->kind == POOL_ENTRY_SET) {
        if (entry->at % 8 || entry->at > pool->meta_length - 8 ||
            entry->at < POOL_PAGE) {
            return false;
        }
        __atomic_store_n((uint64_t *)(void *)(pool->meta + entry->at),
                         entry->old, __ATOMIC_SEQ_CST);
        return true;
    }
    if (entry->at >= pool->blocks || entry->count > pool->blocks - entry->at) {
        return false;
    }
    if (entry->kind == POOL_ENTRY_INDEX) {
        cxl_dcd_pool_index(pool, &range);
        return true;
    }
    for (i = entry->at; i < entry->at + entry->count; i++) {
        expected = entry->fresh;
        __atomic_compare_exchange_n(&pool->words[i], &expected, entry->old,
                                    false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    return entry->kind == POOL_ENTRY_FILL;
}

static bool cxl_dcd_pool_journal_undo(CXLDcdPool *pool, PoolParcel *parcel,
                                      GError **error)
{
    const Journal journal = cxl_dcd_pool_journal_of(pool, parcel);
    uint64_t count = __atomic_load_n(journal.count, __ATOMIC_RELAXED);

    if (count > journal.room) {
        return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: its "
                                 "journal has %" PRIu64 " entries",
                                 pool->path, count);
    }
    for (; count; count--) {
        if (!cxl_dcd_pool_journal_undo_entry(pool,
                                             &journal.entries[count - 1])) {
            return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: entry "
                                     "%" PRIu64 " of its journal makes no "
                                     "sense", pool->path, count - 1);
        }
        __atomic_store_n(journal.count, count - 1, __ATOMIC_SEQ_CST);
    }
    return true;
}

bool cxl_dcd_pool_put_back(CXLDcdPool *pool, GError **error)
{
    return cxl_dcd_pool_journal_undo(pool, NULL, error);
}

static void cxl_dcd_pool_let_go(CXLDcdPool *pool)
{
    pool->locked = false;
    if (!pool->frozen) {
        cxl_dcd_pool_unlock(pool, pool->here);
    }
    pool->here = NULL;
}

/* Is there nothing that somebody was killed in? */
static bool cxl_dcd_pool_journal_none(const CXLDcdPool *pool)
{
    uint64_t any = cxl_dcd_pool_journal_count(pool, NULL);

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        any |= cxl_dcd_pool_journal_count(pool, &pool->parcels[i]);
    }
    return !any;
}

/* Each is of one parcel, or of the pool, and no two are about the same. */
static bool cxl_dcd_pool_journal_undo_all(CXLDcdPool *pool, GError **error)
{
    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        if (!cxl_dcd_pool_journal_undo(pool, &pool->parcels[i], error)) {
            return false;
        }
    }
    return cxl_dcd_pool_journal_undo(pool, NULL, error);
}

static void cxl_dcd_pool_journal_start(CXLDcdPool *pool)
{
    pool->locked = true;
    pool->failed = false;
    pool->full = false;
    pool->narrow = false;
}

static bool cxl_dcd_pool_journal_begin_all(CXLDcdPool *pool, GError **error)
{
    g_assert(!pool->locked);
    if (!pool->frozen && !cxl_dcd_pool_lock(pool, NULL, error)) {
        return false;
    }
    cxl_dcd_pool_journal_start(pool);
    if (!cxl_dcd_pool_journal_none(pool) &&
        !cxl_dcd_pool_journal_undo_all(pool, error)) {
        cxl_dcd_pool_let_go(pool);
        return false;
    }
    return true;
}

bool cxl_dcd_pool_begin(CXLDcdPool *pool, GError **error)
{
    pool->until = 0;
    return cxl_dcd_pool_journal_begin_all(pool, error);
}

/* One of @parcel alone, unless there is something to be undone elsewhere */
static bool cxl_dcd_pool_journal_begin_in(CXLDcdPool *pool, PoolParcel *parcel,
                                          GError **error)
{
    g_assert(!pool->locked);
    if (!parcel || pool->frozen) {
        return cxl_dcd_pool_journal_begin_all(pool, error);
    }
    if (!cxl_dcd_pool_lock(pool, parcel, error)) {
        return false;
    }
    if (cxl_dcd_pool_journal_count(pool, NULL)) {
        cxl_dcd_pool_unlock(pool, parcel);
        return cxl_dcd_pool_journal_begin_all(pool, error);
    }
    pool->here = parcel;
    cxl_dcd_pool_journal_start(pool);
    if (cxl_dcd_pool_journal_count(pool, parcel) &&
        !cxl_dcd_pool_journal_undo(pool, parcel, error)) {
        cxl_dcd_pool_let_go(pool);
        return false;
    }
    return true;
}

bool cxl_dcd_pool_end(CXLDcdPool *pool, bool keep, GError **error)
{
    bool ok = keep && !pool->failed;

    g_assert(pool->locked);
    if (!ok && !pool->narrow && error && !*error) {
        cxl_dcd_pool_fail(error, pool->full ? ENOSPC : EIO, pool->full ?
                          "more changes at once than the journal of pool '%s' "
                          "has room for; ask for less" :
                          "pool '%s' is damaged: what one of its records says "
                          "is not so", pool->path);
    }
    /* What cannot be undone stays to be told of to whoever comes next */
    if (!ok && !cxl_dcd_pool_journal_undo(pool, pool->here,
                                          error && !*error ? error : NULL)) {
        cxl_dcd_pool_let_go(pool);
        return false;
    }
    __atomic_store_n(cxl_dcd_pool_journal_of(pool, pool->here).count, 0,
                     __ATOMIC_SEQ_CST);
    cxl_dcd_pool_let_go(pool);
    return ok;
}

bool cxl_dcd_pool_transact(CXLDcdPool *pool, PoolParcel *parcel, PoolWork work,
                           void *opaque, GError **error)
{
    GError *inner = NULL;

    /* The second time is no reason to wait longer */
    pool->until = 0;
    if (!cxl_dcd_pool_journal_begin_in(pool, parcel, error)) {
        return false;
    }
    if (cxl_dcd_pool_end(pool, work(pool, opaque, &inner), &inner)) {
        return true;
    }
    if (!pool->narrow) {
        g_propagate_error(error, inner);
        return false;
    }
    g_clear_error(&inner);
    return cxl_dcd_pool_journal_begin_all(pool, error) &&
           cxl_dcd_pool_end(pool, work(pool, opaque, error), error);
}

bool cxl_dcd_pool_freeze(CXLDcdPool *pool, GError **error)
{
    if (!cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    pool->locked = false;
    pool->frozen = true;
    return true;
}

void cxl_dcd_pool_thaw(CXLDcdPool *pool)
{
    g_assert(pool->frozen && !pool->locked);
    pool->frozen = false;
    cxl_dcd_pool_unlock(pool, NULL);
}

/* May the transaction change this? If not, it is done once more. */
static bool cxl_dcd_pool_journal_may_set(CXLDcdPool *pool, const void *at)
{
    const uint8_t *byte = at;
    bool may = !pool->here ||
        (byte >= (uint8_t *)pool->records && byte < (uint8_t *)pool->words) ||
        (byte >= (uint8_t *)pool->hosts && byte < (uint8_t *)pool->buckets) ||
        (byte >= (uint8_t *)pool->here && byte < (uint8_t *)(pool->here + 1));

    if (!may) {
        pool->narrow = pool->failed = true;
    }
    return may;
}

void cxl_dcd_pool_set(CXLDcdPool *pool, void *at, const void *value, size_t len)
{
    const Journal journal = cxl_dcd_pool_journal_of(pool, pool->here);
    uint64_t *words = at;

    if (!cxl_dcd_pool_journal_may_set(pool, at)) {
        return;
    }
    for (size_t i = 0; i < len / sizeof(*words); i++) {
        PoolEntry *entry;
        uint64_t fresh;

        memcpy(&fresh, (const uint8_t *)value + i * sizeof(fresh),
               sizeof(fresh));
        if (words[i] == fresh) {
            continue;
        }
        entry = cxl_dcd_pool_journal_next_entry(pool, &journal);
        if (!entry) {
            return;
        }
        entry->kind = POOL_ENTRY_SET;
        entry->at = (uint8_t *)&words[i] - pool->meta;
        entry->old = words[i];
        cxl_dcd_pool_journal_add_entry(&journal);
        __atomic_store_n(&words[i], fresh, __ATOMIC_RELEASE);
    }
}

bool cxl_dcd_pool_fill(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                       uint64_t old, uint64_t fresh)
{
    const Journal journal = cxl_dcd_pool_journal_of(pool, pool->here);
    PoolEntry *entry = pool_within(pool, range) ?
                       cxl_dcd_pool_journal_next_entry(pool, &journal) : NULL;

    if (!entry) {
        return false;
    }
    /* Undone last: by then the words are as they were */
    entry->kind = POOL_ENTRY_INDEX;
    entry->at = range->first;
    entry->count = range->count;
    cxl_dcd_pool_journal_add_entry(&journal);
    entry = cxl_dcd_pool_journal_next_entry(pool, &journal);
    if (!entry) {
        return false;
    }
    entry->kind = POOL_ENTRY_FILL;
    entry->at = range->first;
    entry->count = range->count;
    entry->old = old;
    entry->fresh = fresh;
    cxl_dcd_pool_journal_add_entry(&journal);
    for (uint64_t i = 0; i < range->count; i++) {
        uint64_t expected = old;

        if (!__atomic_compare_exchange_n(&pool->words[range->first + i],
                                         &expected, fresh, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            pool->failed = true;
            return false;
        }
    }
    if (!old || !fresh) {
        cxl_dcd_pool_index(pool, range);
    }
    return true;
}
