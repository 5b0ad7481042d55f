/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of claims at hosts
 *
 * All of it is about time, or about what this process did. Nothing of it says
 * who has what: after a restart the devices are asked, and waiting begins anew.
 */
#include <string.h>
#include "pool-memo.h"

#define SECOND        ((int64_t)G_USEC_PER_SEC)
#define SOON          (SECOND / 4)
#define REFUSED_FIRST SECOND
#define REFUSED_MAX   (60 * SECOND)
#define DECLINED_MAX  (3600 * SECOND)

static void pool_memo_free(void *opaque)
{
    struct memo *memo = opaque;

    g_free(memo->refusal);
    g_free(memo);
}

GHashTable *pool_memos_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                 pool_memo_free);
}

struct memo *pool_memo(struct pool *pool, const char *claim, const char *host)
{
    g_autofree char *key = g_strdup_printf("%s/%s", claim, host);
    struct memo *memo = g_hash_table_lookup(pool->memos, key);

    if (!memo) {
        memo = g_new0(struct memo, 1);
        memo->retry = pool->fmd->config->retry * SECOND;
        g_hash_table_insert(pool->memos, g_steal_pointer(&key), memo);
    }
    return memo;
}

static gboolean pool_memo_is_of(void *key, void *value, void *claim)
{
    return g_str_has_prefix(key, claim);
}

void pool_memo_forget(struct pool *pool, const char *claim)
{
    g_hash_table_foreach_remove(pool->memos, pool_memo_is_of, (void *)claim);
}

static void pool_memo_declined(struct memo *memo, const char *why)
{
    int64_t first = memo->retry;

    memo->patience = memo->declined ? MIN(memo->patience * 2, DECLINED_MAX) :
                     first;
    memo->declined = true;
    memo->failed = g_get_monotonic_time();
    g_free(memo->refusal);
    memo->refusal = g_strdup(why);
}

void pool_memo_failed(struct memo *memo, const char *why, bool soon)
{
    memo->patience = soon ? SOON : memo->failed && !memo->declined ?
                     MIN(memo->patience * 2, REFUSED_MAX) : REFUSED_FIRST;
    memo->declined = false;
    memo->failed = g_get_monotonic_time();
    g_free(memo->refusal);
    memo->refusal = g_strdup(why);
}

static void pool_memo_well(struct memo *memo)
{
    memo->failed = memo->patience = 0;
    memo->declined = false;
    g_clear_pointer(&memo->refusal, g_free);
}

/* What was offered, or had, is not there any more although it is wanted. */
static void pool_memo_vanished(struct memo *memo, const struct head *head)
{
    if (memo->life == head->life && memo->had) {
        pool_memo_declined(memo, "gave it back unasked");
    } else if (memo->life == head->life && memo->sent) {
        pool_memo_declined(memo, "took nothing");
    }
    memo->had = memo->sent = false;
}

void pool_memo_see(struct memo *memo, const struct head *head,
                   const uint64_t bytes[CXLFM_EXTENT_STATE_MAX], bool wanted,
                   uint64_t want)
{
    int64_t now = g_get_monotonic_time();
    uint64_t has = bytes[CXLFM_EXTENT_ACCEPTED] +
                   bytes[CXLFM_EXTENT_RELEASING];
    bool asked = bytes[CXLFM_EXTENT_RELEASING];
    bool offered = bytes[CXLFM_EXTENT_PENDING];

    memo->asked = !asked ? 0 : memo->asked ? memo->asked : now;
    memo->offered = !offered ? 0 : memo->offered ? memo->offered : now;
    if (!has) {
        memo->last_ask = memo->ask_patience = 0;
    }
    if (!wanted || head->state != HEAD_UP) {
        memo->had = memo->sent = false;
        return;
    }
    if (has >= want) {
        memo->had = true;
        memo->life = head->life;
        pool_memo_well(memo);
    } else if (has && !offered && memo->sent) {
        memo->sent = false;
        pool_memo_declined(memo, "took only a part");
    } else if (!has && !offered && (memo->had || memo->sent)) {
        pool_memo_vanished(memo, head);
    }
}

void pool_memo_asked(struct memo *memo)
{
    memo->last_ask = g_get_monotonic_time();
    memo->ask_patience = memo->ask_patience ?
                         MIN(memo->ask_patience * 2, DECLINED_MAX) :
                         memo->retry;
}

/* Of a daemon before us it is not known when it asked: ask. */
static int64_t pool_memo_ask_in(const struct memo *memo)
{
    int64_t due = memo->last_ask + memo->ask_patience;

    return MAX(due - g_get_monotonic_time(), 0) / 1000;
}

static int64_t pool_memo_ms(int64_t since)
{
    return since ? (g_get_monotonic_time() - since) / 1000 : PLAN_NEVER;
}

void pool_memo_fill(const struct memo *memo, const struct head *head,
                    struct plan_host *host)
{
    host->asked = pool_memo_ms(memo->asked);
    host->ask_in = pool_memo_ask_in(memo);
    host->offered = pool_memo_ms(memo->offered);
    host->failed = pool_memo_ms(memo->failed);
    host->patience = memo->patience / 1000;
    host->declined = memo->declined;
    host->life_changed = head && memo->life != head->life;
    host->refusal = memo->refusal;
}
