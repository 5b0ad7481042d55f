/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm balance: capacity of a pool to where memory is short */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "tool.h"

typedef struct BalanceOptions {
    char *policy;
    char *log;
    int rounds;
    double interval;                  /* seconds */
    ChangeOptions change;
} BalanceOptions;

typedef struct Balance {
    Tool *tool;
    const BalanceOptions *o;
    BalancePolicy *policy;
    PoolView view;
    FILE *log;                        /* NULL: none */
    unsigned failed;                  /* steps */
} Balance;

/* One decision, to stdout and to the log file */
static void G_GNUC_PRINTF(2, 3) balance_say(Balance *b, const char *format,
                                            ...)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    if (!b->tool->json) {
        printf("%s\n", text);
        fflush(stdout);
    }
    if (b->log) {
        fprintf(b->log, "%s %s\n", when, text);
        fflush(b->log);
    }
}

/* What the host's command says; negative when it says nothing of use. */
static double balance_ask(Balance *b, const BalanceHost *host)
{
    const char *argv[] = { "/bin/sh", "-c", host->command, NULL };
    g_autofree char *out = NULL, *err = NULL;
    g_autoptr(GError) wrong = NULL;
    double pressure = -1;

    if (!host->command) {
        return -1;
    }
    if (g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                     &out, &err, NULL, &wrong)) {
        pressure = balance_pressure(out);
    }
    if (pressure < 0) {
        balance_say(b, "host %u: its pressure is not known: '%s' gave '%s'",
                    host->id, host->command, wrong ? wrong->message :
                    g_strchomp(*err ? err : out));
    }
    return pressure;
}

static void balance_look(Balance *b)
{
    unsigned i;

    for (i = 0; i < b->policy->hosts->len; i++) {
        BalanceHost *host = &g_array_index(b->policy->hosts, BalanceHost, i);
        const struct cxlfm_pool_host *known = pool_find_host(&b->view,
                                                             host->id);
        g_autofree char *size = NULL;
        Target target;

        host->alive = known && known->alive &&
                      pool_head(&b->view, host->id, &target, NULL);
        host->owned = known ? known->owned : 0;
        host->pressure = host->alive ? balance_ask(b, host) : -1;
        size = format_size(host->owned);
        balance_say(b, host->pressure < 0 ? "host %u: %s, has %s" :
                    "host %u: %s, has %s, pressure %.2f", host->id,
                    host->alive ? "alive" : "not there", size, host->pressure);
    }
}

static void balance_do(Balance *b, const BalanceStep *step)
{
    g_autofree char *size = format_size(step->bytes);
    g_autofree char *source = step->from < 0 ? g_strdup("what is free") :
                              g_strdup_printf("host %d", step->from);
    g_autoptr(GError) error = NULL;
    int ret;

    balance_say(b, "%s%s from %s to host %u: it %s", b->o->change.dry_run ?
                "would move " : "move ", size, source, step->to, step->why);
    if (b->o->change.dry_run) {
        return;
    }
    ret = step->from < 0 ?
          pool_give(b->tool, &b->view, step->to, step->bytes, &b->o->change,
                    &error) :
          pool_move(b->tool, &b->view, step->from, step->to, step->bytes,
                    false, &b->o->change, &error);
    if (ret) {
        b->failed++;
        balance_say(b, "not done: %s", error ? error->message :
                    ret == TOOL_TIMEOUT ? "a host did not answer in time" :
                    "a host declined");
    }
}

static bool balance_round(Balance *b, GError **error)
{
    g_autoptr(GPtrArray) steps = NULL;
    unsigned i;

    if (!pool_view_again(b->tool, &b->view, error)) {
        return false;
    }
    balance_look(b);
    steps = balance_plan(b->policy, b->view.pool->available);
    for (i = 0; i < steps->len; i++) {
        balance_do(b, steps->pdata[i]);
    }
    if (!steps->len) {
        g_autofree char *size = format_size(b->view.pool->available);

        balance_say(b, "nothing to move; %s are free", size);
    }
    return true;
}

static int balance_run(Tool *tool, const BalanceOptions *o, GError **error)
{
    Balance b = { .tool = tool, .o = o };
    g_autofree char *text = NULL;
    g_autoptr(GError) wrong = NULL;
    int round, ret = TOOL_OK;

    if (!g_file_get_contents(o->policy, &text, NULL, &wrong)) {
        return tool_fail(error, TOOL_USAGE, "%s", wrong->message);
    }
    b.policy = balance_policy_parse(text, error);
    if (!b.policy) {
        g_prefix_error(error, "%s, ", o->policy);
        return -1;
    }
    if (o->log && !(b.log = fopen(o->log, "a"))) {
        tool_fail(error, TOOL_USAGE, "%s cannot be written", o->log);
        ret = -1;
    }
    if (ret || !pool_view(tool, &b.view, error)) {
        ret = -1;
    }
    for (round = 0; !ret && (!o->rounds || round < o->rounds); round++) {
        if (round) {
            g_usleep(o->interval * 1000000);
        }
        ret = balance_round(&b, error) ? 0 : -1;
    }
    g_clear_pointer(&b.log, fclose);
    pool_view_free(&b.view);
    balance_policy_free(b.policy);
    return ret ? ret : b.failed ? TOOL_FAILED : TOOL_OK;
}

int cmd_balance(Tool *tool, int argc, char **argv, GError **error)
{
    BalanceOptions o = {
        .rounds = 1, .interval = 10, .change = CHANGE_OPTIONS_INIT,
    };
    const GOptionEntry entries[] = {
        { "policy", 'p', 0, G_OPTION_ARG_FILENAME, &o.policy,
          "File with minimum, maximum, weight of each host", "FILE" },
        { "rounds", 'c', 0, G_OPTION_ARG_INT, &o.rounds,
          "How often to look (default 1; 0: for ever)", "N" },
        { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &o.interval,
          "Between two looks (default 10)", "SECONDS" },
        { "log", 'l', 0, G_OPTION_ARG_FILENAME, &o.log,
          "Append what was decided, and when", "FILE" },
        { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &o.change.timeout,
          "For each host that is asked (default 30)", "SECONDS" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &o.change.dry_run,
          "Say what would be moved, and change nothing", NULL },
        { NULL }
    };
    int ret = -1;

    if (tool_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        o.change.wait = true;
        if (!o.policy) {
            tool_fail(error, TOOL_USAGE, "by which policy? Give --policy FILE");
        } else if (o.rounds < 0 || !(o.interval >= 0 && o.interval <= 86400)) {
            tool_fail(error, TOOL_USAGE, "--rounds is at least 0, --interval "
                      "from 0 to 86400");
        } else if (change_check_options(&o.change, error)) {
            ret = balance_run(tool, &o, error);
        }
    }
    g_free(o.policy);
    g_free(o.log);
    return ret;
}
