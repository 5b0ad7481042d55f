/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's answers
 *
 * Add Dynamic Capacity Response (4802h) and Release Dynamic Capacity (4803h),
 * CXL r3.2 8.2.10.9.9.3 and .4. An answer may come in many commands chained by
 * More; it is collected here and applied as one when the last has arrived.
 */
#include "cxl-dcd-core.h"

void cxl_dcd_chain_abort(CXLDcd *dcd)
{
    g_array_set_size(dcd->chain, 0);
    dcd->chain_kind = CXL_DCD_CHAIN_NONE;
}

/* No honest answer has more entries than there are blocks or extents. */
static uint64_t chain_limit(const CXLDcd *dcd)
{
    return (uint64_t)dcd->config.max_extents * 2 + 65536;
}

bool cxl_dcd_chain_append(CXLDcd *dcd, CXLDcdChain kind,
                          const CXLDcdRange *ranges, size_t count,
                          GError **error)
{
    if (dcd->chain_kind != kind) {
        cxl_dcd_chain_abort(dcd);
        dcd->chain_kind = kind;
    }
    if (count > chain_limit(dcd) - dcd->chain->len) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "the answer has more than %" G_GUINT64_FORMAT " extents",
                    chain_limit(dcd));
        cxl_dcd_chain_abort(dcd);
        return false;
    }
    g_array_append_vals(dcd->chain, ranges, count);
    return true;
}

/* --- 4802h --- */

static bool offered_in(const CXLDcdNode *node, const void *group)
{
    return node->group == group && node->state == CXL_DCD_PENDING;
}

static uint64_t group_bytes(const CXLDcd *dcd, const CXLDcdGroup *group,
                            bool *ret_sharable)
{
    uint64_t bytes = 0;

    *ret_sharable = false;
    for (guint i = 0; i < group->starts->len; i++) {
        uint64_t dpa = g_array_index(group->starts, uint64_t, i);
        int region = cxl_dcd_region_of(dcd, dpa, 1);

        bytes += cxl_dcd_tree_from(&dcd->regions[region].tree, dpa)->len;
        *ret_sharable |= !!(cxl_dcd_region_config(dcd, region)->attributes &
                            CXL_DCD_REGION_SHARABLE);
    }
    return bytes;
}

/* The accepted parts of the group's extents: each keeps tag and sequence. */
static GArray *accepted_pieces(const CXLDcd *dcd, const GArray *ranges)
{
    GArray *pieces = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, r->len);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (at < end) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            CXLDcdExtent piece;

            cxl_dcd_copy_out(region, node, &piece);
            piece.dpa = at;
            piece.len = MIN(end, node->dpa + node->len) - at;
            piece.state = CXL_DCD_ACCEPTED;
            g_array_append_val(pieces, piece);
            at += piece.len;
        }
    }
    return pieces;
}

static bool check_accept(const CXLDcd *dcd, const CXLDcdGroup *group,
                         GArray *ranges, GError **error)
{
    uint64_t accepted = 0, offered;
    bool sharable;

    if (!cxl_dcd_check_ranges(dcd, ranges, error)) {
        return false;
    }
    if (group->dead && ranges->len) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                    "the offer was withdrawn; answer it with an empty list");
        return false;
    }
    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);

        if (!cxl_dcd_covered(dcd, r, offered_in, group)) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " is not part of the oldest offer",
                        r->dpa, r->len);
            return false;
        }
        accepted += r->len;
    }
    offered = group_bytes(dcd, group, &sharable);
    if (sharable && accepted && accepted != offered) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                    "0x%" G_GINT64_MODIFIER "x of 0x%" G_GINT64_MODIFIER "x "
                    "bytes of a sharable offer accepted; all or none are",
                    accepted, offered);
        return false;
    }
    return true;
}

GArray *cxl_dcd_dissolve(CXLDcd *dcd, CXLDcdGroup *group)
{
    GArray *was = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < group->starts->len; i++) {
        uint64_t dpa = g_array_index(group->starts, uint64_t, i);
        int region = cxl_dcd_region_of(dcd, dpa, 1);
        CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree, dpa);
        CXLDcdExtent extent;

        cxl_dcd_copy_out(region, node, &extent);
        if (node->tag && node->tag->sharable && node->tag->referenced) {
            cxl_dcd_transit(dcd, region, node, CXL_DCD_REFERENCED);
            extent.state = CXL_DCD_REFERENCED;
        } else {
            cxl_dcd_erase(dcd, region, node);
        }
        g_array_append_val(was, extent);
    }
    return was;
}

static int by_dpa(gconstpointer a, gconstpointer b)
{
    const CXLDcdExtent *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

/* Offered minus accepted, as extents; both sorted by DPA. */
static GArray *difference(GArray *offered, const GArray *accepted)
{
    GArray *rest = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    guint j = 0;

    g_array_sort(offered, by_dpa);
    for (guint i = 0; i < offered->len; i++) {
        CXLDcdExtent left = g_array_index(offered, CXLDcdExtent, i);
        uint64_t end = left.dpa + left.len;

        for (; j < accepted->len; j++) {
            const CXLDcdExtent *a = &g_array_index(accepted, CXLDcdExtent, j);

            if (a->dpa >= end) {
                break;
            }
            left.len = a->dpa - left.dpa;
            if (left.len) {
                g_array_append_val(rest, left);
            }
            left.dpa = a->dpa + a->len;
            left.len = end - left.dpa;
        }
        if (left.len) {
            g_array_append_val(rest, left);
        }
    }
    return rest;
}

/* An accepted extent comes back from where cxl_dcd_dissolve() left it. */
static void settle(CXLDcd *dcd, const CXLDcdExtent *piece)
{
    CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[piece->region].tree,
                                         piece->dpa);

    if (node && node->dpa == piece->dpa) {
        cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_ACCEPTED);
    } else {
        cxl_dcd_insert(dcd, piece, NULL);
    }
}

static bool answer_offer(CXLDcd *dcd, GArray *ranges, GError **error)
{
    CXLDcdGroup *group = g_queue_peek_head(&dcd->groups);
    GArray *pieces, *offered, *rest;

    if (!group) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "no offer is pending");
        return false;
    }
    if (!check_accept(dcd, group, ranges, error)) {
        return false;
    }
    pieces = accepted_pieces(dcd, ranges);
    if (pieces->len > group->starts->len &&
        pieces->len - group->starts->len > cxl_dcd_available_extents(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "%u extents accepted of %u offered, room for %u more",
                    pieces->len, group->starts->len,
                    cxl_dcd_available_extents(dcd));
        g_array_free(pieces, TRUE);
        return false;
    }
    g_queue_pop_head(&dcd->groups);
    offered = cxl_dcd_dissolve(dcd, group);
    rest = difference(offered, pieces);
    for (guint i = 0; i < pieces->len; i++) {
        settle(dcd, &g_array_index(pieces, CXLDcdExtent, i));
    }
    if (pieces->len) {
        cxl_dcd_commit(dcd);
        cxl_dcd_listed_changed(dcd);
    }
    for (guint i = 0; i < rest->len; i++) {
        const CXLDcdExtent *e = &g_array_index(rest, CXLDcdExtent, i);
        CXLDcdRange range = { e->dpa, e->len };
        CXLDcdNode *node =
            cxl_dcd_tree_from(&dcd->regions[e->region].tree, e->dpa);

        /* Still there when the fabric manager's reference keeps it */
        if (dcd->ops->unclaim && !(node && node->dpa <= e->dpa)) {
            dcd->ops->unclaim(dcd->opaque, &range);
        }
    }
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_ADD_RESPONSE, pieces);
    cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_ADDED, pieces);
    cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_REJECTED, rest);
    cxl_dcd_group_free(group);
    g_array_free(pieces, TRUE);
    g_array_free(offered, TRUE);
    g_array_free(rest, TRUE);
    return true;
}

/* --- 4803h --- */

static bool is_listed(const CXLDcdNode *node, const void *unused)
{
    (void)unused;
    return cxl_dcd_state_listed(node->state);
}

static bool in_ranges(const GArray *ranges, const CXLDcdNode *node)
{
    guint low = 0, high = ranges->len;

    while (low < high) {
        guint mid = low + (high - low) / 2;
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, mid);

        if (r->dpa + r->len <= node->dpa) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low < ranges->len) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, low);

        return r->dpa <= node->dpa &&
               r->dpa + r->len >= node->dpa + node->len;
    }
    return false;
}

/*
 * Touching ranges of one region become one, so that "covers" can be read off
 * a single one of them.
 */
static void join(const CXLDcd *dcd, GArray *ranges)
{
    guint to = 0;

    for (guint i = 1; i < ranges->len; i++) {
        CXLDcdRange *last = &g_array_index(ranges, CXLDcdRange, to);
        CXLDcdRange r = g_array_index(ranges, CXLDcdRange, i);

        if (last->dpa + last->len == r.dpa &&
            cxl_dcd_region_of(dcd, last->dpa, 1) ==
            cxl_dcd_region_of(dcd, r.dpa, 1)) {
            last->len += r.len;
        } else {
            g_array_index(ranges, CXLDcdRange, ++to) = r;
        }
    }
    if (ranges->len) {
        g_array_set_size(ranges, to + 1);
    }
}

/* A shared tag is released whole, 8.2.10.9.9.4. */
static bool check_shared(const CXLDcd *dcd, const GArray *ranges,
                         GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, 1);
        uint64_t at = r->dpa;

        if (!(cxl_dcd_region_config(dcd, region)->attributes &
              CXL_DCD_REGION_SHARABLE)) {
            continue;
        }
        while (at < r->dpa + r->len) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);

            if (node->tag && g_hash_table_add(seen, node->tag)) {
                for (CXLDcdNode *n = node->tag->first; n; n = n->tag_next) {
                    if (!in_ranges(ranges, n)) {
                        g_set_error(error, CXL_DCD_ERROR,
                                    CXL_DCD_RC_INVALID_EXTENT_LIST,
                                    CXL_DCD_EXTENT_FMT " carries the same "
                                    "shared tag and is not released with it",
                                    n->dpa, n->len);
                        return false;
                    }
                }
            }
            at = node->dpa + node->len;
        }
    }
    return true;
}

static bool release(CXLDcd *dcd, GArray *ranges, GError **error)
{
    if (!ranges->len) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "an empty list releases nothing");
        return false;
    }
    if (!cxl_dcd_check_ranges(dcd, ranges, error)) {
        return false;
    }
    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);

        if (!cxl_dcd_covered(dcd, r, is_listed, NULL)) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " was not accepted by this host",
                        r->dpa, r->len);
            return false;
        }
    }
    join(dcd, ranges);
    return check_shared(dcd, ranges, error) &&
           cxl_dcd_take(dcd, ranges, false, CXL_DCD_OUTCOME_RELEASED, error);
}

bool cxl_dcd_chain_end(CXLDcd *dcd, CXLDcdChain kind, GError **error)
{
    bool ok;

    if (dcd->chain_kind != kind) {
        cxl_dcd_chain_abort(dcd);
    }
    ok = kind == CXL_DCD_CHAIN_ADD_RESPONSE ?
         answer_offer(dcd, dcd->chain, error) :
         release(dcd, dcd->chain, error);
    cxl_dcd_chain_abort(dcd);
    return ok;
}
