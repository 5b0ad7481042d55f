/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Release capacity: the request, and what to tell the person who asked
 */
#include <stdio.h>
#include "change-release.h"
#include "text.h"

static uint64_t change_release_bytes(const struct cxlfm_release *request)
{
    return request->removal == CXLFM_REMOVE_PRESCRIPTIVE ?
           change_bytes(request->extents, request->extent_count) :
           request->length;
}

/* "1 GiB of region 0, [0x0, +0x40000000]" or "all of tag ..." */
static char *change_release_what(const struct cxlfm_release *request)
{
    g_autofree char *size = format_size(change_release_bytes(request));
    g_autofree char *tag = format_tag(request->tag);

    if (request->removal == CXLFM_REMOVE_PRESCRIPTIVE) {
        g_autofree char *list = format_extents(request->extents,
                                               request->extent_count,
                                               CHANGE_SHOWN_EXTENTS);

        return g_strdup_printf("%s of region %u, %s", size, request->region,
                               list);
    }
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

/* What is told without --wait: "took 1 GiB from host 0" */
static char *change_release_sent(const struct cxlfm_release *request,
                                 const char *what)
{
    return request->force ?
           g_strdup_printf("took %s from host %u", what, request->host) :
           g_strdup_printf("asked for %s; host %u may take its time", what,
                           request->host);
}

/* A release, and what there was before it */
typedef struct ReleaseRun {
    const struct cxlfm_release *request;
    GArray *whole;                    /* extents of which it asks for a part */
} ReleaseRun;

/* Bytes that two extents of one region have in common */
static uint64_t release_common(const struct cxlfm_extent *a,
                               const struct cxlfm_extent *b)
{
    uint64_t start = MAX(a->offset, b->offset);
    uint64_t end = MIN(a->offset + a->length, b->offset + b->length);

    return end > start ? end - start : 0;
}

static bool release_is_part(const struct cxlfm_release *request,
                            const struct cxlfm_extent *e)
{
    size_t i;

    for (i = 0; i < request->extent_count; i++) {
        if (release_common(&request->extents[i], e)) {
            return true;
        }
    }
    return false;
}

/* @each of the extents that the host has in the region now */
static void release_each_held(const Target *target,
                              const struct cxlfm_release *request,
                              void (*each)(const struct cxlfm_extent *e,
                                           void *opaque), void *opaque)
{
    struct cxlfm_snapshot *s;
    size_t i;

    if (request->removal != CXLFM_REMOVE_PRESCRIPTIVE ||
        cxlfm_snapshot(target->fm, target->device, &s) < 0) {
        return;
    }
    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];

        if (e->host == request->host && e->region == request->region &&
            (e->state == CXLFM_EXTENT_ACCEPTED ||
             e->state == CXLFM_EXTENT_RELEASING)) {
            each(e, opaque);
        }
    }
    cxlfm_snapshot_free(s);
}

static void release_note(const struct cxlfm_extent *e, void *opaque)
{
    ReleaseRun *run = opaque;

    if (release_is_part(run->request, e)) {
        g_array_append_val(run->whole, *e);
    }
}

typedef struct ReleaseLeft {
    const ReleaseRun *run;
    uint64_t bytes;
} ReleaseLeft;

static void release_count_left(const struct cxlfm_extent *e, void *opaque)
{
    ReleaseLeft *left = opaque;
    unsigned i;

    for (i = 0; i < left->run->whole->len; i++) {
        left->bytes += release_common(
            &g_array_index(left->run->whole, struct cxlfm_extent, i), e);
    }
}

/* A guest may use an extent as one: then all of it comes back. */
static uint64_t change_release_more(const Target *target, const void *opaque)
{
    const ReleaseRun *run = opaque;
    ReleaseLeft left = { .run = run };
    const struct cxlfm_extent *whole =
        (const struct cxlfm_extent *)(void *)run->whole->data;
    uint64_t had = change_bytes(whole, run->whole->len);
    uint64_t asked = change_release_bytes(run->request);

    if (!run->whole->len) {
        return 0;
    }
    release_each_held(target, run->request, release_count_left, &left);
    return had > asked + left.bytes ? had - asked - left.bytes : 0;
}

static int change_release_begin(const Target *target, const void *opaque,
                                struct cxlfm_wait **ret_wait)
{
    ReleaseRun *run = (ReleaseRun *)opaque;

    release_each_held(target, run->request, release_note, run);
    return cxlfm_wait_begin_release(target->fm, target->device, run->request,
                                    ret_wait);
}

/* A door may limit the extents of one request: send several then. */
static int change_release_send(const Target *target, const void *opaque,
                               uint64_t *ret_done)
{
    const struct cxlfm_release *request =
        ((const ReleaseRun *)opaque)->request;
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
        if (ret >= 0) {
            *ret_done += change_bytes(part.extents, part.extent_count);
        }
    } while (ret >= 0 && at < request->extent_count);
    return ret;
}

static int change_release_tell(Tool *tool, const Target *target,
                               const void *opaque,
                               const struct cxlfm_outcome *outcome)
{
    const struct cxlfm_release *request =
        ((const ReleaseRun *)opaque)->request;
    g_autofree char *done = format_size(outcome->done);
    g_autofree char *waiting = format_size(outcome->waiting);
    g_autofree char *pieces = format_count(outcome->extent_count, "extent");
    g_autofree char *where = format_extents(outcome->extents,
                                            outcome->extent_count,
                                            CHANGE_SHOWN_EXTENTS);
    double seconds = outcome->elapsed / 1000.0;

    if (outcome->state == CXLFM_OUTCOME_DONE) {
        if (!tool->json) {
            uint64_t more = change_release_more(target, opaque);
            g_autofree char *extra = format_size(more);

            printf("%s: host %u %s %s%s%s%s (%.2f s)\n", target->name,
                   request->host, request->force ? "lost" : "released", done,
                   more ? ", and " : "", more ? extra : "", more ? " more of "
                   "the extents they were part of" : "", seconds);
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

int change_release(Tool *tool, const Target *target,
                   const struct cxlfm_release *request,
                   const ChangeOptions *options, GError **error)
{
    g_autofree char *what = change_release_what(request);
    g_autofree char *sentence = change_release_sentence(request, what);
    g_autofree char *sent_text = change_release_sent(request, what);
    g_autoptr(GArray) whole = g_array_new(false, false,
                                          sizeof(struct cxlfm_extent));
    ReleaseRun run = { request, whole };
    const Change change = {
        .wish = {
            .action = "release", .host = request->host,
            .region = request->region, .bytes = change_release_bytes(request),
            .tag = request->tag, .extents = request->extents,
            .count = request->extent_count,
        },
        .request = &run, .sentence = sentence, .verb = "released",
        .sent = request->force ? "taken" : "asked", .sent_text = sent_text,
        .begin = change_release_begin, .send = change_release_send,
        .tell = change_release_tell, .more = change_release_more,
    };

    return change_run(tool, target, &change, options, error);
}
