/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at all claims of a pool */
#include <string.h>
#include "counters.h"
#include "log.h"
#include "pool-act.h"
#include "pool-claim.h"
#include "pool-memo.h"
#include "pool-own.h"
#include "pool-pass.h"

#define SHOW_MS 2000

/* Nobody keeps the pool that it was placed in. */
static bool pass_is_left(struct pool *pool, const struct wish *wish)
{
    g_autofree char *key = fmd_key_owner(wish->status->pool);
    struct store_entry *owner = mirror_get(pool->fmd->mirror, key);
    bool left = !owner;

    store_entry_free(owner);
    return left;
}

/*
 * A claim for a host of ours that nobody has placed yet; or its host was of
 * another pool before, which is gone: a host is at one place. What follows writes
 * it.
 */
static bool pass_place(struct pool *pool, struct wish *wish)
{
    struct head *head = *wish->claim->host ?
                        pool_find_head(pool, wish->claim->host) : NULL;
    g_autoptr(fmd_status) next = NULL;

    if (!head || head->state != HEAD_UP ||
        (*wish->status->pool && !pass_is_left(pool, wish))) {
        return false;
    }
    next = pool_status_copy(wish->status);
    if (*wish->claim->pool && strcmp(wish->claim->pool, pool->uuid)) {
        g_autofree char *text = g_strdup_printf(
            "host %s is not of that pool, but of %s", head->host->name,
            pool->uuid);

        next->phase = FMD_PENDING;
        pool_status_text(&next->message, text);
        pool_wish_write(pool, wish, next, NULL);
        return false;
    }
    next->phase = wish->claim->deleted ? FMD_PENDING : FMD_PLACED;
    next->since = 0;              /* until it is written */
    pool_status_text(&next->host, head->host->uuid);
    pool_status_text(&next->pool, pool->uuid);
    pool_status_text(&next->message, "");
    /* It is written with what follows from it: that saves a write to the disk. */
    fmd_status_free(wish->status);
    wish->status = g_steal_pointer(&next);
    wish->unsaid = true;
    return true;
}

/* Its host is of another pool now, and nothing of it is here. */
static bool pass_unplace(struct pool *pool, struct wish *wish)
{
    g_autoptr(fmd_status) next = NULL;

    if (pool_find_head(pool, wish->status->host) || wish->claim->deleted ||
        !pool->truth->known || truth_tag(pool->truth, wish->uuid)) {
        return false;
    }
    next = pool_status_copy(wish->status);
    next->phase = FMD_PENDING;
    pool_status_text(&next->host, "");
    pool_status_text(&next->pool, "");
    pool_status_text(&next->message, "its host is not of this pool any more");
    pool_wish_write(pool, wish, next, NULL);
    return true;
}

/* --- Tags that are not of claims of this pool --- */

/* Its claim is kept by another pool: what is here is asked back. */
static void pass_stray(struct pool *pool, const char *tag, const GArray *index)
{
    unsigned i;

    for (i = 0; i < index->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece,
            g_array_index(index, guint, i));
        struct memo *memo;

        if (!piece->head || piece->head->state != HEAD_UP ||
            piece->state != CXLFM_EXTENT_ACCEPTED) {
            continue;
        }
        memo = pool_memo(pool, tag, piece->head->host->uuid);
        if (memo->failed && g_get_monotonic_time() - memo->failed <
            memo->patience) {
            continue;
        }
        /* Nothing is written, but whoever is not the owner must not act. */
        if (pool_write(pool, NULL, 0, NULL, 0, NULL) &&
            pool_act(pool, FMD_ACT_RELEASE, tag, piece->head, piece->region, 0,
                     memo)) {
            pool->at_once = true;
        }
        return;
    }
}

static void pass_orphan(struct pool *pool, const char *tag, GHashTable *seen)
{
    unsigned passes = GPOINTER_TO_UINT(g_hash_table_lookup(pool->orphans,
                                                           tag));

    /* What the store has must be known for sure. */
    if (mirror_stale(pool->fmd->mirror, NULL)) {
        return;
    }
    g_hash_table_insert(seen, g_strdup(tag), GUINT_TO_POINTER(passes + 1));
    if (!passes) {
        /* Its claim may be on its way: look again before it is called so. */
        pool->again = MIN(pool->again, g_get_monotonic_time() +
                          G_USEC_PER_SEC);
    } else if (passes == 1) {
        events_add(pool->fmd->events, "orphan", tag, NULL, "capacity with this "
                   "tag is out, and no claim has it");
    }
}

/* Does another pool keep the claim of this tag? */
static bool pass_is_elsewhere(struct pool *pool, const char *tag)
{
    g_autofree char *key = fmd_key_status(tag);
    struct store_entry *entry = mirror_get(pool->fmd->mirror, key);
    g_autoptr(fmd_status) status = entry ? fmd_status_parse(tag, entry->value,
                                                            NULL) : NULL;

    store_entry_free(entry);
    return status && *status->pool && strcmp(status->pool, pool->uuid);
}

static void pass_others(struct pool *pool, GHashTable *mine)
{
    GHashTable *seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             NULL);
    GHashTableIter iter;
    void *tag, *index;

    g_hash_table_iter_init(&iter, pool->truth->tags);
    while (g_hash_table_iter_next(&iter, &tag, &index)) {
        g_autofree char *key = fmd_key_claim(tag);
        struct store_entry *claim;

        if (g_hash_table_contains(mine, tag)) {
            continue;
        }
        claim = mirror_get(pool->fmd->mirror, key);
        if (!claim) {
            pass_orphan(pool, tag, seen);
        } else if (pool_is_own(pool) && pass_is_elsewhere(pool, tag)) {
            pass_stray(pool, tag, index);
        }
        store_entry_free(claim);
    }
    g_hash_table_unref(pool->orphans);
    pool->orphans = seen;
}

/* --- All --- */

static void pass_claims(struct pool *pool, const GPtrArray *wishes,
                        GHashTable *mine)
{
    unsigned i;

    for (i = 0; i < wishes->len && pool_is_own(pool) && !pool_has_ended(pool);
         i++) {
        struct wish *wish = wishes->pdata[i];

        __atomic_store_n(&pool->alive, g_get_monotonic_time(),
                         __ATOMIC_RELAXED);
        if (!wish->claim || wish->broken) {
            continue;
        }
        if (strcmp(wish->status->pool, pool->uuid) &&
            !pass_place(pool, wish)) {
            continue;
        }
        g_hash_table_add(mine, wish->uuid);
        if (!pass_unplace(pool, wish)) {
            pool_claim_step(pool, wish);
        }
    }
}

void pool_pass(struct pool *pool)
{
    g_autoptr(GPtrArray) wishes = NULL;
    g_autoptr(GHashTable) mine = g_hash_table_new(g_str_hash, g_str_equal);
    int64_t begin = g_get_monotonic_time();

    /* Of what we wrote, the copy must not show an older state. */
    if (!mirror_wait(pool->fmd->mirror, pool->written, SHOW_MS)) {
        pool->again = begin + G_USEC_PER_SEC;
        return;
    }
    wishes = pool_wishes(pool);
    if (pool_is_own(pool)) {
        pass_claims(pool, wishes, mine);
    }
    pass_others(pool, mine);
    counter_add(FMD_COUNT_PASSES, 0, 1);
    counter_add(FMD_COUNT_PASS_US, 0, g_get_monotonic_time() - begin);
}
