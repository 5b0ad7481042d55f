/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: capacity leaves the host
 *
 * Shared by the host's own release (4803h), forced removal and reset. The order
 * is what keeps it safe: first nobody reaches the capacity any more, then its
 * contents go, then it is free for somebody else.
 */
#include "cxl-dcd-core.h"

/* The fabric manager's reference keeps the contents when the host leaves. */
static bool is_kept(const CXLDcdNode *node)
{
    return node->tag && node->tag->referenced;
}

/*
 * How many extents more there will be: each extent that is touched goes, what
 * is left of it below, between and above the pieces stays.
 */
static int64_t count_growth(const CXLDcd *dcd, const GArray *pieces)
{
    const CXLDcdNode *last = NULL;
    uint64_t tail = 0;          /* end of the last piece taken from @last */
    int64_t growth = 0;

    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);
        const CXLDcdNode *node = cxl_dcd_at(dcd, p->region, p->dpa);

        if (is_kept(node)) {
            continue;
        }
        if (node != last) {
            growth += (last && tail < last->dpa + last->len) - 1;
            last = node;
            tail = node->dpa;
        }
        growth += p->dpa > tail;
        tail = p->dpa + p->len;
    }
    return growth + (last && tail < last->dpa + last->len);
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

/* The piece is no longer the host's; its state says whether it is kept. */
static void leave(CXLDcd *dcd, CXLDcdExtent *piece, bool sanitize)
{
    CXLDcdNode *node = cxl_dcd_at(dcd, piece->region, piece->dpa);
    CXLDcdRange range = { piece->dpa, piece->len };

    if (is_kept(node)) {
        /* With the last reference, when that goes */
        node->sanitize |= sanitize;
        cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_REFERENCED);
        piece->state = CXL_DCD_REFERENCED;
    } else {
        cxl_dcd_cut(dcd, piece->region, node, &range);
    }
}

bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error)
{
    g_autoptr(GArray) pieces = cxl_dcd_pieces(dcd, ranges);
    int64_t growth = count_growth(dcd, pieces);

    if (growth > cxl_dcd_available_extents(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "releasing parts of extents would make %" G_GINT64_FORMAT
                    " more of them, room is for %u (limit %u)", growth,
                    cxl_dcd_available_extents(dcd), dcd->config.max_extents);
        return false;
    }
    for (guint i = 0; i < pieces->len; i++) {
        leave(dcd, &g_array_index(pieces, CXLDcdExtent, i), sanitize);
    }
    cxl_dcd_commit(dcd);
    cxl_dcd_listed_changed(dcd);
    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);

        if (p->state != CXL_DCD_REFERENCED) {
            cxl_dcd_give_back(dcd, p, sanitize);
        }
    }
    if (outcome == CXL_DCD_OUTCOME_FORCED) {
        cxl_dcd_emit(dcd, CXL_DCD_EVENT_FORCED_RELEASE, pieces);
    }
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_CAPACITY_RELEASED, pieces);
    cxl_dcd_tell(dcd, outcome, pieces);
    return true;
}
