/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add and release from the wish to the outcome: dry run, the request, waiting
 * with progress, and what to tell the person who asked
 */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

#define SHOWN_EXTENTS 4               /* in a sentence */

bool change_check_options(const ChangeOptions *options, GError **error)
{
    if (!parse_number("host id", options->host, UINT16_MAX, error) ||
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

static double change_timeout(const ChangeOptions *options)
{
    return options->timeout < 0 ? CHANGE_DEFAULT_TIMEOUT : options->timeout;
}

/* One line on the terminal that is written over while we wait */
static bool change_progress(const struct cxlfm_outcome *so_far, void *opaque)
{
    g_autofree char *done = format_size(so_far->done);
    g_autofree char *wanted = format_size(so_far->wanted);

    fprintf(stderr, "\r\033[K%s: %s of %s after %.1f s ", (const char *)opaque,
            done, wanted, so_far->elapsed / 1000.0);
    fflush(stderr);
    return true;
}

static int change_wait(Tool *tool, const Target *target,
                       struct cxlfm_wait *wait, const ChangeOptions *options,
                       const char *verb, struct cxlfm_outcome *ret_outcome,
                       GError **error)
{
    bool show = isatty(STDERR_FILENO) && !tool->json;
    int ret = cxlfm_wait_run(wait, change_timeout(options) * 1000,
                             show ? change_progress : NULL, (void *)verb,
                             ret_outcome);

    if (show) {
        fputs("\r\033[K", stderr);
    }
    return ret < 0 ? tool_library_error(tool, target, ret, error) : 0;
}

static struct json_object *change_json(const Target *target,
                                       const char *action, uint16_t host,
                                       const uint8_t *tag, uint64_t bytes,
                                       const char *outcome)
{
    struct json_object *o = json_target(target->name,
                                        cxlfm_address(target->fm),
                                        cxlfm_is_fmapi(target->fm));

    json_object_object_add(o, "action", json_object_new_string(action));
    json_object_object_add(o, "host", json_object_new_int(host));
    json_object_object_add(o, "tag", json_tag_text(tag));
    json_object_object_add(o, "wanted", json_object_new_uint64(bytes));
    json_object_object_add(o, "outcome", json_object_new_string(outcome));
    return o;
}

static void change_json_outcome(struct json_object *o,
                                const struct cxlfm_outcome *outcome)
{
    json_object_object_add(o, "done", json_object_new_uint64(outcome->done));
    json_object_object_add(o, "waiting",
                           outcome->waiting == CXLFM_UNKNOWN ? NULL :
                           json_object_new_uint64(outcome->waiting));
    json_object_object_add(o, "elapsed-ms",
                           json_object_new_int64(outcome->elapsed));
    json_object_object_add(o, "extents",
                           json_extents(outcome->extents,
                                        outcome->extent_count));
}

static uint64_t change_bytes(const struct cxlfm_extent *extents, size_t count)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        bytes += extents[i].length;
    }
    return bytes;
}

/* --- Add --- */

static uint64_t change_add_bytes(const struct cxlfm_add *request)
{
    return request->policy == CXLFM_POLICY_PRESCRIPTIVE ?
           change_bytes(request->extents, request->extent_count) :
           request->length;
}

/* "1 GiB" or "the capacity of tag ..." for sentences */
static char *change_add_what(const struct cxlfm_add *request)
{
    char tag[CXLFM_TAG_TEXT];

    if (request->policy != CXLFM_POLICY_SHARED) {
        return format_size(change_add_bytes(request));
    }
    cxlfm_tag_format(request->tag, tag);
    return g_strdup_printf("the capacity of tag %s", tag);
}

/*
 * What the device is asked for, as far as anybody can tell beforehand whether
 * it will be refused
 */
typedef struct Wish {
    const char *action;               /* "add", "release" */
    uint16_t host;
    uint8_t region;
    bool adding;
    uint64_t bytes;
    const uint8_t *tag;
    const struct cxlfm_extent *extents;
    size_t count;
} Wish;

static const struct cxlfm_region *change_find_region(
    const struct cxlfm_snapshot *snapshot, const Wish *wish)
{
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        if (snapshot->hosts[i].id == wish->host &&
            wish->region < snapshot->hosts[i].region_count) {
            return &snapshot->hosts[i].regions[wish->region];
        }
    }
    return NULL;
}

static char *change_extent_problem(const struct cxlfm_region *region,
                                   const struct cxlfm_extent *e)
{
    if (region->block_size && (e->offset % region->block_size ||
                               e->length % region->block_size)) {
        return g_strdup_printf("extent [0x%" PRIx64 ", +0x%" PRIx64 "] is not "
                               "a multiple of region %u's block size 0x%"
                               PRIx64, e->offset, e->length, region->index,
                               region->block_size);
    }
    if (e->offset + e->length > region->length) {
        return g_strdup_printf("extent [0x%" PRIx64 ", +0x%" PRIx64 "] leaves "
                               "region %u, which has 0x%" PRIx64 " bytes",
                               e->offset, e->length, region->index,
                               region->length);
    }
    return NULL;
}

/* No such host, no such region, or a tag of which @wish's host has nothing */
static char *change_missing(const struct cxlfm_snapshot *snapshot,
                            const Wish *wish)
{
    char tag[CXLFM_TAG_TEXT];
    bool host = false;
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        host |= snapshot->hosts[i].id == wish->host;
    }
    if (!host) {
        return g_strdup_printf("there is no host %u; 'cxl-fm list' shows those "
                               "that are", wish->host);
    }
    if (!change_find_region(snapshot, wish)) {
        return g_strdup_printf("host %u has no region %u; 'cxl-fm list' shows "
                               "those it has", wish->host, wish->region);
    }
    if (wish->adding || !wish->tag || cxlfm_tag_is_zero(wish->tag)) {
        return NULL;
    }
    for (i = 0; i < snapshot->extent_count; i++) {
        if (snapshot->extents[i].host == wish->host &&
            !memcmp(snapshot->extents[i].tag, wish->tag, CXLFM_TAG_SIZE)) {
            return NULL;
        }
    }
    cxlfm_tag_format(wish->tag, tag);
    return g_strdup_printf("host %u has nothing with tag %s; 'cxl-fm extents' "
                           "shows what it has", wish->host, tag);
}

/* Why the device would refuse or did; NULL when nothing is known. */
static char *change_problem(const struct cxlfm_snapshot *snapshot,
                            const Wish *wish)
{
    const struct cxlfm_region *region = change_find_region(snapshot, wish);
    char *problem = change_missing(snapshot, wish);
    size_t i;

    if (problem) {
        return problem;
    }
    for (i = 0; i < wish->count && !problem; i++) {
        problem = change_extent_problem(region, &wish->extents[i]);
    }
    if (!problem && region->block_size && wish->bytes % region->block_size) {
        problem = g_strdup_printf("%" PRIu64 " bytes are not a multiple of "
                                  "region %u's block size 0x%" PRIx64,
                                  wish->bytes, region->index,
                                  region->block_size);
    }
    if (!problem && wish->adding && region->available != CXLFM_UNKNOWN &&
        wish->bytes > region->available) {
        g_autofree char *left = format_size(region->available);
        g_autofree char *size = format_size(wish->bytes);

        problem = g_strdup_printf("region %u has %s available, not %s",
                                  region->index, left, size);
    }
    return problem;
}

/* The FM API refuses with a number; say what it may mean. */
static int change_refused(Tool *tool, const Target *target, const Wish *wish,
                          int ret, GError **error)
{
    struct cxlfm_snapshot *snapshot;
    g_autofree char *problem = NULL;

    tool_library_error(tool, target, ret, error);
    if (ret == CXLFM_ERROR_REFUSED && cxlfm_is_fmapi(target->fm) &&
        cxlfm_snapshot(target->fm, target->device, &snapshot) >= 0) {
        problem = change_problem(snapshot, wish);
        cxlfm_snapshot_free(snapshot);
        if (!problem && wish->adding && !wish->bytes) {
            problem = g_strdup("nothing has this tag that the host may share, "
                               "or it has it already; 'cxl-fm tags' shows who "
                               "has what");
        }
        if (problem) {
            g_autofree char *said = (*error)->message;

            (*error)->message = g_strdup_printf("%s: %s", said, problem);
        }
    }
    return -1;
}

static int change_dry_run(Tool *tool, const Target *target, const Wish *wish,
                          const char *sentence, GError **error)
{
    g_autofree char *problem = NULL;
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_snapshot(target->fm, target->device, &snapshot);

    if (ret < 0) {
        return tool_library_error(tool, target, ret, error);
    }
    problem = change_problem(snapshot, wish);
    cxlfm_snapshot_free(snapshot);
    if (problem) {
        return tool_fail(error, TOOL_REFUSED, "%s: %s", target->name, problem);
    }
    if (tool->json) {
        struct json_object *o = change_json(target, wish->action, wish->host,
                                            wish->tag, wish->bytes,
                                            "dry-run");

        json_object_object_add(o, "extents",
                               json_extents(wish->extents, wish->count));
        json_print(o, true);
    } else {
        printf("%s: would %s\n", target->name, sentence);
    }
    return TOOL_OK;
}

static int change_add_tell(Tool *tool, const Target *target,
                           const struct cxlfm_add *request,
                           const struct cxlfm_outcome *outcome)
{
    g_autofree char *got = format_size(outcome->done);
    g_autofree char *wanted = change_add_what(request);
    g_autofree char *pieces = format_count(outcome->extent_count, "extent");
    double seconds = outcome->elapsed / 1000.0;
    unsigned host = request->host;

    if (tool->json) {
        struct json_object *o = change_json(target, "add", host, request->tag,
                                            outcome->wanted,
                                            outcome_name(outcome->state));

        change_json_outcome(o, outcome);
        json_print(o, true);
    }
    switch (outcome->state) {
    case CXLFM_OUTCOME_DONE:
        if (!tool->json) {
            printf("%s: host %u accepted %s in %s of region %u (%.2f s)\n",
                   target->name, host, got, pieces, request->region, seconds);
        }
        return TOOL_OK;
    case CXLFM_OUTCOME_PARTIAL:
        fprintf(stderr, "cxl-fm: %s: host %u accepted %s of %s and declined "
                "the rest (%.2f s)\n", target->name, host, got, wanted,
                seconds);
        return TOOL_REJECTED;
    case CXLFM_OUTCOME_REJECTED:
        fprintf(stderr, "cxl-fm: %s: host %u declined all of %s that was "
                "offered (%.2f s); its kernel log may say why\n", target->name, host,
                wanted, seconds);
        return TOOL_REJECTED;
    default:
        fprintf(stderr, "cxl-fm: %s: host %u has not answered the offer of %s "
                "within %.1f s; it stands, 'cxl-fm extents' shows it. Is the "
                "guest up, and its CXL driver one for dynamic capacity?\n",
                target->name, host, wanted, seconds);
        return TOOL_TIMEOUT;
    }
}

int change_add(Tool *tool, const Target *target,
               const struct cxlfm_add *request, const ChangeOptions *options,
               GError **error)
{
    g_autofree char *what = change_add_what(request);
    const Wish wish = {
        .action = "add", .host = request->host, .region = request->region,
        .adding = true, .bytes = change_add_bytes(request),
        .tag = request->tag, .extents = request->extents,
        .count = request->extent_count,
    };
    struct cxlfm_wait *wait = NULL;
    struct cxlfm_outcome outcome;
    int ret = 0;

    if (options->dry_run) {
        g_autofree char *sentence = g_strdup_printf(
            "offer %s of region %u to host %u (policy %s)", what,
            request->region, request->host, policy_name(request->policy));

        return change_dry_run(tool, target, &wish, sentence, error);
    }
    if (options->wait) {
        ret = cxlfm_wait_begin_add(target->fm, target->device, request, &wait);
    }
    if (ret >= 0) {
        ret = cxlfm_add(target->fm, target->device, request);
    }
    if (ret < 0) {
        cxlfm_wait_free(wait);
        return change_refused(tool, target, &wish, ret, error);
    }
    if (!wait) {
        if (tool->json) {
            json_print(change_json(target, "add", request->host, request->tag,
                                   change_add_bytes(request), "offered"),
                       true);
        } else {
            printf("%s: offered %s of region %u to host %u\n", target->name,
                   what, request->region, request->host);
        }
        return TOOL_OK;
    }
    ret = change_wait(tool, target, wait, options, "accepted", &outcome,
                      error);
    cxlfm_wait_free(wait);
    if (ret >= 0) {
        ret = change_add_tell(tool, target, request, &outcome);
        free(outcome.extents);
    }
    return ret;
}

/* --- Release --- */

static int change_release_tell(Tool *tool, const Target *target,
                               const struct cxlfm_release *request,
                               const struct cxlfm_outcome *outcome)
{
    g_autofree char *done = format_size(outcome->done);
    g_autofree char *waiting = format_size(outcome->waiting);
    g_autofree char *pieces = format_count(outcome->extent_count, "extent");
    g_autofree char *where = format_extents(outcome->extents,
                                            outcome->extent_count,
                                            SHOWN_EXTENTS);
    double seconds = outcome->elapsed / 1000.0;

    if (tool->json) {
        struct json_object *o = change_json(target, "release", request->host,
                                            request->tag, outcome->wanted,
                                            outcome_name(outcome->state));

        change_json_outcome(o, outcome);
        json_print(o, true);
    }
    if (outcome->state == CXLFM_OUTCOME_DONE) {
        if (!tool->json) {
            printf("%s: host %u %s %s (%.2f s)\n", target->name, request->host,
                   request->force ? "lost" : "released", done, seconds);
        }
        return TOOL_OK;
    }
    fprintf(stderr, "cxl-fm: %s: after %.1f s host %u still holds %s in %s of "
            "region %u: %s. It has been asked and may give them back later. In "
            "the guest, 'daxctl list' shows what uses them; 'cxl-fm release "
            "--force' takes them at once, and the guest loses their "
            "contents.\n", target->name, seconds, request->host, waiting,
            pieces, outcome->extent_count ? outcome->extents[0].region :
            request->region, where);
    return TOOL_TIMEOUT;
}

/* The request, in as many parts as the door needs */
static int change_release_send(const Target *target,
                               const struct cxlfm_release *request)
{
    size_t limit = cxlfm_extent_limit(target->fm), at = 0;
    struct cxlfm_release part = *request;
    int ret;

    if (request->removal != CXLFM_REMOVE_PRESCRIPTIVE || !limit) {
        return cxlfm_release(target->fm, target->device, request);
    }
    do {
        part.extents = request->extents + at;
        part.extent_count = MIN(limit, request->extent_count - at);
        ret = cxlfm_release(target->fm, target->device, &part);
        at += part.extent_count;
    } while (ret >= 0 && at < request->extent_count);
    return ret;
}

static uint64_t change_release_bytes(const struct cxlfm_release *request)
{
    return request->removal == CXLFM_REMOVE_PRESCRIPTIVE ?
           change_bytes(request->extents, request->extent_count) :
           request->length;
}

/* "1 GiB [0x0, +0x40000000]" or "all of tag ..." */
static char *change_release_what(const struct cxlfm_release *request)
{
    g_autofree char *size = format_size(change_release_bytes(request));
    char tag[CXLFM_TAG_TEXT];

    if (request->removal == CXLFM_REMOVE_PRESCRIPTIVE) {
        g_autofree char *list = format_extents(request->extents,
                                               request->extent_count,
                                               SHOWN_EXTENTS);

        return g_strdup_printf("%s of region %u, %s", size, request->region,
                               list);
    }
    cxlfm_tag_format(request->tag, tag);
    return g_strdup_printf("%s of tag %s", request->length ? size : "all",
                           tag);
}

/* "take 1 GiB from host 0 at once" */
static char *change_release_sentence(const struct cxlfm_release *request,
                                     const char *what)
{
    const char *erase = request->sanitize ? " and erase it" : "";

    return request->force ?
           g_strdup_printf("take %s from host %u at once%s", what,
                           request->host, erase) :
           g_strdup_printf("ask host %u for %s%s", request->host, what, erase);
}

int change_release(Tool *tool, const Target *target,
                   const struct cxlfm_release *request,
                   const ChangeOptions *options, GError **error)
{
    g_autofree char *what = change_release_what(request);
    const Wish wish = {
        .action = "release", .host = request->host, .region = request->region,
        .bytes = change_release_bytes(request), .tag = request->tag,
        .extents = request->extents, .count = request->extent_count,
    };
    struct cxlfm_wait *wait = NULL;
    struct cxlfm_outcome outcome;
    int ret = 0;

    if (options->dry_run) {
        g_autofree char *sentence = change_release_sentence(request, what);

        return change_dry_run(tool, target, &wish, sentence, error);
    }
    if (options->wait) {
        ret = cxlfm_wait_begin_release(target->fm, target->device, request,
                                       &wait);
    }
    if (ret >= 0) {
        ret = change_release_send(target, request);
    }
    if (ret < 0) {
        cxlfm_wait_free(wait);
        return change_refused(tool, target, &wish, ret, error);
    }
    if (!wait) {
        if (tool->json) {
            json_print(change_json(target, "release", request->host,
                                   request->tag, change_release_bytes(request),
                                   request->force ? "taken" : "asked"), true);
        } else {
            printf(request->force ? "%s: took %s from host %u\n" :
                   "%s: asked for %s; host %u may take its time\n",
                   target->name, what, request->host);
        }
        return TOOL_OK;
    }
    ret = change_wait(tool, target, wait, options, "released", &outcome,
                      error);
    cxlfm_wait_free(wait);
    if (ret >= 0) {
        ret = change_release_tell(tool, target, request, &outcome);
        free(outcome.extents);
    }
    return ret;
}
