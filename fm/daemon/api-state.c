/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What there is: pools, orphans, health, and the description of all this
 */
#include "api-call.h"

void api_pools(HttpRequest *request)
{
    uint64_t rev;
    int64_t stale;
    struct json_object *list = fmd_pool_list(api_fmd(request), &rev, &stale);

    api_answer_list(request, "pools", list, rev, stale, NULL);
}

/* Its extents are with its owner only: "live" is null elsewhere. */
void api_pool(HttpRequest *request)
{
    char uuid[FMD_UUID_TEXT];
    GError *error = NULL;
    struct json_object *o;
    uint64_t rev;

    if (!api_uuid(request, uuid)) {
        return;
    }
    o = fmd_get(api_fmd(request), "pools", uuid, &rev, &error);
    if (!o) {
        api_answer_error(request, error);
        return;
    }
    json_object_object_add(o, "live",
                           fmd_pool_live(api_fmd(request), uuid, NULL));
    http_answer_json(request, 200, o);
}

void api_orphans(HttpRequest *request)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "orphans", fmd_orphans(api_fmd(request)));
    http_answer_json(request, 200, o);
}

void api_health(HttpRequest *request)
{
    bool live, ready;

    http_answer_json(request, 200, fmd_health(api_fmd(request), &live,
                                              &ready));
}

/* Anybody may ask these two: they tell nothing but this. */

void api_healthz(HttpRequest *request)
{
    bool live, ready;

    fmd_is_live(api_fmd(request), &live, &ready);
    http_answer_text(request, live ? 200 : 503, "text/plain",
                     g_strdup(live ? "ok\n" : "a thread does not move on\n"));
}

void api_readyz(HttpRequest *request)
{
    bool live, ready;

    fmd_is_live(api_fmd(request), &live, &ready);
    ready &= live;
    http_answer_text(request, ready ? 200 : 503, "text/plain",
                     g_strdup(ready ? "ok\n" : "the store does not answer\n"));
    request->retry_after = ready ? 0 : 1;
}

void api_openapi(HttpRequest *request)
{
    http_answer_text(request, 200, "application/json",
                     g_strdup(fmd_openapi_json));
}

/* What whoever asks may do; to readers, also whom they have asked */
void api_me(HttpRequest *request)
{
    const struct fmd_config *config = fmd_config(api_fmd(request));
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "role", json_object_new_string(
        auth_role_name(request->role)));
    json_object_object_add(o, "who", json_object_new_string(request->who));
    if (request->role >= AUTH_READER) {
        json_object_object_add(o, "machine",
                               json_object_new_string(config->machine));
        json_object_object_add(o, "version",
                               json_object_new_string(FMD_VERSION));
    }
    http_answer_json(request, 200, o);
}
