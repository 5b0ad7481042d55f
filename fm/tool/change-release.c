/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release capacity: the request, waiting, and what to tell the person who asked
 */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include "change.h"

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
