/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers: how what routes have said goes out
 */
#include <string.h>
#include "http-call.h"

#define SMALL (64 << 10)          /* bytes */

static void http_answer_headers(const HttpCall *call,
                                struct MHD_Response *response)
{
    const HttpRequest *request = &call->request;
    const struct { const char *name, *value; } headers[] = {
        { MHD_HTTP_HEADER_CONTENT_TYPE, request->type },
        { MHD_HTTP_HEADER_ETAG, request->etag },
        { MHD_HTTP_HEADER_LOCATION, request->location },
        { MHD_HTTP_HEADER_CACHE_CONTROL, "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "Content-Security-Policy", request->policy ? request->policy :
          "default-src 'none'; frame-ancestors 'none'" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { MHD_HTTP_HEADER_ALLOW,
          !call->face && request->status == MHD_HTTP_METHOD_NOT_ALLOWED ?
          request->allowed : NULL },
        { MHD_HTTP_HEADER_WWW_AUTHENTICATE,
          request->status != MHD_HTTP_UNAUTHORIZED ? NULL : call->face ?
          "Basic realm=\"cxl-fmd\"" : "Bearer" },
        { MHD_HTTP_HEADER_CONNECTION, call->ambiguous ? "close" : NULL },
    };
    g_autofree char *retry = NULL;
    size_t i;

    for (i = 0; request->headers && i + 1 < request->headers->len; i += 2) {
        MHD_add_response_header(response, request->headers->pdata[i],
                                request->headers->pdata[i + 1]);
    }
    for (i = 0; i < G_N_ELEMENTS(headers); i++) {
        if (headers[i].value) {
            MHD_add_response_header(response, headers[i].name,
                                    headers[i].value);
        }
    }
    if (request->retry_after) {
        retry = g_strdup_printf("%u", request->retry_after);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, retry);
    }
}

/* The client has it already. */
static bool http_answer_unchanged(const HttpCall *call)
{
    const HttpRequest *request = &call->request;

    return call->get && request->status == MHD_HTTP_OK && request->etag &&
           request->if_none_match &&
           !strcmp(request->if_none_match, request->etag);
}

static void http_answer_count(HttpServer *server, unsigned status)
{
    g_mutex_lock(&server->lock);
    server->counters.answers[MIN(status / 100, 5)]++;
    server->counters.denied += status == MHD_HTTP_UNAUTHORIZED ||
                               status == MHD_HTTP_FORBIDDEN ||
                               status == MHD_HTTP_MISDIRECTED_REQUEST;
    g_mutex_unlock(&server->lock);
}

/*
 * Readers that do not read keep their answers in our memory: together they may
 * have so much, and a small answer always goes.
 */
static void http_answer_fits(HttpCall *call)
{
    HttpServer *server = call->door->server;
    HttpRequest *request = &call->request;
    uint64_t most = (uint64_t)server->config->answer_megabytes << 20;
    bool fits;

    if (request->text_len < SMALL) {
        return;
    }
    g_mutex_lock(&server->lock);
    fits = server->answering + request->text_len <= most;
    if (fits) {
        call->answering = request->text_len;
        server->answering += call->answering;
    } else {
        server->counters.busy++;
    }
    g_mutex_unlock(&server->lock);
    if (!fits) {
        http_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                          "ask again in a second, or raise answer-megabytes "
                          "of [http]", "too many answers wait for those who "
                          "asked");
        request->retry_after = 1;
    }
}

enum MHD_Result http_answer_send(HttpCall *call)
{
    HttpServer *server = call->door->server;
    HttpRequest *request = &call->request;
    HttpStream *stream = g_steal_pointer(&request->stream);
    struct MHD_Response *response;
    enum MHD_Result ret;

    if (http_answer_unchanged(call)) {
        http_answer_empty(request, MHD_HTTP_NOT_MODIFIED);
    }
    http_answer_fits(call);
    if (call->face) {
        call->face->run(request);
    }
    if (stream) {
        http_peer_ours(call->peer);
        response = http_stream_response(server, stream, call->connection);
    } else {
        /* A reader may take its time, but not for ever. */
        http_peer_busy(call->peer, server->config->idle_seconds * 2);
        response = MHD_create_response_from_buffer(
            request->text_len, g_steal_pointer(&request->text),
            MHD_RESPMEM_MUST_FREE);
    }
    if (!response) {
        return MHD_NO;
    }
    http_answer_headers(call, response);
    http_answer_count(server, request->status);
    if (request->refused) {
        http_refused_note(server->refused, call->connection);
    }
    ret = MHD_queue_response(call->connection, request->status, response);
    MHD_destroy_response(response);
    call->stage = HTTP_STAGE_SENT;
    return ret;
}
