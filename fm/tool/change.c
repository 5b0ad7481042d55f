/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What add and release share: options, dry run, what a refusal may mean,
 * waiting with progress, JSON
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "change.h"
#include "json.h"
#include "parse.h"
#include "signals.h"
#include "text.h"

#define DEFAULT_TIMEOUT 30            /* seconds */
#define RETRY_US 100000

bool change_check_options(const ChangeOptions *options, GError **error)
{
    if ((options->host != -1 &&
         !parse_number("host id", options->host, UINT16_MAX, error)) ||
        (options->region != -1 &&
         !parse_number("region", options->region, CXLFM_MAX_REGIONS - 1,
                       error))) {
        return false;
    }
    if (options->timeout != -1 && !options->wait) {
        tool_fail(error, TOOL_USAGE, "--timeout is for --wait");
        return false;
    }
    if (options->timeout != -1 &&
        !(options->timeout >= 0 && options->timeout <= 86400)) {
        tool_fail(error, TOOL_USAGE, "--timeout is 0 to 86400 seconds");
        return false;
    }
    return true;
}

uint8_t change_region(const ChangeOptions *options)
{
    return MAX(options->region, 0);
}

uint16_t change_host(const ChangeOptions *options, const Target *target)
{
    struct cxlfm_snapshot *s;
    uint16_t host = MAX(options->host, 0);

    if (options->host < 0 && !cxlfm_is_fmapi(target->fm) &&
        cxlfm_snapshot(target->fm, target->device, &s) >= 0) {
        host = s->host_count == 1 ? s->hosts[0].id : 0;
        cxlfm_snapshot_free(s);
    }
    return host;
}

double change_timeout(const ChangeOptions *options)
{
    return options->timeout < 0 ? DEFAULT_TIMEOUT : options->timeout;
}

typedef struct Progress {
    const char *verb;
    bool show;                        /* on the terminal */
} Progress;

/* One line on the terminal, overwritten at each look */
static bool change_progress(const struct cxlfm_outcome *so_far, void *opaque)
{
    const Progress *progress = opaque;
    g_autofree char *done = format_size(so_far->done);
    g_autofree char *wanted = format_size(so_far->wanted);

    if (progress->show) {
        fprintf(stderr, "\r\033[K%s: %s of %s after %.1f s ", progress->verb,
                done, wanted, so_far->elapsed / 1000.0);
        fflush(stderr);
    }
    return !signals_stop;
}

static int change_wait(Tool *tool, const Target *target,
                       struct cxlfm_wait *wait, const ChangeOptions *options,
                       const char *verb, struct cxlfm_outcome *ret_outcome,
                       GError **error)
{
    Progress progress = {
        .verb = verb,
        .show = isatty(STDERR_FILENO) && !tool->json,
    };
    int ret = cxlfm_wait_run(wait, change_timeout(options) * 1000,
                             change_progress, &progress, ret_outcome);

    if (progress.show) {
        fputs("\r\033[K", stderr);
    }
    return ret < 0 ? reach_fail(tool, target, ret, error) : 0;
}

/* What was asked for and what came of it; the caller has the object. */
static struct json_object *change_json(const Target *target, const Wish *wish,
                                       uint64_t bytes, const char *outcome)
{
    struct json_object *o = json_target(target);

    json_object_object_add(o, "action", json_object_new_string(wish->action));
    json_object_object_add(o, "host", json_object_new_int(wish->host));
    json_object_object_add(o, "tag", json_tag_text(wish->tag));
    json_object_object_add(o, "wanted", json_object_new_uint64(bytes));
    json_object_object_add(o, "outcome", json_object_new_string(outcome));
    return o;
}

/* Did a signal end the waiting, before the host did? */
static bool change_is_cut(const struct cxlfm_outcome *outcome)
{
    return signals_stop && outcome->state == CXLFM_OUTCOME_TIMEOUT;
}

/* What stands, and what has come of it so far */
static int change_tell_cut(const Target *target, const Wish *wish,
                           const struct cxlfm_outcome *outcome)
{
    g_autofree char *done = format_size(outcome->done);
    g_autofree char *wanted = format_size(outcome->wanted);

    if (wish->adding) {
        fprintf(stderr, "cxl-fm: %s: stopped by a signal; the offer of %s to "
                "host %u stands, of which it has accepted %s so far",
                target->name, wanted, wish->host, done);
    } else {
        fprintf(stderr, "cxl-fm: %s: stopped by a signal; host %u has been "
                "asked for %s, has released %s of it, and may give back the "
                "rest later", target->name, wish->host, wanted, done);
    }
    fputs(". 'cxl-fm extents' shows what comes of it\n", stderr);
    return TOOL_UNKNOWN;
}

static void change_print_outcome(Tool *tool, const Target *target,
                                 const Change *change,
                                 const struct cxlfm_outcome *outcome)
{
    struct json_object *o = change_json(target, &change->wish,
                                        outcome->wanted,
                                        change_is_cut(outcome) ? "interrupted" :
                                        outcome_name(outcome->state));

    json_object_object_add(o, "done", json_object_new_uint64(outcome->done));
    if (change->more) {
        json_object_object_add(o, "more", json_object_new_uint64(
                                   change->more(target, change->request)));
    }
    json_object_object_add(o, "waiting",
                           outcome->waiting == CXLFM_UNKNOWN ? NULL :
                           json_object_new_uint64(outcome->waiting));
    json_object_object_add(o, "elapsed-ms",
                           json_object_new_int64(outcome->elapsed));
    json_object_object_add(o, "extents",
                           json_extents(outcome->extents,
                                        outcome->extent_count));
    json_result(tool, o);
}

uint64_t change_bytes(const struct cxlfm_extent *extents, size_t count)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        bytes += extents[i].length;
    }
    return bytes;
}

/* What a refusal that is a number may mean; NULL: it is no number, or unknown */
static char *change_meaning(const Target *target, const Wish *wish)
{
    struct cxlfm_snapshot *snapshot;
    char *problem;

    if (!cxlfm_return_code(target->fm) ||
        cxlfm_snapshot(target->fm, target->device, &snapshot) < 0) {
        return NULL;
    }
    problem = change_problem(snapshot, wish);
    cxlfm_snapshot_free(snapshot);
    if (!problem && wish->adding && !wish->bytes) {
        problem = g_strdup("nothing has this tag that the host may share, "
                           "or it has it already; 'cxl-fm tags' shows who "
                           "has what");
    }
    return problem;
}

/*
 * A request failed with @ret after @done bytes of it had been granted. Returns
 * -1.
 */
static int change_failed(Tool *tool, const Target *target,
                         const Change *change, const ChangeOptions *options,
                         uint64_t done, int ret, GError **error)
{
    g_autofree char *problem = NULL;

    reach_fail(tool, target, ret, error);
    if (ret == CXLFM_ERROR_REFUSED &&
        tool->return_code == CXLFM_RETRY_REQUIRED) {
        problem = options->wait ? NULL :
                  g_strdup("'--wait' waits until that is done");
    } else if (ret == CXLFM_ERROR_REFUSED) {
        problem = change_meaning(target, &change->wish);
    }
    if (problem) {
        g_autofree char *said = (*error)->message;

        (*error)->message = g_strdup_printf("%s: %s", said, problem);
    }
    if (done) {
        g_autofree char *size = format_size(done);
        g_autofree char *all = format_size(change->wish.bytes);

        g_prefix_error(error, "%s: %s of %s were %s, then it failed: ",
                       target->name, size, all, change->sent);
        (*error)->code = TOOL_PARTIAL;
        if (tool->json) {
            struct json_object *o = change_json(target, &change->wish,
                                                change->wish.bytes,
                                                "partial");

            json_object_object_add(o, change->sent,
                                   json_object_new_uint64(done));
            tool->steps = tool->steps ? tool->steps : json_object_new_array();
            json_result(tool, o);
        }
    }
    return -1;
}

/*
 * Send the request; what must be tried again is, for as long as the options say
 * to wait. *@ret_done: bytes granted, also when a part was refused.
 */
static int change_send(const Target *target, const Change *change,
                       const ChangeOptions *options, uint64_t *ret_done)
{
    int64_t end = g_get_monotonic_time() +
                  (int64_t)(change_timeout(options) * 1000000);
    int ret;

    *ret_done = 0;
    for (;;) {
        ret = change->send(target, change->request, ret_done);
        if (ret != CXLFM_ERROR_REFUSED || *ret_done || !options->wait ||
            cxlfm_return_code(target->fm) != CXLFM_RETRY_REQUIRED ||
            g_get_monotonic_time() >= end || signals_stop) {
            return ret;
        }
        g_usleep(RETRY_US);
    }
}

/* Say what would be done, or why it would be refused. */
static int change_dry_run(Tool *tool, const Target *target, const Wish *wish,
                          const char *sentence, GError **error)
{
    g_autofree char *problem = NULL;
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_snapshot(target->fm, target->device, &snapshot);

    if (ret < 0) {
        return reach_fail(tool, target, ret, error);
    }
    problem = change_problem(snapshot, wish);
    cxlfm_snapshot_free(snapshot);
    if (problem) {
        return tool_fail(error, TOOL_REFUSED, "%s: %s", target->name, problem);
    }
    if (tool->json) {
        struct json_object *o = change_json(target, wish, wish->bytes,
                                            "dry-run");

        json_object_object_add(o, "extents",
                               json_extents(wish->extents, wish->count));
        json_result(tool, o);
    } else {
        printf("%s: would %s\n", target->name, sentence);
    }
    return TOOL_OK;
}

int change_run(Tool *tool, const Target *target, const Change *change,
               const ChangeOptions *options, GError **error)
{
    const Wish *wish = &change->wish;
    struct cxlfm_wait *wait = NULL;
    struct cxlfm_outcome outcome;
    uint64_t done = 0;
    int ret = 0;

    if (options->dry_run) {
        return change_dry_run(tool, target, wish, change->sentence, error);
    }
    signals_catch();
    if (options->wait) {
        ret = change->begin(target, change->request, &wait);
    }
    if (ret >= 0) {
        ret = change_send(target, change, options, &done);
    }
    if (ret < 0) {
        cxlfm_wait_free(wait);
        return change_failed(tool, target, change, options, done, ret, error);
    }
    if (!wait) {
        if (tool->json) {
            json_result(tool, change_json(target, wish, wish->bytes,
                                          change->sent));
        } else {
            printf("%s: %s\n", target->name, change->sent_text);
        }
        return TOOL_OK;
    }
    ret = change_wait(tool, target, wait, options, change->verb, &outcome,
                      error);
    cxlfm_wait_free(wait);
    if (ret >= 0) {
        if (tool->json) {
            change_print_outcome(tool, target, change, &outcome);
        }
        ret = change_is_cut(&outcome) ?
              change_tell_cut(target, wish, &outcome) :
              change->tell(tool, target, change->request, &outcome);
        free(outcome.extents);
    }
    return ret;
}
