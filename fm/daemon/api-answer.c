/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that routes share: errors of the core, objects with their revision
 */
#include <string.h>
#include "api-call.h"

static const struct {
    unsigned status;
    const char *code;
    const char *what_to_do;
    unsigned retry_after;
} answers[] = {
    [FMD_ERROR_INVALID] = { 422, "invalid", "mend what the message names; "
                            "/v1/openapi.json has the members", 0 },
    [FMD_ERROR_NOT_FOUND] = { 404, "not-found", "list what there is", 0 },
    [FMD_ERROR_CONFLICT] = { 409, "conflict", "read it, then decide", 0 },
    [FMD_ERROR_STALE] = { 412, "stale", "read it again: its ETag is another "
                          "than your If-Match", 0 },
    [FMD_ERROR_UNAVAILABLE] = { 503, "unavailable", "nothing changed; ask "
                                "again, and see /v1/health", 1 },
    [FMD_ERROR_UNKNOWN] = { 504, "unknown", "it may have been done: read it, "
                            "or send the same again", 1 },
    [FMD_ERROR_FULL] = { 507, "full", "nothing changed; make room on the "
                         "store's disk", 0 },
    [FMD_ERROR_TOO_MANY] = { 507, "too-many-claims", "nothing changed; end "
                             "claims, or raise the limit in [daemon]", 0 },
    [FMD_ERROR_INTERNAL] = { 500, "internal", "see the daemon's journal", 0 },
};

void api_answer_error(HttpRequest *request, GError *error)
{
    unsigned at = FMD_ERROR_INTERNAL;

    if (error->domain == FMD_ERROR &&
        (unsigned)error->code < G_N_ELEMENTS(answers)) {
        at = error->code;
    }
    http_answer_error(request, answers[at].status, answers[at].code,
                      answers[at].what_to_do, "%s", error->message);
    request->retry_after = answers[at].retry_after;
    g_error_free(error);
}

/*
 * The revision is that of the wish; what is told with it changes more often,
 * and its digest says so to who asks whether there is news.
 */
void api_answer_object(HttpRequest *request, unsigned status,
                       struct json_object *object, uint64_t rev)
{
    g_autofree char *digest = NULL;

    http_answer_json(request, status, object);
    digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, request->text,
                                           request->text_len);
    g_free(request->etag);
    request->etag = g_strdup_printf("\"%" G_GUINT64_FORMAT "-%.12s\"", rev,
                                    digest);
}

void api_answer_list(HttpRequest *request, const char *name,
                     struct json_object *list, uint64_t rev, int64_t stale,
                     const char *next)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, name, list);
    json_object_object_add(o, "revision", json_object_new_uint64(rev));
    json_object_object_add(o, "stale_ms", json_object_new_int64(stale));
    if (next) {
        json_object_object_add(o, "next", json_object_new_string(next));
    }
    http_answer_json(request, 200, o);
}

bool api_uuid(HttpRequest *request, char ret[FMD_UUID_TEXT])
{
    if (fmd_uuid_parse(request->segments[0], ret)) {
        return true;
    }
    http_answer_error(request, 400, "bad-uuid",
                      "write 8-4-4-4-12 hexadecimal digits, not all of them 0",
                      "'%.64s' is no UUID", request->segments[0]);
    return false;
}

/* The revision in an ETag of ours, also when it stands alone; 0: it is none */
static uint64_t api_parse_etag(const char *text)
{
    g_autofree char *inner = NULL;
    size_t len = strlen(text);
    guint64 rev;

    if (len < 3 || text[0] != '"' || text[len - 1] != '"') {
        return 0;
    }
    inner = g_strndup(text + 1, len - 2);
    if (strchr(inner, '-')) {
        *strchr(inner, '-') = '\0';
    }
    return g_ascii_string_to_unsigned(inner, 10, 1, G_MAXUINT64, &rev, NULL) ?
           rev : 0;
}

bool api_if_match(HttpRequest *request, const char *kind, const char *uuid,
                  uint64_t *ret_rev)
{
    GError *error = NULL;
    struct json_object *there;

    *ret_rev = 0;
    if (!request->if_match) {
        return true;
    }
    if (strcmp(request->if_match, "*")) {
        *ret_rev = api_parse_etag(request->if_match);
        if (!*ret_rev) {
            http_answer_error(request, 400, "bad-if-match",
                              "send one ETag as it was given, or *",
                              "If-Match is no ETag of ours");
        }
        return *ret_rev != 0;
    }
    there = fmd_get(api_fmd(request), kind, uuid, ret_rev, &error);
    if (!there) {
        if (error->code == FMD_ERROR_NOT_FOUND) {
            error->code = FMD_ERROR_STALE;
        }
        api_answer_error(request, error);
        return false;
    }
    json_object_put(there);
    return true;
}

/* --- Tokens that are limited to some hosts --- */

static const char *api_text(struct json_object *o, const char *key)
{
    struct json_object *member;

    return json_object_object_get_ex(o, key, &member) &&
           json_object_is_type(member, json_type_string) ?
           json_object_get_string(member) : "";
}

/* @host: its name or UUID */
static bool api_may_host(HttpRequest *request, struct json_object *hosts,
                         const char *host)
{
    const char *const *may = (const char *const *)request->hosts;
    size_t i;

    for (i = 0; i < json_object_array_length(hosts); i++) {
        struct json_object *o = json_object_array_get_idx(hosts, i);
        const char *name = api_text(o, "name"), *uuid = api_text(o, "uuid");

        if (!strcmp(host, name) || !g_ascii_strcasecmp(host, uuid)) {
            return g_strv_contains(may, name) || g_strv_contains(may, uuid);
        }
    }
    return g_strv_contains(may, host);
}

static bool api_may_claim_hosts(HttpRequest *request, struct json_object *claim)
{
    struct json_object *hosts = fmd_host_list(api_fmd(request), &(uint64_t){0},
                                              NULL);
    struct json_object *shared = NULL, *status;
    const char *host = api_text(claim, "host");
    bool may;
    size_t i;

    /* One that is for any host is where it was placed. */
    if (!*host && json_object_object_get_ex(claim, "status", &status)) {
        host = api_text(status, "host");
    }
    may = api_may_host(request, hosts, host);
    json_object_object_get_ex(claim, "shared_with", &shared);
    for (i = 0; json_object_is_type(shared, json_type_array) &&
         i < json_object_array_length(shared); i++) {
        struct json_object *more = json_object_array_get_idx(shared, i);

        may &= json_object_is_type(more, json_type_string) &&
               api_may_host(request, hosts, json_object_get_string(more));
    }
    json_object_put(hosts);
    return may;
}

bool api_may_claim(HttpRequest *request, const char *uuid,
                   struct json_object *wish, uint64_t *rev)
{
    struct json_object *there;
    g_autofree char *hosts = NULL;
    uint64_t seen;
    bool may = true;

    if (!request->hosts) {
        return true;
    }
    there = fmd_get(api_fmd(request), "claims", uuid, &seen, NULL);
    if (there) {
        may = api_may_claim_hosts(request, there);
        *rev = *rev ? *rev : seen;
        json_object_put(there);
    }
    if (may && (!wish || api_may_claim_hosts(request, wish))) {
        return true;
    }
    hosts = g_strjoinv(", ", request->hosts);
    http_answer_error(request, 403, "forbidden", "name one of these hosts as "
                      "\"host\", or ask whoever runs the daemon",
                      "%s may change claims of these hosts only: %s",
                      request->who, hosts);
    return false;
}

bool api_if_absent(HttpRequest *request, const char *kind, const char *uuid)
{
    struct json_object *there;
    uint64_t rev;

    if (!request->if_none_match) {
        return true;
    }
    if (strcmp(request->if_none_match, "*")) {
        http_answer_error(request, 400, "bad-if-none-match", "send *",
                          "If-None-Match of a PUT can only be *");
        return false;
    }
    there = fmd_get(api_fmd(request), kind, uuid, &rev, NULL);
    if (there) {
        json_object_put(there);
        http_answer_error(request, 412, "exists", "leave If-None-Match out to "
                          "change it", "%s is there already", uuid);
        return false;
    }
    return true;
}
