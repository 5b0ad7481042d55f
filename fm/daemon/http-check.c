/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a request must be before a route sees it: from whom, to whom, how large,
 * which route, and JSON where JSON is due
 */
#include <json-c/json.h>
#include <string.h>
#include <sys/socket.h>
#include "http-call.h"
#include "http-guard.h"

#define JSON_DEPTH 16
#define BASIC_MAX  1024          /* bytes */
#define READ_AGAIN "read /v1/openapi.json: it lists every path"

static const char *http_header(const HttpCall *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
                                       name);
}

/*
 * "Basic" and name:token. False: it is none, or the token has another name.
 */
static bool http_check_basic(HttpServer *server, const char *text,
                             AuthGrant *ret_grant)
{
    char plain[BASIC_MAX + 1], *token;
    gint state = 0;
    guint save = 0;
    gsize len;

    if (strlen(text) > BASIC_MAX) {
        return false;
    }
    len = g_base64_decode_step(text, strlen(text), (guchar *)plain, &state,
                               &save);
    plain[len] = '\0';
    token = strlen(plain) == len ? strchr(plain, ':') : NULL;
    if (!token) {
        return false;
    }
    *token++ = '\0';
    if (auth_tokens_check(server->tokens, token, ret_grant) &&
        !strcmp(ret_grant->name, plain)) {
        return true;
    }
    auth_grant_clear(ret_grant);
    return false;
}

/* False: something was sent that lets nobody in. */
static bool http_check_grant(HttpCall *call, AuthGrant *ret_grant)
{
    const char *header = http_header(call, MHD_HTTP_HEADER_AUTHORIZATION);
    const char *session = call->face ? http_header(call, "X-Auth-Token") :
                          NULL;
    HttpServer *server = call->door->server;

    if (session) {
        return auth_sessions_check(server->sessions, session,
                                   call->request.session, ret_grant);
    }
    if (header && !g_ascii_strncasecmp(header, "Bearer ", 7)) {
        return auth_tokens_check(server->tokens, header + 7, ret_grant);
    }
    if (header && call->face && !g_ascii_strncasecmp(header, "Basic ", 6)) {
        return http_check_basic(server, header + 6, ret_grant);
    }
    return !header;
}

/* Set the role, and who it is. */
static bool http_check_role(HttpCall *call)
{
    HttpServer *server = call->door->server;
    AuthGrant grant = { .role = AUTH_NOBODY }, shown;
    bool good;
    struct ucred peer = { .uid = -1 };
    socklen_t size = sizeof(peer);
    const union MHD_ConnectionInfo *info;

    if (!call->door->tcp) {
        info = MHD_get_connection_info(call->connection,
                                       MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info) {
            (void)getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer,
                             &size);
        }
        call->request.role = server->config->socket_role;
        call->request.who = g_strdup_printf("uid %u", peer.uid);
        return true;
    }
    if (!http_cert_check(call, &shown)) {
        call->request.who = g_strdup("nobody");
        call->request.refused = true;
        return false;
    }
    good = http_check_grant(call, &grant);
    if (good && grant.role == AUTH_NOBODY) {
        grant = shown;
    } else {
        /* A token was given for this request, a certificate for all. */
        auth_grant_clear(&shown);
    }
    call->request.role = grant.role;
    call->request.until = grant.until;
    call->request.granted = grant.role != AUTH_NOBODY;
    memcpy(call->request.token, grant.digest, sizeof(grant.digest));
    call->request.hosts = g_steal_pointer(&grant.hosts);
    call->request.who = grant.common_name ?
                        g_strconcat("cert:", grant.common_name, NULL) :
                        grant.name ? g_strconcat("token ", grant.name, NULL) :
                        g_strdup("nobody");
    auth_grant_clear(&grant);
    if (!good) {
        call->request.refused = true;
        http_answer_error(&call->request, MHD_HTTP_UNAUTHORIZED, "bad-token",
                          "send Authorization: Bearer with a token of the "
                          "daemon's tokens file", "the token is not known");
        return false;
    }
    return true;
}

static bool http_check_denied(HttpCall *call, AuthRole needed)
{
    if (call->request.role >= needed) {
        return true;
    }
    if (call->request.role == AUTH_NOBODY) {
        http_answer_error(&call->request, MHD_HTTP_UNAUTHORIZED, "no-token",
                          call->door->server->config->client_ca ?
                          "send Authorization: Bearer with a token of the "
                          "daemon's tokens file, or show a certificate that "
                          "client-ca has signed" :
                          "send Authorization: Bearer with a token of the "
                          "daemon's tokens file", "this needs the role %s",
                          auth_role_name(needed));
    } else {
        http_answer_error(&call->request, MHD_HTTP_FORBIDDEN, "forbidden",
                          "ask whoever runs the daemon for that role",
                          "this needs the role %s, and %s is %s",
                          auth_role_name(needed), call->request.who,
                          auth_role_name(call->request.role));
    }
    return false;
}

/*
 * Somebody follows a link of another site to our page. That tells the other
 * site nothing, and no frame can be put around what is shown.
 */
static bool http_is_visit(const HttpCall *call, const char *url)
{
    const char *mode = http_header(call, "Sec-Fetch-Mode");
    const char *target = http_header(call, "Sec-Fetch-Dest");

    return call->get && !strcmp(url, "/") && mode &&
           !strcmp(mode, "navigate") && target && !strcmp(target, "document");
}

static bool http_check_browser(HttpCall *call, const char *url)
{
    const char *host = http_header(call, MHD_HTTP_HEADER_HOST);
    const char *scheme = call->door->tcp ? "https" : "http";

    if (!host || !http_guard_host(host, call->door->server->config->names)) {
        http_answer_error(&call->request, MHD_HTTP_MISDIRECTED_REQUEST,
                          "bad-host", "use the machine's name or address, or "
                          "add the name to names of [http]",
                          "the Host header is missing, or names somebody "
                          "else");
        return false;
    }
    if (!http_guard_origin(http_header(call, "Origin"),
                           http_is_visit(call, url) ? NULL :
                           http_header(call, "Sec-Fetch-Site"), scheme,
                           host)) {
        http_answer_error(&call->request, MHD_HTTP_FORBIDDEN, "bad-origin",
                          "ask from a program, or from a page of this server",
                          "a page of another site asked");
        return false;
    }
    return true;
}

/* Whether @url fits @pattern; what "{}" were goes to @segments. */
static bool http_route_fits(const char *pattern, const char *url,
                            char *segments[HTTP_MAX_SEGMENTS])
{
    unsigned count = 0;

    while (*pattern && *url) {
        if (g_str_has_prefix(pattern, "{}")) {
            size_t len = strcspn(url, "/");

            if (!len || count == HTTP_MAX_SEGMENTS) {
                break;
            }
            g_free(segments[count]);
            segments[count++] = g_strndup(url, len);
            url += len;
            pattern += 2;
        } else if (*pattern != *url) {
            break;
        } else {
            pattern++;
            url++;
        }
    }
    if (!*pattern && !*url) {
        return true;
    }
    while (count) {
        g_clear_pointer(&segments[--count], g_free);
    }
    return false;
}

/* The face that has @url, if one has */
static const HttpRoute *http_find_face(const HttpServer *server,
                                       const char *url)
{
    const HttpRoute *r;

    for (r = server->routes; r->method; r++) {
        size_t len = strlen(r->path);

        if (!strcmp(r->method, HTTP_FACE) && !strncmp(url, r->path, len) &&
            (!url[len] || url[len] == '/')) {
            return r;
        }
    }
    return NULL;
}

static bool http_check_route(HttpCall *call, const char *method,
                             const char *path)
{
    g_autofree char *url = g_strdup(path);
    size_t len = strlen(url);
    const HttpRoute *r;

    if (call->face && len > 1 && url[len - 1] == '/') {
        url[len - 1] = '\0';
    }
    call->allowed = g_string_new(NULL);
    for (r = call->door->server->routes; r->method; r++) {
        char *segments[HTTP_MAX_SEGMENTS] = { NULL };
        unsigned i;

        if (!strcmp(r->method, HTTP_FACE) ||
            !http_route_fits(r->path, url, segments)) {
            continue;
        }
        g_string_append_printf(call->allowed, "%s%s",
                               call->allowed->len ? ", " : "", r->method);
        if (!call->request.route && !strcmp(r->method, method)) {
            call->request.route = r;
            memcpy(call->request.segments, segments, sizeof(segments));
            continue;
        }
        for (i = 0; i < HTTP_MAX_SEGMENTS; i++) {
            g_free(segments[i]);
        }
    }
    call->request.allowed = call->allowed->len ? call->allowed->str : NULL;
    if (call->request.route) {
        return true;
    }
    if (call->allowed->len) {
        http_answer_error(&call->request, MHD_HTTP_METHOD_NOT_ALLOWED,
                          "bad-method", READ_AGAIN,
                          "this path can do: %s", call->allowed->str);
    } else {
        http_answer_error(&call->request, MHD_HTTP_NOT_FOUND, "no-such-path",
                          READ_AGAIN, "there is no such path");
    }
    return false;
}

static enum MHD_Result http_take_argument(void *opaque, enum MHD_ValueKind kind,
                                          const char *key, const char *value)
{
    g_hash_table_replace(opaque, g_strdup(key), g_strdup(value ? value : ""));
    return MHD_YES;
}

/* How much will come, and what */
static bool http_check_announced(HttpCall *call)
{
    const char *length = http_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
    unsigned most = call->door->server->config->body_bytes;
    guint64 bytes = 0;

    if (http_header(call, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        http_answer_error(&call->request, MHD_HTTP_LENGTH_REQUIRED,
                          "no-length", "send a Content-Length",
                          "a body in chunks is not taken");
        return false;
    }
    if (length && (!g_ascii_string_to_unsigned(length, 10, 0, G_MAXUINT64,
                                               &bytes, NULL) || bytes > most)) {
        http_answer_error(&call->request, MHD_HTTP_CONTENT_TOO_LARGE,
                          "too-large", "send less, or raise body-bytes of "
                          "[http]", "a body may have %u bytes", most);
        return false;
    }
    call->declared = bytes > 0;
    if (call->declared && !call->request.route->takes_body &&
        !call->face) {
        http_answer_error(&call->request, MHD_HTTP_BAD_REQUEST, "no-body",
                          READ_AGAIN, "this takes no body");
        return false;
    }
    if (call->request.route->takes_body &&
        !http_guard_json(http_header(call, MHD_HTTP_HEADER_CONTENT_TYPE))) {
        http_answer_error(&call->request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                          "not-json", "send Content-Type: application/json",
                          "the body must be declared as JSON");
        return false;
    }
    return true;
}

/* Those that are read here, or by libmicrohttpd */
static const char *const single[] = {
    MHD_HTTP_HEADER_HOST, MHD_HTTP_HEADER_CONTENT_LENGTH,
    MHD_HTTP_HEADER_TRANSFER_ENCODING, MHD_HTTP_HEADER_CONTENT_TYPE,
    MHD_HTTP_HEADER_AUTHORIZATION, "X-Auth-Token", MHD_HTTP_HEADER_IF_MATCH,
    MHD_HTTP_HEADER_IF_NONE_MATCH, "Last-Event-ID", "OData-Version", "Origin",
    "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest",
};

static enum MHD_Result http_count_header(void *opaque, enum MHD_ValueKind kind,
                                         const char *key, const char *value)
{
    unsigned *counts = opaque;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(single); i++) {
        counts[i] += !g_ascii_strcasecmp(key, single[i]);
    }
    return MHD_YES;
}

/*
 * Of two of a kind, one is believed by us and the other by whoever is between
 * us and the client: where a request ends, whom it is for, and from whom.
 */
static bool http_check_single(HttpCall *call)
{
    unsigned counts[G_N_ELEMENTS(single)] = { 0 };
    size_t i;

    MHD_get_connection_values(call->connection, MHD_HEADER_KIND,
                              http_count_header, counts);
    for (i = 0; i < G_N_ELEMENTS(single); i++) {
        if (counts[i] > 1) {
            call->ambiguous = true;
            http_answer_error(&call->request, MHD_HTTP_BAD_REQUEST,
                              "bad-header", "send it once",
                              "%s was sent more than once", single[i]);
            return false;
        }
    }
    return true;
}

bool http_check_head(HttpCall *call, const char *method, const char *url)
{
    HttpRequest *request = &call->request;

    call->get = !strcmp(method, "GET") || !strcmp(method, "HEAD");
    call->face = http_find_face(call->door->server, url);
    request->method = g_strdup(method);
    request->path = g_strdup(url);
    if (!http_check_single(call)) {
        return false;
    }
    if (call->bad_line) {
        http_answer_error(request, MHD_HTTP_BAD_REQUEST, "bad-path",
                          READ_AGAIN, "the path cannot be one");
        return false;
    }
    if (!http_peer_may_ask(call->peer)) {
        http_answer_error(request, MHD_HTTP_TOO_MANY_REQUESTS, "too-fast",
                          "wait a second, or raise requests-per-second of "
                          "[http]", "more than %u requests a second came over "
                          "one connection",
                          call->door->server->config->requests_per_second);
        request->retry_after = 1;
        return false;
    }
    if (!http_check_browser(call, url) || !http_check_role(call) ||
        !http_check_route(call, call->get ? "GET" : method, url) ||
        !http_check_denied(call, request->route->role) ||
        !http_check_announced(call)) {
        return false;
    }
    request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           g_free);
    MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND,
                              http_take_argument, request->query);
    request->if_match = g_strdup(http_header(call, MHD_HTTP_HEADER_IF_MATCH));
    request->if_none_match = g_strdup(
        http_header(call, MHD_HTTP_HEADER_IF_NONE_MATCH));
    request->last_event_id = g_strdup(http_header(call, "Last-Event-ID"));
    request->odata_version = g_strdup(http_header(call, "OData-Version"));
    return true;
}

bool http_check_body(HttpCall *call)
{
    g_autofree char *why = NULL;
    struct json_tokener *tokener;
    enum json_tokener_error error;
    struct json_object *body;
    const char *bad;

    if (!call->request.route->takes_body) {
        return true;
    }
    /* json-c's own check lets through what other readers refuse. */
    if (!g_utf8_validate((const char *)call->text->data, call->text->len - 1,
                         &bad)) {
        http_answer_error(&call->request, MHD_HTTP_BAD_REQUEST, "bad-json",
                          "send one JSON object in UTF-8",
                          "the body is no JSON: no UTF-8 at byte %zu",
                          (size_t)(bad - (const char *)call->text->data));
        return false;
    }
    tokener = json_tokener_new_ex(JSON_DEPTH);
    g_assert(tokener);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    /* The NUL at the end is part of it: json-c then knows that it is whole. */
    body = json_tokener_parse_ex(tokener, (const char *)call->text->data,
                                 call->text->len);
    error = json_tokener_get_error(tokener);
    if (error != json_tokener_success || !body ||
        json_tokener_get_parse_end(tokener) + 1 != call->text->len ||
        !json_object_is_type(body, json_type_object)) {
        why = error != json_tokener_success ?
              g_strdup_printf("%s at byte %zu", json_tokener_error_desc(error),
                              json_tokener_get_parse_end(tokener)) :
              g_strdup("not one object");
        http_answer_error(&call->request, MHD_HTTP_BAD_REQUEST, "bad-json",
                          "send one JSON object, at most 16 levels deep",
                          "the body is no JSON: %s", why);
        json_object_put(body);
        body = NULL;
    }
    json_tokener_free(tokener);
    call->request.body = body;
    call->request.body_text = (const char *)call->text->data;
    return body != NULL;
}
