/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions: UserName is the name of a token, Password the token
 */
#include <string.h>
#include "redfish-tree.h"

#define PATH_SESSIONS "/SessionService/Sessions"

struct json_object *redfish_session_service(RedfishView *view,
                                            char *const *part)
{
    struct json_object *to = node_new("SessionService.v1_1_8.SessionService",
                                      "SessionService", "Sessions",
                                      "/SessionService");

    node_bool(to, "ServiceEnabled", true);
    node_number(to, "SessionTimeout", AUTH_SESSION_SECONDS);
    node_status(to, "Enabled", "OK");
    node_link(to, "Sessions", PATH_SESSIONS);
    return to;
}

static GPtrArray *session_list(HttpRequest *request)
{
    return request->sessions ? auth_sessions_list(request->sessions) :
           g_ptr_array_new();
}

struct json_object *redfish_sessions(RedfishView *view, char *const *part)
{
    struct json_object *to = node_collection("SessionCollection", "Sessions",
                                             PATH_SESSIONS);
    g_autoptr(GPtrArray) list = session_list(view->request);
    unsigned i;

    for (i = 0; i < list->len; i++) {
        node_member(to, PATH_SESSIONS "/%s",
                    ((AuthSession *)list->pdata[i])->id);
    }
    return to;
}

struct json_object *redfish_session(RedfishView *view, char *const *part)
{
    g_autoptr(GPtrArray) list = session_list(view->request);
    const AuthSession *session = NULL;
    struct json_object *to;
    unsigned i;

    for (i = 0; i < list->len; i++) {
        if (!strcmp(((AuthSession *)list->pdata[i])->id, part[0])) {
            session = list->pdata[i];
        }
    }
    if (!session) {
        return NULL;
    }
    to = node_new("Session.v1_5_0.Session", session->id, session->grant.name,
                  PATH_SESSIONS "/%s", session->id);
    node_text(to, "UserName", session->grant.name);
    node_null(to, "Password");
    node_text(to, "SessionType", "Redfish");
    node_time(to, "CreatedTime", session->created);
    return to;
}

/* A text of the body; NULL: answered */
static const char *session_text(HttpRequest *request, const char *key)
{
    struct json_object *value = node_get(request->body, key);

    if (!value) {
        redfish_fail(request, 400, "PropertyMissing", NULL, key, NULL);
        return NULL;
    }
    if (!json_object_is_type(value, json_type_string)) {
        redfish_fail(request, 400, "PropertyValueTypeError", "send a text",
                     "******", key, NULL);
        return NULL;
    }
    return json_object_get_string(value);
}

void redfish_session_post(HttpRequest *request)
{
    AuthGrant grant = { .role = AUTH_NOBODY };
    char id[AUTH_SESSION_ID], *part[] = { id, NULL };
    const char *name = session_text(request, "UserName");
    const char *token = name ? session_text(request, "Password") : NULL;
    g_autofree char *secret = NULL;
    RedfishView view;

    if (!token) {
        return;
    }
    if (!request->sessions ||
        !auth_tokens_check(request->tokens, token, &grant) ||
        strcmp(grant.name, name)) {
        auth_grant_clear(&grant);
        request->refused = true;
        redfish_fail(request, 401, "ResourceAtUriUnauthorized",
                     request->sessions ? "UserName is the name in a line of "
                     "the daemon's tokens file, Password the token" :
                     "the daemon has no tokens: [http] of its configuration",
                     request->path, "there is no such name with that token",
                     NULL);
        return;
    }
    secret = auth_sessions_add(request->sessions, &grant, id);
    auth_grant_clear(&grant);
    if (!secret) {
        redfish_fail(request, 503, "SessionLimitExceeded", NULL, NULL);
        request->retry_after = 60;
        return;
    }
    redfish_view_begin(&view, request);
    redfish_answer(request, 201, redfish_session(&view, part));
    redfish_view_end(&view);
    http_answer_header(request, "X-Auth-Token", secret);
    request->location = g_strdup_printf(REDFISH_ROOT PATH_SESSIONS "/%s", id);
}

/* By the session itself, or by the token that it is one of */
static bool session_is_own(HttpRequest *request, const char *id)
{
    return !strcmp(request->session, id) ||
           (request->granted && request->sessions &&
            auth_sessions_is_of(request->sessions, id, request->token));
}

/* One's own, or as an admin any */
void redfish_session_delete(HttpRequest *request)
{
    const char *id = request->segments[0];

    if (!session_is_own(request, id) && request->role < AUTH_ADMIN) {
        redfish_fail(request, 403, "InsufficientPrivilege", "end the session "
                     "with its own token, or as an admin", NULL);
    } else if (!request->sessions ||
               !auth_sessions_end(request->sessions, id)) {
        redfish_fail(request, 404, "ResourceMissingAtURI", NULL, request->path,
                     NULL);
    } else {
        http_answer_empty(request, 204);
    }
}
