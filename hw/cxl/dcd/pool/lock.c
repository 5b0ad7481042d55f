/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: who may change what in a pool's file
 *
 * Bytes of the file are locked, which the kernel ends with the process: one
 * for the pool, one per host.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include "error.h"
#include "lock.h"

#define SPINS 200

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

bool cxl_dcd_pool_lock(CXLDcdPool *pool, GError **error)
{
    gint64 end = 0;
    unsigned tries;

    for (tries = 0; !cxl_dcd_pool_lock_byte(pool, POOL_LOCK_POOL, true);
         tries++) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            return cxl_dcd_pool_fail(error, errno, "cannot lock pool '%s': %s",
                                     pool->path, g_strerror(errno));
        }
        if (tries < SPINS) {
            g_thread_yield();
            continue;
        }
        if (!end) {
            end = g_get_monotonic_time() + pool->wait_ms * 1000;
        } else if (g_get_monotonic_time() > end) {
            return cxl_dcd_pool_fail(error, ETIMEDOUT,
                                     "pool '%s' was locked "
                                     "by another process for %u ms; is one of "
                                     "its processes stopped?",
                                     pool->path, pool->wait_ms);
        }
        g_usleep(50);
    }
    return true;
}

void cxl_dcd_pool_set_wait(CXLDcdPool *pool, unsigned ms)
{
    pool->wait_ms = ms;
}

void cxl_dcd_pool_unlock(CXLDcdPool *pool)
{
    cxl_dcd_pool_lock_byte(pool, POOL_LOCK_POOL, false);
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
    struct flock range = {
        .l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = POOL_LOCK_HOST + host,
        .l_len = 1,
    };

    if (host >= pool->config.max_hosts) {
        return false;
    }
    if (pool->attached[host]) {
        return true;
    }
    /* Only looked at: to take it would have the host find itself in use */
    return fcntl(pool->fd, F_OFD_GETLK, &range) || range.l_type != F_UNLCK;
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
