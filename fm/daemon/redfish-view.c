/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is, as one request sees it */
#include <string.h>
#include "api-call.h"
#include "redfish-node.h"
#include "redfish-view.h"

static void view_put(gpointer data)
{
    json_object_put(data);
}

void redfish_view_begin(RedfishView *view, HttpRequest *request)
{
    memset(view, 0, sizeof(*view));
    view->request = request;
    view->fmd = api_fmd(request);
    view->lives = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        view_put);
    view->some = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                       view_put);
}

void redfish_view_end(RedfishView *view)
{
    g_clear_pointer(&view->heads, g_hash_table_unref);
    g_clear_pointer(&view->place_of, g_hash_table_unref);
    g_clear_pointer(&view->pool_of, g_hash_table_unref);
    g_clear_pointer(&view->host_of, g_hash_table_unref);
    g_clear_pointer(&view->host_named, g_hash_table_unref);
    g_clear_pointer(&view->claim_of, g_hash_table_unref);
    g_hash_table_unref(view->lives);
    g_hash_table_unref(view->some);
    json_object_put(view->pools);
    json_object_put(view->hosts);
    json_object_put(view->claims);
}

/* Those of @list by what they have as @key: whoever looks for all of them would
   look at each for each. */
static GHashTable *view_index(struct json_object *list, const char *key)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
    size_t i;

    for (i = 0; i < node_count(list); i++) {
        struct json_object *o = node_at(list, i);

        g_hash_table_insert(index, (char *)node_get_text(o, key), o);
    }
    return index;
}

struct json_object *redfish_pools(RedfishView *view)
{
    uint64_t rev;

    if (!view->pools) {
        view->pools = fmd_pool_list(view->fmd, &rev, NULL);
        view->pool_of = view_index(view->pools, "uuid");
    }
    return view->pools;
}

struct json_object *redfish_hosts(RedfishView *view)
{
    uint64_t rev;

    if (!view->hosts) {
        view->hosts = fmd_host_list(view->fmd, &rev, NULL);
        view->host_of = view_index(view->hosts, "uuid");
        view->host_named = view_index(view->hosts, "name");
    }
    return view->hosts;
}

struct json_object *redfish_claims(RedfishView *view)
{
    uint64_t rev;

    if (!view->claims) {
        view->claims = fmd_claim_list(view->fmd, &rev, NULL);
        view->claim_of = view_index(view->claims, "uuid");
    }
    return view->claims;
}

struct json_object *redfish_pool(RedfishView *view, const char *uuid)
{
    redfish_pools(view);
    return g_hash_table_lookup(view->pool_of, uuid);
}

struct json_object *redfish_region(RedfishView *view, const char *pool,
                                   const char *index)
{
    struct json_object *o = redfish_pool(view, pool);
    struct json_object *regions = node_get(o, "regions");
    size_t i;

    for (i = 0; i < node_count(regions); i++) {
        struct json_object *region = node_at(regions, i);
        g_autofree char *name = g_strdup_printf(
            "%" G_GUINT64_FORMAT, node_get_number(region, "index"));

        if (!strcmp(name, index)) {
            return region;
        }
    }
    return NULL;
}

struct json_object *redfish_claim(RedfishView *view, const char *uuid)
{
    gpointer claim = NULL;

    if (view->claims) {
        return g_hash_table_lookup(view->claim_of, uuid);
    }
    /* There may be thousands, and one is asked for. */
    if (!g_hash_table_lookup_extended(view->some, uuid, NULL, &claim)) {
        claim = fmd_get(view->fmd, "claims", uuid, NULL, NULL);
        g_hash_table_insert(view->some, g_strdup(uuid), claim);
    }
    return claim;
}

struct json_object *redfish_host(RedfishView *view, const char *name)
{
    redfish_hosts(view);
    return g_hash_table_lookup(view->host_named, name);
}

struct json_object *redfish_host_named(RedfishView *view, const char *word)
{
    struct json_object *host;

    redfish_hosts(view);
    host = g_hash_table_lookup(view->host_of, word);
    return host ? host : redfish_host(view, word);
}

const char *redfish_claim_pool(struct json_object *claim)
{
    const char *placed = node_get_text(node_get(claim, "status"), "pool");

    return *placed ? placed : node_get_text(claim, "pool");
}

const char *redfish_claim_phase(struct json_object *claim)
{
    const char *phase = node_get_text(node_get(claim, "status"), "phase");

    return *phase ? phase : "Pending";
}

GPtrArray *redfish_claim_hosts(RedfishView *view, struct json_object *claim)
{
    const char *placed = node_get_text(node_get(claim, "status"), "host");
    const char *first = *placed ? placed : node_get_text(claim, "host");
    struct json_object *shared = node_get(claim, "shared_with"), *host;
    GPtrArray *found = g_ptr_array_new();
    size_t i;

    host = *first ? redfish_host_named(view, first) : NULL;
    if (host) {
        g_ptr_array_add(found, host);
    }
    for (i = 0; i < node_count(shared); i++) {
        host = redfish_host_named(view, json_object_get_string(
            node_at(shared, i)));
        if (host) {
            g_ptr_array_add(found, host);
        }
    }
    return found;
}

/* What the owner of @pool sees, if that is here; NULL */
static struct json_object *view_live(RedfishView *view, const char *pool)
{
    gpointer live = NULL;

    if (!g_hash_table_lookup_extended(view->lives, pool, NULL, &live)) {
        live = fmd_pool_live(view->fmd, pool, NULL);
        g_hash_table_insert(view->lives, g_strdup(pool), live);
    }
    return live;
}

/* By what pools of this daemon see */
static GHashTable *view_places(RedfishView *view)
{
    GHashTable *places = g_hash_table_new(g_str_hash, g_str_equal);
    struct json_object *pools = redfish_pools(view);
    size_t i, j;

    for (i = 0; i < node_count(pools); i++) {
        const char *pool = node_get_text(node_at(pools, i), "uuid");
        struct json_object *hosts = node_get(view_live(view, pool), "hosts");

        for (j = 0; j < node_count(hosts); j++) {
            g_hash_table_insert(places, (char *)node_get_text(
                node_at(hosts, j), "uuid"), (char *)pool);
        }
    }
    return places;
}

const char *redfish_host_pool(RedfishView *view, struct json_object *host)
{
    const char *alive = node_get_text(node_get(host, "alive"), "pool");
    const char *pool;

    if (*alive && redfish_pool(view, alive)) {
        return alive;
    }
    if (!view->place_of) {
        view->place_of = view_places(view);
    }
    pool = g_hash_table_lookup(view->place_of, node_get_text(host, "uuid"));
    return pool ? pool : "";
}

const GPtrArray *redfish_pool_hosts(RedfishView *view, const char *pool)
{
    static const GPtrArray none;
    struct json_object *hosts = redfish_hosts(view);
    const GPtrArray *heads;
    size_t i;

    if (!view->heads) {
        view->heads = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                            (GDestroyNotify)g_ptr_array_unref);
        for (i = 0; i < node_count(hosts); i++) {
            struct json_object *host = node_at(hosts, i);
            const char *place = redfish_host_pool(view, host);
            GPtrArray *list = g_hash_table_lookup(view->heads, place);

            if (!list) {
                list = g_ptr_array_new();
                g_hash_table_insert(view->heads, (char *)place, list);
            }
            g_ptr_array_add(list, host);
        }
    }
    heads = *pool ? g_hash_table_lookup(view->heads, pool) : NULL;
    return heads ? heads : &none;
}

/* --- Extents --- */

static void view_extent(GArray *to, struct json_object *from, const char *tag,
                        bool shared)
{
    RedfishExtent extent = {
        .tag = tag,
        .state = node_get_text(from, "state"),
        .offset = node_get_number(from, "offset"),
        .length = node_get_number(from, "length"),
        .shared = shared,
    };

    g_array_append_val(to, extent);
}

static bool view_is_of(struct json_object *extent, const char *host,
                       uint64_t region)
{
    return !strcmp(node_get_text(extent, "host"), host) &&
           node_get_number(extent, "region") == region;
}

static gint view_by_offset(gconstpointer a, gconstpointer b)
{
    const RedfishExtent *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

GArray *redfish_extents(RedfishView *view, const char *pool, const char *host,
                        uint64_t region)
{
    struct json_object *live = view_live(view, pool), *list, *claims;
    GArray *found = g_array_new(false, true, sizeof(RedfishExtent));
    size_t i, j;

    if (live) {
        list = node_get(live, "extents");
        for (i = 0; i < node_count(list); i++) {
            struct json_object *e = node_at(list, i);

            if (view_is_of(e, host, region)) {
                view_extent(found, e, node_get_text(e, "tag"),
                            node_get_bool(e, "shared"));
            }
        }
        g_array_sort(found, view_by_offset);
        return found;
    }
    /* Its owner is elsewhere: what the claims say */
    claims = redfish_claims(view);
    for (i = 0; i < node_count(claims); i++) {
        struct json_object *claim = node_at(claims, i);
        bool shared = node_count(node_get(claim, "shared_with"));

        if (strcmp(redfish_claim_pool(claim), pool)) {
            continue;
        }
        list = node_get(node_get(claim, "status"), "extents");
        for (j = 0; j < node_count(list); j++) {
            if (view_is_of(node_at(list, j), host, region)) {
                view_extent(found, node_at(list, j),
                            node_get_text(claim, "uuid"), shared);
            }
        }
    }
    g_array_sort(found, view_by_offset);
    return found;
}

uint64_t redfish_owned(RedfishView *view, struct json_object *pool,
                       struct json_object *host)
{
    struct json_object *regions = node_get(pool, "regions");
    uint64_t bytes = 0;
    size_t i;
    unsigned j;

    for (i = 0; i < node_count(regions); i++) {
        g_autoptr(GArray) extents = redfish_extents(
            view, node_get_text(pool, "uuid"), node_get_text(host, "uuid"),
            node_get_number(node_at(regions, i), "index"));

        for (j = 0; j < extents->len; j++) {
            const RedfishExtent *e = &g_array_index(extents, RedfishExtent, j);

            if (!strcmp(e->state, "accepted") ||
                !strcmp(e->state, "releasing")) {
                bytes += e->length;
            }
        }
    }
    return bytes;
}
