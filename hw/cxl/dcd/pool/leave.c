/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: blocks of the pool leave a host
 *
 * Leaving is three steps, each of which may be the last that a process does:
 * marked as dirty, so that nobody takes it for the host's capacity; made zero;
 * freed. Whoever finds a dirty block later can go on from there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include "blocks.h"
#include "error.h"
#include "journal.h"
#include "leave.h"
#include "lock.h"
#include "record.h"
#include "tag.h"

/* --- Leave --- */

static bool cxl_dcd_pool_leave_mark_own(CXLDcdPool *pool, uint32_t host,
                                        uint32_t number, uint64_t at,
                                        GError **error)
{
    if (pool->records[number].use <= CXL_DCD_POOL_ACCEPTED) {
        cxl_dcd_pool_mark(pool, number, CXL_DCD_POOL_OWNED, CXL_DCD_POOL_DIRTY);
        cxl_dcd_pool_set_use(pool, number, CXL_DCD_POOL_LEAVING);
    }
    return true;
}

static void cxl_dcd_pool_leave_mark_shared(CXLDcdPool *pool, uint32_t host,
                                           uint32_t tag)
{
    PoolRecord *record = cxl_dcd_pool_record(pool, tag, POOL_TAG);
    uint32_t number = record ? cxl_dcd_pool_lookup(pool, record->tag, host) : 0;

    /* None: another range of the tag has taken it along */
    if (number) {
        cxl_dcd_pool_set_use(pool, number, CXL_DCD_POOL_LEAVING);
        cxl_dcd_pool_count_host(pool, host, 0, true);
        cxl_dcd_pool_tags_changed(pool, pool->root->tags, 0);
    }
}

static bool cxl_dcd_pool_leave_mark(CXLDcdPool *pool, uint32_t host,
                                    const CXLDcdPoolRange *range,
                                    GError **error)
{
    uint32_t tag = cxl_dcd_pool_tag_of(pool, range->first);

    if (!tag) {
        return cxl_dcd_pool_each_own(pool, host, range,
                                     cxl_dcd_pool_leave_mark_own, error);
    }
    cxl_dcd_pool_leave_mark_shared(pool, host, tag);
    return true;
}

bool cxl_dcd_pool_leave_all(CXLDcdPool *pool, uint32_t host,
                            const CXLDcdPoolRange *ranges, size_t count,
                            GError **error)
{
    return cxl_dcd_pool_change_all(pool, host, ranges, count,
                                   cxl_dcd_pool_leave_mark, error);
}

bool cxl_dcd_pool_leave(CXLDcdPool *pool, uint32_t host,
                        const CXLDcdPoolRange *range, GError **error)
{
    return cxl_dcd_pool_leave_all(pool, host, range, 1, error);
}

/* --- Finish --- */

/*
 * Written over, where the file system cannot make holes. Not by a mapping: on
 * a full disk that would end the process.
 */
static bool cxl_dcd_pool_leave_overwrite(const CXLDcdPool *pool, uint64_t at,
                                         uint64_t len, GError **error)
{
    static const uint8_t zero[65536];
    ssize_t done;

    for (uint64_t end = at + len; at < end; at += done) {
        do {
            done = pwrite(pool->fd, zero, MIN(sizeof(zero), end - at), at);
        } while (done < 0 && errno == EINTR);
        if (done <= 0) {
            return cxl_dcd_pool_fail(error, done ? errno : EIO, "cannot clean "
                                     "%" PRIu64 " bytes of pool '%s': %s",
                                     end - at, pool->path, g_strerror(errno));
        }
    }
    return true;
}

bool cxl_dcd_pool_zero(const CXLDcdPool *pool, uint64_t at, uint64_t len,
                       GError **error)
{
    if (!fallocate(pool->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                   len)) {
        return true;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
        return cxl_dcd_pool_fail(error, errno, "cannot clean %" PRIu64
                                 " bytes of pool '%s': %s", len, pool->path,
                                 g_strerror(errno));
    }
    return cxl_dcd_pool_leave_overwrite(pool, at, len, error);
}

static bool cxl_dcd_pool_leave_zero(const CXLDcdPool *pool,
                                    const CXLDcdPoolRange *range,
                                    GError **error)
{
    return cxl_dcd_pool_zero(pool, range->first * pool->config.block_size,
                             range->count * pool->config.block_size, error);
}

static bool cxl_dcd_pool_leave_forget(CXLDcdPool *pool, void *opaque,
                                      GError **error)
{
    const uint32_t number = *(uint32_t *)opaque;
    const PoolRecord record = pool->records[number];

    cxl_dcd_pool_mark(pool, number, CXL_DCD_POOL_DIRTY, CXL_DCD_POOL_FREE);
    cxl_dcd_pool_unlink_host(pool, number);
    cxl_dcd_pool_free_record(pool, number);
    cxl_dcd_pool_count_host(pool, record.host, -(int64_t)record.count, false);
    return true;
}

static bool cxl_dcd_pool_leave_is_dirty(const CXLDcdPool *pool, uint64_t block)
{
    return pool_word_state(__atomic_load_n(&pool->words[block],
                                           __ATOMIC_ACQUIRE)) ==
           CXL_DCD_POOL_DIRTY;
}

/* A record that nobody reaches: clean, then free */
static bool cxl_dcd_pool_leave_free(CXLDcdPool *pool, uint32_t number,
                                    bool clean, uint64_t *ret_freed,
                                    GError **error)
{
    const PoolRecord *record = &pool->records[number];
    CXLDcdPoolRange range = { record->first, record->count };

    if (!cxl_dcd_pool_check_range(pool, &range, error)) {
        return false;
    }
    /* Ours alone to change, so it needs no lock */
    if ((clean && !cxl_dcd_pool_leave_zero(pool, &range, error)) ||
        !cxl_dcd_pool_transact(pool, pool_parcel_of(pool, &range),
                               cxl_dcd_pool_leave_forget, &number, error)) {
        return false;
    }
    if (ret_freed) {
        *ret_freed += range.count;
    }
    return true;
}

static bool cxl_dcd_pool_leave_drop_reference(CXLDcdPool *pool, uint32_t number,
                                              uint32_t host, GError **error)
{
    if (!cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    cxl_dcd_pool_drop_reference(pool, number, host, NULL);
    return cxl_dcd_pool_end(pool, true, error);
}

static bool cxl_dcd_pool_leave_clean_extent(CXLDcdPool *pool, uint32_t number,
                                            bool clean, uint64_t *ret_freed,
                                            GError **error)
{
    if (pool->records[number].use <= CXL_DCD_POOL_ACCEPTED) {
        if (!cxl_dcd_pool_begin(pool, error)) {
            return false;
        }
        cxl_dcd_pool_mark(pool, number, CXL_DCD_POOL_OWNED,
                          CXL_DCD_POOL_DIRTY);
        cxl_dcd_pool_set_use(pool, number, POOL_LEFT);
        if (!cxl_dcd_pool_end(pool, true, error)) {
            return false;
        }
    }
    return cxl_dcd_pool_leave_free(pool, number, clean, ret_freed, error);
}

/* Has a list been followed further than any can be? It is walked twice. */
static bool cxl_dcd_pool_leave_astray(const CXLDcdPool *pool, uint64_t steps)
{
    return steps > 2 * (uint64_t)pool->config.max_records;
}

/*
 * @host's lock is held: nobody else changes its list. A reference that goes
 * may leave extents at its head: then it is walked again.
 */
bool cxl_dcd_pool_clean_host(CXLDcdPool *pool, uint32_t host, unsigned uses,
                             bool clean, uint64_t *ret_freed, GError **error)
{
    uint32_t at = pool->hosts[host].first, next;
    uint64_t steps = 0;
    bool again = false;

    while (at && at < pool->config.max_records) {
        const PoolRecord *record = &pool->records[at];
        bool ok = true;

        next = record->next;
        if (record->host != host || cxl_dcd_pool_leave_astray(pool, steps++)) {
            return cxl_dcd_pool_fail(error, EIO, "pool '%s' is damaged: the "
                                     "list of host %u", pool->path, host);
        }
        if (record->use <= POOL_LEFT && (uses & 1U << record->use)) {
            if (record->kind == POOL_REFERENCE) {
                ok = cxl_dcd_pool_leave_drop_reference(pool, at, host, error);
                again = true;
            } else {
                ok = cxl_dcd_pool_leave_clean_extent(pool, at, clean, ret_freed,
                                                     error);
            }
        }
        if (!ok) {
            return false;
        }
        at = next;
        if (!at && again) {
            at = pool->hosts[host].first;
            again = false;
        }
    }
    return true;
}

bool cxl_dcd_pool_drop_all(CXLDcdPool *pool, uint32_t host, GError **error)
{
    uint64_t steps = 0;
    uint32_t at, next;

    for (at = pool->hosts[host].first; at && at < pool->config.max_records;
         at = next) {
        if (cxl_dcd_pool_leave_astray(pool, steps++)) {
            break;
        }
        next = pool->records[at].next;
        if (pool->records[at].kind == POOL_REFERENCE &&
            !cxl_dcd_pool_leave_drop_reference(pool, at, host, error)) {
            return false;
        }
    }
    return cxl_dcd_pool_clean_host(pool, host, 1 << POOL_LEFT, true, NULL,
                                   error);
}

/* The record that leaves @host at @at, within @range; 0: there is none */
static uint32_t cxl_dcd_pool_leave_at(CXLDcdPool *pool, uint32_t host,
                                      const CXLDcdPoolRange *range, uint64_t at,
                                      uint64_t *ret_count, GError **error)
{
    uint32_t number = cxl_dcd_pool_own(pool, host, at, error);
    const PoolRecord record = pool->records[number];

    if (!number) {
        return 0;
    }
    if (record.use < CXL_DCD_POOL_LEAVING || record.first != at ||
        !record.count || record.count > range->first + range->count - at) {
        cxl_dcd_pool_fail(error, EPERM, "block %" PRIu64 " of the pool is not "
                          "leaving host %u", at, host);
        return 0;
    }
    *ret_count = record.count;
    return number;
}

/*
 * What can be refused is, before any of it is free: each is a transaction of
 * its own. Nobody but us changes what the host has.
 */
static bool cxl_dcd_pool_leave_finish(CXLDcdPool *pool, uint32_t host,
                                      const CXLDcdPoolRange *range, bool clean,
                                      GError **error)
{
    uint64_t end = range->first + range->count, at, count;
    uint32_t number;

    for (at = range->first; at < end; at += count) {
        if (!cxl_dcd_pool_leave_at(pool, host, range, at, &count, error)) {
            return false;
        }
    }
    for (at = range->first; at < end; at += count) {
        number = cxl_dcd_pool_leave_at(pool, host, range, at, &count, error);
        if (!number ||
            !cxl_dcd_pool_leave_free(pool, number, clean, NULL, error)) {
            return false;
        }
    }
    return true;
}

bool cxl_dcd_pool_finish_left(CXLDcdPool *pool, uint32_t host,
                              const CXLDcdPoolRange *range, GError **error)
{
    return cxl_dcd_pool_check_host(pool, host, error) &&
           cxl_dcd_pool_check_range(pool, range, error) &&
           cxl_dcd_pool_leave_finish(pool, host, range, false, error);
}

typedef struct Finish {
    uint32_t host;
    uint64_t block;
    GArray *left;
    bool clean;                   /* set, if others have wanted it */
    bool shared;                  /* set */
} Finish;

/* Until the last reference goes, others have the contents. */
static void cxl_dcd_pool_leave_want_clean(CXLDcdPool *pool, uint32_t number,
                                          Finish *finish)
{
    PoolRecord tag = pool->records[number];

    if (finish->clean && !tag.clean) {
        tag.clean = true;
        cxl_dcd_pool_set_record(pool, number, &tag);
    }
    finish->clean = tag.clean;
}

static bool cxl_dcd_pool_leave_finish_tag(CXLDcdPool *pool, void *opaque,
                                          GError **error)
{
    Finish *finish = opaque;
    uint32_t tag = cxl_dcd_pool_tag_of(pool, finish->block), reference;

    /* Of a tag whose first range was finished before, nothing is left */
    finish->shared = tag || !pool->words[finish->block];
    if (tag && cxl_dcd_pool_record(pool, tag, POOL_TAG)) {
        reference = cxl_dcd_pool_lookup(pool, pool->records[tag].tag,
                                        finish->host);
        if (reference &&
            pool->records[reference].use == CXL_DCD_POOL_LEAVING) {
            cxl_dcd_pool_leave_want_clean(pool, tag, finish);
            cxl_dcd_pool_drop_reference(pool, reference, finish->host,
                                        finish->left);
        }
    }
    return true;
}

bool cxl_dcd_pool_finish_shared(CXLDcdPool *pool, uint32_t host,
                                const CXLDcdPoolRange *range, bool *clean,
                                GArray *left, bool *ret_shared, GError **error)
{
    Finish finish = { host, range->first, left, *clean, false };

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_check_range(pool, range, error) ||
        !cxl_dcd_pool_transact(pool, pool_parcel_of(pool, range),
                               cxl_dcd_pool_leave_finish_tag, &finish, error)) {
        return false;
    }
    *clean = finish.clean;
    *ret_shared = finish.shared;
    return true;
}

bool cxl_dcd_pool_clean_left(CXLDcdPool *pool, uint32_t host,
                             const GArray *left, bool clean, GError **error)
{
    for (guint i = 0; i < left->len; i++) {
        const CXLDcdPoolRange *range =
            &g_array_index(left, CXLDcdPoolRange, i);

        if (!cxl_dcd_pool_leave_finish(pool, host, range, clean, error)) {
            return false;
        }
    }
    return true;
}

static bool cxl_dcd_pool_leave_finish_all(CXLDcdPool *pool, uint32_t host,
                                          const CXLDcdPoolRange *range,
                                          bool clean, GError **error)
{
    g_autoptr(GArray) left = g_array_new(FALSE, FALSE, sizeof(*range));
    bool shared;

    return cxl_dcd_pool_finish_shared(pool, host, range, &clean, left, &shared,
                                      error) &&
           (shared ? cxl_dcd_pool_clean_left(pool, host, left, clean, error) :
                     cxl_dcd_pool_leave_finish(pool, host, range, clean,
                                               error));
}

bool cxl_dcd_pool_finish(CXLDcdPool *pool, uint32_t host,
                         const CXLDcdPoolRange *range, bool clean,
                         GError **error)
{
    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_check_range(pool, range, error)) {
        return false;
    }
    /* What is dirty is no tag's; and if it is this host's, it stays so. */
    return (cxl_dcd_pool_leave_is_dirty(pool, range->first) ?
            cxl_dcd_pool_leave_finish : cxl_dcd_pool_leave_finish_all)(
        pool, host, range, clean, error);
}

/* --- What stays the host's, but loses its contents --- */

bool cxl_dcd_pool_clear(CXLDcdPool *pool, uint32_t host, uint64_t at,
                        uint64_t len, GError **error)
{
    uint64_t size = pool->config.block_size;
    CXLDcdPoolRange range = { at / size,
                              (at + len - 1) / size - at / size + 1 };
    uint64_t block = range.first;
    bool ok = true;

    if (!cxl_dcd_pool_check_host(pool, host, error) ||
        !cxl_dcd_pool_check_range(pool, &range, error) ||
        !cxl_dcd_pool_begin(pool, error)) {
        return false;
    }
    while (ok && block < range.first + range.count) {
        uint32_t number = cxl_dcd_pool_own(pool, host, block, error);
        const PoolRecord *record = &pool->records[number];

        ok = number;
        block = ok ? record->first + record->count : block;
    }
    /* Nobody but us can change that it is the host's */
    return cxl_dcd_pool_end(pool, ok, error) &&
           cxl_dcd_pool_zero(pool, at, len, error) &&
           cxl_dcd_pool_reserve(pool, at, len, error);
}
