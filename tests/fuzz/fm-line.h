/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line for libcxlfm that is memory: instead of fm/lib/stream.c. What is
 * written goes to the target's line_hear(), which answers with line_say(); once
 * nothing is left to read the line is broken, so that nothing is waited for.
 */
#ifndef DCD_FUZZ_FM_LINE_H
#define DCD_FUZZ_FM_LINE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "cxlfm.h"
#include "error.h"
#include "fuzzer.h"
#include "handle.h"
#include "stream.h"

#define LINE_FD 1000000           /* no descriptor of the process */

static GByteArray *line_out;      /* said and not yet read */
static const char *line_greeting = ""; /* said unasked to who connects */

/* The target's: @bytes came from the library. */
static void line_hear(const uint8_t *bytes, size_t len);

static void line_say(const void *bytes, size_t len)
{
    g_byte_array_append(line_out, bytes, len);
}

int cxlfm_stream_open(cxlfm *fm, const char *where, CxlfmDeadline deadline)
{
    fm->fd = LINE_FD;
    return 0;
}

void cxlfm_stream_close(cxlfm *fm)
{
    fm->fd = -1;
}

int cxlfm_stream_write(cxlfm *fm, const void *bytes, size_t len,
                       CxlfmDeadline deadline)
{
    g_assert(fm->fd == LINE_FD);
    line_hear(bytes, len);
    return 0;
}

int cxlfm_stream_read(cxlfm *fm, void *bytes, size_t size,
                      CxlfmDeadline deadline)
{
    size_t n = MIN(size, line_out->len);

    g_assert(fm->fd == LINE_FD);
    if (!n) {
        cxlfm_stream_close(fm);
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "there is no more");
    }
    memcpy(bytes, line_out->data, n);
    g_byte_array_remove_range(line_out, 0, n);
    return n;
}

int cxlfm_stream_read_soon(cxlfm *fm, void *bytes, size_t size,
                           CxlfmDeadline deadline)
{
    return cxlfm_stream_read(fm, bytes, size, deadline);
}

/* --- Calls, each by a letter or number --- */

static void line_check_snapshot(struct cxlfm_snapshot *s)
{
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        g_assert(s->extents[i].region < CXLFM_MAX_REGIONS);
        g_assert(s->extents[i].state < CXLFM_EXTENT_STATE_MAX);
    }
    for (i = 0; i < s->host_count; i++) {
        g_assert(s->hosts[i].region_count <= CXLFM_MAX_REGIONS);
    }
    cxlfm_snapshot_free(s);
}

static void line_snapshot(cxlfm *fm)
{
    struct cxlfm_snapshot *s;

    if (cxlfm_snapshot(fm, 0, &s) >= 0) {
        line_check_snapshot(s);
    }
}

static void line_tags(cxlfm *fm)
{
    struct cxlfm_tag *tags;
    size_t count;

    if (cxlfm_tags(fm, 0, &tags, &count) >= 0) {
        free(tags);
    }
}

static void line_wait(cxlfm *fm, bool adding)
{
    struct cxlfm_extent extent = { .length = 2 << 20 };
    const struct cxlfm_add add = { .length = 4 << 20 };
    const struct cxlfm_release release = {
        .removal = CXLFM_REMOVE_PRESCRIPTIVE, .extents = &extent,
        .extent_count = 1,
    };
    struct cxlfm_outcome outcome;
    struct cxlfm_wait *wait = NULL;
    int ret = adding ? cxlfm_wait_begin_add(fm, 0, &add, &wait) :
              cxlfm_wait_begin_release(fm, 0, &release, &wait);

    if (ret >= 0) {
        ret = adding ? cxlfm_add(fm, 0, &add) : cxlfm_release(fm, 0, &release);
    }
    if (ret >= 0 && cxlfm_wait_run(wait, 0, NULL, NULL, &outcome) >= 0) {
        g_assert(outcome.state <= CXLFM_OUTCOME_TIMEOUT);
        free(outcome.extents);
    }
    cxlfm_wait_free(wait);
}

static void line_events(cxlfm *fm)
{
    struct cxlfm_event *event;

    while (cxlfm_next_event(fm, 0, &event) > 0) {
        g_assert(event->device < cxlfm_device_count(fm));
        free(event);
    }
}

static void line_pools(cxlfm *fm)
{
    struct cxlfm_pool **pools;
    uint64_t freed;
    size_t count, i;

    if (cxlfm_pools(fm, &pools, &count) >= 0) {
        for (i = 0; i < count; i++) {
            g_assert(pools[i]->available <= pools[i]->size);
            cxlfm_pool_free(pools[i]);
        }
        free(pools);
        cxlfm_pool_reclaim(fm, "pool0", 1, &freed);
    }
}

static void line_call(cxlfm *fm, uint8_t which)
{
    static const uint8_t tag[CXLFM_TAG_SIZE] = { 7 };

    switch (which % 8) {
    case 0:
        line_snapshot(fm);
        break;
    case 1:
        line_tags(fm);
        break;
    case 2:
        line_wait(fm, true);
        break;
    case 3:
        line_wait(fm, false);
        break;
    case 4:
        cxlfm_subscribe(fm);
        break;
    case 5:
        line_events(fm);
        break;
    case 6:
        line_pools(fm);
        cxlfm_reference(fm, 0, tag, true);
        break;
    default:
        cxlfm_set_region(fm, 0, 1, 2 << 20, true);
        break;
    }
}

/* To see what an input does: FUZZ_LOG=1 in the environment */
static void line_log(const char *line, void *opaque)
{
    fprintf(stderr, "%s\n", line);
}

/* A connection to @address, and the @count calls after it */
static void line_run(const char *address, const uint8_t *calls, size_t count)
{
    cxlfm *fm = cxlfm_new();
    size_t i;

    line_out = g_byte_array_new();
    line_say(line_greeting, strlen(line_greeting));
    cxlfm_set_log(fm, getenv("FUZZ_LOG") ? line_log : NULL, NULL);
    cxlfm_set_timeout(fm, 1);
    if (cxlfm_connect(fm, address) >= 0) {
        for (i = 0; i < count; i++) {
            line_call(fm, calls[i]);
        }
    }
    g_assert(*cxlfm_error_text(fm) || cxlfm_device_count(fm) || !count ||
             cxlfm_fd(fm) < 0);
    cxlfm_free(fm);
    g_byte_array_unref(line_out);
}

#endif /* DCD_FUZZ_FM_LINE_H */
