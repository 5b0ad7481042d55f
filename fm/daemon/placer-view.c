/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the placer sees, and whom it chooses */
#include <string.h>
#include "cxlfm.h"
#include "placer-view.h"

static void place_host_free(void *opaque)
{
    struct place_host *host = opaque;

    fmd_host_free(host->host);
    fmd_alive_free(host->alive);
    g_free(host);
}

static void place_pool_free(void *opaque)
{
    struct place_pool *pool = opaque;

    fmd_pool_free(pool->pool);
    g_free(pool);
}

static void place_claim_free(void *opaque)
{
    struct place_claim *claim = opaque;

    fmd_claim_free(claim->claim);
    fmd_status_free(claim->status);
    g_free(claim);
}

struct place_view *place_view_new(void)
{
    struct place_view *view = g_new0(struct place_view, 1);

    view->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        place_host_free);
    view->names = g_hash_table_new(g_str_hash, g_str_equal);
    view->hosts_rev = UINT64_MAX;
    view->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        place_pool_free);
    view->claims = g_ptr_array_new_with_free_func(place_claim_free);
    return view;
}

void place_view_free(struct place_view *view)
{
    g_hash_table_unref(view->names);
    g_hash_table_unref(view->hosts);
    g_hash_table_unref(view->pools);
    g_ptr_array_unref(view->claims);
    g_free(view);
}

/* --- Reading --- */

/* The UUID of a key below @prefix, and the rest of the key */
static bool place_key(const char *key, const char *prefix,
                      char uuid[FMD_UUID_TEXT], const char **ret_rest)
{
    const char *at = key + strlen(prefix);

    if (strlen(at) < FMD_UUID_TEXT - 1) {
        return false;
    }
    g_strlcpy(uuid, at, FMD_UUID_TEXT);
    *ret_rest = at + FMD_UUID_TEXT - 1;
    return true;
}

static void place_read_host(struct place_view *view,
                            const struct store_entry *entry)
{
    char uuid[FMD_UUID_TEXT];
    struct place_host *host;
    const char *rest;
    fmd_host *parsed;

    if (!place_key(entry->key, FMD_HOSTS, uuid, &rest)) {
        return;
    }
    if (!*rest && (parsed = fmd_host_parse(uuid, entry->value, NULL))) {
        host = g_new0(struct place_host, 1);
        host->host = parsed;
        g_hash_table_insert(view->hosts, g_strdup(uuid), host);
        g_hash_table_insert(view->names, parsed->name, host);
    } else if (!strcmp(rest, "/alive")) {
        /* Its host comes before it, in the order of keys. */
        host = g_hash_table_lookup(view->hosts, uuid);
        if (host) {
            host->alive = fmd_alive_parse(NULL, entry->value, NULL);
        }
    }
}

static struct place_pool *place_pool(struct place_view *view, const char *uuid)
{
    struct place_pool *pool = g_hash_table_lookup(view->pools, uuid);

    if (!pool) {
        pool = g_new0(struct place_pool, 1);
        g_hash_table_insert(view->pools, g_strdup(uuid), pool);
    }
    return pool;
}

static void place_read_pool(struct place_view *view,
                            const struct store_entry *entry)
{
    char uuid[FMD_UUID_TEXT];
    const char *rest;

    if (!place_key(entry->key, FMD_POOLS, uuid, &rest)) {
        return;
    }
    if (!*rest) {
        struct place_pool *pool = place_pool(view, uuid);

        fmd_pool_free(pool->pool);
        pool->pool = fmd_pool_parse(uuid, entry->value, NULL);
    } else if (!strcmp(rest, "/owner")) {
        place_pool(view, uuid)->owned = true;
    }
}

static void place_read_claim(struct place_view *view,
                             const struct store_entry *entry)
{
    struct place_claim *last = view->claims->len ?
        view->claims->pdata[view->claims->len - 1] : NULL;
    char uuid[FMD_UUID_TEXT];
    const char *rest;

    if (!place_key(entry->key, FMD_CLAIMS, uuid, &rest)) {
        return;
    }
    if (!*rest) {
        last = g_new0(struct place_claim, 1);
        g_strlcpy(last->uuid, uuid, sizeof(last->uuid));
        last->claim = fmd_claim_parse(uuid, entry->value, NULL);
        last->status = fmd_status_new();
        last->claim_rev = entry->mod_rev;
        g_ptr_array_add(view->claims, last);
    } else if (last && !strcmp(last->uuid, uuid) &&
               !strcmp(rest, "/status")) {
        fmd_status *status = fmd_status_parse(uuid, entry->value, NULL);

        if (status) {
            fmd_status_free(last->status);
            last->status = status;
        } else {
            /* What nobody understands is left alone. */
            g_clear_pointer(&last->claim, fmd_claim_free);
        }
        last->status_rev = entry->mod_rev;
    }
}

static void place_promise(const char *pool, uint64_t bytes, void *opaque)
{
    place_pool(opaque, pool)->promised = bytes;
}

static void place_read(const GPtrArray *entries, struct place_view *view,
                       void (*fn)(struct place_view *view,
                                  const struct store_entry *entry))
{
    unsigned i;

    for (i = 0; i < entries->len; i++) {
        fn(view, entries->pdata[i]);
    }
}

/* There may be thousands, and they seldom change. */
static void place_read_hosts(struct place_view *view, struct mirror *mirror)
{
    uint64_t rev = mirror_hosts(mirror);
    g_autoptr(GPtrArray) entries = NULL;

    if (rev != view->hosts_rev) {
        g_hash_table_remove_all(view->names);
        g_hash_table_remove_all(view->hosts);
        entries = mirror_list(mirror, FMD_HOSTS, NULL);
        place_read(entries, view, place_read_host);
        view->hosts_rev = rev;
    }
}

void place_view_read(struct place_view *view, struct mirror *mirror)
{
    g_autoptr(GPtrArray) pools = mirror_list(mirror, FMD_POOLS, NULL);
    g_autoptr(GPtrArray) claims = NULL;

    place_read_hosts(view, mirror);
    g_hash_table_remove_all(view->pools);
    place_read(pools, view, place_read_pool);
    g_ptr_array_set_size(view->claims, 0);
    claims = mirror_claims_left(mirror, place_promise, view);
    place_read(claims, view, place_read_claim);
}

/* --- Choosing --- */

struct place_host *place_view_host(struct place_view *view, const char *name)
{
    struct place_host *host = g_hash_table_lookup(view->hosts, name);

    return host ? host : g_hash_table_lookup(view->names, name);
}

static bool place_has_labels(const fmd_host *host, GHashTable *selector)
{
    GHashTableIter iter;
    void *name, *text;

    g_hash_table_iter_init(&iter, selector);
    while (g_hash_table_iter_next(&iter, &name, &text)) {
        if (g_strcmp0(g_hash_table_lookup(host->labels, name), text)) {
            return false;
        }
    }
    return true;
}

static bool place_has_declined(const fmd_status *status, const char *uuid)
{
    unsigned i;

    for (i = 0; i < status->declined->len; i++) {
        if (!strcmp(status->declined->pdata[i], uuid)) {
            return true;
        }
    }
    return false;
}

/* Bytes that are free for the claim in the pool; 0: it does not fit */
static uint64_t place_room(const struct place_pool *pool,
                           const fmd_claim *claim)
{
    unsigned i;

    for (i = 0; pool && pool->owned && pool->pool &&
         i < pool->pool->region_count; i++) {
        const struct fmd_region *r = &pool->pool->regions[i];
        uint64_t free = r->available == CXLFM_UNKNOWN ? r->length :
                        r->available;

        if (r->index == claim->region) {
            free -= MIN(free, pool->promised);
            return free >= claim->bytes &&
                   !(r->block_size && claim->bytes % r->block_size) ? free : 0;
        }
    }
    return 0;
}

struct place_host *place_view_choose(struct place_view *view,
                                     const struct place_claim *claim,
                                     unsigned *ret_declined)
{
    struct place_host *best = NULL;
    double most = -1;
    GHashTableIter iter;
    void *value;

    *ret_declined = 0;
    g_hash_table_iter_init(&iter, view->hosts);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct place_host *host = value;
        uint64_t room;

        if (!host->alive || (*claim->claim->pool &&
                             strcmp(claim->claim->pool, host->alive->pool)) ||
            !place_has_labels(host->host, claim->claim->selector)) {
            continue;
        }
        if (place_has_declined(claim->status, host->host->uuid)) {
            ++*ret_declined;
            continue;
        }
        room = place_room(g_hash_table_lookup(view->pools, host->alive->pool),
                          claim->claim);
        if (room && host->host->weight * room > most) {
            most = host->host->weight * room;
            best = host;
        }
    }
    return best;
}
