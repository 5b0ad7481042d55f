/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams: answers that never end by themselves
 *
 * A stream that has nothing to say is suspended: it costs no time. To wake it
 * is to resume its connection, which makes the server's thread ask it again.
 */
#include <string.h>
#include "http-call.h"

#define BLOCK 4096

struct HttpStream {
    HttpServer *server;
    struct MHD_Connection *connection; /* NULL: not sent yet */
    HttpStreamFn next;
    void *opaque;
    GDestroyNotify destroy;
    GString *text;                /* what goes out */
    size_t at;                    /* of it is out already */
    bool over;
    /* Who has it; the same members as those of its request */
    AuthRole role;                /* the least that may */
    bool granted;
    uint8_t token[AUTH_DIGEST_SIZE];
    int64_t until;
    /* With the server's lock: */
    bool woken;                   /* since it was asked last */
    bool suspended;
};

bool http_answer_stream(HttpServer *server, HttpRequest *request,
                        const char *type, HttpStreamFn next, void *opaque,
                        GDestroyNotify destroy)
{
    HttpStream *stream;
    bool room;

    g_mutex_lock(&server->lock);
    room = !server->stopping &&
           g_hash_table_size(server->streams) < server->config->streams;
    if (room) {
        stream = g_new0(HttpStream, 1);
        g_hash_table_add(server->streams, stream);
    }
    g_mutex_unlock(&server->lock);
    if (!room) {
        destroy(opaque);
        http_answer_error(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                          "too-many-streams", "end others, or raise streams of "
                          "[http]", "there are %u streams of events already",
                          server->config->streams);
        request->retry_after = 5;
        return false;
    }
    stream->server = server;
    stream->next = next;
    stream->opaque = opaque;
    stream->destroy = destroy;
    stream->text = g_string_new(NULL);
    stream->role = request->route->role;
    stream->granted = request->granted;
    stream->until = request->until;
    memcpy(stream->token, request->token, sizeof(stream->token));
    http_answer_text(request, MHD_HTTP_OK, type, NULL);
    request->stream = stream;
    return true;
}

void http_stream_free(HttpStream *stream)
{
    HttpServer *server = stream->server;

    g_mutex_lock(&server->lock);
    g_hash_table_remove(server->streams, stream);
    g_mutex_unlock(&server->lock);
    stream->destroy(stream->opaque);
    g_string_free(stream->text, true);
    g_free(stream);
}

static void http_stream_end(void *opaque)
{
    http_stream_free(opaque);
}

/* Nothing to say: sleep, unless somebody called meanwhile. */
static void http_stream_sleep(HttpStream *stream)
{
    HttpServer *server = stream->server;

    g_mutex_lock(&server->lock);
    if (!stream->woken && !server->stopping) {
        stream->suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    g_mutex_unlock(&server->lock);
}

/*
 * Whether who asked may go on: tokens are taken away, certificates end. That
 * his session is over does not matter: a session's end is nothing to what it
 * began (DSP0266).
 */
static bool http_stream_may(const HttpStream *stream)
{
    HttpServer *server = stream->server;
    AuthGrant grant;
    bool may;

    if (!stream->granted) {
        return true;
    }
    if (stream->until && g_get_real_time() / G_USEC_PER_SEC > stream->until) {
        return false;
    }
    if (stream->until && !http_cert_stays(server, stream->connection)) {
        return false;
    }
    may = auth_tokens_again(server->tokens, stream->token, &grant) &&
          grant.role >= stream->role;
    auth_grant_clear(&grant);
    return may;
}

static ssize_t http_stream_read(void *opaque, uint64_t position, char *out,
                                size_t max)
{
    HttpStream *stream = opaque;
    HttpServer *server = stream->server;
    HttpStreamNext next = HTTP_STREAM_WAITS;
    bool stopping;
    size_t len;

    if (stream->at == stream->text->len) {
        g_string_truncate(stream->text, 0);
        stream->at = 0;
        g_mutex_lock(&server->lock);
        stream->woken = false;
        stopping = server->stopping;
        server->counters.turns++;
        g_mutex_unlock(&server->lock);
        if (!stream->over && !stopping) {
            next = http_stream_may(stream) ?
                   stream->next(stream->text, stream->opaque) :
                   HTTP_STREAM_ENDS;
            stream->over = next == HTTP_STREAM_ENDS;
        }
        if (!stream->text->len && (stream->over || stopping)) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
        if (!stream->text->len) {
            /* What is not asleep is asked again after the others. */
            if (next == HTTP_STREAM_WAITS) {
                http_stream_sleep(stream);
            }
            return 0;
        }
    }
    len = MIN(max, stream->text->len - stream->at);
    memcpy(out, stream->text->str + stream->at, len);
    stream->at += len;
    return len;
}

struct MHD_Response *http_stream_response(HttpServer *server,
                                          HttpStream *stream,
                                          struct MHD_Connection *connection)
{
    struct MHD_Response *response;

    stream->connection = connection;
    response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK, http_stream_read, stream, http_stream_end);
    if (!response) {
        http_stream_free(stream);
    }
    return response;
}

void http_streams_wake(HttpServer *server)
{
    GHashTableIter iter;
    HttpStream *stream;

    g_mutex_lock(&server->lock);
    g_hash_table_iter_init(&iter, server->streams);
    while (g_hash_table_iter_next(&iter, (gpointer *)&stream, NULL)) {
        stream->woken = true;
        if (stream->suspended) {
            stream->suspended = false;
            MHD_resume_connection(stream->connection);
        }
    }
    g_mutex_unlock(&server->lock);
}
