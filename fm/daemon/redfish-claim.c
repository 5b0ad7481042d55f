/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A memory chunk is asked for: a claim is put. It is deleted: the claim ends.
 */
#include <string.h>
#include "redfish-task.h"
#include "redfish-tree.h"

#define MIB_MAX (INT64_MAX / (int64_t)MIB)

/* What is asked for, while it is read */
typedef struct Wish {
    HttpRequest *request;
    RedfishView *view;
    const char *pool;
    struct json_object *claim;    /* for fmd_claim_put() */
    GPtrArray *hosts;             /* names, not owned */
    char uuid[FMD_UUID_TEXT];
    bool failed;                  /* it was answered */
} Wish;

typedef void (*WishRead)(Wish *wish, const char *key,
                         struct json_object *value);

typedef struct WishMember {
    const char *key;
    WishRead read;                /* NULL: says nothing */
} WishMember;

static void wish_fail(Wish *wish, const char *message, const char *key,
                      struct json_object *value, const char *help)
{
    g_autofree char *text = g_strndup(
        value ? json_object_to_json_string(value) : "null", 100);

    if (!wish->failed) {
        redfish_fail(wish->request, 400, message, help, text, key, NULL);
        wish->failed = true;
    }
}

static void wish_members(Wish *wish, struct json_object *from,
                         const WishMember *members, const char *what)
{
    if (!json_object_is_type(from, json_type_object)) {
        wish_fail(wish, "PropertyValueTypeError", what, from,
                  "send an object");
        return;
    }
    json_object_object_foreach(from, key, value) {
        const WishMember *m;

        for (m = members; m->key && strcmp(m->key, key); m++) {
            continue;
        }
        if (m->key && m->read && !wish->failed) {
            m->read(wish, key, value);
        } else if (!m->key && !strchr(key, '@') && !wish->failed) {
            redfish_fail(wish->request, 400, "PropertyUnknown", NULL, key,
                         NULL);
            wish->failed = true;
        }
    }
}

/* --- Members --- */

static void wish_size(Wish *wish, const char *key, struct json_object *value)
{
    int64_t mib = json_object_get_int64(value);

    if (!json_object_is_type(value, json_type_int)) {
        wish_fail(wish, "PropertyValueTypeError", key, value,
                  "send a whole number of MiB");
    } else if (mib < 1 || mib > MIB_MAX) {
        wish_fail(wish, "PropertyValueOutOfRange", key, value,
                  "send 1 MiB or more; finer sizes are Bytes of Oem.CxlDcd");
    } else {
        node_number(wish->claim, "bytes", mib * MIB);
    }
}

static void wish_volatile(Wish *wish, const char *key,
                          struct json_object *value)
{
    if (g_strcmp0(json_object_get_string(value), "Volatile")) {
        wish_fail(wish, "PropertyValueNotInList", key, value,
                  "the pools have Volatile memory");
    }
}

static void wish_online(Wish *wish, const char *key, struct json_object *value)
{
    if (value && strcmp(json_object_get_string(value), "Online")) {
        wish_fail(wish, "PropertyValueNotInList", key, value,
                  "to have it is Online; to be rid of it, delete the chunk");
    }
}

static void wish_remote(Wish *wish, const char *key, struct json_object *value)
{
    if (value && strcmp(json_object_get_string(value), "Remote")) {
        wish_fail(wish, "PropertyValueNotInList", key, value,
                  "memory of a pool is Remote");
    }
}

static void wish_false(Wish *wish, const char *key, struct json_object *value)
{
    if (value && (!json_object_is_type(value, json_type_boolean) ||
                  json_object_get_boolean(value))) {
        wish_fail(wish, "PropertyValueNotInList", key, value,
                  "the pools have neither mirrors nor spares");
    }
}

static void wish_no_sets(Wish *wish, const char *key,
                         struct json_object *value)
{
    if (value && (!json_object_is_type(value, json_type_array) ||
                  json_object_array_length(value))) {
        wish_fail(wish, "PropertyValueNotInList", key, value,
                  "leave it out: the device chooses the blocks");
    }
}

static void wish_text(Wish *wish, const char *key, struct json_object *value,
                      const char *to)
{
    if (value && !json_object_is_type(value, json_type_string)) {
        wish_fail(wish, "PropertyValueTypeError", key, value, "send a text");
    } else if (value) {
        node_text(wish->claim, to, json_object_get_string(value));
    }
}

static void wish_display(Wish *wish, const char *key,
                         struct json_object *value)
{
    wish_text(wish, key, value, "consumer");
}

static void wish_kind(Wish *wish, const char *key, struct json_object *value)
{
    wish_text(wish, key, value, "consumer_kind");
}

static void wish_bytes(Wish *wish, const char *key, struct json_object *value)
{
    json_object_object_add(wish->claim, "bytes", json_object_get(value));
}

static void wish_selector(Wish *wish, const char *key,
                          struct json_object *value)
{
    json_object_object_add(wish->claim, "selector", json_object_get(value));
}

static void wish_uuid(Wish *wish, const char *key, struct json_object *value)
{
    const char *text = json_object_is_type(value, json_type_string) ?
                       json_object_get_string(value) : "";

    if (!fmd_uuid_parse(text, wish->uuid)) {
        wish_fail(wish, "PropertyValueFormatError", key, value,
                  "send 8-4-4-4-12 hexadecimal digits, not all of them 0");
    }
}

/* One link to a host, by @pattern whose @at-th "{}" has its name */
static void wish_host(Wish *wish, const char *key, struct json_object *link,
                      const char *pattern, unsigned at)
{
    const char *path = node_get_text(link, "@odata.id");
    char *part[HTTP_MAX_SEGMENTS + 1];
    struct json_object *host = NULL;
    bool pool = true;

    if (node_path_fits(pattern, path, part, HTTP_MAX_SEGMENTS)) {
        host = redfish_host(wish->view, part[at]);
        pool = !at || !strcmp(part[0], wish->pool);
        node_parts_free(part);
    }
    if (host && pool) {
        const char *of = redfish_host_pool(wish->view, host);

        pool = !*of || !strcmp(of, wish->pool);
    }
    if (!host || !pool) {
        wish_fail(wish, "PropertyValueNotInList", key, link, host ?
                  "name a host of this pool" : "name one that is there");
    } else if (!g_ptr_array_find(wish->hosts, node_get_text(host, "name"),
                                 NULL)) {
        g_ptr_array_add(wish->hosts, (char *)node_get_text(host, "name"));
    }
}

static void wish_hosts(Wish *wish, const char *key, struct json_object *list,
                       const char *pattern, unsigned at)
{
    size_t i;

    if (!json_object_is_type(list, json_type_array) ||
        node_count(list) > 2 * FMD_SHARED_MAX) {
        wish_fail(wish, "PropertyValueTypeError", key, list,
                  "send a list of links, as many as a claim may have hosts");
        return;
    }
    for (i = 0; i < node_count(list); i++) {
        wish_host(wish, key, node_at(list, i), pattern, at);
    }
}

static void wish_endpoints(Wish *wish, const char *key,
                           struct json_object *value)
{
    wish_hosts(wish, key, value, PATH_FABRIC "/Endpoints/I.{}", 0);
}

static void wish_logicals(Wish *wish, const char *key,
                          struct json_object *value)
{
    wish_hosts(wish, key, value,
               "/Chassis/{}/PCIeDevices/DCD/CXLLogicalDevices/{}", 1);
}

static void wish_links(Wish *wish, const char *key, struct json_object *value)
{
    static const WishMember members[] = {
        { "Endpoints", wish_endpoints },
        { "CXLLogicalDevices", wish_logicals },
        { "MemoryRegions", NULL },
        { NULL },
    };

    wish_members(wish, value, members, key);
}

static void wish_ours(Wish *wish, const char *key, struct json_object *value)
{
    static const WishMember members[] = {
        { "Bytes", wish_bytes },
        { "Selector", wish_selector },
        { "Consumer", wish_display },
        { "ConsumerKind", wish_kind },
        { "UUID", wish_uuid },
        { NULL },
    };

    wish_members(wish, value, members, key);
}

static void wish_oem(Wish *wish, const char *key, struct json_object *value)
{
    struct json_object *ours = node_get(value, REDFISH_OEM);

    /* What is for other makers is not for us. */
    if (!json_object_is_type(value, json_type_object)) {
        wish_fail(wish, "PropertyValueTypeError", key, value,
                  "send an object");
    } else if (ours) {
        wish_ours(wish, REDFISH_OEM, ours);
    }
}

static const WishMember wish_chunk[] = {
    { "MemoryChunkSizeMiB", wish_size },
    { "AddressRangeType", wish_volatile },
    { "DisplayName", wish_display },
    { "InterleaveSets", wish_no_sets },
    { "IsMirrorEnabled", wish_false },
    { "IsSpare", wish_false },
    { "MediaLocation", wish_remote },
    { "RequestedOperationalState", wish_online },
    { "Links", wish_links },
    { "Oem", wish_oem },
    { "Id", NULL },
    { "Name", NULL },
    { "Description", NULL },
    { NULL },
};

/* --- Requests --- */

static void wish_put(Wish *wish, const char *region)
{
    HttpRequest *request = wish->request;
    struct json_object *shared = node_array(wish->claim, "shared_with");
    g_autofree char *chunk = NULL;
    GError *error = NULL;
    uint64_t rev = 0;
    bool created;
    unsigned i;

    node_text(wish->claim, "pool", wish->pool);
    node_number(wish->claim, "region", g_ascii_strtoull(region, NULL, 10));
    if (wish->hosts->len) {
        node_text(wish->claim, "host", wish->hosts->pdata[0]);
    }
    for (i = 1; i < wish->hosts->len; i++) {
        json_object_array_add(shared, json_object_new_string(
            wish->hosts->pdata[i]));
    }
    if (!api_may_claim(request, wish->uuid, wish->claim, &rev)) {
        return;
    }
    if (!fmd_claim_put(api_fmd(request), request->who, wish->uuid,
                       json_object_to_json_string(wish->claim), rev, &created,
                       &rev, &error)) {
        g_info("%s: POST chunk %s: %s", request->who, wish->uuid,
               error->message);
        redfish_fail_error(request, error);
        return;
    }
    g_info("%s: POST chunk %s", request->who, wish->uuid);
    chunk = g_strdup_printf(PATH_CHUNK, wish->pool,
                            node_get_number(wish->claim, "region"), wish->uuid);
    redfish_task_begin(request, REDFISH_TASK_CREATE, wish->uuid, chunk);
}

void redfish_chunk_post(HttpRequest *request)
{
    const char *pool = request->segments[0], *region = request->segments[1];
    RedfishView view;
    Wish wish = {
        .request = request,
        .view = &view,
        .pool = pool,
        .claim = json_object_new_object(),
        .hosts = g_ptr_array_new_with_free_func(NULL),
    };

    redfish_view_begin(&view, request);
    fmd_uuid_random(wish.uuid);
    if (!redfish_region(&view, pool, region)) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
    } else {
        wish_members(&wish, request->body, wish_chunk, "MemoryChunks");
        if (!wish.failed && !node_get(wish.claim, "bytes")) {
            redfish_fail(request, 400, "PropertyMissing", NULL,
                         "MemoryChunkSizeMiB", NULL);
        } else if (!wish.failed) {
            wish_put(&wish, region);
        }
    }
    redfish_view_end(&view);
    g_ptr_array_unref(wish.hosts);
    json_object_put(wish.claim);
}

void redfish_chunk_delete(HttpRequest *request)
{
    const char *uuid = request->segments[2];
    g_autofree char *chunk = NULL;
    struct json_object *there;
    GError *error = NULL;
    RedfishView view;
    uint64_t rev;

    redfish_view_begin(&view, request);
    there = redfish_chunk(&view, request->segments);
    chunk = there ? g_strdup(node_get_text(there, "@odata.id") +
                             strlen(REDFISH_ROOT)) : NULL;
    redfish_view_end(&view);
    if (!there) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
        return;
    }
    json_object_put(there);
    if (!api_if_match(request, "claims", uuid, &rev) ||
        !api_may_claim(request, uuid, NULL, &rev)) {
        return;
    }
    if (!fmd_claim_delete(api_fmd(request), uuid, rev, &rev, &error)) {
        g_info("%s: DELETE chunk %s: %s", request->who, uuid, error->message);
        redfish_fail_error(request, error);
        return;
    }
    g_info("%s: DELETE chunk %s", request->who, uuid);
    redfish_task_begin(request, REDFISH_TASK_RELEASE, uuid, chunk);
}
