/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /v1/claims and /v1/hosts: what is wished
 */
#include <string.h>
#include "api-call.h"

#define PAGE_MAX 10000

typedef bool (*ApiPut)(struct fmd *fmd, const char *who, const char *uuid,
                       const char *text, uint64_t if_rev, bool *ret_created,
                       uint64_t *ret_rev, GError **error);
/* Who asks may change it; else it was answered. */
typedef bool (*ApiMay)(HttpRequest *request, const char *uuid,
                       struct json_object *wish, uint64_t *rev);
/* What needs no body: deletes, or renews */
typedef bool (*ApiCall)(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                        uint64_t *ret_rev, GError **error);

static void api_get(HttpRequest *request, const char *kind)
{
    char uuid[FMD_UUID_TEXT];
    GError *error = NULL;
    struct json_object *o;
    uint64_t rev;

    if (!api_uuid(request, uuid)) {
        return;
    }
    o = fmd_get(api_fmd(request), kind, uuid, &rev, &error);
    if (!o) {
        api_answer_error(request, error);
        return;
    }
    api_answer_object(request, 200, o, rev);
}

/* What is there after a change at @rev; it may be gone already. */
static void api_answer_change(HttpRequest *request, unsigned status,
                              const char *kind, const char *uuid, uint64_t rev)
{
    uint64_t now = rev;
    struct json_object *o = fmd_get(api_fmd(request), kind, uuid, &now, NULL);

    if (!o) {
        o = json_object_new_object();
        json_object_object_add(o, "uuid", json_object_new_string(uuid));
        json_object_object_add(o, "revision", json_object_new_uint64(rev));
    }
    api_answer_object(request, status, o, now);
}

static void api_put(HttpRequest *request, const char *kind, ApiMay may,
                    ApiPut put)
{
    char uuid[FMD_UUID_TEXT];
    GError *error = NULL;
    uint64_t if_rev, rev;
    bool created;

    if (!api_uuid(request, uuid) ||
        !api_if_match(request, kind, uuid, &if_rev) ||
        !api_if_absent(request, kind, uuid) ||
        (may && !may(request, uuid, request->body, &if_rev))) {
        return;
    }
    if (!put(api_fmd(request), request->who, uuid, request->body_text, if_rev,
             &created, &rev, &error)) {
        g_info("%s: PUT %s %s: %s", request->who, kind, uuid, error->message);
        api_answer_error(request, error);
        return;
    }
    g_info("%s: PUT %s %s", request->who, kind, uuid);
    if (created) {
        request->location = g_strdup_printf("/v1/%s/%s", kind, uuid);
    }
    api_answer_change(request, created ? 201 : 200, kind, uuid, rev);
}

static void api_bare(HttpRequest *request, const char *kind, ApiMay may,
                     ApiCall call, unsigned status)
{
    char uuid[FMD_UUID_TEXT];
    GError *error = NULL;
    uint64_t if_rev, rev;

    if (!api_uuid(request, uuid) ||
        !api_if_match(request, kind, uuid, &if_rev) ||
        (may && !may(request, uuid, NULL, &if_rev))) {
        return;
    }
    if (!call(api_fmd(request), uuid, if_rev, &rev, &error)) {
        g_info("%s: %s %s %s: %s", request->who, request->method, kind, uuid,
               error->message);
        api_answer_error(request, error);
        return;
    }
    g_info("%s: %s %s %s", request->who, request->method, kind, uuid);
    api_answer_change(request, status, kind, uuid, rev);
}

/* Whether @o has what ?key=value asks for: a text at its top or in its status */
static bool api_matches(struct json_object *o, const char *key,
                        const char *value)
{
    struct json_object *member, *status;

    if (json_object_object_get_ex(o, "status", &status) &&
        json_object_object_get_ex(status, key, &member) &&
        json_object_is_type(member, json_type_string) &&
        !g_ascii_strcasecmp(json_object_get_string(member), value)) {
        return true;
    }
    return json_object_object_get_ex(o, key, &member) &&
           json_object_is_type(member, json_type_string) &&
           !g_ascii_strcasecmp(json_object_get_string(member), value);
}

/* Those of @list, which is taken over, that the query asks for; NULL: answered */
static struct json_object *api_filter(HttpRequest *request,
                                      struct json_object *list,
                                      const char *const *keys)
{
    struct json_object *some = json_object_new_array();
    GHashTableIter iter;
    char *key, *value;
    size_t i;

    for (i = 0; i < json_object_array_length(list); i++) {
        struct json_object *o = json_object_array_get_idx(list, i);
        bool fits = true;

        g_hash_table_iter_init(&iter, request->query);
        while (g_hash_table_iter_next(&iter, (gpointer *)&key,
                                      (gpointer *)&value)) {
            fits &= !g_strv_contains(keys, key) || !strcmp(key, "limit") ||
                    !strcmp(key, "after") || api_matches(o, key, value);
        }
        if (fits) {
            json_object_array_add(some, json_object_get(o));
        }
    }
    json_object_put(list);
    return some;
}

/*
 * The part of @list, which is taken over, that "limit" and "after" ask for;
 * *ret_next: the last one of it when there are more. Lists are in the order of
 * their UUIDs, so that nothing is missed or told twice that stays.
 */
static struct json_object *api_page_of(HttpRequest *request,
                                       struct json_object *list,
                                       const char **ret_next)
{
    const char *limit = g_hash_table_lookup(request->query, "limit");
    const char *after = g_hash_table_lookup(request->query, "after");
    size_t i = 0, count = json_object_array_length(list), end;
    struct json_object *some, *uuid = NULL;

    while (after && i < count &&
           json_object_object_get_ex(json_object_array_get_idx(list, i),
                                     "uuid", &uuid) &&
           g_ascii_strcasecmp(json_object_get_string(uuid), after) <= 0) {
        i++;
    }
    end = limit ? MIN(count, i + g_ascii_strtoull(limit, NULL, 10)) : count;
    *ret_next = NULL;
    some = json_object_new_array();
    for (; i < end; i++) {
        struct json_object *o = json_object_array_get_idx(list, i);

        json_object_array_add(some, json_object_get(o));
        if (i + 1 == end && end < count &&
            json_object_object_get_ex(o, "uuid", &uuid)) {
            *ret_next = json_object_get_string(uuid);
        }
    }
    /* What is in @some stays. */
    json_object_put(list);
    return some;
}

/* A misspelt key would be a filter that lets all through. */
static bool api_page_known(HttpRequest *request)
{
    const char *limit = g_hash_table_lookup(request->query, "limit");
    const char *after = g_hash_table_lookup(request->query, "after");
    char uuid[FMD_UUID_TEXT];

    if ((!limit || g_ascii_string_to_unsigned(limit, 10, 1, PAGE_MAX, NULL,
                                              NULL)) &&
        (!after || fmd_uuid_parse(after, uuid))) {
        return true;
    }
    http_answer_error(request, 400, "bad-query", "send what \"next\" says as "
                      "after, and a limit from 1 to " G_STRINGIFY(PAGE_MAX),
                      "limit is no such number, or after is no UUID");
    return false;
}

static bool api_query_known(HttpRequest *request, const char *const *keys)
{
    GHashTableIter iter;
    char *key;

    g_hash_table_iter_init(&iter, request->query);
    while (g_hash_table_iter_next(&iter, (gpointer *)&key, NULL)) {
        if (!g_strv_contains(keys, key)) {
            g_autofree char *known = g_strjoinv(", ", (char **)keys);

            http_answer_error(request, 400, "bad-query",
                              "/v1/openapi.json has the parameters",
                              "'%.64s' is none of: %s", key, known);
            return false;
        }
    }
    return api_page_known(request);
}

static void api_list(HttpRequest *request, const char *name,
                     struct json_object *list, const char *const *keys,
                     uint64_t rev, int64_t stale)
{
    const char *next;

    list = api_page_of(request, api_filter(request, list, keys), &next);
    api_answer_list(request, name, list, rev, stale, next);
}

void api_claims(HttpRequest *request)
{
    static const char *const keys[] = {
        "phase", "host", "pool", "consumer", "consumer_kind", "limit", "after",
        NULL
    };
    struct json_object *list;
    uint64_t rev;
    int64_t stale;

    if (api_query_known(request, keys)) {
        list = fmd_claim_list(api_fmd(request), &rev, &stale);
        api_list(request, "claims", list, keys, rev, stale);
    }
}

void api_hosts(HttpRequest *request)
{
    static const char *const keys[] = { "name", "machine", "pool", "limit",
                                        "after", NULL };
    struct json_object *list;
    uint64_t rev;
    int64_t stale;

    if (api_query_known(request, keys)) {
        list = fmd_host_list(api_fmd(request), &rev, &stale);
        api_list(request, "hosts", list, keys, rev, stale);
    }
}

void api_claim(HttpRequest *request)
{
    api_get(request, "claims");
}

void api_claim_put(HttpRequest *request)
{
    api_put(request, "claims", api_may_claim, fmd_claim_put);
}

/* 202: it leaves when its capacity is nowhere. */
void api_claim_delete(HttpRequest *request)
{
    api_bare(request, "claims", api_may_claim, fmd_claim_delete, 202);
}

/* Who may end it may keep it. */
void api_claim_renew(HttpRequest *request)
{
    api_bare(request, "claims", api_may_claim, fmd_claim_renew, 200);
}

void api_host(HttpRequest *request)
{
    api_get(request, "hosts");
}

static bool api_host_put_by(struct fmd *fmd, const char *who, const char *uuid,
                            const char *text, uint64_t if_rev,
                            bool *ret_created, uint64_t *ret_rev,
                            GError **error)
{
    return fmd_host_put(fmd, uuid, text, if_rev, ret_created, ret_rev, error);
}

/* A command that the daemon runs comes from who owns its configuration. */
void api_host_put(HttpRequest *request)
{
    struct json_object *pressure;

    if (json_object_object_get_ex(request->body, "pressure", &pressure) &&
        pressure && json_object_get_string_len(pressure)) {
        http_answer_error(request, 403, "command",
                          "write the host into the configuration of the "
                          "daemon that has its monitor",
                          "\"pressure\" is a command; none is taken over "
                          "HTTP");
        return;
    }
    api_put(request, "hosts", NULL, api_host_put_by);
}

void api_host_delete(HttpRequest *request)
{
    api_bare(request, "hosts", NULL, fmd_host_delete, 200);
}
