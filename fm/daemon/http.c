/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server: doors, workers, and the way of a request between them
 */
#include <json-c/json.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <gio/gio.h>
#include "http-call.h"

#define SWEEP_US          (250 * 1000)
#define SWEEPS_PER_WAKE   20
#define LAST_ANSWERS_US   (2 * G_USEC_PER_SEC)
#define HEADER_MEMORY     (32 << 10)
#define TLS_PRIORITIES    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* --- The way of a request --- */

static void http_call_free(HttpCall *call)
{
    unsigned i;

    for (i = 0; i < HTTP_MAX_SEGMENTS; i++) {
        g_free(call->request.segments[i]);
    }
    g_clear_pointer(&call->request.query, g_hash_table_unref);
    g_clear_pointer(&call->request.stream, http_stream_free);
    json_object_put(call->request.body);
    g_free(call->request.if_match);
    g_free(call->request.if_none_match);
    g_free(call->request.last_event_id);
    g_free(call->request.odata_version);
    g_free(call->request.method);
    g_free(call->request.path);
    g_strfreev(call->request.hosts);
    g_clear_pointer(&call->request.headers, g_ptr_array_unref);
    g_free(call->request.who);
    g_free(call->request.text);
    g_free(call->request.etag);
    g_free(call->request.location);
    g_byte_array_unref(call->text);
    if (call->allowed) {
        g_string_free(call->allowed, true);
    }
    g_free(call);
}

/* The request line is there; before anything else of the request. */
static void *http_begin(void *opaque, const char *uri,
                        struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    HttpCall *call = g_new0(HttpCall, 1);

    call->door = opaque;
    call->connection = connection;
    call->peer = info ? info->socket_context : NULL;
    call->text = g_byte_array_new();
    call->request.opaque = call->door->server->opaque;
    /* The local door is open before these are there */
    call->request.tokens = g_atomic_pointer_get(&call->door->server->tokens);
    call->request.sessions =
        g_atomic_pointer_get(&call->door->server->sessions);
    call->begun = g_get_monotonic_time();
    /* What is decoded would end there. */
    call->bad_line = !uri || *uri != '/' || strstr(uri, "%00");
    return call;
}

static void http_end(void *opaque, struct MHD_Connection *connection,
                     void **state, enum MHD_RequestTerminationCode why)
{
    HttpDoor *door = opaque;
    HttpServer *server = door->server;
    HttpCall *call = *state;

    if (call) {
        g_mutex_lock(&server->lock);
        server->answering -= call->answering;
        server->at_work -= call->at_work;
        g_cond_signal(&server->answered);
        g_mutex_unlock(&server->lock);
        http_peer_idle(call->peer, door->server->config->idle_seconds);
        http_call_free(call);
        *state = NULL;
    }
}

static void http_connection(void *opaque, struct MHD_Connection *connection,
                            void **context,
                            enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info;
    HttpDoor *door = opaque;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        info = MHD_get_connection_info(connection,
                                       MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = http_peer_begin(door->peers, info->connect_fd,
                                   door->server->config->header_seconds);
    } else if (*context) {
        http_peer_end(*context);
        *context = NULL;
    }
}

/* Back to the server's thread, which sends the answer. */
static void http_hand_back(HttpCall *call)
{
    HttpServer *server = call->door->server;

    g_mutex_lock(&server->lock);
    server->counters.waiting[call->lane]--;
    call->stage = HTTP_STAGE_ANSWER;
    g_mutex_unlock(&server->lock);
    MHD_resume_connection(call->connection);
}

static bool http_has_hung_up(void *job)
{
    const HttpCall *call = job;

    return http_peer_hung_up(call->peer);
}

static void http_turn_away(HttpCall *call, const char *why)
{
    http_answer_error(&call->request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                      "ask again in a second", "%s", why);
    call->request.retry_after = 1;
    http_hand_back(call);
}

/* Nobody would read the answer; the connection ends when one is tried. */
static void http_let_go(HttpCall *call)
{
    HttpServer *server = call->door->server;

    g_mutex_lock(&server->lock);
    server->counters.hung_up++;
    g_mutex_unlock(&server->lock);
    http_turn_away(call, "whoever asked has hung up");
}

/* In a worker: no other thread touches @data until the resume. */
static void http_work(gpointer data, gpointer opaque)
{
    HttpCall *call = data;
    HttpServer *server = opaque;
    gint64 begun = g_get_monotonic_time();

    if (http_has_hung_up(call)) {
        http_let_go(call);
        return;
    }
    if (http_check_body(call)) {
        call->request.route->run(&call->request);
    }
    g_mutex_lock(&server->lock);
    server->counters.work[call->lane]++;
    server->counters.work_us[call->lane] += g_get_monotonic_time() - begun;
    g_mutex_unlock(&server->lock);
    http_hand_back(call);
}

/* What waits of those that have hung up; they are connections of an address. */
static void http_sweep_queues(HttpServer *server)
{
    int lane;
    unsigned i;

    for (lane = HTTP_STORE; lane < HTTP_LANE_MAX; lane++) {
        g_autoptr(GPtrArray) gone = http_queue_take(server->queues[lane],
                                                    http_has_hung_up);

        for (i = 0; i < gone->len; i++) {
            http_let_go(gone->pdata[i]);
        }
    }
}

/* What has not begun will not begin. */
static void http_turn_all_away(HttpServer *server)
{
    int lane;
    unsigned i;

    for (lane = HTTP_STORE; lane < HTTP_LANE_MAX; lane++) {
        g_autoptr(GPtrArray) all = http_queue_take(server->queues[lane], NULL);

        for (i = 0; i < all->len; i++) {
            http_turn_away(all->pdata[i], "the daemon is about to end");
        }
    }
}

/* To a worker, or an answer that says why not. */
static enum MHD_Result http_hand_over(HttpCall *call)
{
    HttpServer *server = call->door->server;
    HttpQueue *queue = server->queues[call->lane];
    const char *who = call->request.who;
    bool room;

    g_mutex_lock(&server->lock);
    room = !server->stopping && http_queue_count(queue, who) <
           server->config->waiting_requests;
    if (room) {
        server->counters.waiting[call->lane]++;
        server->at_work++;
        call->at_work = true;
        call->stage = HTTP_STAGE_WORK;
        http_peer_ours(call->peer);
        MHD_suspend_connection(call->connection);
        http_queue_push(queue, who, call);
    } else {
        server->counters.busy++;
    }
    g_mutex_unlock(&server->lock);
    if (room) {
        return MHD_YES;
    }
    http_answer_error(&call->request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
                      "ask again in a second", "too many requests wait");
    call->request.retry_after = 1;
    return http_answer_send(call);
}

static enum MHD_Result http_dispatch(HttpCall *call)
{
    const HttpRoute *route = call->request.route;

    call->lane = route->is_large && route->is_large(&call->request) ?
                 HTTP_LARGE : route->lane;
    if (call->lane != HTTP_AT_ONCE) {
        return http_hand_over(call);
    }
    if (http_check_body(call)) {
        route->run(&call->request);
    }
    return http_answer_send(call);
}

/* What is wrong may come with a body that is not worth waiting for. */
static bool http_refuse_at_once(const HttpCall *call)
{
    const char *length = MHD_lookup_connection_value(
        call->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

    return call->ambiguous ||
           MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
           (length && !g_ascii_string_to_unsigned(
                length, 10, 0, call->door->server->config->body_bytes, NULL,
                NULL));
}

static enum MHD_Result http_handle(void *opaque,
                                   struct MHD_Connection *connection,
                                   const char *url, const char *method,
                                   const char *version, const char *data,
                                   size_t *size, void **state)
{
    HttpCall *call = *state;
    HttpServer *server = call->door->server;

    switch (call->stage) {
    case HTTP_STAGE_LINE:
        if (!http_check_head(call, method, url)) {
            /* An answer before the end of the request ends the connection. */
            http_peer_busy(call->peer, server->config->body_seconds);
            call->stage = HTTP_STAGE_ANSWER;
            return http_refuse_at_once(call) ? http_answer_send(call) :
                   MHD_YES;
        }
        http_peer_busy(call->peer, server->config->body_seconds);
        call->stage = HTTP_STAGE_BODY;
        return MHD_YES;
    case HTTP_STAGE_BODY:
        if (!*size) {
            g_byte_array_append(call->text, (const guint8 *)"", 1);
            return http_dispatch(call);
        }
        if (*size > server->config->body_bytes - call->text->len) {
            return MHD_NO;
        }
        g_byte_array_append(call->text, (const guint8 *)data, *size);
        *size = 0;
        return MHD_YES;
    case HTTP_STAGE_ANSWER:
        if (!*size) {
            return http_answer_send(call);
        }
        /* fall through */
    default:
        /* The body of a request that was refused */
        *size = 0;
        return MHD_YES;
    }
}

/* --- Start and stop --- */

static gpointer http_sweep(gpointer opaque)
{
    HttpServer *server = opaque;
    unsigned turn = 0;

    g_mutex_lock(&server->lock);
    while (!server->stopping) {
        g_cond_wait_until(&server->tick, &server->lock,
                          g_get_monotonic_time() + SWEEP_US);
        g_mutex_unlock(&server->lock);
        http_peers_sweep(server->local.peers);
        http_peers_sweep(server->tcp.peers);
        http_sweep_queues(server);
        http_refused_sweep(server->refused);
        if (!(++turn % SWEEPS_PER_WAKE)) {
            http_streams_wake(server);
        }
        g_mutex_lock(&server->lock);
    }
    g_mutex_unlock(&server->lock);
    return NULL;
}

static void http_log(void *opaque, const char *format, va_list args)
    G_GNUC_PRINTF(2, 0);

/* What libmicrohttpd says is about clients; they are told, too. */
static void http_log(void *opaque, const char *format, va_list args)
{
    g_autofree char *text = g_strdup_vprintf(format, args);

    g_debug("http: %s", g_strchomp(text));
}

/*
 * Takes over @fd, which is -1 when listening failed with @error. The texts are
 * for TLS; @client_ca may be NULL.
 */
static bool http_open(HttpDoor *door, int fd, const char *key,
                      const char *certificate, const char *client_ca,
                      GError **error)
{
    const HttpConfig *config = door->server->config;
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
        { MHD_OPTION_TLS_NO_ALPN, 1, NULL },
        { MHD_OPTION_PER_IP_CONNECTION_LIMIT,
          config->connections_per_address, NULL },
        { client_ca ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
          (void *)client_ca },
        { MHD_OPTION_END, 0, NULL },
    };

    if (fd < 0) {
        return false;
    }
    if (!door->tcp) {
        tls[0].option = MHD_OPTION_END;
    }
    door->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME |
        MHD_USE_ERROR_LOG | (door->tcp ? MHD_USE_TLS : 0), 0, NULL, NULL,
        http_handle, door,
        MHD_OPTION_EXTERNAL_LOGGER, http_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, config->connections,
        MHD_OPTION_CONNECTION_TIMEOUT, config->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_MEMORY,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, http_begin, door,
        MHD_OPTION_NOTIFY_COMPLETED, http_end, door,
        MHD_OPTION_NOTIFY_CONNECTION, http_connection, door,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!door->daemon) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the %s door of [http] does not open%s",
                    door->tcp ? "TCP" : "unix", door->tcp ?
                    "; do key and certificate belong together?" : "");
        close(fd);
        return false;
    }
    return true;
}

static bool http_open_local(HttpServer *server, GError **error)
{
    if (!server->config->socket && server->config->socket_fd < 0) {
        return true;
    }
    return http_open(&server->local, http_listen_unix(server, error), NULL,
                     NULL, NULL, error);
}

static bool http_open_tcp(HttpServer *server, GError **error)
{
    const HttpConfig *config = server->config;
    g_autofree char *key = NULL;
    g_autofree char *certificate = NULL;
    g_autofree char *client_ca = NULL;
    bool open;

    if (!config->listen) {
        return true;
    }
    if (config->client_ca) {
        client_ca = http_cert_read(config->client_ca, error);
        if (!client_ca) {
            return false;
        }
    }
    if (config->client_crl) {
        server->crl = http_crl_new(config->client_crl, client_ca, error);
        if (!server->crl) {
            return false;
        }
    }
    g_atomic_pointer_set(&server->tokens,
                         auth_tokens_load(config->tokens, error));
    if (!server->tokens ||
        !g_file_get_contents(config->key, &key, NULL, error) ||
        !g_file_get_contents(config->certificate, &certificate, NULL,
                             error)) {
        return false;
    }
    g_atomic_pointer_set(&server->sessions,
                         auth_sessions_new(server->tokens));
    open = http_open(&server->tcp, http_listen_tcp(config, error), key,
                     certificate, client_ca, error);
    explicit_bzero(key, strlen(key));
    return open;
}

/* Each connection is a descriptor, and the rest needs some. */
static void http_raise_limit(const HttpConfig *config)
{
    struct rlimit limit;
    rlim_t wanted = 2 * config->connections + 512;

    if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < wanted) {
        limit.rlim_cur = MIN(wanted, limit.rlim_max);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < wanted) {
        g_warning("[http] connections: %u need %lu open files, %lu are "
                  "allowed; raise LimitNOFILE", config->connections,
                  (unsigned long)wanted, (unsigned long)limit.rlim_cur);
    }
}

HttpServer *http_new(const HttpConfig *config, const HttpRoute *routes,
                     void *opaque)
{
    static const struct { const char *name; unsigned count; } workers[] = {
        [HTTP_STORE] = { "http-store", HTTP_STORE_WORKERS },
        [HTTP_LARGE] = { "http-large", HTTP_LARGE_WORKERS },
        [HTTP_DEVICE] = { "http-device", HTTP_DEVICE_WORKERS },
    };
    HttpServer *server = g_new0(HttpServer, 1);
    int lane;

    server->config = config;
    server->routes = routes;
    server->opaque = opaque;
    g_mutex_init(&server->lock);
    g_cond_init(&server->tick);
    g_cond_init(&server->answered);
    server->streams = g_hash_table_new(NULL, NULL);
    server->local.server = server->tcp.server = server;
    server->tcp.tcp = true;
    server->local.peers = http_peers_new(config->connections,
                                         config->requests_per_second);
    server->tcp.peers = http_peers_new(config->connections,
                                       config->requests_per_second);
    for (lane = HTTP_STORE; lane < HTTP_LANE_MAX; lane++) {
        server->queues[lane] = http_queue_new(workers[lane].name,
                                              workers[lane].count, http_work,
                                              server);
    }
    server->refused = http_refused_new();
    http_raise_limit(config);
    server->sweeper = g_thread_new("http-sweeper", http_sweep, server);
    return server;
}

bool http_start(HttpServer *server, GError **error)
{
    return http_open_local(server, error) && http_open_tcp(server, error);
}

/* What workers have answered goes out, if its readers read. */
static void http_let_answers_go(HttpServer *server)
{
    gint64 end = g_get_monotonic_time() + LAST_ANSWERS_US;

    g_mutex_lock(&server->lock);
    while (server->at_work &&
           g_cond_wait_until(&server->answered, &server->lock, end)) {
    }
    g_mutex_unlock(&server->lock);
}

void http_stop(HttpServer *server)
{
    int lane;

    if (!server) {
        return;
    }
    g_mutex_lock(&server->lock);
    server->stopping = true;
    g_cond_signal(&server->tick);
    g_mutex_unlock(&server->lock);
    g_thread_join(server->sweeper);
    http_streams_wake(server);
    http_turn_all_away(server);
    for (lane = HTTP_STORE; lane < HTTP_LANE_MAX; lane++) {
        http_queue_free(server->queues[lane]);
    }
    http_let_answers_go(server);
    if (server->local.daemon) {
        MHD_stop_daemon(server->local.daemon);
    }
    if (server->tcp.daemon) {
        MHD_stop_daemon(server->tcp.daemon);
    }
    http_listen_end(server);
    http_peers_free(server->local.peers);
    http_peers_free(server->tcp.peers);
    g_hash_table_unref(server->streams);
    http_refused_free(server->refused);
    http_crl_free(server->crl);
    auth_sessions_free(server->sessions);
    auth_tokens_free(server->tokens);
    g_cond_clear(&server->answered);
    g_cond_clear(&server->tick);
    g_mutex_clear(&server->lock);
    g_free(server);
}

int64_t http_store_waited(HttpServer *server)
{
    return http_queue_waited(server->queues[HTTP_STORE]);
}

void http_counters(HttpServer *server, HttpCounters *ret_counters)
{
    HttpPeerCounters peers = { 0 };

    http_peers_count(server->local.peers, &peers);
    http_peers_count(server->tcp.peers, &peers);
    g_mutex_lock(&server->lock);
    *ret_counters = server->counters;
    ret_counters->streams = g_hash_table_size(server->streams);
    g_mutex_unlock(&server->lock);
    ret_counters->connections = peers.now;
    ret_counters->accepted = peers.accepted;
    ret_counters->evicted = peers.evicted;
    ret_counters->late = peers.late;
    ret_counters->throttled = peers.throttled;
}
