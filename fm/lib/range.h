/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of ranges: sorted arrays of [start, end) that do not touch */
#ifndef CXLFM_RANGE_H
#define CXLFM_RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>

typedef struct CxlfmRange {
    uint64_t start;
    uint64_t end;                 /* exclusive */
} CxlfmRange;

/* Sort @ranges (of CxlfmRange) and merge what touches or overlaps. */
void cxlfm_ranges_normalize(GArray *ranges);
/* Bytes in @ranges, which are normalized. */
uint64_t cxlfm_ranges_bytes(const GArray *ranges);
/* Both normalized; a new normalized array, free with g_array_unref(). */
GArray *cxlfm_ranges_subtract(const GArray *from, const GArray *what);
GArray *cxlfm_ranges_intersect(const GArray *a, const GArray *b);

#endif /* CXLFM_RANGE_H */
