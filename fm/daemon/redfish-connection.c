/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections: a host of a claim each. One more is one more host that shares
 * the claim's capacity.
 */
#include <string.h>
#include "redfish-tree.h"

/* @claim is a chunk that can be named: its pool has its region. */
static bool connection_has_chunk(RedfishView *view, struct json_object *claim)
{
    g_autofree char *region = g_strdup_printf(
        "%" G_GUINT64_FORMAT, node_get_number(claim, "region"));

    return redfish_region(view, redfish_claim_pool(claim), region);
}

struct json_object *redfish_connections(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("ConnectionCollection",
                                             "Hosts of claims",
                                             PATH_FABRIC "/Connections");
    struct json_object *claims = redfish_claims(view);
    size_t i;
    unsigned j;

    for (i = 0; i < node_count(claims); i++) {
        struct json_object *claim = node_at(claims, i);
        g_autoptr(GPtrArray) hosts = redfish_claim_hosts(view, claim);

        for (j = 0; connection_has_chunk(view, claim) && j < hosts->len; j++) {
            node_member(to, PATH_CONNECTION, node_get_text(claim, "uuid"),
                        node_get_text(hosts->pdata[j], "name"));
        }
    }
    return to;
}

/* "UUID.NAME"; *ret_host: which of the claim's hosts it is, 0 the first */
static struct json_object *connection_find(RedfishView *view, const char *id,
                                           unsigned *ret_host)
{
    g_autofree char *uuid = g_strndup(id, FMD_UUID_TEXT - 1);
    struct json_object *claim = strlen(id) > FMD_UUID_TEXT &&
                                id[FMD_UUID_TEXT - 1] == '.' ?
                                redfish_claim(view, uuid) : NULL;
    g_autoptr(GPtrArray) hosts = NULL;

    if (!claim || !connection_has_chunk(view, claim)) {
        return NULL;
    }
    hosts = redfish_claim_hosts(view, claim);
    for (*ret_host = 0; *ret_host < hosts->len; ++*ret_host) {
        if (!strcmp(node_get_text(hosts->pdata[*ret_host], "name"),
                    id + FMD_UUID_TEXT)) {
            return claim;
        }
    }
    return NULL;
}

struct json_object *redfish_connection(RedfishView *view, char *const *part)
{
    unsigned at;
    struct json_object *claim = connection_find(view, part[0], &at), *to,
        *info, *links;
    const char *name = part[0] + FMD_UUID_TEXT, *pool;

    if (!claim) {
        return NULL;
    }
    to = node_new("Connection.v1_1_0.Connection", part[0], name,
                  PATH_FABRIC "/Connections/%s", part[0]);
    node_text(to, "ConnectionType", "Memory");
    if (!strcmp(redfish_claim_phase(claim), "Bound")) {
        node_status(to, "Enabled", "OK");
    } else {
        node_status(to, "Starting", "OK");
    }
    pool = redfish_claim_pool(claim);
    info = json_object_new_object();
    node_texts(info, "AccessCapabilities", "Read", "Write", NULL);
    node_link(info, "MemoryChunk", PATH_CHUNK, pool,
              node_get_number(claim, "region"), node_get_text(claim, "uuid"));
    json_object_array_add(node_array(to, "MemoryChunkInfo"), info);
    links = node_object(to, "Links");
    node_link_add(node_array(links, "InitiatorEndpoints"), PATH_HOST_END, name);
    info = node_array(links, "TargetEndpoints");
    if (*redfish_host_pool(view, redfish_host(view, name))) {
        node_link_add(info, PATH_DEVICE_END, name);
    }
    node_mark(to, node_get_number(claim, "revision"));
    return to;
}

/* --- Changes --- */

/* The wish in @claim, as it is put */
static struct json_object *connection_wish(struct json_object *claim)
{
    static const char *const ours[] = { "uuid", "revision", "status",
                                        "deleted", "lapsed", "by" };
    struct json_object *wish = json_tokener_parse(
        json_object_to_json_string(claim));
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(ours); i++) {
        json_object_object_del(wish, ours[i]);
    }
    return wish;
}

/* Put @wish, which is taken over, in the place of @claim; false: answered. */
static bool connection_put(HttpRequest *request, struct json_object *claim,
                           struct json_object *wish)
{
    const char *uuid = node_get_text(claim, "uuid");
    uint64_t rev = node_get_number(claim, "revision");
    GError *error = NULL;
    bool created, ok;

    ok = api_may_claim(request, uuid, wish, &rev);
    if (ok && !fmd_claim_put(api_fmd(request), request->who, uuid,
                             json_object_to_json_string(wish), rev, &created,
                             &rev, &error)) {
        redfish_fail_error(request, error);
        ok = false;
    }
    g_info("%s: %s connection of %s%s", request->who, request->method, uuid,
           ok ? "" : ": refused");
    json_object_put(wish);
    return ok;
}

/* The claim that the body names; NULL: answered */
static struct json_object *connection_chunk(RedfishView *view)
{
    HttpRequest *request = view->request;
    struct json_object *list = node_get(request->body, "MemoryChunkInfo");
    struct json_object *link = node_count(list) == 1 ?
                               node_get(node_at(list, 0), "MemoryChunk") :
                               NULL;
    char *part[HTTP_MAX_SEGMENTS + 1];
    struct json_object *claim = NULL, *node = NULL;

    if (node_path_fits(PATTERN_CHUNK, node_get_text(link, "@odata.id"), part,
                       HTTP_MAX_SEGMENTS)) {
        node = redfish_chunk(view, part);
        claim = node ? redfish_claim(view, part[2]) : NULL;
        json_object_put(node);
        node_parts_free(part);
    }
    if (!list) {
        redfish_fail(request, 400, "PropertyMissing", NULL, "MemoryChunkInfo",
                     NULL);
    } else if (!claim) {
        redfish_fail(request, 400, "PropertyValueFormatError", "send a list "
                     "with one object whose MemoryChunk is a link to one that "
                     "is there", json_object_to_json_string(list),
                     "MemoryChunkInfo", NULL);
    }
    return claim;
}

/* The host that the body names; NULL: answered */
static struct json_object *connection_host(RedfishView *view)
{
    HttpRequest *request = view->request;
    struct json_object *list = node_get(node_get(request->body, "Links"),
                                        "InitiatorEndpoints");
    const char *path = node_count(list) == 1 ?
                       node_get_text(node_at(list, 0), "@odata.id") : "";
    char *part[HTTP_MAX_SEGMENTS + 1];
    struct json_object *host = NULL;

    if (node_path_fits(PATH_FABRIC "/Endpoints/I.{}", path, part,
                       HTTP_MAX_SEGMENTS)) {
        host = redfish_host(view, part[0]);
        node_parts_free(part);
    }
    if (!list) {
        redfish_fail(request, 400, "PropertyMissing", NULL,
                     "Links/InitiatorEndpoints", NULL);
    } else if (!host) {
        redfish_fail(request, 400, "PropertyValueFormatError", "send a list "
                     "with one link to the endpoint of a host",
                     json_object_to_json_string(list),
                     "Links/InitiatorEndpoints", NULL);
    }
    return host;
}

void redfish_connection_post(HttpRequest *request)
{
    RedfishView view;
    struct json_object *claim, *host, *wish;
    g_autofree char *id = NULL;
    const char *name;
    unsigned at;

    redfish_view_begin(&view, request);
    claim = connection_chunk(&view);
    host = claim ? connection_host(&view) : NULL;
    if (host) {
        name = node_get_text(host, "name");
        id = g_strconcat(node_get_text(claim, "uuid"), ".", name, NULL);
        if (connection_find(&view, id, &at)) {
            redfish_fail(request, 409, "ResourceInUse", "the host has it "
                         "already", NULL);
        } else {
            wish = connection_wish(claim);
            json_object_array_add(node_get(wish, "shared_with"),
                                  json_object_new_string(name));
            if (connection_put(request, claim, wish)) {
                char *part[] = { id, NULL };

                redfish_view_end(&view);
                redfish_view_begin(&view, request);
                redfish_answer(request, 201, redfish_connection(&view, part));
                request->location = g_strconcat(REDFISH_ROOT PATH_FABRIC
                                                "/Connections/", id, NULL);
            }
        }
    }
    redfish_view_end(&view);
}

/* The claim without the host of that name */
static struct json_object *connection_without(RedfishView *view,
                                              struct json_object *claim,
                                              const char *name)
{
    struct json_object *wish = connection_wish(claim), *kept;
    struct json_object *shared = node_get(wish, "shared_with");
    size_t i;

    kept = json_object_new_array();
    for (i = 0; i < node_count(shared); i++) {
        struct json_object *word = node_at(shared, i);
        struct json_object *host = redfish_host_named(
            view, json_object_get_string(word));

        if (strcmp(node_get_text(host, "name"), name)) {
            json_object_array_add(kept, json_object_get(word));
        }
    }
    json_object_object_add(wish, "shared_with", kept);
    return wish;
}

void redfish_connection_delete(HttpRequest *request)
{
    const char *id = request->segments[0];
    RedfishView view;
    struct json_object *claim;
    unsigned at;
    uint64_t rev;

    redfish_view_begin(&view, request);
    claim = connection_find(&view, id, &at);
    if (!claim) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
    } else if (!at) {
        redfish_fail(request, 409, "ResourceCannotBeDeleted", "this host's is "
                     "the claim: delete its memory chunk", NULL);
    } else if (api_if_match(request, "claims", node_get_text(claim, "uuid"),
                            &rev)) {
        if (rev && rev != node_get_number(claim, "revision")) {
            redfish_fail(request, 412, "PreconditionFailed", NULL, NULL);
        } else if (connection_put(request, claim, connection_without(
                       &view, claim, id + FMD_UUID_TEXT))) {
            http_answer_empty(request, 204);
        }
    }
    redfish_view_end(&view);
}
