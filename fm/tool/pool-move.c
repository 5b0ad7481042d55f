/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Capacity from one host of a pool to another: a release that is waited for,
 * then an add
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "change-add.h"
#include "change-release.h"
#include "pick.h"
#include "pool-move.h"
#include "release-choose.h"
#include "signals.h"
#include "text.h"

#define CLEAN_US 50000

int pool_add(Tool *tool, const PoolView *view, uint16_t to, uint64_t bytes,
             const ChangeOptions *options, GError **error)
{
    const struct cxlfm_add request = {
        .host = to, .region = change_region(options), .length = bytes,
        .policy = CXLFM_POLICY_FREE,
    };
    Target target;

    return pool_head(view, to, &target, error) ?
           change_add(tool, &target, &request, options, error) : -1;
}

/* Until @region of @source has nothing that is being sanitized; or time is up */
static void pool_wait_clean(const Target *source, uint8_t region,
                            const ChangeOptions *options)
{
    int64_t end = g_get_monotonic_time() +
                  (int64_t)(change_timeout(options) * 1000000);
    struct cxlfm_snapshot *s;
    bool dirty = true;
    size_t i;

    while (dirty && g_get_monotonic_time() < end &&
           !signals_stop &&
           cxlfm_snapshot(source->fm, source->device, &s) >= 0) {
        dirty = false;
        for (i = 0; i < s->extent_count; i++) {
            dirty |= s->extents[i].region == region &&
                     s->extents[i].state == CXLFM_EXTENT_SANITIZING;
        }
        cxlfm_snapshot_free(s);
        if (dirty) {
            g_usleep(CLEAN_US);
        }
    }
}

/*
 * Whether the host is left with @keep bytes, also when it gives back all of the
 * extents of which @request asks for a part, and all it was asked for before.
 */
static bool pool_keeps(Tool *tool, const Target *source,
                       const struct cxlfm_release *request, uint64_t keep,
                       GError **error)
{
    g_autoptr(GArray) held = g_array_new(false, false,
                                         sizeof(struct cxlfm_extent));
    struct cxlfm_snapshot *s;
    uint64_t owned = 0, gone;
    int ret = cxlfm_snapshot(source->fm, source->device, &s);
    size_t i;

    if (ret < 0) {
        reach_fail(tool, source, ret, error);
        return false;
    }
    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];

        if (e->region == request->region &&
            e->state == CXLFM_EXTENT_ACCEPTED) {
            g_array_append_val(held, *e);
            owned += e->length;
        }
    }
    cxlfm_snapshot_free(s);
    gone = pick_whole_bytes((const struct cxlfm_extent *)(void *)held->data,
                            held->len, request->extents,
                            request->extent_count);
    if (owned - gone < keep) {
        g_autofree char *left = format_size(owned - gone);
        g_autofree char *min = format_size(keep);

        tool_fail(error, TOOL_REFUSED, "%s: host %u might be left with %s, "
                  "less than %s", source->name, request->host, left, min);
        return false;
    }
    return true;
}

/* A move that stops half-way */
typedef struct MoveCut {
    unsigned from;
    unsigned to;
    unsigned region;
    uint64_t bytes;
} MoveCut;

/* Whose the capacity is now, and, if it is nobody's, how to go on */
static void G_GNUC_PRINTF(3, 4) move_tell(const MoveCut *cut, bool nobodys,
                                          const char *format, ...)
{
    va_list args;

    fputs("cxl-fm: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    if (nobodys) {
        fprintf(stderr, "; 'cxl-fm add %" PRIu64 " --host %u --region %u' "
                "gives it", cut->bytes, cut->to, cut->region);
    }
    fputc('\n', stderr);
}

/* The giver gave, and the taker has not, as @ret and @error say. */
static int move_half(const MoveCut *cut, int ret, GError **error)
{
    int code = ret > 0 ? ret : (*error)->code;

    if (ret > 0 && (code == TOOL_UNKNOWN || code == TOOL_TIMEOUT)) {
        move_tell(cut, false, "host %u has given it back, and the offer to "
                  "host %u stands", cut->from, cut->to);
    } else if (code == TOOL_UNKNOWN) {
        move_tell(cut, false, "host %u has given it back, and whether host %u "
                  "was offered it is not known: 'cxl-fm extents' shows it",
                  cut->from, cut->to);
    } else {
        move_tell(cut, true, "host %u has given it back and host %u does not "
                  "have it: it is free for all", cut->from, cut->to);
    }
    if (code == TOOL_UNKNOWN) {
        return ret;
    }
    if (ret < 0) {
        (*error)->code = TOOL_PARTIAL;
    }
    return ret < 0 ? ret : TOOL_PARTIAL;
}

int pool_move(Tool *tool, const PoolView *view, uint16_t from, uint16_t to,
              uint64_t bytes, bool force, const ChangeOptions *options,
              GError **error)
{
    struct cxlfm_release request = {
        .host = from, .region = change_region(options), .length = bytes,
        .force = force,
    };
    g_autofree struct cxlfm_extent *extents = NULL;
    ChangeOptions then = *options;
    Target source, sink;
    MoveCut cut = { from, to, request.region, bytes };
    int ret;

    /* Both hosts must be reachable before one of them loses something. */
    if (!pool_head(view, from, &source, error) ||
        !pool_head(view, to, &sink, error) ||
        release_choose(tool, &source, &request, false, &extents, error) < 0) {
        return -1;
    }
    if (options->keep && !pool_keeps(tool, &source, &request, options->keep,
                                     error)) {
        return -1;
    }
    ret = change_release(tool, &source, &request, options, error);
    if (ret) {
        if (ret > 0) {
            move_tell(&cut, true, "nothing was given to host %u; what comes "
                      "back later is free for all", to);
        }
        return ret;
    }
    if (options->dry_run) {
        then.coming = bytes;
    } else {
        pool_wait_clean(&source, request.region, options);
    }
    if (signals_stop && !options->dry_run) {
        move_tell(&cut, true, "stopped by a signal: host %u has given it back "
                  "and host %u was not offered it: it is free for all", from,
                  to);
        return TOOL_PARTIAL;
    }
    ret = pool_add(tool, view, to, bytes, &then, error);
    return ret && !options->dry_run ? move_half(&cut, ret, error) : ret;
}
