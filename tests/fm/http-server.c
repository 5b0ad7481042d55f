/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's HTTP server with routes of ours: for what has to do with
 * connections only, not with pools and claims
 *
 *   http-server CONFIG
 *
 * Serves [http] of CONFIG, prints "ready" and ends when stdin does.
 */
#include <json-c/json.h>
#include <stdio.h>
#include "http.h"

static HttpServer *server;
static gint ticks;
static GMutex gate_lock;
static GCond gate_turned;
static bool gate_is_open;
static GString *gate_log;         /* who came to the gate, in turn */

static void run_fast(HttpRequest *request)
{
    http_answer_text(request, 200, "text/plain", g_strdup("fast\n"));
}

/* What it was asked */
static void run_echo(HttpRequest *request)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "body", json_object_get(request->body));
    json_object_object_add(o, "who", json_object_new_string(request->who));
    json_object_object_add(o, "segment", json_object_new_string(
                               request->segments[0]));
    json_object_object_add(o, "role", json_object_new_string(
                               auth_role_name(request->role)));
    http_answer_json(request, 200, o);
}

/* A device that takes its time */
static void run_slow(HttpRequest *request)
{
    g_usleep(500 * 1000);
    http_answer_text(request, 200, "text/plain", g_strdup("slow\n"));
}

/* Work that lasts until the gate opens */
static void run_gate(HttpRequest *request)
{
    g_mutex_lock(&gate_lock);
    g_string_append_printf(gate_log, "%s\n", request->who);
    while (!gate_is_open) {
        g_cond_wait(&gate_turned, &gate_lock);
    }
    g_mutex_unlock(&gate_lock);
    http_answer_text(request, 200, "text/plain", g_strdup("through\n"));
}

static void run_open(HttpRequest *request)
{
    g_mutex_lock(&gate_lock);
    gate_is_open = true;
    g_cond_broadcast(&gate_turned);
    g_mutex_unlock(&gate_lock);
    http_answer_empty(request, 204);
}

static void run_log(HttpRequest *request)
{
    g_mutex_lock(&gate_lock);
    http_answer_text(request, 200, "text/plain", g_strdup(gate_log->str));
    g_mutex_unlock(&gate_lock);
}

static void run_large(HttpRequest *request)
{
    http_answer_text(request, 200, "text/plain", g_strnfill(8 << 20, 'x'));
}

static void run_tick(HttpRequest *request)
{
    g_atomic_int_inc(&ticks);
    http_streams_wake(server);
    http_answer_empty(request, 204);
}

static void run_count(HttpRequest *request)
{
    HttpCounters c;

    http_counters(server, &c);
    http_answer_text(request, 200, "text/plain", g_strdup_printf(
        "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n",
        c.connections, c.streams, c.waiting[HTTP_LARGE]));
}

static HttpStreamNext next_tick(GString *text, void *opaque)
{
    int *seen = opaque, now = g_atomic_int_get(&ticks);

    while (*seen < now) {
        g_string_append_printf(text, "tick %d\n", ++*seen);
    }
    return *seen < 1000 ? HTTP_STREAM_WAITS : HTTP_STREAM_ENDS;
}

/* A turn of a stream that has a thousand to do before it says something */
static HttpStreamNext next_turn(GString *text, void *opaque)
{
    int *turn = opaque;

    g_usleep(2000);
    if (++*turn < 1000) {
        return HTTP_STREAM_GOES_ON;
    }
    g_string_append(text, "done\n");
    return HTTP_STREAM_ENDS;
}

static void run_turns(HttpRequest *request)
{
    http_answer_stream(server, request, "text/plain", next_turn,
                       g_new0(int, 1), g_free);
}

static void run_stream(HttpRequest *request)
{
    int *seen = g_new(int, 1);

    *seen = g_atomic_int_get(&ticks);
    http_answer_stream(server, request, "text/plain", next_tick, seen, g_free);
}

static const HttpRoute routes[] = {
    { "GET", "/fast", AUTH_NOBODY, HTTP_AT_ONCE, false, run_fast, NULL },
    { "GET", "/count", AUTH_NOBODY, HTTP_AT_ONCE, false, run_count, NULL },
    { "GET", "/slow", AUTH_READER, HTTP_DEVICE, false, run_slow, NULL },
    { "GET", "/large", AUTH_READER, HTTP_STORE, false, run_large, NULL },
    { "GET", "/stream", AUTH_READER, HTTP_AT_ONCE, false, run_stream, NULL },
    { "GET", "/gate", AUTH_READER, HTTP_LARGE, false, run_gate, NULL },
    { "GET", "/log", AUTH_NOBODY, HTTP_AT_ONCE, false, run_log, NULL },
    { "POST", "/open", AUTH_NOBODY, HTTP_AT_ONCE, false, run_open, NULL },
    { "GET", "/turns", AUTH_READER, HTTP_AT_ONCE, false, run_turns, NULL },
    { "POST", "/tick", AUTH_READER, HTTP_STORE, false, run_tick, NULL },
    { "PUT", "/echo/{}", AUTH_USER, HTTP_STORE, true, run_echo, NULL },
    { "PUT", "/admin/{}", AUTH_ADMIN, HTTP_STORE, true, run_echo, NULL },
    { NULL },
};

static int end(GError *error)
{
    fprintf(stderr, "http-server: %s\n", error->message);
    g_error_free(error);
    return 1;
}

int main(int argc, char **argv)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    GError *error = NULL;
    HttpConfig *config;

    if (argc != 2 ||
        !g_key_file_load_from_file(file, argv[1], G_KEY_FILE_NONE, &error)) {
        return error ? end(error) : 2;
    }
    config = http_config_read(file, &error);
    if (!config) {
        return end(error);
    }
    gate_log = g_string_new(NULL);
    server = http_new(config, routes, NULL);
    if (!http_start(server, &error)) {
        http_stop(server);
        http_config_free(config);
        return end(error);
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {
    }
    http_stop(server);
    http_config_free(config);
    g_string_free(gate_log, true);
    return 0;
}
