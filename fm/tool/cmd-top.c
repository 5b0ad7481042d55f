/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm top: live map of the capacity, a colour per host, and last events */
#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "commands.h"
#include "options.h"
#include "pool.h"
#include "text.h"
#include "top-draw.h"
#include "top-map.h"

static volatile sig_atomic_t top_stop;

static void top_on_signal(int number)
{
    top_stop = 1;
}

/* --- Drawing --- */

static void top_draw_screen(Top *top)
{
    GList *l;
    int y = LINES - TOP_EVENT_LINES - 1;

    erase();
    top_draw(top);
    attron(A_REVERSE);
    mvprintw(LINES - TOP_EVENT_LINES - 2, 0, "%-*.*s", COLS, COLS,
             top->paused ? "q quit  p go on  arrows scroll  (paused)" :
             "q quit  p pause  arrows scroll   " MAP_LEGEND);
    attroff(A_REVERSE);
    for (l = top->events.head; l && y < LINES; l = l->next) {
        mvaddnstr(y++, 0, l->data, COLS);
    }
    refresh();
}

/* --- Data --- */

/* A device that stops answering stays on the screen, without a map. */
static void top_refresh(Top *top)
{
    unsigned i;

    for (i = 0; i < top->targets->len; i++) {
        const Target *target = &g_array_index(top->targets, Target, i);
        struct cxlfm_snapshot *s = NULL;

        if (cxlfm_fd(target->fm) < 0) {
            cxlfm_reconnect(target->fm);
        }
        cxlfm_snapshot(target->fm, target->device, &s);
        cxlfm_snapshot_free(top->snapshots->pdata[i]);
        top->snapshots->pdata[i] = s;
    }
}

static void top_add_line(Top *top, char *line)
{
    g_queue_push_head(&top->events, line);
    if (top->events.length > TOP_EVENT_LINES) {
        g_free(g_queue_pop_tail(&top->events));
    }
}

/* Events of one connection; one that broke is made anew, or has no descriptor */
static bool top_take_from(Top *top, cxlfm *fm)
{
    struct cxlfm_event *event;
    bool news = false;
    int ret;

    while ((ret = cxlfm_next_event(fm, 0, &event)) > 0) {
        const char *name = cxlfm_device_name(fm, event->device);

        top_add_line(top, format_event(event, name));
        free(event);
        news = true;
    }
    if (ret < 0) {
        top_add_line(top, g_strdup(cxlfm_error_text(fm)));
        cxlfm_reconnect(fm);
        news = true;
    }
    return news;
}

static bool top_take_events(Top *top)
{
    GPtrArray *connections = top->tool->connections;
    bool news = false;
    unsigned i;

    for (i = 0; i < connections->len; i++) {
        cxlfm *fm = connections->pdata[i];

        if (cxlfm_device_count(fm) && cxlfm_fd(fm) >= 0) {
            news |= top_take_from(top, fm);
        }
    }
    return news;
}

/* --- The loop --- */

static void top_key(Top *top, int key)
{
    switch (key) {
    case 'q':
        top_stop = 1;
        break;
    case 'p':
        top->paused = !top->paused;
        break;
    case KEY_UP:
        top->scroll = MAX(top->scroll - 1, 0);
        break;
    case KEY_DOWN:
        top->scroll = MIN(top->scroll + 1, MAX(top->row - 1, 0));
        break;
    default:
        break;
    }
}

/* Sleep until a key, an event, or the end of the interval. */
static void top_sleep(Top *top, int milliseconds)
{
    GPtrArray *connections = top->tool->connections;
    g_autofree struct pollfd *pollers = g_new0(struct pollfd,
                                               connections->len + 1);
    unsigned i;

    pollers[0] = (struct pollfd) { .fd = STDIN_FILENO, .events = POLLIN };
    for (i = 0; i < connections->len; i++) {
        pollers[i + 1].fd = cxlfm_fd(connections->pdata[i]);
        pollers[i + 1].events = POLLIN;
    }
    poll(pollers, connections->len + 1, milliseconds);
}

static void top_screen(Top *top, int interval)
{
    const struct sigaction stop = { .sa_handler = top_on_signal };
    int64_t next = 0;
    bool news = false;
    int key;

    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    initscr();
    cbreak();
    noecho();
    nodelay(stdscr, true);
    keypad(stdscr, true);
    curs_set(0);
    if (has_colors()) {
        top_draw_colours();
    }
    while (!top_stop) {
        /* Paused or not: an event that is left lets poll() not sleep. */
        news |= top_take_events(top);
        if (!top->paused && (news || g_get_monotonic_time() >= next)) {
            top_refresh(top);
            news = false;
            next = g_get_monotonic_time() + interval * 1000LL;
        }
        top_draw_screen(top);
        top_sleep(top, interval);
        while ((key = getch()) != ERR) {
            top_key(top, key);
        }
    }
    endwin();
}

static int top_run(Top *top, double interval, bool once, GError **error)
{
    unsigned i;

    if (once) {
        top_refresh(top);
        top_draw(top);
        puts("    " MAP_LEGEND);
        return TOOL_OK;
    }
    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
        return tool_fail(error, TOOL_USAGE,
                         "this is no terminal; --once prints the map once");
    }
    for (i = 0; i < top->tool->connections->len; i++) {
        /* A failure does not matter: top looks at every interval as well. */
        cxlfm_subscribe(top->tool->connections->pdata[i]);
    }
    top->curses = true;
    top_screen(top, interval * 1000);
    return TOOL_OK;
}

int cmd_top(Tool *tool, int argc, char **argv, GError **error)
{
    double interval = 1;
    gboolean once = false;
    const GOptionEntry entries[] = {
        { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &interval,
          "Look again every SECONDS (default 1)", "SECONDS" },
        { "once", '1', 0, G_OPTION_ARG_NONE, &once,
          "Print the map once as text", NULL },
        { NULL }
    };
    g_autoptr(GArray) targets = NULL;
    Top top = { .tool = tool };
    int ret;

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        return -1;
    }
    if (!(interval >= 0.1 && interval <= 3600)) {
        return tool_fail(error, TOOL_USAGE,
                         "--interval is 0.1 to 3600 seconds");
    }
    if (tool->json) {
        return tool_fail(error, TOOL_USAGE,
                         "top draws; 'cxl-fm extents --json' and 'cxl-fm watch "
                         "--json' give the same as data");
    }
    targets = reach_targets(tool, error);
    if (!targets) {
        return -1;
    }
    g_queue_init(&top.events);
    top.targets = targets;
    top.snapshots = g_ptr_array_new_with_free_func(
        (GDestroyNotify)cxlfm_snapshot_free);
    g_ptr_array_set_size(top.snapshots, targets->len);
    top.pools = pool_of_targets(tool, targets, &top.pool_names);
    ret = top_run(&top, interval, once, error);
    g_ptr_array_unref(top.snapshots);
    g_ptr_array_unref(top.pools);
    g_ptr_array_unref(top.pool_names);
    g_queue_clear_full(&top.events, g_free);
    return ret;
}
