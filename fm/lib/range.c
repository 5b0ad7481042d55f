/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets of ranges: sorted arrays of [start, end) that do not touch
 */
#include "range.h"

static int cxlfm_range_compare(gconstpointer a, gconstpointer b)
{
    const CxlfmRange *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

void cxlfm_ranges_normalize(GArray *ranges)
{
    CxlfmRange *r = (CxlfmRange *)ranges->data;
    unsigned i, n = 0;

    g_array_sort(ranges, cxlfm_range_compare);
    for (i = 0; i < ranges->len; i++) {
        if (r[i].start >= r[i].end) {
            continue;
        }
        if (n && r[i].start <= r[n - 1].end) {
            r[n - 1].end = MAX(r[n - 1].end, r[i].end);
        } else {
            r[n++] = r[i];
        }
    }
    g_array_set_size(ranges, n);
}

uint64_t cxlfm_ranges_bytes(const GArray *ranges)
{
    const CxlfmRange *r = (const CxlfmRange *)ranges->data;
    uint64_t bytes = 0;
    unsigned i;

    for (i = 0; i < ranges->len; i++) {
        bytes += r[i].end - r[i].start;
    }
    return bytes;
}

static void cxlfm_range_append(GArray *to, uint64_t start, uint64_t end)
{
    const CxlfmRange range = { start, end };

    if (start < end) {
        g_array_append_val(to, range);
    }
}

GArray *cxlfm_ranges_subtract(const GArray *from, const GArray *what)
{
    const CxlfmRange *f = (const CxlfmRange *)from->data;
    const CxlfmRange *w = (const CxlfmRange *)what->data;
    GArray *result = g_array_new(false, false, sizeof(CxlfmRange));
    unsigned i, j = 0;

    for (i = 0; i < from->len; i++) {
        uint64_t at = f[i].start;

        while (j < what->len && w[j].end <= at) {
            j++;
        }
        /* Do not step over one that reaches into the next range as well. */
        while (j < what->len && w[j].start < f[i].end) {
            cxlfm_range_append(result, at, w[j].start);
            at = w[j].end;
            if (at >= f[i].end) {
                break;
            }
            j++;
        }
        cxlfm_range_append(result, at, f[i].end);
    }
    return result;
}

GArray *cxlfm_ranges_intersect(const GArray *a, const GArray *b)
{
    const CxlfmRange *x = (const CxlfmRange *)a->data;
    const CxlfmRange *y = (const CxlfmRange *)b->data;
    GArray *result = g_array_new(false, false, sizeof(CxlfmRange));
    unsigned i = 0, j = 0;

    while (i < a->len && j < b->len) {
        cxlfm_range_append(result, MAX(x[i].start, y[j].start),
                           MIN(x[i].end, y[j].end));
        if (x[i].end <= y[j].end) {
            i++;
        } else {
            j++;
        }
    }
    return result;
}
