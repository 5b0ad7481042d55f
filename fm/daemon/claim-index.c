/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which claims concern whom */
#include <string.h>
#include "claim-index.h"
#include "log.h"

/* What counts of a claim and its status; texts are "" for none */
struct indexed {
    char uuid[FMD_UUID_TEXT];
    bool put, said;               /* the claim, its status is there */
    char *host;                   /* of the claim, as the next three */
    char *by;
    uint64_t bytes;
    bool deleted;
    char *pool;                   /* of the status, as the next two */
    enum fmd_phase phase;
    bool has;                     /* some of it is out */
};

/* Claims that have one thing in common */
struct group {
    GHashTable *claims;           /* a set of struct indexed */
    uint64_t promised;            /* bytes; of pools */
};

struct claim_index {
    GHashTable *claims;           /* UUID: struct indexed */
    GHashTable *pools;            /* UUID, "" for none: struct group */
    GHashTable *hosts;            /* as claims name them: struct group */
    GHashTable *makers;           /* struct group */
    GHashTable *owned;            /* a set of UUIDs of pools */
    uint64_t phases[FMD_PHASE_MAX];
    unsigned count;
};

/* --- News --- */

static GHashTable *index_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

struct claim_news *claim_news_new(void)
{
    struct claim_news *news = g_new0(struct claim_news, 1);

    news->pools = index_set();
    news->hosts = index_set();
    return news;
}

void claim_news_free(struct claim_news *news)
{
    g_hash_table_unref(news->pools);
    g_hash_table_unref(news->hosts);
    g_free(news);
}

/* One that is in a pool is that pool's business, else that of its host's. */
static void index_tell(const struct indexed *claim, struct claim_news *news)
{
    if (news && *claim->pool) {
        g_hash_table_add(news->pools, g_strdup(claim->pool));
    } else if (news && *claim->host) {
        g_hash_table_add(news->hosts, g_strdup(claim->host));
    }
}

/* --- Groups --- */

static void group_free(void *opaque)
{
    struct group *group = opaque;

    g_hash_table_unref(group->claims);
    g_free(group);
}

static GHashTable *index_groups(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, group_free);
}

static struct group *group_enter(GHashTable *groups, const char *name,
                                 struct indexed *claim)
{
    struct group *group = g_hash_table_lookup(groups, name);

    if (!group) {
        group = g_new0(struct group, 1);
        group->claims = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(groups, g_strdup(name), group);
    }
    g_hash_table_add(group->claims, claim);
    return group;
}

static void group_leave(GHashTable *groups, const char *name,
                        struct indexed *claim, uint64_t promised)
{
    struct group *group = g_hash_table_lookup(groups, name);

    group->promised -= promised;
    g_hash_table_remove(group->claims, claim);
    if (!g_hash_table_size(group->claims)) {
        g_hash_table_remove(groups, name);
    }
}

static void group_add_to(GHashTable *groups, const char *name, GHashTable *set)
{
    const struct group *group = g_hash_table_lookup(groups, name);
    GHashTableIter iter;
    void *claim;

    if (group) {
        g_hash_table_iter_init(&iter, group->claims);
        while (g_hash_table_iter_next(&iter, &claim, NULL)) {
            g_hash_table_add(set, g_strdup(((struct indexed *)claim)->uuid));
        }
    }
}

/* --- One claim --- */

static void index_free_claim(void *opaque)
{
    struct indexed *claim = opaque;

    g_free(claim->host);
    g_free(claim->by);
    g_free(claim->pool);
    g_free(claim);
}

static struct indexed *index_claim(struct claim_index *index, const char *uuid)
{
    struct indexed *claim = g_hash_table_lookup(index->claims, uuid);

    if (!claim) {
        claim = g_new0(struct indexed, 1);
        g_strlcpy(claim->uuid, uuid, sizeof(claim->uuid));
        claim->host = g_strdup("");
        claim->by = g_strdup("");
        claim->pool = g_strdup("");
        g_hash_table_insert(index->claims, claim->uuid, claim);
    }
    return claim;
}

static uint64_t index_promised(const struct indexed *claim)
{
    return *claim->pool && !claim->deleted && !claim->has ? claim->bytes : 0;
}

static void index_enter(struct claim_index *index, struct indexed *claim)
{
    group_enter(index->pools, claim->pool, claim)->promised +=
        index_promised(claim);
    group_enter(index->hosts, claim->host, claim);
    group_enter(index->makers, claim->by, claim);
    if (claim->put) {
        index->count++;
        index->phases[claim->phase]++;
    }
}

static void index_leave(struct claim_index *index, struct indexed *claim)
{
    group_leave(index->pools, claim->pool, claim, index_promised(claim));
    group_leave(index->hosts, claim->host, claim, 0);
    group_leave(index->makers, claim->by, claim, 0);
    if (claim->put) {
        index->count--;
        index->phases[claim->phase]--;
    }
}

static void index_complain(const struct store_entry *entry, GError *error)
{
    if (error) {
        log_line(LOG_LEVEL_ERROR, "%s: %s: it is left alone", entry->key,
                 error->message);
        g_error_free(error);
    }
}

static void index_set_text(char **to, const char *text)
{
    g_free(*to);
    *to = g_strdup(text);
}

/* One that makes no sense is counted, and is nobody's. */
static void index_read_claim(struct indexed *claim,
                             const struct store_entry *entry)
{
    GError *error = NULL;
    g_autoptr(fmd_claim) read = entry->value ? fmd_claim_parse(
        claim->uuid, entry->value, &error) : NULL;

    index_complain(entry, error);
    claim->put = entry->value;
    index_set_text(&claim->host, read ? read->host : "");
    index_set_text(&claim->by, read ? read->by : "");
    claim->bytes = read ? read->bytes : 0;
    claim->deleted = read && read->deleted;
}

static void index_read_status(struct indexed *claim,
                              const struct store_entry *entry)
{
    GError *error = NULL;
    g_autoptr(fmd_status) read = entry->value ? fmd_status_parse(
        claim->uuid, entry->value, &error) : NULL;

    index_complain(entry, error);
    claim->said = entry->value;
    index_set_text(&claim->pool, read ? read->pool : "");
    claim->phase = read ? read->phase : FMD_PENDING;
    claim->has = read && read->extents->len;
}

static void index_put_claim(struct claim_index *index, const char *uuid,
                            bool status, const struct store_entry *entry,
                            struct claim_news *news)
{
    struct indexed *claim = index_claim(index, uuid);

    if (claim->put || claim->said) {
        index_tell(claim, news);
        index_leave(index, claim);
    }
    if (status) {
        index_read_status(claim, entry);
    } else {
        index_read_claim(claim, entry);
    }
    if (claim->put || claim->said) {
        index_enter(index, claim);
        index_tell(claim, news);
    } else {
        g_hash_table_remove(index->claims, uuid);
    }
}

/* --- Owners of pools --- */

/* Of a pool that nobody keeps any more, others may take hosts over. */
static void index_tell_left(const struct claim_index *index, const char *pool,
                            struct claim_news *news)
{
    const struct group *group = g_hash_table_lookup(index->pools, pool);
    GHashTableIter iter;
    void *claim;

    if (group) {
        g_hash_table_iter_init(&iter, group->claims);
        while (g_hash_table_iter_next(&iter, &claim, NULL)) {
            const char *host = ((struct indexed *)claim)->host;

            if (*host) {
                g_hash_table_add(news->hosts, g_strdup(host));
            }
        }
    }
}

static void index_put_owner(struct claim_index *index, const char *pool,
                            bool owned, struct claim_news *news)
{
    if (owned) {
        g_hash_table_add(index->owned, g_strdup(pool));
    } else {
        g_hash_table_remove(index->owned, pool);
    }
    if (news) {
        g_hash_table_add(news->pools, g_strdup(pool));
        if (!owned) {
            index_tell_left(index, pool, news);
        }
    }
}

/* --- All --- */

struct claim_index *claim_index_new(void)
{
    struct claim_index *index = g_new0(struct claim_index, 1);

    index->claims = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          index_free_claim);
    index->pools = index_groups();
    index->hosts = index_groups();
    index->makers = index_groups();
    index->owned = index_set();
    return index;
}

void claim_index_free(struct claim_index *index)
{
    g_hash_table_unref(index->pools);
    g_hash_table_unref(index->hosts);
    g_hash_table_unref(index->makers);
    g_hash_table_unref(index->owned);
    g_hash_table_unref(index->claims);
    g_free(index);
}

/* The UUID of a key below @prefix; *ret_rest: what is behind it */
static bool index_key(const char *key, const char *prefix,
                      char uuid[FMD_UUID_TEXT], const char **ret_rest)
{
    const char *at = key + strlen(prefix);
    g_autofree char *text = NULL;

    if (!g_str_has_prefix(key, prefix) || strlen(at) < FMD_UUID_TEXT - 1) {
        return false;
    }
    text = g_strndup(at, FMD_UUID_TEXT - 1);
    *ret_rest = at + FMD_UUID_TEXT - 1;
    return fmd_uuid_parse(text, uuid) && !strcmp(text, uuid);
}

void claim_index_put(struct claim_index *index,
                     const struct store_entry *entry, struct claim_news *news)
{
    char uuid[FMD_UUID_TEXT];
    const char *rest;

    if (index_key(entry->key, FMD_CLAIMS, uuid, &rest)) {
        if (!*rest || !strcmp(rest, "/status")) {
            index_put_claim(index, uuid, *rest, entry, news);
        }
    } else if (index_key(entry->key, FMD_POOLS, uuid, &rest) &&
               !strcmp(rest, "/owner")) {
        index_put_owner(index, uuid, entry->value, news);
    }
}

void claim_index_of_pool(const struct claim_index *index, const char *pool,
                         const GPtrArray *hosts, GHashTable *set)
{
    unsigned i;

    group_add_to(index->pools, pool, set);
    for (i = 0; i < hosts->len; i++) {
        group_add_to(index->hosts, hosts->pdata[i], set);
    }
}

void claim_index_left(const struct claim_index *index, GHashTable *set)
{
    GHashTableIter iter;
    void *pool;

    g_hash_table_iter_init(&iter, index->pools);
    while (g_hash_table_iter_next(&iter, &pool, NULL)) {
        if (!g_hash_table_contains(index->owned, pool)) {
            group_add_to(index->pools, pool, set);
        }
    }
}

void claim_index_promises(const struct claim_index *index,
                          void (*fn)(const char *pool, uint64_t bytes,
                                     void *opaque), void *opaque)
{
    GHashTableIter iter;
    void *pool, *group;

    g_hash_table_iter_init(&iter, index->pools);
    while (g_hash_table_iter_next(&iter, &pool, &group)) {
        if (((struct group *)group)->promised) {
            fn(pool, ((struct group *)group)->promised, opaque);
        }
    }
}

unsigned claim_index_count(const struct claim_index *index)
{
    return index->count;
}

unsigned claim_index_count_by(const struct claim_index *index, const char *by)
{
    const struct group *group = g_hash_table_lookup(index->makers, by);

    return group ? g_hash_table_size(group->claims) : 0;
}

void claim_index_phases(const struct claim_index *index,
                        uint64_t ret[FMD_PHASE_MAX])
{
    memcpy(ret, index->phases, sizeof(index->phases));
}
