/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: who may change what in a pool's file
 *
 * A lock is a word of the file, so that it costs no system call: who has it
 * puts his token there. There is one for all of the pool, and one for each
 * parcel. Who wants a parcel takes its lock and then looks at the pool's; who
 * wants the pool takes the pool's and then waits until no parcel's is taken. So
 * one of two who come at the same time sees the other; it is the parcel's that
 * gives way.
 *
 * That a process has died is told by the kernel: each opening of the file, and
 * each host, has a byte of the file locked, which ends with its process. A
 * token names its opening; when nobody has that byte any more, whoever waits
 * takes the token away. What the dead one was doing is in a journal that is not
 * empty, and is undone by the next who needs what it is about.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "error.h"
#include "lock.h"

#define OPENING_TRIES 1000
#define SPINS 4000
#define SPINS_PER_YIELD 100
/* So short do all others wait for one who waits for a parcel */
#define SPINS_FOR_PARCEL 400
/* Each meeting counts for so many times of meeting nobody */
#define MET 16
/* Of a token: the opening above, a number of its own below */
#define TOKEN_SHIFT 32

static bool cxl_dcd_pool_lock_bytes(const CXLDcdPool *pool, uint64_t first,
                                    uint64_t count, bool lock)
{
    struct flock range = {
        .l_type = lock ? F_WRLCK : F_UNLCK,
        .l_whence = SEEK_SET,
        .l_start = first,
        .l_len = count,
    };

    return !fcntl(pool->fd, F_OFD_SETLK, &range);
}

bool cxl_dcd_pool_lock_byte(const CXLDcdPool *pool, uint64_t byte, bool lock)
{
    return cxl_dcd_pool_lock_bytes(pool, byte, 1, lock);
}

bool cxl_dcd_pool_lock_openings(const CXLDcdPool *pool, bool lock)
{
    return cxl_dcd_pool_lock_bytes(pool, POOL_LOCK_OPENING, POOL_OPENINGS,
                                   lock);
}

/* Only looked at: to take it would have others find it in use */
static bool cxl_dcd_pool_lock_is_held(const CXLDcdPool *pool, uint64_t byte)
{
    struct flock range = {
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = byte,
        .l_len = 1,
    };

    return fcntl(pool->fd, F_OFD_GETLK, &range) || range.l_type != F_UNLCK;
}

static bool cxl_dcd_pool_lock_exchange(uint64_t *word, uint64_t from,
                                       uint64_t to)
{
    return __atomic_compare_exchange_n(word, &from, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* One who had our opening before us has died, and would seem alive now */
static void cxl_dcd_pool_lock_disown(const CXLDcdPool *pool, uint64_t *word)
{
    uint64_t there = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    if (there >> TOKEN_SHIFT == pool->token >> TOKEN_SHIFT) {
        cxl_dcd_pool_lock_exchange(word, there, 0);
    }
}

bool cxl_dcd_pool_lock_init(CXLDcdPool *pool, GError **error)
{
    uint32_t opening;
    unsigned tries = 0;

    do {
        if (++tries > OPENING_TRIES) {
            return cxl_dcd_pool_fail(error, errno, "cannot lock pool '%s': %s",
                                     pool->path, g_strerror(errno));
        }
        if (tries % SPINS_PER_YIELD == 0) {
            g_usleep(1000);       /* somebody upgrades the file */
        }
        opening = g_random_int() % POOL_OPENINGS;
    } while (!cxl_dcd_pool_lock_byte(pool, POOL_LOCK_OPENING + opening, true));
    pool->token = (uint64_t)(opening + 1) << TOKEN_SHIFT | g_random_int();
    cxl_dcd_pool_lock_disown(pool, pool->lock);
    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        cxl_dcd_pool_lock_disown(pool, &pool->parcels[i].lock);
    }
    return true;
}

/*
 * What nobody can have put there is nobody's. Our own byte never seems held to
 * us: a token of it is of one who has this opening with us, after a fork.
 */
static bool cxl_dcd_pool_lock_owner_lives(const CXLDcdPool *pool,
                                          uint64_t token)
{
    uint64_t opening = token >> TOKEN_SHIFT;

    return opening && opening <= POOL_OPENINGS &&
           (opening == pool->token >> TOKEN_SHIFT ||
            cxl_dcd_pool_lock_is_held(pool, POOL_LOCK_OPENING + opening - 1));
}

/* Nobody's, or (@look) of one who has died and is taken out */
static bool cxl_dcd_pool_lock_is_free(const CXLDcdPool *pool, uint64_t *word,
                                      bool look)
{
    uint64_t there = __atomic_load_n(word, __ATOMIC_SEQ_CST);

    return !there || (look && !cxl_dcd_pool_lock_owner_lives(pool, there) &&
                      cxl_dcd_pool_lock_exchange(word, there, 0));
}

static bool cxl_dcd_pool_lock_take(const CXLDcdPool *pool, uint64_t *word,
                                   bool look)
{
    return cxl_dcd_pool_lock_is_free(pool, word, look) &&
           cxl_dcd_pool_lock_exchange(word, 0, pool->token);
}

static bool cxl_dcd_pool_lock_try_parcel(const CXLDcdPool *pool,
                                         PoolParcel *parcel, bool look)
{
    if (!cxl_dcd_pool_lock_is_free(pool, pool->lock, look) ||
        !cxl_dcd_pool_lock_take(pool, &parcel->lock, look)) {
        return false;
    }
    if (__atomic_load_n(pool->lock, __ATOMIC_SEQ_CST)) {
        cxl_dcd_pool_lock_exchange(&parcel->lock, pool->token, 0);
        return false;
    }
    return true;
}

/*
 * The same from within the pool's lock, for one who has to wait long: there he
 * is one of several, otherwise he would come last whenever the pool is busy.
 */
static bool cxl_dcd_pool_lock_try_in_turn(const CXLDcdPool *pool,
                                          PoolParcel *parcel, bool look)
{
    bool taken;

    if (!cxl_dcd_pool_lock_take(pool, pool->lock, look)) {
        return false;
    }
    taken = cxl_dcd_pool_lock_take(pool, &parcel->lock, look);
    cxl_dcd_pool_lock_exchange(pool->lock, pool->token, 0);
    return taken;
}

/* Who has @parcel does not keep it for long, unless he is stopped. */
static bool cxl_dcd_pool_lock_wait_for(const CXLDcdPool *pool,
                                       PoolParcel *parcel, bool look)
{
    for (unsigned i = 0; i < SPINS_FOR_PARCEL; i++) {
        if (cxl_dcd_pool_lock_is_free(pool, &parcel->lock, false)) {
            return true;
        }
    }
    return look && cxl_dcd_pool_lock_is_free(pool, &parcel->lock, true);
}

static bool cxl_dcd_pool_lock_no_parcel(const CXLDcdPool *pool)
{
    uint64_t any = 0;

    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        any |= __atomic_load_n(&pool->parcels[i].lock, __ATOMIC_SEQ_CST);
    }
    return !any;
}

/* Not had at once, it is left to others for a while, who need other parcels. */
static bool cxl_dcd_pool_lock_try_all(const CXLDcdPool *pool, bool look,
                                      unsigned *tries)
{
    /* At first without keeping others from anything */
    if ((*tries < SPINS_PER_YIELD && !cxl_dcd_pool_lock_no_parcel(pool)) ||
        !cxl_dcd_pool_lock_take(pool, pool->lock, look)) {
        return false;
    }
    if (cxl_dcd_pool_lock_no_parcel(pool)) {
        return true;
    }
    for (uint32_t i = 0; i < pool->parcels_count; i++) {
        if (!cxl_dcd_pool_lock_wait_for(pool, &pool->parcels[i], look)) {
            cxl_dcd_pool_lock_exchange(pool->lock, pool->token, 0);
            *tries += SPINS_PER_YIELD;
            return false;
        }
    }
    return true;
}

static bool cxl_dcd_pool_lock_try(const CXLDcdPool *pool, PoolParcel *parcel,
                                  bool look, unsigned *tries)
{
    ++*tries;
    return !parcel ? cxl_dcd_pool_lock_try_all(pool, look, tries) :
           *tries > SPINS_PER_YIELD &&
           cxl_dcd_pool_lock_is_free(pool, &parcel->lock, look) ?
           cxl_dcd_pool_lock_try_in_turn(pool, parcel, look) :
           cxl_dcd_pool_lock_try_parcel(pool, parcel, look);
}

/* Is it over? Otherwise others run for a moment. */
static bool cxl_dcd_pool_lock_pause(CXLDcdPool *pool, unsigned tries)
{
    gint64 now = g_get_monotonic_time();

    if (!pool->until) {
        pool->until = now + pool->wait_ms * 1000LL;
    }
    if (now > pool->until) {
        return true;
    }
    if (tries < SPINS) {
        g_thread_yield();
    } else {
        g_usleep(50);
    }
    return false;
}

bool cxl_dcd_pool_lock(CXLDcdPool *pool, PoolParcel *parcel, GError **error)
{
    unsigned tries = 0, pause = SPINS_PER_YIELD;
    bool late = false;

    while (!cxl_dcd_pool_lock_try(pool, parcel, late || tries >= SPINS,
                                  &tries)) {
        /* When time is up, it is looked at once more who has it. */
        if (late) {
            pool->met += MET;
            return cxl_dcd_pool_fail(error, ETIMEDOUT,
                                     "pool '%s' was locked "
                                     "by another process for %u ms; is one of "
                                     "its processes stopped?",
                                     pool->path, pool->wait_ms);
        }
        if (tries >= pause) {
            pause = tries + SPINS_PER_YIELD;
            late = cxl_dcd_pool_lock_pause(pool, tries);
        }
    }
    pool->met += tries > 1 ? MET : 0;
    pool->met -= pool->met > 0;
    return true;
}

void cxl_dcd_pool_set_wait(CXLDcdPool *pool, unsigned ms)
{
    pool->wait_ms = ms;
}

void cxl_dcd_pool_unlock(CXLDcdPool *pool, PoolParcel *parcel)
{
    cxl_dcd_pool_lock_exchange(parcel ? &parcel->lock : pool->lock,
                               pool->token, 0);
}

void cxl_dcd_pool_detach(CXLDcdPool *pool, uint32_t host)
{
    if (host < pool->config.max_hosts && pool->attached[host]) {
        pool->attached[host] = false;
        cxl_dcd_pool_lock_byte(pool, POOL_LOCK_HOST + host, false);
    }
}

bool cxl_dcd_pool_alive(CXLDcdPool *pool, uint32_t host)
{
    return host < pool->config.max_hosts &&
           (pool->attached[host] ||
            cxl_dcd_pool_lock_is_held(pool, POOL_LOCK_HOST + host));
}

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
