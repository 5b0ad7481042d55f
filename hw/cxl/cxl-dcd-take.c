/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: capacity leaves the host
 *
 * Shared by the host's own release (4803h), forced removal and reset. The order
 * is what keeps it safe: first nobody reaches the capacity any more, then its
 * contents go, then it is free for somebody else.
 */
#include "cxl-dcd-core.h"

/* What of @node lies in @range, as an extent of its own. */
static void intersect(unsigned region, const CXLDcdNode *node,
                      const CXLDcdRange *range, CXLDcdExtent *ret)
{
    uint64_t end = MIN(node->dpa + node->len, range->dpa + range->len);

    cxl_dcd_copy_out(region, node, ret);
    ret->dpa = MAX(node->dpa, range->dpa);
    ret->len = end - ret->dpa;
}

/* All pieces of listed extents that @ranges cover, ascending. */
static GArray *pieces_of(const CXLDcd *dcd, const GArray *ranges)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, r->len);
        uint64_t at = r->dpa;

        while (at < r->dpa + r->len) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            CXLDcdExtent piece;

            intersect(region, node, r, &piece);
            g_array_append_val(pieces, piece);
            at = piece.dpa + piece.len;
        }
    }
    return pieces;
}

/* A piece from the middle of an extent leaves two extents where one was. */
static uint32_t count_splits(const CXLDcd *dcd, const GArray *pieces)
{
    uint64_t tail = 0;          /* start of what the last piece left behind */
    uint32_t splits = 0;

    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);
        CXLDcdNode *node =
            cxl_dcd_tree_from(&dcd->regions[p->region].tree, p->dpa);
        uint64_t start = MAX(node->dpa, tail);

        splits += p->dpa > start && p->dpa + p->len < node->dpa + node->len;
        tail = p->dpa + p->len;
    }
    return splits;
}

void cxl_dcd_give_back(CXLDcd *dcd, const CXLDcdExtent *extent, bool sanitize)
{
    CXLDcdRange range = { extent->dpa, extent->len };
    bool must = sanitize || extent->sanitize ||
                cxl_dcd_region_config(dcd, extent->region)->sanitize;

    if (dcd->ops->sanitize) {
        dcd->ops->sanitize(dcd->opaque, &range, must);
    }
    if (dcd->ops->unclaim) {
        dcd->ops->unclaim(dcd->opaque, &range);
    }
}

/* True when the fabric manager's reference keeps the contents. */
static bool leave(CXLDcd *dcd, const CXLDcdExtent *piece)
{
    CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[piece->region].tree,
                                         piece->dpa);
    CXLDcdRange range = { piece->dpa, piece->len };

    if (node->tag && node->tag->sharable && node->tag->referenced) {
        cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_REFERENCED);
        return true;
    }
    cxl_dcd_cut(dcd, piece->region, node, &range);
    return false;
}

bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error)
{
    GArray *pieces = pieces_of(dcd, ranges);
    uint32_t splits = count_splits(dcd, pieces);
    g_autofree bool *kept = g_new0(bool, pieces->len);

    if (splits > cxl_dcd_available_extents(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "releasing parts of extents would make %u more of them, "
                    "room is for %u (limit %u)", splits,
                    cxl_dcd_available_extents(dcd), dcd->config.max_extents);
        g_array_free(pieces, TRUE);
        return false;
    }
    for (guint i = 0; i < pieces->len; i++) {
        kept[i] = leave(dcd, &g_array_index(pieces, CXLDcdExtent, i));
    }
    cxl_dcd_commit(dcd);
    cxl_dcd_listed_changed(dcd);
    for (guint i = 0; i < pieces->len; i++) {
        if (!kept[i]) {
            cxl_dcd_give_back(dcd, &g_array_index(pieces, CXLDcdExtent, i),
                              sanitize);
        }
    }
    if (outcome == CXL_DCD_OUTCOME_FORCED) {
        cxl_dcd_emit(dcd, CXL_DCD_EVENT_FORCED_RELEASE, pieces);
    }
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_CAPACITY_RELEASED, pieces);
    cxl_dcd_tell(dcd, outcome, pieces);
    g_array_free(pieces, TRUE);
    return true;
}
