/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose the pool is
 *
 * The owner's key hangs on the daemon's lease; the revision that created it is
 * the epoch, and every write of the owner compares it. The lock of the machine
 * is held as long as the process lives, also when it is stopped and its lease
 * lapses: nobody of this machine acts on the pool before it has ended.
 */
#include <string.h>
#include "log.h"
#include "pool-lock.h"
#include "pool-own.h"

#define MORE 4

static void pool_own_error(struct pool *pool, const char *text)
{
    if (g_strcmp0(pool->error, text)) {
        if (text) {
            log_line(LOG_LEVEL_WARNING, "pool %s is not ours: %s", pool->uuid,
                     text);
        }
        g_free(pool->error);
        pool->error = g_strdup(text);
    }
}

bool pool_is_own(const struct pool *pool)
{
    return pool->epoch && lease_is(pool->lease, pool->epoch_lease);
}

void pool_disown(struct pool *pool, const char *why)
{
    if (pool->epoch) {
        pool->epoch = 0;
        pool_own_error(pool, why);
        events_add(pool->fmd->events, "pool", pool->uuid, NULL,
                   "is not ours any more: %s", why);
    }
}

static bool pool_own_lock(struct pool *pool)
{
    g_autoptr(GError) error = NULL;
    const char *file = pool->truth ? pool->truth->pool->file : "";

    /* When nobody had told the file's name yet, it was locked without. */
    if (pool->lock_fds[0] >= 0 && (!*file || pool->locked_file)) {
        return true;
    }
    pool_lock_drop(pool->lock_fds);
    pool->locked_file = *file;
    if (!pool_lock_take(pool->fmd->config->run, pool->uuid, file,
                        pool->lock_fds, &error)) {
        pool_own_error(pool, error->message);
        return false;
    }
    return true;
}

static void pool_own_begin(struct pool *pool, uint64_t epoch, int64_t lease)
{
    pool->epoch = epoch;
    pool->epoch_lease = lease;
    g_clear_pointer(&pool->published, g_free);
    pool_own_error(pool, NULL);
    events_add(pool->fmd->events, "pool", pool->uuid, NULL, "is ours, epoch %"
               G_GUINT64_FORMAT, epoch);
}

/* Who has it? Perhaps we: an answer may have been lost. */
static bool pool_own_read(struct pool *pool, const char *key, int64_t lease)
{
    struct store_entry *entry = core_read(pool->fmd, key, NULL);
    g_autoptr(fmd_owner) owner = entry ? fmd_owner_parse(NULL, entry->value,
                                                         NULL) : NULL;
    bool mine = entry && core_owner_is_us(pool->fmd, entry, lease);

    if (mine) {
        pool_own_begin(pool, entry->create_rev, lease);
    } else if (owner) {
        g_autofree char *text = g_strdup_printf(
            "the cxl-fmd of machine %s with process id %" G_GINT64_FORMAT
            " has it", owner->machine, owner->pid);

        pool_own_error(pool, text);
    }
    store_entry_free(entry);
    return mine;
}

bool pool_own(struct pool *pool)
{
    g_autofree char *key = fmd_key_owner(pool->uuid);
    g_autofree char *value = NULL;
    g_autoptr(GError) error = NULL;
    int64_t lease;
    uint64_t rev;

    /* One without heads is nobody's: they have gone to another. */
    if (!pool->heads->len) {
        pool_give_up(pool);
        return false;
    }
    if (pool_is_own(pool)) {
        if (!pool_own_lock(pool)) {
            pool_give_up(pool);
        }
        return pool->epoch;
    }
    pool_disown(pool, "its lease has lapsed");
    if (!lease_get(pool->lease, &lease)) {
        pool_own_error(pool, "the store does not answer");
        return false;
    }
    if (!pool_own_lock(pool)) {
        return false;
    }
    value = core_owner_text(pool->fmd);
    if (core_write(pool->fmd, &(struct store_cmp) { STORE_IF_ABSENT, key, 0 },
                   1, &(struct store_op) { key, value, lease }, 1, &rev,
                   &error)) {
        pool_own_begin(pool, rev, lease);
        return true;
    }
    if (error->code != FMD_ERROR_CONFLICT) {
        pool_own_error(pool, error->message);
    }
    return pool_own_read(pool, key, lease);
}

bool pool_write(struct pool *pool, const struct store_cmp *compares,
                size_t compare_count, const struct store_op *ops,
                size_t op_count, GError **error)
{
    g_autofree char *key = fmd_key_owner(pool->uuid);
    struct store_cmp all[MORE + 1] = { { STORE_IF_CREATED, key,
                                         pool->epoch } };
    GError *inner = NULL;
    uint64_t rev;

    g_assert(compare_count <= MORE);
    if (compare_count) {
        memcpy(all + 1, compares, compare_count * sizeof(*compares));
    }
    if (core_write(pool->fmd, all, compare_count + 1, ops, op_count, &rev,
                   &inner)) {
        pool->written = MAX(pool->written, rev);
        return true;
    }
    if (inner->code == FMD_ERROR_CONFLICT) {
        GError *unread = NULL;
        struct store_entry *entry = core_read(pool->fmd, key, &unread);

        if (!unread && (!entry || entry->create_rev != pool->epoch)) {
            pool_disown(pool, "somebody else has it");
        }
        g_clear_error(&unread);
        store_entry_free(entry);
    }
    g_propagate_error(error, inner);
    return false;
}

void pool_give_up(struct pool *pool)
{
    g_autofree char *key = fmd_key_owner(pool->uuid);

    if (pool->epoch) {
        core_write(pool->fmd, &(struct store_cmp) { STORE_IF_CREATED, key,
                   pool->epoch }, 1, &(struct store_op) { .key = key }, 1,
                   NULL, NULL);
        pool->epoch = 0;
    }
    pool_lock_drop(pool->lock_fds);
}
