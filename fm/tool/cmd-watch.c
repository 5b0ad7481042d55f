/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm watch: events of all devices, one line each, until told to stop */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "reach.h"
#include "text.h"

#define ROUND_MS 1000                 /* FM endpoints are asked this often */

typedef struct Watch {
    Tool *tool;
    const GArray *targets;
    bool counting;
    int left;                         /* events still to print, if counting */
    int64_t end;                      /* monotonic; 0: never */
} Watch;

static volatile sig_atomic_t watch_stop; /* a signal came */

static void watch_on_signal(int number)
{
    watch_stop = 1;
}

/* The target of a connection's device; NULL when it was not asked for. */
static const Target *watch_target(const Watch *w, const cxlfm *fm,
                                  size_t device)
{
    unsigned i;

    for (i = 0; i < w->targets->len; i++) {
        const Target *t = &g_array_index(w->targets, Target, i);

        if (t->fm == fm && t->device == device) {
            return t;
        }
    }
    return NULL;
}

static void watch_print(Watch *w, const Target *target,
                        const struct cxlfm_event *event)
{
    if (w->tool->json) {
        json_print(json_event(event, target->name,
                              cxlfm_address(target->fm)), false);
    } else {
        g_autofree char *line = format_event(event, target->name);

        puts(line);
        fflush(stdout);
    }
}

/* Is there a connection left? */
static bool watch_alive(const Watch *w)
{
    GPtrArray *connections = w->tool->connections;
    unsigned i;

    for (i = 0; i < connections->len; i++) {
        if (cxlfm_fd(connections->pdata[i]) >= 0) {
            return true;
        }
    }
    return false;
}

/*
 * @fm broke. Of several connections one that breaks is told of, and made anew
 * now or in a later round. False with @error when none is left.
 */
static bool watch_lost(Watch *w, cxlfm *fm, int ret, GError **error)
{
    const Target any = { fm, 0, g_intern_string(cxlfm_address(fm)) };
    g_autoptr(GError) why = NULL;

    reach_fail(w->tool, &any, ret, &why);
    if (w->tool->connections->len > 1) {
        cxlfm_reconnect(fm);
        if (watch_alive(w)) {
            fprintf(stderr, "cxl-fm: %s%s\n", why->message,
                    cxlfm_fd(fm) < 0 ? "" : "; connected anew");
            return true;
        }
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

/* All events a connection has. False with @error when none is left. */
static bool watch_take(Watch *w, cxlfm *fm, GError **error)
{
    struct cxlfm_event *event;
    int ret = 0;

    while ((!w->counting || w->left) &&
           (ret = cxlfm_next_event(fm, 0, &event)) > 0) {
        const Target *target = watch_target(w, fm, event->device);

        if (target) {
            watch_print(w, target, event);
            w->left--;
        }
        free(event);
    }
    return ret >= 0 || watch_lost(w, fm, ret, error);
}

static bool watch_round(Watch *w, struct pollfd *pollers, GError **error)
{
    GPtrArray *connections = w->tool->connections;
    int64_t left = ROUND_MS;
    unsigned i;

    if (w->end) {
        left = (w->end - g_get_monotonic_time()) / 1000 + 1;
        left = CLAMP(left, 0, ROUND_MS);
    }
    for (i = 0; i < connections->len; i++) {
        pollers[i].fd = cxlfm_fd(connections->pdata[i]);
        pollers[i].events = POLLIN;
    }
    if (poll(pollers, connections->len, left) < 0 && errno != EINTR) {
        tool_fail(error, TOOL_FAILED, "poll: %s", g_strerror(errno));
        return false;
    }
    for (i = 0; i < connections->len && !watch_stop; i++) {
        cxlfm *fm = connections->pdata[i];

        if (cxlfm_fd(fm) < 0 && !cxlfm_reconnect(fm)) {
            fprintf(stderr, "cxl-fm: %s: connected anew\n",
                    cxlfm_address(fm));
        }
        if (cxlfm_fd(fm) >= 0 && cxlfm_device_count(fm) &&
            !watch_take(w, fm, error)) {
            return false;
        }
    }
    return true;
}

static int watch_run(Watch *w, GError **error)
{
    GPtrArray *connections = w->tool->connections;
    g_autofree struct pollfd *pollers = g_new0(struct pollfd,
                                               connections->len);
    const struct sigaction stop = { .sa_handler = watch_on_signal };
    unsigned i;

    for (i = 0; i < connections->len; i++) {
        cxlfm *fm = connections->pdata[i];
        const Target any = { fm, 0, cxlfm_address(fm) };
        int ret = cxlfm_device_count(fm) ? cxlfm_subscribe(fm) : 0;

        if (ret < 0) {
            return reach_fail(w->tool, &any, ret, error);
        }
    }
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    while (!watch_stop && !(w->counting && !w->left)) {
        if (w->end && g_get_monotonic_time() >= w->end) {
            return !w->counting ? TOOL_OK :
                   tool_fail(error, TOOL_TIMEOUT,
                             "time is up, %d more events were to come",
                             w->left);
        }
        if (!watch_round(w, pollers, error)) {
            return -1;
        }
    }
    return TOOL_OK;
}

int cmd_watch(Tool *tool, int argc, char **argv, GError **error)
{
    double timeout = -1;
    int count = 0;
    const GOptionEntry entries[] = {
        { "count", 'c', 0, G_OPTION_ARG_INT, &count,
          "Stop after N events", "N" },
        { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &timeout,
          "Stop after SECONDS", "SECONDS" },
        { NULL }
    };
    g_autoptr(GArray) targets = NULL;
    Watch w = { .tool = tool };

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        return -1;
    }
    if (count < 0 || (timeout != -1 && !(timeout > 0 && timeout <= 1e6))) {
        return tool_fail(error, TOOL_USAGE,
                         "--count is at least 1, --timeout more than 0");
    }
    targets = reach_targets(tool, error);
    if (!targets) {
        return -1;
    }
    if (!targets->len) {
        return tool_fail(error, TOOL_FAILED, "no dynamic capacity device");
    }
    w.targets = targets;
    w.counting = count;
    w.left = count;
    if (timeout > 0) {
        w.end = g_get_monotonic_time() + (int64_t)(timeout * 1000000);
    }
    return watch_run(&w, error);
}
