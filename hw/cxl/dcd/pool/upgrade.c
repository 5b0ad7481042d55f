/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a pool's file of the format before this one
 *
 * Format 3 knew one lock and one journal. Format 4 has parcels where the end of
 * that journal was, and all else is where it was: so when the journal is empty,
 * a file is made one of format 4 by clearing its parcels and then storing the
 * version, in one store. A process that is killed before it leaves a file of
 * format 3, one that is killed behind it one of format 4. The checksum stays
 * that of the header as it was made.
 *
 * Programs that know format 3 only refuse the file from then on. One that has
 * it open already would not notice: so nobody may have it open.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include "error.h"
#include "journal.h"
#include "lock.h"
#include "upgrade.h"

#define WAIT_US 1000000
#define STEP_US 1000

static uint64_t *cxl_dcd_pool_upgrade_version(const CXLDcdPool *pool)
{
    return (uint64_t *)(void *)(pool->meta + offsetof(PoolHeader, version));
}

static bool cxl_dcd_pool_upgrade_is_done(const CXLDcdPool *pool)
{
    return __atomic_load_n(cxl_dcd_pool_upgrade_version(pool),
                           __ATOMIC_SEQ_CST) == POOL_VERSION;
}

/* Nobody has the file open, nor can: what was begun in it is undone. */
static bool cxl_dcd_pool_upgrade_alone(CXLDcdPool *pool, GError **error)
{
    if (cxl_dcd_pool_upgrade_is_done(pool)) {
        return true;
    }
    pool->journal_entries = POOL_ENTRIES_OLD;
    if (!cxl_dcd_pool_put_back(pool, error)) {
        return false;
    }
    __atomic_store_n(pool->lock, 0, __ATOMIC_SEQ_CST);
    /* What is in their journals does not matter: none of it counts */
    memset(pool->parcels, 0, POOL_PARCELS * sizeof(*pool->parcels));
    /* Where it lies on a disk, the parcels are there before the version is */
    if (fsync(pool->fd)) {
        return cxl_dcd_pool_fail(error, errno, "cannot write pool '%s': %s",
                                 pool->path, g_strerror(errno));
    }
    __atomic_store_n(cxl_dcd_pool_upgrade_version(pool), POOL_VERSION,
                     __ATOMIC_SEQ_CST);
    return true;
}

bool cxl_dcd_pool_upgrade(CXLDcdPool *pool, GError **error)
{
    gint64 end = g_get_monotonic_time() + WAIT_US;
    bool ok;

    if (cxl_dcd_pool_upgrade_is_done(pool)) {
        return true;
    }
    while (!cxl_dcd_pool_lock_openings(pool, true)) {
        /* Somebody else may be about it */
        if (cxl_dcd_pool_upgrade_is_done(pool)) {
            return true;
        }
        if (g_get_monotonic_time() > end) {
            return cxl_dcd_pool_fail(error, EBUSY, "pool '%s' has format "
                                     "version %d and is in use by another "
                                     "process; end all that use it, then it "
                                     "is made one of version %d",
                                     pool->path, POOL_VERSION_OLD,
                                     POOL_VERSION);
        }
        g_usleep(STEP_US);
    }
    ok = cxl_dcd_pool_upgrade_alone(pool, error);
    pool->journal_entries = POOL_ENTRIES;
    cxl_dcd_pool_lock_openings(pool, false);
    return ok;
}
