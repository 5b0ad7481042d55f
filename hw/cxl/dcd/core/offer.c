/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: who gets which blocks
 *
 * Initiate Dynamic Capacity Add, CXL r3.2 7.6.7.6.5, by its four selection
 * policies. A policy only chooses; then room is checked, and the offer made.
 */
#include <string.h>
#include "check.h"
#include "geometry.h"
#include "offer-tags.h"
#include "range.h"
#include "state.h"
#include "tags.h"

/* --- Free and Contiguous --- */

/* Bytes of a region that will be free when they are clean */
static uint64_t cxl_dcd_offer_sanitizing(const CXLDcd *dcd, unsigned region)
{
    const CXLDcdRegionConfig *r = cxl_dcd_region_config(dcd, region);
    uint64_t bytes = dcd->regions[region].sanitizing;

    /* What extents of this host still cover may be part of the others' */
    return bytes || !dcd->ops->sanitizing ? bytes :
           dcd->ops->sanitizing(dcd->opaque, r->base, r->base + r->length);
}

/* There is not enough room; or there will be, when more is clean. */
static bool cxl_dcd_offer_no_room(const CXLDcd *dcd,
                                  const CXLDcdAddRequest *request,
                                  GError **error)
{
    uint64_t sanitizing = cxl_dcd_offer_sanitizing(dcd, request->region);
    uint64_t available = cxl_dcd_available(dcd, request->region);

    if (sanitizing) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                            "length " CXL_DCD_HEX
                            " asked for, region %u has " CXL_DCD_HEX
                            " free and " CXL_DCD_HEX " that are "
                            "still being sanitized; try again when they are "
                            "free",
                            request->length, request->region, available,
                            sanitizing);
    }
    return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                        "length " CXL_DCD_HEX
                        " asked for, region %u has " CXL_DCD_HEX " free",
                        request->length, request->region, available);
}

static bool cxl_dcd_offer_check_length(const CXLDcd *dcd,
                                       const CXLDcdAddRequest *request,
                                       GError **error)
{
    const CXLDcdRegionConfig *r;
    uint64_t available;

    if (request->region >= dcd->config.num_regions) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "region %u does not exist; the device has regions "
                            "0 to %u", request->region,
                            dcd->config.num_regions - 1);
    }
    r = cxl_dcd_region_config(dcd, request->region);
    if (!request->length || request->length % r->block_size) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "length " CXL_DCD_HEX " is not a multiple of "
                            "region %u's block size " CXL_DCD_HEX,
                            request->length, request->region, r->block_size);
    }
    if (!cxl_dcd_tell_available(dcd, request->region, &available, error)) {
        return false;
    }
    return request->length <= available ||
           cxl_dcd_offer_no_room(dcd, request, error);
}

/*
 * What the pool has free may still be sanitizing here: of a shared tag that
 * ended in part, for one. Then it is not for us yet.
 */
static bool cxl_dcd_offer_cut_gap(const CXLDcdTree *tree, uint64_t len,
                                  CXLDcdRange *gap, GError **error)
{
    const CXLDcdNode *node = cxl_dcd_tree_from(tree, gap->dpa);

    if (node && node->dpa < gap->dpa + gap->len) {
        gap->len = MAX(node->dpa, gap->dpa) - gap->dpa;
    }
    return gap->len >= len ||
           cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                        CXL_DCD_HEX
                        " bytes at DPA " CXL_DCD_HEX " are still "
                        "being sanitized; try again when they are free",
                        len, gap->dpa);
}

/* False without @error: there is none. */
static bool cxl_dcd_offer_find_gap(const CXLDcd *dcd, const CXLDcdTree *tree,
                                   uint64_t from, uint64_t end, uint64_t len,
                                   CXLDcdRange *ret, GError **error)
{
    if (!dcd->ops->gap) {
        return cxl_dcd_tree_gap(tree, from, end, len, ret);
    }
    return dcd->ops->gap(dcd->opaque, from, end, len, ret, error) &&
           cxl_dcd_offer_cut_gap(tree, len, ret, error);
}

/* The same, and any that has @len */
static bool cxl_dcd_offer_find_room(const CXLDcd *dcd, const CXLDcdTree *tree,
                                    uint64_t from, uint64_t end, uint64_t len,
                                    CXLDcdRange *ret, GError **error)
{
    if (!dcd->ops->room) {
        return cxl_dcd_offer_find_gap(dcd, tree, from, end, len, ret, error);
    }
    return dcd->ops->room(dcd->opaque, from, end, len, ret, error) &&
           cxl_dcd_offer_cut_gap(tree, len, ret, error);
}

/* One run when there is one, else (Free only) the gaps in their order. */
static bool cxl_dcd_offer_choose_free(const CXLDcd *dcd,
                                      const CXLDcdAddRequest *request,
                                      GArray *chosen, GError **error)
{
    CXLDcdExtent extent = { .tag = request->tag, .region = request->region };
    const CXLDcdRegionConfig *r;
    const CXLDcdTree *tree;
    uint64_t left, from, end;
    GError *inner = NULL;
    CXLDcdRange gap;

    if (!cxl_dcd_offer_check_length(dcd, request, error)) {
        return false;
    }
    r = cxl_dcd_region_config(dcd, request->region);
    tree = &dcd->regions[request->region].tree;
    end = r->base + r->length;
    if (cxl_dcd_offer_find_room(dcd, tree, r->base, end, request->length, &gap,
                                &inner)) {
        extent.dpa = gap.dpa;
        extent.len = request->length;
        g_array_append_val(chosen, extent);
        return true;
    }
    if (!inner && request->policy == CXL_DCD_POLICY_CONTIGUOUS) {
        if (cxl_dcd_offer_sanitizing(dcd, request->region)) {
            return cxl_dcd_offer_no_room(dcd, request, error);
        }
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "region %u has no free run of " CXL_DCD_HEX
                            " bytes (" CXL_DCD_HEX " are free in all)",
                            request->region, request->length,
                            cxl_dcd_available(dcd, request->region));
    }
    left = request->length;
    for (from = r->base;
         !inner && left && chosen->len < cxl_dcd_available_extents(dcd);
         from = extent.dpa + extent.len) {
        if (!cxl_dcd_offer_find_gap(dcd, tree, from, end, r->block_size, &gap,
                                    &inner)) {
            break;
        }
        extent.dpa = gap.dpa;
        extent.len = MIN(left, gap.len);
        g_array_append_val(chosen, extent);
        extent.sequence += cxl_dcd_sharable(dcd, request->region);
        left -= extent.len;
    }
    if (inner) {
        g_propagate_error(error, inner);
        return false;
    }
    if (left) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "length " CXL_DCD_HEX " is free in more than the "
                            "%u extents that the device can still track",
                            request->length, chosen->len);
    }
    return true;
}

/* --- Prescriptive --- */

static bool cxl_dcd_offer_check_free(const CXLDcd *dcd,
                                     const CXLDcdExtent *extent, GError **error)
{
    CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[extent->region].tree,
                                         extent->dpa);

    if (node && (node->dpa <= extent->dpa ||
                 node->dpa - extent->dpa < extent->len)) {
        if (node->state == CXL_DCD_SANITIZING) {
            return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                                CXL_DCD_EXTENT_FMT
                                " overlaps " CXL_DCD_EXTENT_FMT
                                ", which is still being "
                                "sanitized; try again when it is free",
                                extent->dpa, extent->len, node->dpa, node->len);
        }
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_EXTENT_LIST,
                            CXL_DCD_EXTENT_FMT " overlaps " CXL_DCD_EXTENT_FMT
                            ", which is %s", extent->dpa, extent->len,
                            node->dpa, node->len,
                            cxl_dcd_state_name(node->state));
    }
    if (dcd->ops->sanitizing &&
        dcd->ops->sanitizing(dcd->opaque, extent->dpa,
                             extent->dpa + extent->len)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                            CXL_DCD_EXTENT_FMT
                            " is still being sanitized in part; try again when "
                            "it is free", extent->dpa, extent->len);
    }
    return true;
}

static bool cxl_dcd_offer_check_geometry(const CXLDcd *dcd,
                                         const CXLDcdAddRequest *request,
                                         GError **error)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    GError *inner = NULL;
    bool ok;

    for (size_t i = 0; i < request->count; i++) {
        CXLDcdRange range = { request->extents[i].dpa,
                              request->extents[i].len };

        g_array_append_val(ranges, range);
    }
    ok = cxl_dcd_check_ranges(dcd, ranges, &inner);
    g_array_free(ranges, TRUE);
    if (!ok) {
        /* 7.6.7.6.5 has one code for all that is wrong with a list */
        inner->code = CXL_DCD_RC_INVALID_EXTENT_LIST;
        g_propagate_error(error, inner);
    }
    return ok;
}

static bool cxl_dcd_offer_choose_prescriptive(const CXLDcd *dcd,
                                              const CXLDcdAddRequest *request,
                                              GArray *chosen, GError **error)
{
    if (!request->count) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_EXTENT_LIST,
                            "the list of extents is empty");
    }
    if (request->count > cxl_dcd_available_extents(dcd)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "%zu extents asked for, the device can track %u "
                            "more (limit %u)", request->count,
                            cxl_dcd_available_extents(dcd),
                            dcd->config.max_extents);
    }
    if (!cxl_dcd_offer_check_geometry(dcd, request, error)) {
        return false;
    }
    for (size_t i = 0; i < request->count; i++) {
        CXLDcdExtent extent = request->extents[i];

        extent.region = cxl_dcd_region_of(dcd, extent.dpa, extent.len);
        extent.sanitize = false;
        if (extent.sequence && !cxl_dcd_sharable(dcd, extent.region)) {
            return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_EXTENT_LIST,
                                CXL_DCD_EXTENT_FMT " has shared sequence %u, "
                                "but region %u is not sharable", extent.dpa,
                                extent.len, extent.sequence, extent.region);
        }
        if (!cxl_dcd_offer_check_free(dcd, &extent, error)) {
            return false;
        }
        g_array_append_val(chosen, extent);
    }
    return true;
}

/* --- Enable Shared Access --- */

static int cxl_dcd_offer_by_sequence(gconstpointer a, gconstpointer b)
{
    const CXLDcdExtent *x = a, *y = b;

    return x->sequence - y->sequence;
}

/* Capacity of other hosts: the pool knows it, this device does not yet */
static bool cxl_dcd_offer_choose_joined(const CXLDcd *dcd,
                                        const CXLDcdAddRequest *request,
                                        GArray *chosen, GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, &request->tag);
    g_autoptr(GArray) found = NULL;

    if (entry) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "host %u has this tag already (%s)",
                            dcd->config.host_id,
                            cxl_dcd_state_name(entry->first->state));
    }
    if (!cxl_dcd_available_tags(dcd)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "the device tracks %u tags, no more are possible",
                            dcd->config.max_tags);
    }
    found = dcd->ops->shared(dcd->opaque, &request->tag, request->region,
                             error);
    if (!found) {
        return false;
    }
    g_array_append_vals(chosen, found->data, found->len);
    for (guint i = 0; i < chosen->len; i++) {
        if (!cxl_dcd_offer_check_free(dcd,
                                      &g_array_index(chosen, CXLDcdExtent, i),
                                      error)) {
            return false;
        }
    }
    return cxl_dcd_offer_check_sequences(chosen, CXL_DCD_RC_INVALID_INPUT,
                                         error);
}

static bool cxl_dcd_offer_choose_shared(const CXLDcd *dcd,
                                        const CXLDcdAddRequest *request,
                                        GArray *chosen, GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, &request->tag);

    if (request->region >= dcd->config.num_regions ||
        !cxl_dcd_sharable(dcd, request->region)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "region %u is not a sharable region of this device",
                            request->region);
    }
    if (dcd->ops->shared) {
        return cxl_dcd_offer_choose_joined(dcd, request, chosen, error);
    }
    if (!entry || !entry->sharable || !entry->first) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "the tag names no capacity of a sharable region");
    }
    for (CXLDcdNode *node = entry->first; node; node = node->tag_next) {
        int region = cxl_dcd_region_of(dcd, node->dpa, node->len);
        CXLDcdExtent extent;

        if (node->state != CXL_DCD_REFERENCED) {
            return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                                "host %u has this tag already (%s)",
                                dcd->config.host_id,
                                cxl_dcd_state_name(node->state));
        }
        if (region != request->region) {
            return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                                "the tag's capacity is in region %d, not in "
                                "region %u", region, request->region);
        }
        cxl_dcd_copy_out(region, node, &extent);
        g_array_append_val(chosen, extent);
    }
    g_array_sort(chosen, cxl_dcd_offer_by_sequence);
    return true;
}

/* --- The offer --- */

/* Does the request offer again what is in the tree? */
static bool cxl_dcd_offer_keeps_extents(const CXLDcd *dcd,
                                        const CXLDcdAddRequest *request)
{
    return request->policy == CXL_DCD_POLICY_SHARED_ACCESS &&
           !dcd->ops->shared;
}

static bool cxl_dcd_offer_check_room(const CXLDcd *dcd,
                                     const CXLDcdAddRequest *request,
                                     guint count, GError **error)
{
    bool existing = cxl_dcd_offer_keeps_extents(dcd, request);
    uint32_t room;

    if (!existing && count > cxl_dcd_available_extents(dcd)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "%u extents needed, the device can track %u more "
                            "(limit %u)", count, cxl_dcd_available_extents(dcd),
                            dcd->config.max_extents);
    }
    room = cxl_dcd_event_room(dcd);
    if (count > room) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                            "%u event records needed, the host's event log has "
                            "room for %u; wait until the host has read it",
                            count, room);
    }
    return true;
}

static bool cxl_dcd_offer_claim(CXLDcd *dcd, const CXLDcdAddRequest *request,
                                const GArray *chosen, GError **error)
{
    if (!dcd->ops->claim || cxl_dcd_offer_keeps_extents(dcd, request)) {
        return true;
    }
    return dcd->ops->claim(dcd->opaque,
                           (const CXLDcdExtent *)(void *)chosen->data,
                           chosen->len,
                           request->policy == CXL_DCD_POLICY_SHARED_ACCESS,
                           error);
}

static void cxl_dcd_offer_commit(CXLDcd *dcd, const CXLDcdAddRequest *request,
                                 GArray *chosen)
{
    CXLDcdGroup *group = cxl_dcd_group_new();

    /*
     * The list (4801h) is by rising address. Offers are, too: a host that finds
     * a tag's extents there after a reset has its data in the same order.
     */
    if (!cxl_dcd_sharable(dcd, g_array_index(chosen, CXLDcdExtent, 0).region)) {
        g_array_sort(chosen, cxl_dcd_by_dpa);
    }

    for (guint i = 0; i < chosen->len; i++) {
        CXLDcdExtent extent = g_array_index(chosen, CXLDcdExtent, i);
        CXLDcdNode *node;

        extent.state = CXL_DCD_PENDING;
        if (!cxl_dcd_offer_keeps_extents(dcd, request)) {
            cxl_dcd_insert(dcd, &extent, group);
            continue;
        }
        node = cxl_dcd_at(dcd, extent.region, extent.dpa);
        cxl_dcd_transit(dcd, extent.region, node, CXL_DCD_PENDING);
        node->group = group;
        g_array_append_val(group->starts, node->dpa);
    }
    g_queue_push_tail(&dcd->groups, group);
    cxl_dcd_emit(dcd, CXL_DCD_EVENT_ADD, chosen);
}

static bool cxl_dcd_offer_choose(const CXLDcd *dcd,
                                 const CXLDcdAddRequest *request,
                                 GArray *chosen, GError **error)
{
    switch (request->policy) {
    case CXL_DCD_POLICY_FREE:
    case CXL_DCD_POLICY_CONTIGUOUS:
        return cxl_dcd_offer_choose_free(dcd, request, chosen, error);
    case CXL_DCD_POLICY_PRESCRIPTIVE:
        return cxl_dcd_offer_choose_prescriptive(dcd, request, chosen, error);
    case CXL_DCD_POLICY_SHARED_ACCESS:
        return cxl_dcd_offer_choose_shared(dcd, request, chosen, error);
    default:
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "selection policy %u is not known; 0 to 3 are",
                            request->policy);
    }
}

/* Tries until nobody else takes, in between, what was chosen */
#define MAX_TRIES 16

bool cxl_dcd_add(CXLDcd *dcd, const CXLDcdAddRequest *request, GError **error)
{
    g_autoptr(GArray) chosen = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    unsigned tries;

    CXL_DCD_CHECK(dcd);
    if (request->host_id != dcd->config.host_id) {
        return cxl_dcd_fail(error, CXL_DCD_RC_INVALID_INPUT,
                            "host %u does not exist; the device's host is %u",
                            request->host_id, dcd->config.host_id);
    }
    if (!cxl_dcd_may_change(dcd, error)) {
        return false;
    }
    if (dcd->ops->offerable && !dcd->ops->offerable(dcd->opaque, error)) {
        return false;
    }
    for (tries = 1; ; tries++) {
        GError *inner = NULL;

        g_array_set_size(chosen, 0);
        if (!cxl_dcd_offer_choose(dcd, request, chosen, error) ||
            (request->policy != CXL_DCD_POLICY_SHARED_ACCESS &&
             !cxl_dcd_offer_check_tags(dcd, request, chosen, error)) ||
            !cxl_dcd_offer_check_room(dcd, request, chosen->len, error)) {
            return false;
        }
        if (cxl_dcd_offer_claim(dcd, request, chosen, &inner)) {
            break;
        }
        if (inner->code != CXL_DCD_RC_BUSY || tries == MAX_TRIES ||
            request->policy > CXL_DCD_POLICY_CONTIGUOUS) {
            /* Busy is not among the codes of 7.6.7.6.5 */
            if (inner->code == CXL_DCD_RC_BUSY) {
                inner->code = request->policy == CXL_DCD_POLICY_PRESCRIPTIVE ?
                              CXL_DCD_RC_INVALID_EXTENT_LIST :
                              CXL_DCD_RC_RETRY_REQUIRED;
            }
            g_propagate_error(error, inner);
            return false;
        }
        g_error_free(inner);
    }
    cxl_dcd_offer_commit(dcd, request, chosen);
    return true;
}
