/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm balance: capacity of a pool to where memory is short */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "balance-claim.h"
#include "balance-look.h"
#include "balance-other.h"
#include "balance-plan.h"
#include "commands.h"
#include "json.h"
#include "options.h"
#include "pool-move.h"
#include "signals.h"
#include "text.h"

#define NAP_US 100000
#define NAME_MAX_BYTES 256            /* of a claim's "consumer" */

typedef struct BalanceOptions {
    char *policy;
    char *log;
    char *name;                       /* NULL: balance_other_name() */
    int rounds;
    double interval;                  /* seconds */
    gboolean take_over;
    ChangeOptions change;
} BalanceOptions;

typedef struct Balance {
    Tool *tool;
    const BalanceOptions *o;
    BalancePolicy *policy;
    BalanceWho who;
    PoolView view;
    FILE *log;                        /* NULL: none */
    struct json_object *round;        /* --json: what is told of this round */
    bool claims;                      /* cxl-fmd keeps it: by claims */
    bool went;                        /* a round did */
    unsigned failed;                  /* steps */
} Balance;

static void balance_put(Balance *b, const char *sentence)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    if (!b->tool->json) {
        printf("%s\n", sentence);
        fflush(stdout);
    }
    if (b->log && (fprintf(b->log, "%s %s\n", when, sentence) < 0 ||
                   fflush(b->log))) {
        fprintf(stderr, "cxl-fm: %s: %s; no more is logged\n", b->o->log,
                g_strerror(errno));
        g_clear_pointer(&b->log, fclose);
        b->failed++;
    }
}

/* One decision, to stdout and to the log file */
static void G_GNUC_PRINTF(2, 3) balance_say(Balance *b, const char *format,
                                            ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    balance_put(b, text);
}

/* --- JSON: one document a round --- */

static struct json_object *balance_json_host(const BalanceHost *host)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "host", json_object_new_int(host->id));
    json_object_object_add(o, "alive", json_object_new_boolean(host->alive));
    json_object_object_add(o, "owned", json_object_new_uint64(host->owned));
    json_object_object_add(o, "asked", json_object_new_uint64(host->asked));
    json_object_object_add(o, "offered",
                           json_object_new_uint64(host->offered));
    json_object_object_add(o, "pressure", host->pressure < 0 ? NULL :
                           json_object_new_double(host->pressure));
    json_object_object_add(o, "pressure-error", !host->pressure_fault ? NULL :
                           json_object_new_string(host->pressure_fault));
    return o;
}

static struct json_object *balance_json_step(const BalanceStep *step)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "from", step->from < 0 ? NULL :
                           json_object_new_int(step->from));
    json_object_object_add(o, "to", json_object_new_int(step->to));
    json_object_object_add(o, "bytes", json_object_new_uint64(step->bytes));
    json_object_object_add(o, "why", json_object_new_string(step->why));
    return o;
}

static struct json_object *balance_list(Balance *b, const char *key)
{
    struct json_object *list;

    if (!json_object_object_get_ex(b->round, key, &list)) {
        list = json_object_new_array();
        json_object_object_add(b->round, key, list);
    }
    return list;
}

/* --- One round --- */

static void balance_read_hosts(Balance *b, uint8_t region)
{
    unsigned i;

    for (i = 0; i < b->policy->hosts->len; i++) {
        BalanceHost *host = &g_array_index(b->policy->hosts, BalanceHost, i);
        g_autofree char *owned = NULL, *asked = NULL, *pressure = NULL;

        balance_look(&b->view, region, host);
        if (host->alive && host->pressure_fault) {
            balance_say(b, "host %u: its pressure is not known: %s", host->id,
                        host->pressure_fault);
        }
        owned = format_size(host->owned);
        asked = format_size(host->asked);
        pressure = g_strdup_printf(", pressure %.2f", host->pressure);
        balance_say(b, "host %u: %s, has %s%s%s%s", host->id,
                    host->alive ? "alive" : "not there", owned,
                    host->asked ? " and is to give back " : "",
                    host->asked ? asked : "",
                    host->pressure < 0 ? "" : pressure);
        json_object_array_add(balance_list(b, "hosts"),
                              balance_json_host(host));
    }
}

/* Exit status of the step, or -1 with @error */
static int balance_change(Balance *b, const BalanceStep *step, GError **error)
{
    ChangeOptions options = b->o->change;
    unsigned i;

    if (b->claims) {
        return balance_claim_step(b->tool, &b->view, &b->who, b->policy, step,
                                  &options, error);
    }
    for (i = 0; i < b->policy->hosts->len; i++) {
        const BalanceHost *h = &g_array_index(b->policy->hosts, BalanceHost,
                                              i);

        if (h->id == step->from) {
            options.keep = h->min;
        }
    }
    return step->from < 0 ?
           pool_add(b->tool, &b->view, step->to, step->bytes, &options,
                    error) :
           pool_move(b->tool, &b->view, step->from, step->to, step->bytes,
                     false, &options, error);
}

static void balance_carry_out(Balance *b, const BalanceStep *step)
{
    g_autofree char *size = format_size(step->bytes);
    g_autofree char *source = step->from < 0 ? g_strdup("what is free") :
                              g_strdup_printf("host %d", step->from);
    struct json_object *told = balance_json_step(step);
    g_autoptr(GError) error = NULL;
    int ret;

    json_object_array_add(balance_list(b, "steps"), told);
    balance_say(b, "%s%s from %s to host %u: it %s", b->o->change.dry_run ?
                "would move " : "move ", size, source, step->to, step->why);
    if (b->o->change.dry_run) {
        json_object_object_add(told, "outcome",
                               json_object_new_string("dry-run"));
        return;
    }
    b->tool->steps = json_object_new_array();
    ret = balance_change(b, step, &error);
    json_object_object_add(told, "changes", b->tool->steps);
    b->tool->steps = NULL;
    json_object_object_add(told, "outcome", json_object_new_string(
                               ret ? "failed" : "done"));
    if (ret) {
        b->failed++;
        balance_say(b, "not done: %s", error ? error->message :
                    ret == TOOL_TIMEOUT ? "a host did not answer in time" :
                    ret == TOOL_UNKNOWN ? "stopped by a signal" :
                    ret == TOOL_PARTIAL ? "given back, and not taken" :
                    "a host declined");
        json_object_object_add(told, "error", error ?
                               json_object_new_string(error->message) : NULL);
    }
}

/* cxl-fmd itself has locked the pool's file: one of this user's, then */
static char *balance_lock_path(const Balance *b)
{
    const char *identity = b->view.pool->identity;
    g_autofree char *name = NULL, *hash = NULL;

    if (!b->claims) {
        return g_strdup(b->view.pool->file);
    }
    hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, identity, -1);
    name = g_strdup_printf("cxl-fm-balance-%.16s", hash);
    g_mkdir_with_parents(g_get_user_runtime_dir(), 0700);
    return g_build_filename(g_get_user_runtime_dir(), name, NULL);
}

/* One balancer to a pool: two would take turns to undo what the other did. */
static int balance_lock(const Balance *b, GError **error)
{
    const struct cxlfm_pool *pool = b->view.pool;
    g_autofree char *path = balance_lock_path(b);
    int fd = open(path, O_RDONLY | O_CLOEXEC | (b->claims ? O_CREAT : 0),
                  0600);

    if (fd < 0 && b->claims) {
        tool_fail(error, TOOL_FAILED, "%s cannot be made, by which one "
                  "balancer knows of another: %s", path, g_strerror(errno));
        return -1;
    }
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
        close(fd);
        tool_fail(error, TOOL_REFUSED, "another 'cxl-fm balance'%s looks after "
                  "pool %s (%s)", b->claims ? "" : ", or a cxl-fmd,",
                  pool->name, pool->file);
        return -1;
    }
    /* A file that is not here to be opened cannot be locked: -2 */
    return fd < 0 ? -2 : fd;
}

static void balance_steps(Balance *b)
{
    uint8_t region = change_region(&b->o->change);
    uint64_t available = balance_available(&b->view, region);
    g_autoptr(GPtrArray) steps = NULL;
    unsigned i;

    balance_read_hosts(b, region);
    json_object_object_add(b->round, "available",
                           json_object_new_uint64(available));
    steps = balance_plan(b->policy, available);
    for (i = 0; i < steps->len && !signals_stop; i++) {
        balance_carry_out(b, steps->pdata[i]);
    }
    if (!steps->len) {
        g_autofree char *size = format_size(available);

        balance_say(b, "nothing to move; %s are free", size);
    }
}

/* Between rounds the monitors are free for others, and may come and go. */
static bool balance_round(Balance *b, GError **error)
{
    unsigned failed = b->failed;
    bool seen;
    int lock = -1;

    b->round = json_object_new_object();
    balance_read_pressures(b->policy, &signals_stop);
    seen = pool_view(b->tool, &b->view, error);
    b->claims = seen && balance_claim_is_due(&b->view);
    balance_claim_forget(b->policy);
    /* Who changes nothing may look while another one acts. */
    seen = seen && (b->o->change.dry_run ||
                    (lock = balance_lock(b, error)) != -1) &&
           (!b->claims ||
            balance_claim_read(b->tool, &b->view, &b->who, b->policy, error));
    if (seen) {
        b->who.take_over = false; /* once */
        json_object_object_add(b->round, "pool", json_object_new_string(
                                   b->view.pool->name));
        balance_steps(b);
    }
    if (lock >= 0) {
        close(lock);
    }
    pool_view_free(&b->view);
    reach_leave(b->tool);
    if (seen && b->tool->json) {
        json_object_object_add(b->round, "exit", json_object_new_int(
                                   b->failed > failed ? TOOL_FAILED :
                                   TOOL_OK));
        json_print(b->round, false);
    } else {
        json_object_put(b->round);
    }
    b->round = NULL;
    return seen;
}

static void balance_sleep(const Balance *b)
{
    int64_t end = g_get_monotonic_time() +
                  (int64_t)(b->o->interval * 1000000);
    int64_t left;

    while (!signals_stop && (left = end - g_get_monotonic_time()) > 0) {
        g_usleep(MIN(left, NAP_US));
    }
}

/*
 * May the next round go better? Machines restart, and another one may have the
 * pool for a while; but what has never gone is a mistake, of which one is told.
 */
static bool balance_goes_on(const Balance *b, int round, const GError *wrong)
{
    return round != b->o->rounds &&
           (b->went || (wrong->code != TOOL_USAGE &&
                        wrong->code != TOOL_REFUSED));
}

static int balance_rounds(Balance *b, GError **error)
{
    int round;

    signals_catch();
    for (round = 1; !signals_stop; round++) {
        g_autoptr(GError) wrong = NULL;

        if (balance_round(b, &wrong)) {
            b->went = true;
        } else if (balance_goes_on(b, round, wrong)) {
            b->failed++;
            balance_say(b, "nothing done: %s", wrong->message);
            if (b->tool->json) {
                json_print(json_error(wrong, b->tool->return_code), false);
            }
        } else {
            g_propagate_error(error, g_steal_pointer(&wrong));
            return -1;
        }
        if (round == b->o->rounds) {
            break;
        }
        balance_sleep(b);
    }
    if (signals_stop) {
        balance_say(b, "stopped by a signal; what hosts were asked for%s "
                    "stands", b->claims ? "" : " or offered");
    }
    return b->failed ? TOOL_FAILED : TOOL_OK;
}

static int balance_run(Tool *tool, const BalanceOptions *o, GError **error)
{
    g_autofree char *name = o->name ? g_strdup(o->name) : balance_other_name();
    Balance b = {
        .tool = tool, .o = o,
        .who = {
            .name = name, .region = change_region(&o->change),
            .take_over = o->take_over, .looks = o->change.dry_run,
        },
    };
    g_autofree char *text = NULL;
    g_autoptr(GError) wrong = NULL;
    int ret = -1;

    if (!g_file_get_contents(o->policy, &text, NULL, &wrong)) {
        return tool_fail(error, TOOL_USAGE, "%s", wrong->message);
    }
    b.policy = balance_policy_parse(text, error);
    if (!b.policy) {
        g_prefix_error(error, "%s, ", o->policy);
        return -1;
    }
    if (o->log && !(b.log = fopen(o->log, "a"))) {
        tool_fail(error, TOOL_USAGE, "%s cannot be written: %s", o->log,
                  g_strerror(errno));
    } else {
        ret = balance_rounds(&b, error);
    }
    g_clear_pointer(&b.log, fclose);
    balance_policy_free(b.policy);
    return ret;
}

int cmd_balance(Tool *tool, int argc, char **argv, GError **error)
{
    BalanceOptions o = {
        .rounds = 1, .interval = 10, .change = CHANGE_OPTIONS_INIT,
    };
    const GOptionEntry entries[] = {
        POOL_OPTION_ENTRY(tool),
        { "region", 'r', 0, G_OPTION_ARG_INT, &o.change.region,
          "Region, 0 to 7 (default 0)", "N" },
        { "policy", 'p', 0, G_OPTION_ARG_FILENAME, &o.policy,
          "File with minimum, maximum, weight of each host", "FILE" },
        { "rounds", 'c', 0, G_OPTION_ARG_INT, &o.rounds,
          "How often to look (default 1; 0: for ever)", "N" },
        { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &o.interval,
          "Between two looks (default 10)", "SECONDS" },
        { "log", 'l', 0, G_OPTION_ARG_FILENAME, &o.log,
          "Append what was decided, and when", "FILE" },
        { "as", 0, 0, G_OPTION_ARG_STRING, &o.name,
          "Who balances, as claims say it (default USER@MACHINE)", "NAME" },
        { "take-over", 0, 0, G_OPTION_ARG_NONE, &o.take_over,
          "What another one has balanced with claims is ours", NULL },
        { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &o.change.timeout,
          "For each host that is asked (default 30)", "SECONDS" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &o.change.dry_run,
          "Say what would be moved, and change nothing", NULL },
        { NULL }
    };
    int ret = -1;

    if (options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        o.change.wait = true;
        if (!o.policy) {
            tool_fail(error, TOOL_USAGE, "by which policy? Give --policy FILE");
        } else if (o.rounds < 0 || !(o.interval >= 0 && o.interval <= 86400)) {
            tool_fail(error, TOOL_USAGE, "--rounds is at least 0, --interval "
                      "from 0 to 86400");
        } else if (o.name && (!*o.name || strlen(o.name) > NAME_MAX_BYTES ||
                              !g_utf8_validate(o.name, -1, NULL))) {
            tool_fail(error, TOOL_USAGE, "--as is a name of 1 to %d bytes",
                      NAME_MAX_BYTES);
        } else if (change_check_options(&o.change, error)) {
            ret = balance_run(tool, &o, error);
        }
    }
    g_free(o.policy);
    g_free(o.name);
    g_free(o.log);
    return ret;
}
