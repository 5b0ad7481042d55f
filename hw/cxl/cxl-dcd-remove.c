/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: asking for capacity back, and taking it
 *
 * Initiate Dynamic Capacity Release, CXL r3.2 7.6.7.6.6. A request that is not
 * forced only asks: what it names stays reachable until the host answers. A
 * forced one takes accepted capacity at once; an offer that is still pending
 * becomes dead.
 */
#include <string.h>
#include "cxl-dcd-core.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"

static bool removable(const CXLDcdNode *node, const void *forced)
{
    return cxl_dcd_state_listed(node->state) ||
           (*(const bool *)forced && node->state == CXL_DCD_PENDING);
}

static void name_what_is_there(const CXLDcd *dcd, const CXLDcdRange *range,
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

/* 7.6.7.6.6: part of a sharable tag cannot be named */
static bool check_shared(const CXLDcd *dcd, const GArray *ranges,
                         GError **error)
{
    g_autoptr(GHashTable) bytes = g_hash_table_new_full(NULL, NULL, NULL,
                                                        g_free);
    GHashTableIter iter;
    gpointer key, value;

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, 1);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (at < end) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            uint64_t stop = MIN(end, node->dpa + node->len);
            uint64_t *sum;

            if (node->tag && node->tag->sharable) {
                sum = g_hash_table_lookup(bytes, node->tag);
                if (!sum) {
                    sum = g_new0(uint64_t, 1);
                    g_hash_table_insert(bytes, node->tag, sum);
                }
                *sum += stop - at;
            }
            at = stop;
        }
    }
    g_hash_table_iter_init(&iter, bytes);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        uint64_t all = 0, named = *(uint64_t *)value;
        CXLDcdTagEntry *entry = key;

        for (CXLDcdNode *n = entry->first; n; n = n->tag_next) {
            all += n->len;
        }
        if (all != named) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        HEX " of " HEX " bytes of a shared tag named; it is "
                        "released whole", named, all);
            return false;
        }
    }
    return true;
}

static bool choose_prescriptive(const CXLDcd *dcd,
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

        if (!cxl_dcd_covered(dcd, r, removable, &request->forced)) {
            name_what_is_there(dcd, r, error);
            return false;
        }
    }
    return check_shared(dcd, ranges, error);
}

static int by_dpa(gconstpointer a, gconstpointer b)
{
    const CXLDcdRange *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

/* Oldest extents of the tag first, until @request->length is reached. */
static bool choose_tag(const CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                       GArray *ranges, GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, &request->tag);
    uint64_t left = request->length ? request->length : UINT64_MAX;
    uint64_t found = 0;

    for (CXLDcdNode *n = entry ? entry->first : NULL; n; n = n->tag_next) {
        CXLDcdRange range = { n->dpa, MIN(n->len, left) };
        int region = cxl_dcd_region_of(dcd, n->dpa, 1);

        if (!removable(n, &request->forced)) {
            continue;
        }
        found += n->len;
        if (!left) {
            continue;
        }
        if (range.len % cxl_dcd_region_config(dcd, region)->block_size) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        "length " HEX " is not a multiple of region %d's "
                        "block size " HEX, request->length, region,
                        cxl_dcd_region_config(dcd, region)->block_size);
            return false;
        }
        g_array_append_val(ranges, range);
        left -= request->length ? range.len : 0;
    }
    if (!found) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "host %u has accepted no capacity with this tag",
                    dcd->config.host_id);
        return false;
    }
    if (request->length > found) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "length " HEX " asked back, host %u holds " HEX " of this "
                    "tag", request->length, dcd->config.host_id, found);
        return false;
    }
    if (entry->sharable && request->length && request->length != found) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "length " HEX " is a part of a shared tag of " HEX
                    " bytes; it is released whole", request->length, found);
        return false;
    }
    g_array_sort(ranges, by_dpa);
    return true;
}

/* --- Asking --- */

static bool ask(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                const GArray *ranges, GError **error)
{
    g_autoptr(GArray) asked = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    uint32_t room;

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, 1);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (at < end) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            CXLDcdExtent piece;

            cxl_dcd_copy_out(region, node, &piece);
            piece.dpa = at;
            piece.len = MIN(end, node->dpa + node->len) - at;
            g_array_append_val(asked, piece);
            at += piece.len;
        }
    }
    room = dcd->ops->event_room ? dcd->ops->event_room(dcd->opaque) :
           UINT32_MAX;
    if (asked->len > room) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "%u event records needed, the host's event log has room "
                    "for %u; wait until the host has read it", asked->len,
                    room);
        return false;
    }
    for (guint i = 0; i < asked->len; i++) {
        const CXLDcdExtent *piece = &g_array_index(asked, CXLDcdExtent, i);
        CXLDcdNode *node =
            cxl_dcd_tree_from(&dcd->regions[piece->region].tree, piece->dpa);

        node->sanitize |= request->sanitize;
        if (node->state == CXL_DCD_ACCEPTED) {
            cxl_dcd_transit(dcd, piece->region, node, CXL_DCD_RELEASING);
        }
    }
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_RELEASE, asked);
    return true;
}

/* --- Taking --- */

/* What @ranges cover, split into listed parts and whole pending extents. */
static void sort_out(const CXLDcd *dcd, const GArray *ranges, GArray *listed,
                     GArray *pending)
{
    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, 1);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (at < end) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            CXLDcdRange part = { at, MIN(end, node->dpa + node->len) - at };
            CXLDcdExtent extent;

            if (cxl_dcd_state_listed(node->state)) {
                g_array_append_val(listed, part);
            } else {
                cxl_dcd_copy_out(region, node, &extent);
                g_array_append_val(pending, extent);
            }
            at += part.len;
        }
    }
}

/* The host's answer to these groups can only be an empty list now. */
static void kill_offers(CXLDcd *dcd, const GArray *pending)
{
    for (guint i = 0; i < pending->len; i++) {
        const CXLDcdExtent *e = &g_array_index(pending, CXLDcdExtent, i);
        CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[e->region].tree,
                                             e->dpa);

        node->group->dead = true;
        cxl_dcd_transit(dcd, e->region, node, CXL_DCD_DEAD);
    }
    cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_FORCED, pending);
}

static bool take_by_force(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                          const GArray *ranges, GError **error)
{
    g_autoptr(GArray) listed = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    g_autoptr(GArray) pending = g_array_new(FALSE, FALSE,
                                            sizeof(CXLDcdExtent));

    sort_out(dcd, ranges, listed, pending);
    if (listed->len && !cxl_dcd_take(dcd, listed, request->sanitize,
                                     CXL_DCD_OUTCOME_FORCED, error)) {
        return false;
    }
    kill_offers(dcd, pending);
    return true;
}

bool cxl_dcd_remove(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                    GError **error)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    bool ok;

    if (request->host_id != dcd->config.host_id) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "host %u does not exist; the device's host is %u",
                    request->host_id, dcd->config.host_id);
        return false;
    }
    switch (request->policy) {
    case CXL_DCD_REMOVE_TAG:
        ok = choose_tag(dcd, request, ranges, error);
        break;
    case CXL_DCD_REMOVE_PRESCRIPTIVE:
        ok = choose_prescriptive(dcd, request, ranges, error);
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
    return request->forced ? take_by_force(dcd, request, ranges, error) :
           ask(dcd, request, ranges, error);
}
