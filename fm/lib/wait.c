/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Follow an add or a release to its end
 *
 * The outcome is judged by snapshots. Events only say when to look again: one
 * that another client took, or that overflowed, costs a little time.
 *
 * An add is judged by the ranges of its host, region and tag that were not
 * there before: the host has answered when none of them is pending. The FM API
 * does not list pending extents, but it counts them: supported - available is
 * more than what is listed, and the difference is back to what it was before
 * when our offer has been answered. Of shared tags it tells who has not
 * answered.
 *
 * A release is judged by the ranges asked for that the host still has; one by
 * tag by the bytes of the tag above those that may stay.
 */
#include <stdlib.h>
#include <string.h>
#include "deadline.h"
#include "done.h"
#include "door.h"
#include "error.h"
#include "export.h"
#include "handle.h"
#include "range.h"
#include "snapshot.h"

#define STEP_MIN_MS 10
#define STEP_MAX_MS 250
/* Looking must not keep the device busy: rest 4 times as long as it took. */
#define REST_FACTOR 4

struct cxlfm_wait {
    cxlfm *fm;
    size_t device;
    bool adding;
    uint16_t host;
    uint8_t region;
    bool any_region;              /* by tag: wherever it is */
    bool any_tag;                 /* by extent: whatever its tag */
    bool shared;                  /* access to what another host has */
    uint8_t tag[CXLFM_TAG_SIZE];
    uint64_t wanted;
    uint64_t keep;                /* release by tag: bytes that may stay */
    GArray *before;               /* add: what was there; release: what goes */
    GArray *asked;                /* add: the extents listed; NULL: none */
    int64_t counted_before;       /* extents counted but not listed */
    int64_t started;              /* g_get_monotonic_time() */
};

CXLFM_EXPORT void cxlfm_wait_free(struct cxlfm_wait *wait)
{
    if (wait) {
        if (wait->before) {
            g_array_unref(wait->before);
        }
        if (wait->asked) {
            g_array_unref(wait->asked);
        }
        g_free(wait);
    }
}

static bool cxlfm_wait_matches(const struct cxlfm_wait *wait,
                               const struct cxlfm_extent *e)
{
    return e->host == wait->host &&
           (wait->any_region || e->region == wait->region) &&
           (wait->any_tag || !memcmp(e->tag, wait->tag, CXLFM_TAG_SIZE));
}

static bool cxlfm_wait_held(const struct cxlfm_extent *e)
{
    return e->state == CXLFM_EXTENT_ACCEPTED ||
           e->state == CXLFM_EXTENT_RELEASING;
}

/* DPA ranges of the extents that match and are held or pending, as asked */
static GArray *cxlfm_wait_ranges(const struct cxlfm_wait *wait,
                                 const struct cxlfm_snapshot *snapshot,
                                 bool held, bool pending)
{
    GArray *ranges = g_array_new(false, false, sizeof(CxlfmRange));
    size_t i;

    for (i = 0; i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];
        const CxlfmRange range = { e->dpa, e->dpa + e->length };

        if (cxlfm_wait_matches(wait, e) &&
            (cxlfm_wait_held(e) ? held :
             e->state == CXLFM_EXTENT_PENDING && pending)) {
            g_array_append_val(ranges, range);
        }
    }
    cxlfm_ranges_normalize(ranges);
    return ranges;
}

/* Extents of the host that are counted but not listed; may be negative */
static int64_t cxlfm_wait_unlisted(const struct cxlfm_wait *wait,
                                   const struct cxlfm_snapshot *snapshot)
{
    const struct cxlfm_host *host = cxlfm_snapshot_host(snapshot, wait->host);
    int64_t unlisted = host ? (int64_t)host->supported_extents -
                              host->available_extents : 0;
    size_t i;

    for (i = 0; i < snapshot->extent_count; i++) {
        unlisted -= snapshot->extents[i].host == wait->host;
    }
    return unlisted;
}

static struct cxlfm_wait *cxlfm_wait_new(cxlfm *fm, size_t device,
                                         uint16_t host, uint8_t region,
                                         const uint8_t *tag)
{
    struct cxlfm_wait *wait = g_new0(struct cxlfm_wait, 1);

    wait->fm = fm;
    wait->device = device;
    wait->host = host;
    wait->region = region;
    memcpy(wait->tag, tag, sizeof(wait->tag));
    wait->started = g_get_monotonic_time();
    return wait;
}

/* Bytes of @tag that some host has already: what one more host will get. */
static uint64_t cxlfm_wait_shared_bytes(const struct cxlfm_snapshot *snapshot,
                                        const uint8_t *tag)
{
    uint64_t most = 0;
    size_t i;

    for (i = 0; i < snapshot->host_count; i++) {
        uint64_t bytes = cxlfm_snapshot_tag_bytes(snapshot,
                                                  snapshot->hosts[i].id, tag);

        most = MAX(most, bytes);
    }
    return most;
}

/* The extents of a request as DPA ranges, which the host's regions tell */
static GArray *cxlfm_wait_asked(const struct cxlfm_wait *wait,
                                const struct cxlfm_snapshot *snapshot,
                                const struct cxlfm_extent *extents,
                                size_t count)
{
    GArray *asked = g_array_new(false, false, sizeof(CxlfmRange));
    const struct cxlfm_host *host = cxlfm_snapshot_host(snapshot, wait->host);
    uint64_t base = host ? host->regions[wait->region].base : 0;
    size_t i;

    for (i = 0; i < count; i++) {
        const uint64_t start = base + extents[i].offset;
        const CxlfmRange range = { start, start + extents[i].length };

        g_array_append_val(asked, range);
    }
    cxlfm_ranges_normalize(asked);
    return asked;
}

CXLFM_EXPORT int cxlfm_wait_begin_add(cxlfm *fm, size_t device,
                                      const struct cxlfm_add *request,
                                      struct cxlfm_wait **ret_wait)
{
    struct cxlfm_snapshot *snapshot;
    struct cxlfm_wait *wait;
    int ret;

    if (request->region >= CXLFM_MAX_REGIONS) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "region %u does not exist", request->region);
    }
    ret = cxlfm_snapshot(fm, device, &snapshot);
    if (ret < 0) {
        return ret;
    }
    wait = cxlfm_wait_new(fm, device, request->host, request->region,
                          request->tag);
    wait->adding = true;
    switch (request->policy) {
    case CXLFM_POLICY_PRESCRIPTIVE:
        wait->asked = cxlfm_wait_asked(wait, snapshot, request->extents,
                                       request->extent_count);
        wait->wanted = cxlfm_ranges_bytes(wait->asked);
        break;
    case CXLFM_POLICY_SHARED:
        wait->shared = true;
        wait->wanted = cxlfm_wait_shared_bytes(snapshot, request->tag);
        break;
    default:
        wait->wanted = request->length;
    }
    wait->before = cxlfm_wait_ranges(wait, snapshot, true, true);
    wait->counted_before = cxlfm_wait_unlisted(wait, snapshot);
    cxlfm_snapshot_free(snapshot);
    *ret_wait = wait;
    return 0;
}

CXLFM_EXPORT int cxlfm_wait_begin_release(cxlfm *fm, size_t device,
                                          const struct cxlfm_release *request,
                                          struct cxlfm_wait **ret_wait)
{
    bool by_tag = request->removal == CXLFM_REMOVE_TAG;
    struct cxlfm_snapshot *snapshot;
    struct cxlfm_wait *wait;
    uint64_t held;
    int ret;

    if (request->region >= CXLFM_MAX_REGIONS) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "region %u does not exist", request->region);
    }
    ret = cxlfm_snapshot(fm, device, &snapshot);
    if (ret < 0) {
        return ret;
    }
    wait = cxlfm_wait_new(fm, device, request->host, request->region,
                          request->tag);
    wait->any_region = by_tag;
    wait->any_tag = !by_tag;
    if (by_tag) {
        wait->before = cxlfm_wait_ranges(wait, snapshot, true, false);
        held = cxlfm_ranges_bytes(wait->before);
        wait->wanted = request->length ? MIN(request->length, held) : held;
        wait->keep = held - wait->wanted;
    } else {
        wait->before = cxlfm_wait_asked(wait, snapshot, request->extents,
                                        request->extent_count);
        wait->wanted = cxlfm_ranges_bytes(wait->before);
    }
    cxlfm_snapshot_free(snapshot);
    *ret_wait = wait;
    return 0;
}

/* Index of the first range that ends above @at; all are normalized. */
static unsigned cxlfm_wait_first(const GArray *ranges, uint64_t at)
{
    unsigned low = 0, high = ranges->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;

        if (g_array_index(ranges, CxlfmRange, middle).end > at) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Held extents of @snapshot, cut to @ranges, become the outcome's list. */
static void cxlfm_wait_list(const struct cxlfm_wait *wait,
                            const struct cxlfm_snapshot *snapshot,
                            const GArray *ranges, struct cxlfm_outcome *fill)
{
    GArray *list = g_array_new(false, false, sizeof(struct cxlfm_extent));
    size_t i;
    unsigned j;

    for (i = 0; i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];

        if (!cxlfm_wait_matches(wait, e) || !cxlfm_wait_held(e)) {
            continue;
        }
        for (j = cxlfm_wait_first(ranges, e->dpa); j < ranges->len; j++) {
            const CxlfmRange *r = &g_array_index(ranges, CxlfmRange, j);
            uint64_t start = MAX(r->start, e->dpa);
            uint64_t end = MIN(r->end, e->dpa + e->length);
            struct cxlfm_extent part = *e;

            if (start >= end) {
                break;
            }
            part.dpa = start;
            part.offset += start - e->dpa;
            part.length = end - start;
            g_array_append_val(list, part);
        }
    }
    free(fill->extents);
    fill->extent_count = list->len;
    fill->extents = (struct cxlfm_extent *)g_array_free(list, false);
}

/* Whether the tag is offered to our host: 5608h tells of shared tags only. */
static int cxlfm_wait_tag_pending(const struct cxlfm_wait *wait)
{
    struct cxlfm_tag *tags;
    size_t count, i;
    int ret = cxlfm_tags(wait->fm, wait->device, &tags, &count);

    if (ret < 0) {
        return ret;
    }
    for (i = 0; i < count && !ret; i++) {
        ret = wait->host < 256 &&
              !memcmp(tags[i].tag, wait->tag, CXLFM_TAG_SIZE) &&
              tags[i].pending[wait->host / 8] >> wait->host % 8 & 1;
    }
    free(tags);
    return ret;
}

/* Bytes without answer over a door that does not list what is pending */
static int cxlfm_wait_unanswered(const struct cxlfm_wait *wait,
                                 const struct cxlfm_snapshot *snapshot,
                                 uint64_t done, uint64_t *ret_waiting)
{
    int pending = wait->shared ? cxlfm_wait_tag_pending(wait) :
                  cxlfm_wait_unlisted(wait, snapshot) > wait->counted_before;

    if (pending < 0) {
        return pending;
    }
    if (!pending || (wait->wanted && done >= wait->wanted)) {
        *ret_waiting = 0;
    } else {
        /* A tag that only a reference keeps has no size that can be read. */
        *ret_waiting = wait->wanted ? wait->wanted - done : CXLFM_UNKNOWN;
    }
    return 0;
}

/* Of @ranges what our request may have brought */
static GArray *cxlfm_wait_new_ranges(const struct cxlfm_wait *wait,
                                     const GArray *ranges)
{
    GArray *fresh = cxlfm_ranges_subtract(ranges, wait->before), *ours;

    if (!wait->asked) {
        return fresh;
    }
    ours = cxlfm_ranges_intersect(fresh, wait->asked);
    g_array_unref(fresh);
    return ours;
}

static int cxlfm_wait_judge_add(const struct cxlfm_wait *wait,
                                const struct cxlfm_snapshot *snapshot,
                                struct cxlfm_outcome *fill)
{
    int ret = 0;

    g_autoptr(GArray) held = cxlfm_wait_ranges(wait, snapshot, true, false);
    g_autoptr(GArray) offered = cxlfm_wait_ranges(wait, snapshot, false, true);
    g_autoptr(GArray) got = cxlfm_wait_new_ranges(wait, held);
    g_autoptr(GArray) open = cxlfm_wait_new_ranges(wait, offered);

    fill->done = cxlfm_ranges_bytes(got);
    if (snapshot->pending_listed) {
        fill->waiting = cxlfm_ranges_bytes(open);
    } else {
        ret = cxlfm_wait_unanswered(wait, snapshot, fill->done,
                                    &fill->waiting);
    }
    cxlfm_wait_list(wait, snapshot, got, fill);
    if (fill->waiting) {
        fill->state = CXLFM_OUTCOME_TIMEOUT;
    } else if (!fill->done) {
        fill->state = CXLFM_OUTCOME_REJECTED;
    } else {
        fill->state = fill->done < wait->wanted ? CXLFM_OUTCOME_PARTIAL :
                      CXLFM_OUTCOME_DONE;
    }
    return ret;
}

static void cxlfm_wait_judge_release(const struct cxlfm_wait *wait,
                                     const struct cxlfm_snapshot *snapshot,
                                     struct cxlfm_outcome *fill)
{
    g_autoptr(GArray) held = cxlfm_wait_ranges(wait, snapshot, true, false);
    g_autoptr(GArray) left = cxlfm_ranges_intersect(held, wait->before);
    uint64_t bytes = cxlfm_ranges_bytes(left);

    fill->waiting = bytes > wait->keep ? bytes - wait->keep : 0;
    fill->done = wait->wanted - MIN(fill->waiting, wait->wanted);
    fill->state = fill->waiting ? CXLFM_OUTCOME_TIMEOUT : CXLFM_OUTCOME_DONE;
    cxlfm_wait_list(wait, snapshot, left, fill);
}

/* One look at the device. @fill->state says TIMEOUT while it is not over. */
static int cxlfm_wait_look(struct cxlfm_wait *wait, struct cxlfm_outcome *fill)
{
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_snapshot(wait->fm, wait->device, &snapshot);

    if (ret < 0) {
        return ret;
    }
    fill->wanted = wait->wanted;
    fill->elapsed = (g_get_monotonic_time() - wait->started) / 1000;
    if (wait->adding) {
        ret = cxlfm_wait_judge_add(wait, snapshot, fill);
    } else {
        cxlfm_wait_judge_release(wait, snapshot, fill);
    }
    cxlfm_snapshot_free(snapshot);
    return ret;
}

static int cxlfm_wait_loop(struct cxlfm_wait *wait, unsigned timeout,
                           cxlfm_progress_fn progress, void *opaque,
                           struct cxlfm_outcome *ret_outcome)
{
    CxlfmDeadline deadline = cxlfm_deadline(timeout);
    struct cxlfm_outcome outcome = { 0 };
    unsigned step = STEP_MIN_MS;
    int ret;

    for (;;) {
        int64_t began = g_get_monotonic_time();
        unsigned cost;

        ret = cxlfm_wait_look(wait, &outcome);
        if (ret < 0) {
            free(outcome.extents);
            return ret;
        }
        if (outcome.state != CXLFM_OUTCOME_TIMEOUT || !cxlfm_left(deadline) ||
            (progress && !progress(&outcome, opaque))) {
            *ret_outcome = outcome;
            return 0;
        }
        cost = (g_get_monotonic_time() - began) / 1000;
        ret = wait->fm->door->pump(wait->fm,
                                   MIN(MAX(step, cost * REST_FACTOR),
                                       (unsigned)cxlfm_left(deadline)));
        if (ret < 0) {
            free(outcome.extents);
            return ret;
        }
        /* Whoever looks for events has yet to see what woke us. */
        wait->fm->news |= ret;
        step = MIN(step * 2, STEP_MAX_MS);
    }
}

CXLFM_EXPORT int cxlfm_wait_run(struct cxlfm_wait *wait, unsigned timeout,
                                cxlfm_progress_fn progress, void *opaque,
                                struct cxlfm_outcome *ret_outcome)
{
    return cxlfm_done(wait->fm, cxlfm_wait_loop(wait, timeout, progress,
                                                opaque, ret_outcome));
}
