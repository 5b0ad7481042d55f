/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's answers
 *
 * Add Dynamic Capacity Response (4802h) and Release Dynamic Capacity (4803h),
 * CXL r3.2 8.2.10.9.9.3 and .4. An answer may come in many commands chained by
 * More; it is collected here and applied as one when the last has arrived.
 */
#include "answer.h"
#include "check.h"
#include "geometry.h"
#include "leave.h"
#include "range.h"
#include "release.h"
#include "state.h"
#include "tags.h"

void cxl_dcd_chain_abort(CXLDcd *dcd)
{
    g_array_set_size(dcd->chain, 0);
    dcd->chain_kind = CXL_DCD_CHAIN_NONE;
}

bool cxl_dcd_chain_append(CXLDcd *dcd, CXLDcdChain kind,
                          const CXLDcdRange *ranges, size_t count,
                          GError **error)
{
    if (dcd->chain_kind != kind) {
        cxl_dcd_chain_abort(dcd);
        dcd->chain_kind = kind;
    }
    if (count > cxl_dcd_pieces_limit(dcd) - dcd->chain->len) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "the answer has more than %" G_GUINT64_FORMAT " extents",
                    cxl_dcd_pieces_limit(dcd));
        cxl_dcd_chain_abort(dcd);
        return false;
    }
    g_array_append_vals(dcd->chain, ranges, count);
    return true;
}

/* --- 4802h --- */

static bool cxl_dcd_answer_is_offered_in(const CXLDcdNode *node,
                                         const void *group)
{
    return node->group == group && node->state == CXL_DCD_PENDING;
}

/* The group's extents as copies, ascending */
static GArray *cxl_dcd_answer_offered(const CXLDcd *dcd,
                                      const CXLDcdGroup *group)
{
    GArray *offered = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < group->starts->len; i++) {
        uint64_t dpa = g_array_index(group->starts, uint64_t, i);
        int region = cxl_dcd_region_of(dcd, dpa, 1);
        CXLDcdExtent extent;

        cxl_dcd_copy_out(region, cxl_dcd_at(dcd, region, dpa), &extent);
        g_array_append_val(offered, extent);
    }
    g_array_sort(offered, cxl_dcd_by_dpa);
    return offered;
}

/* Rule 5: an offer of a sharable region is taken whole or not at all. */
static bool cxl_dcd_answer_check_whole(const CXLDcd *dcd, const GArray *ranges,
                                       const GArray *offered, GError **error)
{
    uint64_t accepted_bytes = 0, offered_bytes = 0;
    bool sharable = false;

    for (guint i = 0; i < ranges->len; i++) {
        accepted_bytes += g_array_index(ranges, CXLDcdRange, i).len;
    }
    for (guint i = 0; i < offered->len; i++) {
        const CXLDcdExtent *e = &g_array_index(offered, CXLDcdExtent, i);

        offered_bytes += e->len;
        sharable |= cxl_dcd_sharable(dcd, e->region);
    }
    if (sharable && accepted_bytes && accepted_bytes != offered_bytes) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                    CXL_DCD_HEX " of " CXL_DCD_HEX " bytes of a sharable "
                    "offer accepted; all or none are", accepted_bytes,
                    offered_bytes);
        return false;
    }
    return true;
}

static bool cxl_dcd_answer_check(const CXLDcd *dcd, const CXLDcdGroup *group,
                                 GArray *ranges, const GArray *offered,
                                 GError **error)
{
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

        if (!cxl_dcd_covered(dcd, r, cxl_dcd_answer_is_offered_in, group)) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " is not part of the oldest offer",
                        r->dpa, r->len);
            return false;
        }
    }
    cxl_dcd_join_ranges(dcd, ranges);
    return cxl_dcd_answer_check_whole(dcd, ranges, offered, error);
}

/* Offered minus accepted, as extents; both sorted by DPA. */
static GArray *cxl_dcd_answer_subtract(const GArray *offered,
                                       const GArray *accepted)
{
    GArray *rest = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    guint j = 0;

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

/* Offered and not accepted: free again, or the fabric manager's alone. */
static void cxl_dcd_answer_take_back_rest(CXLDcd *dcd, GArray *rest)
{
    for (guint i = 0; i < rest->len; i++) {
        CXLDcdExtent *e = &g_array_index(rest, CXLDcdExtent, i);
        CXLDcdNode *node = cxl_dcd_at(dcd, e->region, e->dpa);
        CXLDcdRange range = { e->dpa, e->len };

        if (node->tag && node->tag->referenced) {
            cxl_dcd_transit(dcd, e->region, node, CXL_DCD_REFERENCED);
            e->state = CXL_DCD_REFERENCED;
        } else {
            cxl_dcd_cut(dcd, e->region, node, &range);
        }
    }
}

/* The oldest group ends: @pieces of it are the host's, @rest is not. */
static void cxl_dcd_answer_apply(CXLDcd *dcd, GArray *pieces, GArray *rest)
{
    CXLDcdGroup *group = g_queue_pop_head(&dcd->groups);
    CXLDcdLeave *leave;

    cxl_dcd_answer_take_back_rest(dcd, rest);
    for (guint i = 0; i < pieces->len; i++) {
        CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);

        p->state = CXL_DCD_ACCEPTED;
        cxl_dcd_transit(dcd, p->region, cxl_dcd_at(dcd, p->region, p->dpa),
                        p->state);
    }
    if (pieces->len) {
        cxl_dcd_commit(dcd);
        cxl_dcd_listed_changed(dcd);
    }
    /* Shared capacity may have been used before: the rest is sanitized, too */
    leave = cxl_dcd_leave_begin(dcd, rest, false,
                                group->dead ? CXL_DCD_LEAVE_SILENT :
                                              CXL_DCD_OUTCOME_REJECTED);
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_ADD_RESPONSE, pieces);
    cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_ADDED, pieces);
    cxl_dcd_leave_started(dcd, leave);
    cxl_dcd_group_free(group);
}

static bool cxl_dcd_answer_to_offer(CXLDcd *dcd, GArray *ranges, GError **error)
{
    CXLDcdGroup *group = g_queue_peek_head(&dcd->groups);
    g_autoptr(GArray) offered = NULL;
    g_autoptr(GArray) pieces = NULL;
    g_autoptr(GArray) rest = NULL;

    if (!group) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "no offer is pending");
        return false;
    }
    offered = cxl_dcd_answer_offered(dcd, group);
    if (!cxl_dcd_answer_check(dcd, group, ranges, offered, error)) {
        return false;
    }
    pieces = cxl_dcd_pieces(dcd, ranges);
    if (pieces->len > offered->len &&
        pieces->len - offered->len > cxl_dcd_available_extents(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "%u extents accepted of %u offered, room for %u more "
                    "(limit %u)", pieces->len, offered->len,
                    cxl_dcd_available_extents(dcd), dcd->config.max_extents);
        return false;
    }
    if (pieces->len && dcd->ops->accept &&
        !dcd->ops->accept(dcd->opaque,
                          (const CXLDcdExtent *)(void *)pieces->data,
                          pieces->len, error)) {
        return false;
    }
    rest = cxl_dcd_answer_subtract(offered, pieces);
    cxl_dcd_answer_apply(dcd, pieces, rest);
    return true;
}

void cxl_dcd_withdraw(CXLDcd *dcd)
{
    CXLDcdGroup *group = g_queue_peek_head(&dcd->groups);
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    g_autoptr(GArray) rest = cxl_dcd_answer_offered(dcd, group);

    cxl_dcd_answer_apply(dcd, none, rest);
}

/* --- 4803h --- */

static bool cxl_dcd_answer_is_listed(const CXLDcdNode *node,
                                     const void *unused G_GNUC_UNUSED)
{
    return cxl_dcd_state_listed(node->state);
}

static bool cxl_dcd_answer_release(CXLDcd *dcd, GArray *ranges, GError **error)
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

        if (!cxl_dcd_covered(dcd, r, cxl_dcd_answer_is_listed, NULL)) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " was not accepted by this host",
                        r->dpa, r->len);
            return false;
        }
    }
    cxl_dcd_join_ranges(dcd, ranges);
    return cxl_dcd_check_whole_tags(dcd, ranges,
                                    CXL_DCD_RC_INVALID_EXTENT_LIST, error) &&
           cxl_dcd_take(dcd, ranges, false, CXL_DCD_OUTCOME_RELEASED, error);
}

bool cxl_dcd_chain_end(CXLDcd *dcd, CXLDcdChain kind, GError **error)
{
    bool ok;

    CXL_DCD_CHECK(dcd);
    if (dcd->chain_kind != kind) {
        cxl_dcd_chain_abort(dcd);
    }
    ok = kind == CXL_DCD_CHAIN_ADD_RESPONSE ?
             cxl_dcd_answer_to_offer(dcd, dcd->chain, error) :
             cxl_dcd_answer_release(dcd, dcd->chain, error);
    cxl_dcd_chain_abort(dcd);
    return ok;
}
