/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: capacity is asked back, and leaves the host
 *
 * Initiate Dynamic Capacity Release, CXL r3.2 7.6.7.6.6. A request that is not
 * forced only asks: what it names stays reachable until the host answers. A
 * forced one takes accepted capacity at once; an offer that is still pending
 * becomes dead.
 *
 * How capacity leaves is the same for the host's own release (4803h), forced
 * removal and reset: first nobody reaches it any more, then its contents go,
 * then it is free for somebody else.
 */
#include <string.h>
#include "check.h"
#include "geometry.h"
#include "leave.h"
#include "range.h"
#include "release.h"
#include "state.h"
#include "tags.h"

/* --- Leaving --- */

/* The fabric manager's reference keeps the contents when the host leaves. */
static bool cxl_dcd_release_is_kept(const CXLDcdNode *node)
{
    return node->tag && node->tag->referenced;
}

/*
 * How many extents more there will be: each extent that is touched goes, what
 * is left of it below, between and above the pieces stays.
 */
static int64_t cxl_dcd_release_count_growth(const CXLDcd *dcd,
                                            const GArray *pieces)
{
    const CXLDcdNode *last = NULL;
    uint64_t tail = 0;          /* end of the last piece taken from @last */
    int64_t growth = 0;

    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);
        const CXLDcdNode *node = cxl_dcd_at(dcd, p->region, p->dpa);

        if (cxl_dcd_release_is_kept(node)) {
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

/* The piece is no longer the host's; its state says whether it is kept. */
static void cxl_dcd_release_piece(CXLDcd *dcd, CXLDcdExtent *piece,
                                  bool sanitize)
{
    CXLDcdNode *node = cxl_dcd_at(dcd, piece->region, piece->dpa);
    CXLDcdRange range = { piece->dpa, piece->len };

    if (cxl_dcd_release_is_kept(node)) {
        /* With the last reference, when that goes */
        node->sanitize |= sanitize;
        cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_REFERENCED);
        piece->state = CXL_DCD_REFERENCED;
    } else {
        cxl_dcd_cut(dcd, piece->region, node, &range);
    }
}

/* Nobody reaches the pieces any more, and the host's list is without them. */
static void cxl_dcd_release_pieces(CXLDcd *dcd, GArray *pieces, bool sanitize)
{
    for (guint i = 0; i < pieces->len; i++) {
        cxl_dcd_release_piece(dcd, &g_array_index(pieces, CXLDcdExtent, i),
                              sanitize);
    }
    cxl_dcd_commit(dcd);
    cxl_dcd_listed_changed(dcd);
}

static bool cxl_dcd_release_check_room(const CXLDcd *dcd, const GArray *pieces,
                                       GError **error)
{
    int64_t growth = cxl_dcd_release_count_growth(dcd, pieces);

    if (growth > cxl_dcd_available_extents(dcd)) {
        return cxl_dcd_fail(
            error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
            "releasing parts of extents would make %" G_GINT64_FORMAT
            " more of them, room is for %u "
            "(limit %u)",
            growth, cxl_dcd_available_extents(dcd), dcd->config.max_extents);
    }
    if (dcd->sanitizing + (uint64_t)pieces->len > cxl_dcd_pieces_limit(dcd)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                            "%u pieces of capacity are being sanitized, %u "
                            "more would be too many (limit %" G_GUINT64_FORMAT
                            "); wait until some are clean",
                            dcd->sanitizing, pieces->len,
                            cxl_dcd_pieces_limit(dcd));
    }
    return true;
}

/* Who keeps a record of its own of what the host has hears of it first. */
static bool cxl_dcd_release_is_agreed(CXLDcd *dcd, const GArray *pieces,
                                      GError **error)
{
    return !dcd->ops->leave ||
           dcd->ops->leave(dcd->opaque,
                           (const CXLDcdExtent *)(void *)pieces->data,
                           pieces->len, error);
}

bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error)
{
    g_autoptr(GArray) pieces = cxl_dcd_pieces(dcd, ranges);
    CXLDcdLeave *leave;

    if (!cxl_dcd_release_check_room(dcd, pieces, error) ||
        !cxl_dcd_release_is_agreed(dcd, pieces, error)) {
        return false;
    }
    cxl_dcd_release_pieces(dcd, pieces, sanitize);
    leave = cxl_dcd_leave_begin(dcd, pieces, sanitize, outcome);
    if (outcome == CXL_DCD_OUTCOME_FORCED) {
        cxl_dcd_emit(dcd, CXL_DCD_EVENT_FORCED_RELEASE, pieces);
    }
    cxl_dcd_leave_started(dcd, leave);
    return true;
}

void cxl_dcd_take_unasked(CXLDcd *dcd, const GArray *ranges)
{
    g_autoptr(GArray) pieces = cxl_dcd_pieces(dcd, ranges);

    cxl_dcd_release_pieces(dcd, pieces, false);
    cxl_dcd_leave_started(dcd, cxl_dcd_leave_begin(dcd, pieces, false,
                                                   CXL_DCD_OUTCOME_RELEASED));
}

/* --- What a request names --- */

static bool cxl_dcd_release_is_possible(const CXLDcdNode *node,
                                        const void *forced)
{
    return cxl_dcd_state_listed(node->state) ||
           (*(const bool *)forced && node->state == CXL_DCD_PENDING);
}

static void cxl_dcd_release_say_why_not(const CXLDcd *dcd,
                                        const CXLDcdRange *range,
                                        GError **error)
{
    CXLDcdExtent there;

    if (cxl_dcd_extent_from(dcd, range->dpa, &there) &&
        (there.dpa <= range->dpa || there.dpa - range->dpa < range->len) &&
        !cxl_dcd_state_listed(there.state)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                    CXL_DCD_EXTENT_FMT " is %s, only capacity that the host "
                    "has accepted can be released", range->dpa, range->len,
                    cxl_dcd_state_name(there.state));
        return;
    }
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                CXL_DCD_EXTENT_FMT " was not added to host %u (not all of it)",
                range->dpa, range->len, dcd->config.host_id);
}

static bool
cxl_dcd_release_choose_prescriptive(const CXLDcd *dcd,
                                    const CXLDcdRemoveRequest *request,
                                    GArray *ranges, GError **error)
{
    GError *inner = NULL;

    if (!request->count) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                    "the list of extents is empty");
        return false;
    }
    for (size_t i = 0; i < request->count; i++) {
        CXLDcdRange range = { request->extents[i].dpa,
                              request->extents[i].len };

        g_array_append_val(ranges, range);
    }
    if (!cxl_dcd_check_ranges(dcd, ranges, &inner)) {
        g_propagate_error(error, inner);
        return false;
    }
    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);

        if (!cxl_dcd_covered(dcd, r, cxl_dcd_release_is_possible,
                             &request->forced)) {
            cxl_dcd_release_say_why_not(dcd, r, error);
            return false;
        }
    }
    cxl_dcd_join_ranges(dcd, ranges);
    return cxl_dcd_check_whole_tags(dcd, ranges, CXL_DCD_RC_INVALID_INPUT,
                                    error);
}

/* What of a tag can be removed, ascending; *@ret_bytes of it in all. */
static void cxl_dcd_release_of_tag(const CXLDcdTagEntry *entry, bool forced,
                                   GArray *ranges, uint64_t *ret_bytes)
{
    *ret_bytes = 0;
    for (CXLDcdNode *n = entry ? entry->first : NULL; n; n = n->tag_next) {
        CXLDcdRange range = { n->dpa, n->len };

        if (cxl_dcd_release_is_possible(n, &forced)) {
            g_array_append_val(ranges, range);
            *ret_bytes += n->len;
        }
    }
    g_array_sort(ranges, cxl_dcd_by_dpa);
}

/* Keep the first @length bytes of @ranges; false when a block is cut. */
static bool cxl_dcd_release_keep_first(const CXLDcd *dcd, GArray *ranges,
                                       uint64_t length, GError **error)
{
    for (guint i = 0; i < ranges->len; i++) {
        CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, r->len);
        uint64_t block = cxl_dcd_region_config(dcd, region)->block_size;

        if (length < r->len) {
            if (length % block) {
                g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                            "length ends inside a block; region %d's block "
                            "size is " CXL_DCD_HEX, region, block);
                return false;
            }
            r->len = length;
            g_array_set_size(ranges, i + !!length);
            return true;
        }
        length -= r->len;
    }
    return true;
}

/* Which part of a tag goes is ours to choose: its lowest addresses. */
static bool cxl_dcd_release_choose_tag(const CXLDcd *dcd,
                                       const CXLDcdRemoveRequest *request,
                                       GArray *ranges, GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, &request->tag);
    uint64_t found;

    cxl_dcd_release_of_tag(entry, request->forced, ranges, &found);
    if (!found) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "host %u has %s no capacity with this tag",
                    dcd->config.host_id,
                    request->forced ? "been given" : "accepted");
        return false;
    }
    if (request->length > found) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "length " CXL_DCD_HEX " asked back, host %u holds "
                    CXL_DCD_HEX " of this tag", request->length,
                    dcd->config.host_id, found);
        return false;
    }
    if (request->length && request->length != found) {
        if (entry->sharable) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        "length " CXL_DCD_HEX " is a part of a shared tag of "
                        CXL_DCD_HEX " bytes; it is released whole",
                        request->length, found);
            return false;
        }
        if (!cxl_dcd_release_keep_first(dcd, ranges, request->length, error)) {
            return false;
        }
    }
    cxl_dcd_join_ranges(dcd, ranges);
    return true;
}

/* --- Asking --- */

/*
 * What the host is to be asked for: what its log does not ask it for already.
 * The log is finite, and a request that is repeated must not fill it.
 */
static GArray *cxl_dcd_release_not_asked(const CXLDcd *dcd,
                                         const GArray *pieces)
{
    GArray *asked = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    g_autoptr(GHashTable) there =
        dcd->ops->event_ranges ?
            dcd->ops->event_ranges(dcd->opaque, CXL_DCD_EVENT_RELEASE) :
            NULL;

    for (guint i = 0; i < pieces->len; i++) {
        CXLDcdExtent piece = g_array_index(pieces, CXLDcdExtent, i);
        CXLDcdRange range = { piece.dpa, piece.len };

        if (!there || piece.state != CXL_DCD_RELEASING ||
            !g_hash_table_contains(there, &range)) {
            piece.state = CXL_DCD_RELEASING;
            g_array_append_val(asked, piece);
        }
    }
    return asked;
}

static bool cxl_dcd_release_ask(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                                const GArray *ranges, GError **error)
{
    g_autoptr(GArray) pieces = cxl_dcd_pieces(dcd, ranges);
    g_autoptr(GArray) asked = cxl_dcd_release_not_asked(dcd, pieces);
    uint32_t room = cxl_dcd_event_room(dcd);

    if (asked->len > room) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "%u event records needed, the host's event log has room "
                    "for %u; wait until the host has read it", asked->len,
                    room);
        return false;
    }
    for (guint i = 0; i < pieces->len; i++) {
        CXLDcdExtent *piece = &g_array_index(pieces, CXLDcdExtent, i);
        CXLDcdNode *node = cxl_dcd_at(dcd, piece->region, piece->dpa);

        node->sanitize |= request->sanitize;
        if (node->state == CXL_DCD_ACCEPTED) {
            cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_RELEASING);
        }
    }
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_RELEASE, asked);
    return true;
}

/* All of the group, with @killed collecting what it was */
static void cxl_dcd_release_kill_group(CXLDcd *dcd, CXLDcdGroup *group,
                                       GArray *killed)
{
    group->dead = true;
    for (guint i = 0; i < group->starts->len; i++) {
        uint64_t dpa = g_array_index(group->starts, uint64_t, i);
        int region = cxl_dcd_region_of(dcd, dpa, 1);
        CXLDcdNode *node = cxl_dcd_at(dcd, region, dpa);
        CXLDcdExtent extent;

        cxl_dcd_transit(dcd, region, node, CXL_DCD_DEAD);
        cxl_dcd_copy_out(region, node, &extent);
        g_array_append_val(killed, extent);
    }
}

/*
 * The host's answer to these offers can only be an empty list now: nothing of
 * a group can be accepted any more when a part of it was withdrawn.
 */
static void cxl_dcd_release_kill_offers(CXLDcd *dcd, const GArray *pieces)
{
    g_autoptr(GArray) killed = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));

    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);
        CXLDcdNode *node;

        if (p->state != CXL_DCD_PENDING) {
            continue;
        }
        node = cxl_dcd_at(dcd, p->region, p->dpa);
        if (node->state == CXL_DCD_PENDING) {
            cxl_dcd_release_kill_group(dcd, node->group, killed);
        }
    }
    cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_FORCED, killed);
}

static bool cxl_dcd_release_by_force(CXLDcd *dcd,
                                     const CXLDcdRemoveRequest *request,
                                     const GArray *ranges, GError **error)
{
    g_autoptr(GArray) pieces = cxl_dcd_pieces(dcd, ranges);
    g_autoptr(GArray) listed = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));

    for (guint i = 0; i < pieces->len; i++) {
        const CXLDcdExtent *p = &g_array_index(pieces, CXLDcdExtent, i);
        CXLDcdRange range = { p->dpa, p->len };

        if (cxl_dcd_state_listed(p->state)) {
            g_array_append_val(listed, range);
        }
    }
    if (listed->len && !cxl_dcd_take(dcd, listed, request->sanitize,
                                     CXL_DCD_OUTCOME_FORCED, error)) {
        return false;
    }
    cxl_dcd_release_kill_offers(dcd, pieces);
    return true;
}

bool cxl_dcd_remove(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                    GError **error)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    bool ok;

    CXL_DCD_CHECK(dcd);
    if (request->host_id != dcd->config.host_id) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "host %u does not exist; the device's host is %u",
                    request->host_id, dcd->config.host_id);
        return false;
    }
    if (!cxl_dcd_may_change(dcd, error)) {
        return false;
    }
    switch (request->policy) {
    case CXL_DCD_REMOVE_TAG:
        ok = cxl_dcd_release_choose_tag(dcd, request, ranges, error);
        break;
    case CXL_DCD_REMOVE_PRESCRIPTIVE:
        ok = cxl_dcd_release_choose_prescriptive(dcd, request, ranges, error);
        break;
    default:
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "removal policy %u is not known; 0 and 1 are",
                    request->policy);
        return false;
    }
    if (!ok) {
        return false;
    }
    return request->forced ?
               cxl_dcd_release_by_force(dcd, request, ranges, error) :
               cxl_dcd_release_ask(dcd, request, ranges, error);
}
