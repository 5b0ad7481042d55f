/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool with several heads and no machine: a monitor for each, and hosts that
 * answer, are slow, decline, or die. For tests of what moves capacity.
 *
 *   pool-device [--size=MIB] DIR HOST...
 *
 * The pool's file is DIR/pool, the monitor of host N is DIR/qmpN. Prints
 * "ready". Reads lines "HOST WORD" from stdin, each answered by "ok":
 *
 *   accept | half | reject | silent   what the host does with offers (accept)
 *   give | keep                       and with requests to release (give)
 *   whole                             it gives all of what is asked in part
 *   slow | clean                      what it gives back is sanitized when
 *                                     "clean" comes, until then it is nobody's
 *   mute | speak                      changes are carried out, not answered
 *   break                             the next change is carried out, then the
 *                                     connection ends
 *   deaf                              queries are not answered, either, but for
 *                                     the first one of a connection, until
 *                                     "hear"
 *   hostile                           pools are told of in nonsense
 *   die | live                        its process
 *   pool                              answered by a line of JSON instead: what
 *                                     the pool says of all hosts
 *
 * With POOL_JOURNAL=FILE in the environment every change that is asked for is a
 * line of JSON there: {"host", "request", "ok"}.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "monitor.h"

#define HEADS_MAX 8
#define CHUNK     65536

typedef struct Monitor {
    Head head;
    MonitorMood mood;
    char *socket;
    int listener;                 /* -1: the process is dead */
    int client;                   /* -1: nobody */
    GByteArray *in;
    unsigned queries;             /* of the connection; one to greet */
} Monitor;

static Monitor monitors[HEADS_MAX];
static unsigned count;

/* --- One monitor's line --- */

static void client_drop(Monitor *m)
{
    if (m->client >= 0) {
        close(m->client);
        m->client = -1;
    }
    g_byte_array_set_size(m->in, 0);
}

/* Takes @message */
static void client_put(Monitor *m, struct json_object *message)
{
    g_autofree char *line = g_strdup_printf(
        "%s\r\n", json_object_to_json_string_ext(message,
                                                 JSON_C_TO_STRING_PLAIN));
    size_t at = 0, len = strlen(line);

    json_object_put(message);
    while (m->client >= 0 && at < len) {
        ssize_t n = send(m->client, line + at, len - at, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            client_drop(m);
        }
        at += MAX(n, 0);
    }
}

static void monitor_outcome(Head *head, CXLDcdOutcome outcome,
                            const CXLDcdExtent *extents, size_t n)
{
    Monitor *m = (Monitor *)head;

    client_put(m, monitor_event(head, outcome, extents, n));
}

static struct json_object *monitor_answer(Monitor *m,
                                          struct json_object *request)
{
    const Head *heads[HEADS_MAX];
    unsigned i;

    for (i = 0; i < count; i++) {
        heads[i] = &monitors[i].head;
    }
    return monitor_run(&m->head, heads, count, &m->mood, request);
}

/* One line, whole, before anybody is answered: whoever is killed left it. */
static void journal_put(const Monitor *m, struct json_object *request,
                        struct json_object *answer)
{
    static FILE *journal;
    struct json_object *error;

    if (!journal && getenv("POOL_JOURNAL")) {
        journal = fopen(getenv("POOL_JOURNAL"), "a");
    }
    if (journal) {
        fprintf(journal, "{\"host\":%u,\"request\":%s,\"ok\":%s}\n",
                m->head.host,
                json_object_to_json_string_ext(request,
                                               JSON_C_TO_STRING_PLAIN),
                json_object_object_get_ex(answer, "error", &error) ?
                "false" : "true");
        fflush(journal);
    }
}

static void client_line(Monitor *m, const char *line)
{
    struct json_object *request = json_tokener_parse(line);
    struct json_object *answer = monitor_answer(m, request);

    if (!m->mood.reads) {
        journal_put(m, request, answer);
    }
    json_object_put(request);
    if (m->mood.breaks && !m->mood.reads) {
        m->mood.breaks = false;
        client_drop(m);
    }
    m->queries++;
    if ((m->mood.mute && !m->mood.reads) || (m->mood.deaf && m->queries > 2)) {
        json_object_put(answer);
    } else {
        client_put(m, answer);
    }
    head_answer(&m->head);
}

static void client_read(Monitor *m)
{
    uint8_t bytes[CHUNK];
    ssize_t n = read(m->client, bytes, sizeof(bytes));
    uint8_t *newline;

    if (n <= 0) {
        client_drop(m);
        return;
    }
    g_byte_array_append(m->in, bytes, n);
    while (m->in->len && (newline = memchr(m->in->data, '\n', m->in->len))) {
        g_autofree char *line = g_strndup((char *)m->in->data,
                                          newline - m->in->data);

        g_byte_array_remove_range(m->in, 0, newline - m->in->data + 1);
        client_line(m, line);
    }
}

static void client_accept(Monitor *m)
{
    m->client = accept(m->listener, NULL, NULL);
    m->queries = 0;
    client_put(m, json_tokener_parse(
        "{\"QMP\":{\"version\":{\"qemu\":{\"major\":10}},"
        "\"capabilities\":[]}}"));
}

/* --- Processes --- */

static void monitor_live(Monitor *m)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    head_live(&m->head);
    unlink(m->socket);
    g_strlcpy(address.sun_path, m->socket, sizeof(address.sun_path));
    m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(m->listener, (struct sockaddr *)&address,
                         sizeof(address)), ==, 0);
    g_assert_cmpint(listen(m->listener, 4), ==, 0);
}

static void monitor_die(Monitor *m)
{
    client_drop(m);
    close(m->listener);
    m->listener = -1;
    head_die(&m->head);
}

/* --- The test's words --- */

static void monitor_word(Monitor *m, const char *word)
{
    static const char *const offers[] = { "accept", "half", "reject",
                                          "silent" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(offers); i++) {
        if (!strcmp(word, offers[i])) {
            m->head.offers = i;
        }
    }
    if (!strcmp(word, "give") || !strcmp(word, "keep")) {
        m->head.gives = !strcmp(word, "give");
    } else if (!strcmp(word, "mute") || !strcmp(word, "speak")) {
        m->mood.mute = !strcmp(word, "mute");
    } else if (!strcmp(word, "break")) {
        m->mood.breaks = true;
    } else if (!strcmp(word, "deaf") || !strcmp(word, "hear")) {
        m->mood.deaf = !strcmp(word, "deaf");
    } else if (!strcmp(word, "hostile")) {
        m->mood.hostile = true;
    } else if (!strcmp(word, "whole")) {
        m->head.whole = true;
    } else if (!strcmp(word, "slow")) {
        m->head.slow = true;
    } else if (!strcmp(word, "clean")) {
        head_clean(&m->head);
    } else if (!strcmp(word, "die")) {
        monitor_die(m);
    } else if (!strcmp(word, "live")) {
        monitor_live(m);
    }
    head_answer(&m->head);
}

/* By any head that is alive; "null" when none is */
static void pool_tell(void)
{
    struct json_object *request = json_tokener_parse(
        "{\"execute\":\"query-cxl-dc-pool\"}");
    struct json_object *answer = NULL, *result = NULL;
    unsigned i;

    for (i = 0; !answer && i < count; i++) {
        if (monitors[i].listener >= 0) {
            answer = monitor_answer(&monitors[i], request);
        }
    }
    json_object_object_get_ex(answer, "return", &result);
    puts(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN));
    json_object_put(answer);
    json_object_put(request);
}

static bool words_read(void)
{
    char line[64];
    ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);
    unsigned i;
    char *word;

    if (n <= 0) {
        return false;
    }
    line[n] = '\0';
    strtoul(line, &word, 10);
    g_strstrip(word);
    if (!strcmp(word, "pool")) {
        pool_tell();
        return true;
    }
    for (i = 0; i < count; i++) {
        if (monitors[i].head.host == strtoul(line, NULL, 10)) {
            monitor_word(&monitors[i], word);
        }
    }
    puts("ok");
    return true;
}

static bool device_round(void)
{
    struct pollfd fds[1 + HEADS_MAX] = {
        { .fd = STDIN_FILENO, .events = POLLIN },
    };
    unsigned i;

    for (i = 0; i < count; i++) {
        /* One client at a time, as a monitor of QEMU */
        fds[1 + i].fd = monitors[i].client >= 0 ? monitors[i].client :
                        monitors[i].listener;
        fds[1 + i].events = POLLIN;
    }
    if (poll(fds, 1 + count, -1) < 0) {
        return errno == EINTR;
    }
    for (i = 0; i < count; i++) {
        if (fds[1 + i].revents && monitors[i].client >= 0) {
            client_read(&monitors[i]);
        } else if (fds[1 + i].revents) {
            client_accept(&monitors[i]);
        }
    }
    return !fds[0].revents || words_read();
}

int main(int argc, char **argv)
{
    g_autofree char *path = NULL;
    uint64_t size = 0;
    unsigned i;

    if (argc > 1 && g_str_has_prefix(argv[1], "--size=")) {
        size = strtoull(argv[1] + strlen("--size="), NULL, 10) << 20;
        argc--;
        argv++;
    }
    if (argc < 3 || argc - 2 > HEADS_MAX) {
        fputs("usage: pool-device [--size=MIB] DIR HOST...\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    path = g_build_filename(argv[1], "pool", NULL);
    for (count = 0; count < (unsigned)argc - 2; count++) {
        Monitor *m = &monitors[count];

        m->head = (Head) {
            .host = strtoul(argv[2 + count], NULL, 10), .size = size,
            .path = path, .gives = true, .outcome = monitor_outcome,
        };
        m->socket = g_strdup_printf("%s/qmp%u", argv[1], m->head.host);
        m->client = -1;
        m->in = g_byte_array_new();
        monitor_live(m);
    }
    puts("ready");
    while (device_round()) {
        continue;
    }
    for (i = 0; i < count; i++) {
        if (monitors[i].listener >= 0) {
            monitor_die(&monitors[i]);
        }
        g_byte_array_unref(monitors[i].in);
        g_free(monitors[i].socket);
    }
    return 0;
}
