/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What add and release share: dry run, what a refusal may mean, waiting with
 * progress
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "change.h"

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

int change_wait(Tool *tool, const Target *target,
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

struct json_object *change_json(const Target *target,
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

void change_json_outcome(struct json_object *o,
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

uint64_t change_bytes(const struct cxlfm_extent *extents, size_t count)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        bytes += extents[i].length;
    }
    return bytes;
}

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
int change_refused(Tool *tool, const Target *target, const Wish *wish,
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

int change_dry_run(Tool *tool, const Target *target, const Wish *wish,
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
