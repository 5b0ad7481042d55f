/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm watch: events of all devices, one line each, until told to stop */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "reach.h"
#include "signals.h"
#include "text.h"

#define ROUND_MS 1000                 /* FM endpoints are asked this often */
/*
 * Who is gone is looked for: for half a second, while the others wait, and then
 * not for twenty times as long as that took.
 */
#define ANEW_S    0.5
#define ANEW_REST 20

/* A connection, by its number */
typedef struct Watched {
    bool gone;                        /* or of no use */
    int64_t next;                     /* then: when it is looked for again */
} Watched;

typedef struct Watch {
    Tool *tool;
    Watched *watched;
    bool counting;
    int left;                         /* events still to print, if counting */
    int64_t end;                      /* monotonic; 0: never */
} Watch;

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
    unsigned i;

    for (i = 0; i < w->tool->connections->len; i++) {
        if (!w->watched[i].gone) {
            return true;
        }
    }
    return false;
}

/* Look for a connection that is gone; others must not wait long for it. */
static bool watch_anew(Watch *w, unsigned i)
{
    cxlfm *fm = w->tool->connections->pdata[i];
    int64_t began = g_get_monotonic_time(), now;
    int ret;

    cxlfm_set_timeout(fm, MIN(w->tool->answer_timeout, ANEW_S) * 1000);
    ret = cxlfm_reconnect(fm);
    if (ret >= 0 && cxlfm_device_count(fm)) {
        ret = cxlfm_subscribe(fm);
    }
    cxlfm_set_timeout(fm, w->tool->answer_timeout * 1000);
    w->watched[i].gone = ret < 0;
    now = g_get_monotonic_time();
    w->watched[i].next = now + MAX((now - began) * ANEW_REST, ROUND_MS * 1000);
    return ret >= 0;
}

/*
 * A connection is of no use, as @ret says. Of several that is told of, and it
 * is looked for from now on. False with @error when none is left.
 */
static bool watch_lost(Watch *w, unsigned i, int ret, GError **error)
{
    cxlfm *fm = w->tool->connections->pdata[i];
    const Target any = { fm, 0, g_intern_string(cxlfm_address(fm)) };
    g_autoptr(GError) why = NULL;

    reach_fail(w->tool, &any, ret, &why);
    w->watched[i] = (Watched) { .gone = true };
    if (w->tool->connections->len > 1 && (watch_alive(w) || watch_anew(w, i))) {
        fprintf(stderr, "cxl-fm: %s%s\n", why->message,
                w->watched[i].gone ? "" : "; connected anew");
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return false;
}

/* All events a connection has. False with @error when none is left. */
static bool watch_take(Watch *w, unsigned i, GError **error)
{
    cxlfm *fm = w->tool->connections->pdata[i];
    struct cxlfm_event *event;
    int ret = 0;

    while ((!w->counting || w->left) &&
           (ret = cxlfm_next_event(fm, 0, &event)) > 0) {
        const Target target = {
            fm, event->device, cxlfm_device_name(fm, event->device),
        };

        if (reach_wanted(w->tool, &target)) {
            watch_print(w, &target, event);
            w->left--;
        }
        free(event);
    }
    return ret >= 0 || watch_lost(w, i, ret, error);
}

/* One of those that are gone and due, if any: a round waits for one at most. */
static void watch_look_for_one(Watch *w)
{
    GPtrArray *connections = w->tool->connections;
    unsigned i;

    for (i = 0; i < connections->len; i++) {
        if (w->watched[i].gone &&
            g_get_monotonic_time() >= w->watched[i].next) {
            if (watch_anew(w, i)) {
                fprintf(stderr, "cxl-fm: %s: connected anew\n",
                        cxlfm_address(connections->pdata[i]));
            }
            return;
        }
    }
}

static bool watch_round(Watch *w, struct pollfd *pollers, GError **error)
{
    GPtrArray *connections = w->tool->connections;
    int64_t left = ROUND_MS;
    unsigned i;

    watch_look_for_one(w);
    if (w->end) {
        left = (w->end - g_get_monotonic_time()) / 1000 + 1;
        left = CLAMP(left, 0, ROUND_MS);
    }
    for (i = 0; i < connections->len; i++) {
        pollers[i].fd = w->watched[i].gone ? -1 :
                        cxlfm_fd(connections->pdata[i]);
        pollers[i].events = POLLIN;
    }
    if (poll(pollers, connections->len, left) < 0 && errno != EINTR) {
        tool_fail(error, TOOL_FAILED, "poll: %s", g_strerror(errno));
        return false;
    }
    for (i = 0; i < connections->len && !signals_stop; i++) {
        if (!w->watched[i].gone &&
            cxlfm_device_count(connections->pdata[i]) &&
            !watch_take(w, i, error)) {
            return false;
        }
    }
    return true;
}

/* Ask all for their events. False with @error when there is nobody to ask. */
static bool watch_subscribe(Watch *w, GError **error)
{
    GPtrArray *connections = w->tool->connections;
    unsigned i;

    for (i = 0; i < connections->len; i++) {
        w->watched[i].gone = cxlfm_fd(connections->pdata[i]) < 0;
    }
    for (i = 0; i < connections->len; i++) {
        cxlfm *fm = connections->pdata[i];
        int ret = cxlfm_device_count(fm) ? cxlfm_subscribe(fm) : 0;

        if (ret < 0 && !watch_lost(w, i, ret, error)) {
            return false;
        }
    }
    return true;
}

static int watch_run(Watch *w, GError **error)
{
    g_autofree struct pollfd *pollers = g_new0(struct pollfd,
                                               w->tool->connections->len);

    if (!watch_subscribe(w, error)) {
        return -1;
    }
    signals_catch();
    while (!signals_stop && !(w->counting && !w->left)) {
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
    g_autofree Watched *watched = NULL;
    Watch w = { .tool = tool };

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        return -1;
    }
    if (count < 0 || (timeout != -1 && !(timeout > 0 && timeout <= 1e6))) {
        return tool_fail(error, TOOL_USAGE,
                         "--count is at least 1, --timeout more than 0");
    }
    tool->keep_missing = true;
    targets = reach_targets(tool, error);
    if (!targets) {
        return -1;
    }
    if (!targets->len && !tool->some_missing) {
        return tool_fail(error, TOOL_FAILED, "no dynamic capacity device");
    }
    watched = g_new0(Watched, tool->connections->len);
    w.watched = watched;
    w.counting = count;
    w.left = count;
    if (timeout > 0) {
        w.end = g_get_monotonic_time() + (int64_t)(timeout * 1000000);
    }
    return watch_run(&w, error);
}
