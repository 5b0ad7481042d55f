/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: lists of ranges, as hosts and fabric managers send them
 *
 * Nothing of a range may be trusted before cxl_dcd_check_ranges(): no sum of
 * its two numbers is made there without knowing that it does not wrap.
 */
#include "geometry.h"
#include "range.h"
#include "state.h"

/* The order of checks is the one that 4802h and 4803h keep stable. */
static bool cxl_dcd_range_check(const CXLDcd *dcd, const CXLDcdRange *r,
                                GError **error)
{
    int region = cxl_dcd_region_of(dcd, r->dpa, 1);
    const CXLDcdRegionConfig *config;

    if (region < 0) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_PA, CXL_DCD_EXTENT_FMT
                            " starts in no DC region", r->dpa, r->len);
    }
    config = cxl_dcd_region_config(dcd, region);
    return cxl_dcd_check_blocks(config, region, r->dpa - config->base, r->len,
                                r->dpa, CXL_DCD_RC_INVALID_PA, error);
}

/* An extent begins as a range does: with its address */
G_STATIC_ASSERT(!offsetof(CXLDcdRange, dpa) && !offsetof(CXLDcdExtent, dpa));

int cxl_dcd_by_dpa(gconstpointer a, gconstpointer b)
{
    const CXLDcdRange *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

bool cxl_dcd_check_ranges(const CXLDcd *dcd, GArray *ranges, GError **error)
{
    for (guint i = 0; i < ranges->len; i++) {
        if (!cxl_dcd_range_check(dcd, &g_array_index(ranges, CXLDcdRange, i),
                                 error)) {
            return false;
        }
    }
    g_array_sort(ranges, cxl_dcd_by_dpa);
    for (guint i = 1; i < ranges->len; i++) {
        const CXLDcdRange *a = &g_array_index(ranges, CXLDcdRange, i - 1);
        const CXLDcdRange *b = &g_array_index(ranges, CXLDcdRange, i);

        if (b->dpa - a->dpa < a->len) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                        CXL_DCD_EXTENT_FMT " overlaps " CXL_DCD_EXTENT_FMT
                        " in the same request", b->dpa, b->len, a->dpa,
                        a->len);
            return false;
        }
    }
    return true;
}

void cxl_dcd_join_ranges(const CXLDcd *dcd, GArray *ranges)
{
    guint to = 0;

    for (guint i = 1; i < ranges->len; i++) {
        CXLDcdRange *last = &g_array_index(ranges, CXLDcdRange, to);
        CXLDcdRange r = g_array_index(ranges, CXLDcdRange, i);

        /* Regions may touch; a range lies in one. */
        if (last->dpa + last->len == r.dpa &&
            cxl_dcd_region_of(dcd, last->dpa, last->len + r.len) >= 0) {
            last->len += r.len;
        } else {
            g_array_index(ranges, CXLDcdRange, ++to) = r;
        }
    }
    if (ranges->len) {
        g_array_set_size(ranges, to + 1);
    }
}

CXLDcdNode *cxl_dcd_at(const CXLDcd *dcd, unsigned region, uint64_t dpa)
{
    CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree, dpa);

    return node && node->dpa <= dpa ? node : NULL;
}

bool cxl_dcd_covered(const CXLDcd *dcd, const CXLDcdRange *range,
                     bool (*ok)(const CXLDcdNode *node, const void *arg),
                     const void *arg)
{
    int region = cxl_dcd_region_of(dcd, range->dpa, range->len);
    uint64_t at = range->dpa, end = range->dpa + range->len;

    while (region >= 0 && at < end) {
        CXLDcdNode *node = cxl_dcd_at(dcd, region, at);

        if (!node || !ok(node, arg)) {
            return false;
        }
        at = node->dpa + node->len;
    }
    return region >= 0;
}

GArray *cxl_dcd_pieces(const CXLDcd *dcd, const GArray *ranges)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, r->len);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (at < end) {
            const CXLDcdNode *node = cxl_dcd_at(dcd, region, at);
            CXLDcdExtent piece;

            cxl_dcd_copy_out(region, node, &piece);
            piece.dpa = at;
            piece.len = MIN(end, node->dpa + node->len) - at;
            g_array_append_val(pieces, piece);
            at += piece.len;
        }
    }
    return pieces;
}
