/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of a pass */
#include <string.h>
#include "counters.h"
#include "pool-own.h"
#include "pool-wish.h"

static void wish_free(void *opaque)
{
    struct wish *wish = opaque;

    fmd_claim_free(wish->claim);
    fmd_status_free(wish->status);
    g_free(wish);
}

GHashTable *pool_wishes_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL, wish_free);
}

/* What has not changed was read before. */
static void wish_read_claim(struct wish *wish, const struct store_entry *entry)
{
    if (wish->claim_rev == entry->mod_rev) {
        return;
    }
    fmd_claim_free(wish->claim);
    wish->claim = fmd_claim_parse(wish->uuid, entry->value, NULL);
    wish->claim_rev = entry->mod_rev;
    wish->created = entry->create_rev;
    wish->claim_broken = !wish->claim;
}

/* @entry NULL: there is none */
static void wish_read_status(struct wish *wish,
                             const struct store_entry *entry)
{
    uint64_t rev = entry ? entry->mod_rev : 0;

    if (wish->status && wish->status_rev == rev && !wish->unsaid) {
        return;
    }
    wish->unsaid = false;
    fmd_status_free(wish->status);
    wish->status = entry ? fmd_status_parse(wish->uuid, entry->value, NULL) :
                   NULL;
    wish->status_broken = entry && !wish->status;
    if (!wish->status) {
        wish->status = fmd_status_new();
    }
    wish->status_rev = rev;
}

static int wish_order(const void *a, const void *b)
{
    const struct wish *one = *(struct wish **)a, *two = *(struct wish **)b;

    return one->created < two->created ? -1 : one->created > two->created;
}

static struct wish *wish_get(GHashTable *known, const char *uuid)
{
    struct wish *wish = g_hash_table_lookup(known, uuid);

    if (!wish) {
        wish = g_new0(struct wish, 1);
        g_strlcpy(wish->uuid, uuid, sizeof(wish->uuid));
        g_hash_table_insert(known, wish->uuid, wish);
    }
    return wish;
}

static gboolean wish_is_old(void *key, void *value, void *pass)
{
    return ((struct wish *)value)->pass != *(unsigned *)pass;
}

/* The status of a claim follows it. */
static const struct store_entry *wish_status_of(const GPtrArray *entries,
                                                unsigned claim)
{
    const struct store_entry *base = entries->pdata[claim];
    const struct store_entry *next = claim + 1 < entries->len ?
                                     entries->pdata[claim + 1] : NULL;
    size_t len = strlen(base->key);

    return next && !strncmp(next->key, base->key, len) &&
           !strcmp(next->key + len, "/status") ? next : NULL;
}

/* As claims may name them */
static GPtrArray *wish_hosts(const struct pool *pool)
{
    GPtrArray *hosts = g_ptr_array_new();
    unsigned i;

    for (i = 0; i < pool->heads->len; i++) {
        const struct head *head = pool->heads->pdata[i];

        g_ptr_array_add(hosts, head->host->uuid);
        g_ptr_array_add(hosts, head->host->name);
    }
    return hosts;
}

GPtrArray *pool_wishes(struct pool *pool)
{
    g_autoptr(GPtrArray) hosts = wish_hosts(pool);
    g_autoptr(GPtrArray) entries = mirror_claims_of_pool(
        pool->fmd->mirror, pool->uuid, hosts);
    GPtrArray *wishes = g_ptr_array_new();
    static unsigned passes;
    unsigned pass = __atomic_add_fetch(&passes, 1, __ATOMIC_RELAXED), i;

    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        char uuid[FMD_UUID_TEXT];
        struct wish *wish;

        if (!fmd_uuid_parse(entry->key + strlen(FMD_CLAIMS), uuid)) {
            continue;
        }
        wish = wish_get(pool->wishes, uuid);
        wish->pass = pass;
        wish_read_claim(wish, entry);
        wish_read_status(wish, wish_status_of(entries, i));
        wish->broken = wish->claim_broken || wish->status_broken;
        g_ptr_array_add(wishes, wish);
    }
    g_hash_table_foreach_remove(pool->wishes, wish_is_old, &pass);
    counter_add(FMD_COUNT_LOOKED, 0, wishes->len);
    g_ptr_array_sort(wishes, wish_order);
    return wishes;
}

fmd_status *pool_status_copy(const fmd_status *status)
{
    fmd_status *copy = g_new(fmd_status, 1);
    unsigned i;

    *copy = *status;
    copy->host = g_strdup(status->host);
    copy->pool = g_strdup(status->pool);
    copy->act_host = g_strdup(status->act_host);
    copy->message = g_strdup(status->message);
    copy->extents = g_array_copy(status->extents);
    copy->declined = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < status->declined->len; i++) {
        g_ptr_array_add(copy->declined, g_strdup(status->declined->pdata[i]));
    }
    return copy;
}

void pool_status_text(char **to, const char *text)
{
    if (g_strcmp0(*to, text)) {
        char *copy = g_utf8_make_valid(text, -1);
        size_t len = strlen(copy);

        /* Cut between characters; what a device says may be long. */
        if (len > FMD_TEXT_MAX) {
            char *end = g_utf8_find_prev_char(copy, copy + FMD_TEXT_MAX);

            *end = '\0';
        }
        g_free(*to);
        *to = copy;
    }
}

static unsigned wish_compares(const struct wish *wish, const char *claim_key,
                              const char *status_key,
                              struct store_cmp compares[2])
{
    compares[0] = (struct store_cmp) { STORE_IF_MODIFIED, claim_key,
                                       wish->claim_rev };
    compares[1] = (struct store_cmp) {
        wish->status_rev ? STORE_IF_MODIFIED : STORE_IF_ABSENT, status_key,
        wish->status_rev,
    };
    return 2;
}

static bool wish_lists_are_same(const fmd_status *a, const fmd_status *b)
{
    unsigned i;

    if (a->declined->len != b->declined->len ||
        a->extents->len != b->extents->len ||
        (a->extents->len &&
         memcmp(a->extents->data, b->extents->data,
                a->extents->len * sizeof(struct fmd_extent)))) {
        return false;
    }
    for (i = 0; i < a->declined->len; i++) {
        if (strcmp(a->declined->pdata[i], b->declined->pdata[i])) {
            return false;
        }
    }
    return true;
}

/* The same but for when and by whom it was written */
static bool wish_is_same(const fmd_status *a, const fmd_status *b)
{
    return a->phase == b->phase && a->act == b->act &&
           a->attempts == b->attempts && !strcmp(a->host, b->host) &&
           !strcmp(a->pool, b->pool) && !strcmp(a->act_host, b->act_host) &&
           !strcmp(a->message, b->message) && wish_lists_are_same(a, b);
}

bool pool_wish_write(struct pool *pool, struct wish *wish, fmd_status *next,
                     GError **error)
{
    g_autofree char *claim_key = fmd_key_claim(wish->uuid);
    g_autofree char *status_key = fmd_key_status(wish->uuid);
    g_autofree char *value = NULL;
    struct store_cmp compares[2];

    if (wish->status_rev && !wish->unsaid &&
        wish_is_same(wish->status, next)) {
        return true;
    }
    if (next->phase != wish->status->phase || !next->since) {
        next->since = g_get_real_time() / 1000;
    }
    next->epoch = pool->epoch;
    value = fmd_status_text(next);
    wish_compares(wish, claim_key, status_key, compares);
    if (!pool_write(pool, compares, 2, &(struct store_op) { .key = status_key,
                    .value = value }, 1, error)) {
        return false;
    }
    wish->status_rev = pool->written;
    wish->unsaid = false;
    fmd_status_free(wish->status);
    wish->status = pool_status_copy(next);
    return true;
}

bool pool_wish_gone(struct pool *pool, struct wish *wish)
{
    g_autofree char *claim_key = fmd_key_claim(wish->uuid);
    g_autofree char *status_key = fmd_key_status(wish->uuid);
    const struct store_op ops[] = { { .key = claim_key },
                                    { .key = status_key } };
    struct store_cmp compares[2];

    wish_compares(wish, claim_key, status_key, compares);
    return pool_write(pool, compares, 2, ops, 2, NULL);
}
