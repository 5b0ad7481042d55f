/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: who may change what in a pool's file
 *
 * The pool's lock is a word of the file, so that it costs no system call: who
 * has it puts his token there. That a process has died is told by the kernel:
 * each opening of the file, and each host, has a byte of the file locked, which
 * ends with its process. A token names its opening; when nobody has that byte
 * any more, whoever waits takes the lock over.
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
/* Of a token: the opening above, a number of its own below */
#define TOKEN_SHIFT 32

bool cxl_dcd_pool_lock_byte(const CXLDcdPool *pool, uint64_t byte, bool lock)
{
    struct flock range = {
        .l_type = lock ? F_WRLCK : F_UNLCK,
        .l_whence = SEEK_SET,
        .l_start = byte,
        .l_len = 1,
    };

    return !fcntl(pool->fd, F_OFD_SETLK, &range);
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

static bool cxl_dcd_pool_lock_exchange(CXLDcdPool *pool, uint64_t from,
                                       uint64_t to)
{
    return __atomic_compare_exchange_n(pool->lock, &from, to, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool cxl_dcd_pool_lock_init(CXLDcdPool *pool, GError **error)
{
    uint64_t there;
    uint32_t opening;
    unsigned tries = 0;

    do {
        if (++tries > OPENING_TRIES) {
            return cxl_dcd_pool_fail(error, errno, "cannot lock pool '%s': %s",
                                     pool->path, g_strerror(errno));
        }
        opening = g_random_int() % POOL_OPENINGS;
    } while (!cxl_dcd_pool_lock_byte(pool, POOL_LOCK_OPENING + opening, true));
    pool->token = (uint64_t)(opening + 1) << TOKEN_SHIFT | g_random_int();
    /* One who had this opening before us has died, and would seem alive now */
    there = __atomic_load_n(pool->lock, __ATOMIC_SEQ_CST);
    if (there >> TOKEN_SHIFT == opening + 1) {
        cxl_dcd_pool_lock_exchange(pool, there, 0);
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

/* Free, or of one who has died */
static bool cxl_dcd_pool_lock_try(CXLDcdPool *pool, bool look)
{
    uint64_t there = __atomic_load_n(pool->lock, __ATOMIC_RELAXED);

    return (!there || (look && !cxl_dcd_pool_lock_owner_lives(pool, there))) &&
           cxl_dcd_pool_lock_exchange(pool, there, pool->token);
}

bool cxl_dcd_pool_lock(CXLDcdPool *pool, GError **error)
{
    gint64 end = 0;
    bool late = false;
    unsigned tries;

    for (tries = 0; !cxl_dcd_pool_lock_try(pool, late || tries >= SPINS);
         tries++) {
        /* When time is up, it is looked at once more who has it. */
        if (late) {
            return cxl_dcd_pool_fail(error, ETIMEDOUT,
                                     "pool '%s' was locked "
                                     "by another process for %u ms; is one of "
                                     "its processes stopped?",
                                     pool->path, pool->wait_ms);
        }
        if (tries < SPINS && tries % SPINS_PER_YIELD != SPINS_PER_YIELD - 1) {
            continue;
        }
        if (!end) {
            end = g_get_monotonic_time() + pool->wait_ms * 1000;
        }
        late = g_get_monotonic_time() > end;
        if (!late && tries < SPINS) {
            g_thread_yield();
        } else if (!late) {
            g_usleep(50);
        }
    }
    return true;
}

void cxl_dcd_pool_set_wait(CXLDcdPool *pool, unsigned ms)
{
    pool->wait_ms = ms;
}

void cxl_dcd_pool_unlock(CXLDcdPool *pool)
{
    cxl_dcd_pool_lock_exchange(pool, pool->token, 0);
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
