/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Add capacity: the request, waiting, and what to tell the person who asked
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include "change.h"

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
                "offered (%.2f s); its kernel log may say why\n",
                target->name, host, wanted, seconds);
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
