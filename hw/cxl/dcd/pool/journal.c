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

static PoolEntry *cxl_dcd_pool_journal_next_entry(CXLDcdPool *pool)
{
    uint64_t count = __atomic_load_n(&pool->root->journal_count,
                                     __ATOMIC_RELAXED);

    if (count >= POOL_JOURNAL_ENTRIES) {
        pool->failed = true;
        pool->full = true;
        return NULL;
    }
    return &pool->journal[count];
}

/* The entry is complete before it counts, and counts before the change */
static void cxl_dcd_pool_journal_add_entry(CXLDcdPool *pool)
{
    __atomic_store_n(&pool->root->journal_count, pool->root->journal_count + 1,
                     __ATOMIC_RELEASE);
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

static bool cxl_dcd_pool_journal_undo(CXLDcdPool *pool, GError **error)
{
    uint64_t count = __atomic_load_n(&pool->root->journal_count,
                                     __ATOMIC_RELAXED);

    if (count > POOL_JOURNAL_ENTRIES) {
        return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: its "
                                 "journal has %" PRIu64 " entries",
                                 pool->path, count);
    }
    for (; count; count--) {
        if (!cxl_dcd_pool_journal_undo_entry(pool, &pool->journal[count - 1])) {
            return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: entry "
                                     "%" PRIu64 " of its journal makes no "
                                     "sense", pool->path, count - 1);
        }
        __atomic_store_n(&pool->root->journal_count, count - 1,
                         __ATOMIC_SEQ_CST);
    }
    return true;
}

static void cxl_dcd_pool_let_go(CXLDcdPool *pool)
{
    pool->locked = false;
    if (!pool->frozen) {
        cxl_dcd_pool_unlock(pool);
    }
}

bool cxl_dcd_pool_begin(CXLDcdPool *pool, GError **error)
{
    g_assert(!pool->locked);
    if (!pool->frozen && !cxl_dcd_pool_lock(pool, error)) {
        return false;
    }
    pool->locked = true;
    pool->failed = false;
    pool->full = false;
    if (pool->root->journal_count && !cxl_dcd_pool_journal_undo(pool, error)) {
        cxl_dcd_pool_let_go(pool);
        return false;
    }
    return true;
}

bool cxl_dcd_pool_end(CXLDcdPool *pool, bool keep, GError **error)
{
    bool ok = keep && !pool->failed;

    g_assert(pool->locked);
    if (!ok && error && !*error) {
        cxl_dcd_pool_fail(error, pool->full ? ENOSPC : EIO, pool->full ?
                          "more changes at once than the journal of pool '%s' "
                          "has room for; ask for less" :
                          "pool '%s' is damaged: what one of its records says "
                          "is not so", pool->path);
    }
    if (!ok) {
        cxl_dcd_pool_journal_undo(pool, NULL);
    }
    __atomic_store_n(&pool->root->journal_count, 0, __ATOMIC_SEQ_CST);
    cxl_dcd_pool_let_go(pool);
    return ok;
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
    cxl_dcd_pool_unlock(pool);
}

void cxl_dcd_pool_set(CXLDcdPool *pool, void *at, const void *value, size_t len)
{
    uint64_t *words = at;

    for (size_t i = 0; i < len / sizeof(*words); i++) {
        PoolEntry *entry;
        uint64_t fresh;

        memcpy(&fresh, (const uint8_t *)value + i * sizeof(fresh),
               sizeof(fresh));
        if (words[i] == fresh) {
            continue;
        }
        entry = cxl_dcd_pool_journal_next_entry(pool);
        if (!entry) {
            return;
        }
        entry->kind = POOL_ENTRY_SET;
        entry->at = (uint8_t *)&words[i] - pool->meta;
        entry->old = words[i];
        cxl_dcd_pool_journal_add_entry(pool);
        __atomic_store_n(&words[i], fresh, __ATOMIC_RELEASE);
    }
}

bool cxl_dcd_pool_fill(CXLDcdPool *pool, const CXLDcdPoolRange *range,
                       uint64_t old, uint64_t fresh)
{
    PoolEntry *entry = cxl_dcd_pool_journal_next_entry(pool);

    if (!entry) {
        return false;
    }
    /* Undone last: by then the words are as they were */
    entry->kind = POOL_ENTRY_INDEX;
    entry->at = range->first;
    entry->count = range->count;
    cxl_dcd_pool_journal_add_entry(pool);
    entry = cxl_dcd_pool_journal_next_entry(pool);
    if (!entry) {
        return false;
    }
    entry->kind = POOL_ENTRY_FILL;
    entry->at = range->first;
    entry->count = range->count;
    entry->old = old;
    entry->fresh = fresh;
    cxl_dcd_pool_journal_add_entry(pool);
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
