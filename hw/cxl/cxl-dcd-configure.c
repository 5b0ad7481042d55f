/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: region configuration, references, resets
 *
 * CXL r3.2 7.6.7.6.3 (5602h), 7.6.7.6.7 and .8 (5606h, 5607h), 9.5 and 9.7.
 */
#include "cxl-dcd-core.h"

#define HEX "0x%" G_GINT64_MODIFIER "x"

bool cxl_dcd_set_region(CXLDcd *dcd, uint8_t index, uint64_t block_size,
                        bool sanitize, GError **error)
{
    CXLDcdRegionConfig *config;
    CXLDcdRegion *region;
    CXLDcdEvent event = { .type = CXL_DCD_EVENT_REGION_CONFIG,
                          .region = index };
    bool changed;

    if (index >= dcd->config.num_regions) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "region %u does not exist; the device has regions 0 to %u",
                    index, dcd->config.num_regions - 1);
        return false;
    }
    config = &dcd->config.regions[index];
    region = &dcd->regions[index];
    if (block_size < CXL_DCD_MIN_BLOCK || (block_size & (block_size - 1)) ||
        !(config->block_sizes & block_size) || config->length % block_size) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "block size " HEX " is not supported by region %u "
                    "(supported: the bits of " HEX ")", block_size, index,
                    config->block_sizes);
        return false;
    }
    if (region->allocated) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_UNSUPPORTED,
                    "region %u has " HEX " bytes of capacity out; release it "
                    "first", index, region->allocated);
        return false;
    }
    if (sanitize != config->sanitize && !config->sanitize_configurable) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_UNSUPPORTED,
                    "region %u's sanitize on release cannot be changed",
                    index);
        return false;
    }
    changed = config->block_size != block_size || config->sanitize != sanitize;
    if (changed && dcd->ops->event_room &&
        !dcd->ops->event_room(dcd->opaque)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "the host's event log is full; wait until it was read");
        return false;
    }
    config->block_size = block_size;
    config->sanitize = sanitize;
    cxl_dcd_region_layout(dcd, index);
    if (changed) {
        event.available_extents = cxl_dcd_available_extents(dcd);
        event.available_tags = cxl_dcd_available_tags(dcd);
        dcd->ops->event(dcd->opaque, &event);
    }
    return true;
}

static CXLDcdTagEntry *sharable_tag(CXLDcd *dcd, const CXLDcdTag *tag,
                                    GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, tag);

    if (!entry || !entry->sharable) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "the tag names no capacity of a sharable region");
        return NULL;
    }
    return entry;
}

bool cxl_dcd_reference_add(CXLDcd *dcd, const CXLDcdTag *tag, GError **error)
{
    CXLDcdTagEntry *entry = sharable_tag(dcd, tag, error);

    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        entry->referenced = true;
        cxl_dcd_tag_changed(dcd);
    }
    return true;
}

bool cxl_dcd_reference_remove(CXLDcd *dcd, const CXLDcdTag *tag,
                              GError **error)
{
    CXLDcdTagEntry *entry = sharable_tag(dcd, tag, error);
    CXLDcdNode *node, *next;

    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        return true;
    }
    entry->referenced = false;
    cxl_dcd_tag_changed(dcd);
    if (entry->first && entry->first->state != CXL_DCD_REFERENCED) {
        return true;
    }
    for (node = entry->first; node; node = next) {
        int region = cxl_dcd_region_of(dcd, node->dpa, node->len);
        CXLDcdExtent extent;

        next = node->tag_next;
        cxl_dcd_copy_out(region, node, &extent);
        cxl_dcd_erase(dcd, region, node);
        cxl_dcd_give_back(dcd, &extent, false);
    }
    return true;
}

/* --- Resets --- */

/* An offer that the host forgot with its event log is withdrawn. */
static void withdraw_offers(CXLDcd *dcd)
{
    CXLDcdGroup *group;

    while ((group = g_queue_pop_head(&dcd->groups))) {
        g_autoptr(GArray) was = cxl_dcd_dissolve(dcd, group);

        for (guint i = 0; i < was->len; i++) {
            const CXLDcdExtent *e = &g_array_index(was, CXLDcdExtent, i);
            CXLDcdRange range = { e->dpa, e->len };

            if (dcd->ops->unclaim && e->state != CXL_DCD_REFERENCED) {
                dcd->ops->unclaim(dcd->opaque, &range);
            }
        }
        cxl_dcd_tell(dcd, CXL_DCD_OUTCOME_REJECTED, was);
        cxl_dcd_group_free(group);
    }
}

static GArray *shared_ranges(const CXLDcd *dcd)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));

    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        CXLDcdNode *node;
        uint64_t at = 0;

        if (!(cxl_dcd_region_config(dcd, i)->attributes &
              CXL_DCD_REGION_SHARABLE)) {
            continue;
        }
        while ((node = cxl_dcd_tree_from(&dcd->regions[i].tree, at))) {
            CXLDcdRange range = { node->dpa, node->len };

            if (cxl_dcd_state_listed(node->state)) {
                g_array_append_val(ranges, range);
            }
            at = node->dpa + node->len;
        }
    }
    return ranges;
}

void cxl_dcd_reset(CXLDcd *dcd, CXLDcdReset kind)
{
    g_autoptr(GArray) shared = NULL;

    if (kind == CXL_DCD_RESET_FLR) {
        return;
    }
    cxl_dcd_chain_abort(dcd);
    withdraw_offers(dcd);
    shared = shared_ranges(dcd);
    if (shared->len) {
        cxl_dcd_take(dcd, shared, false, CXL_DCD_OUTCOME_RELEASED, NULL);
    }
}
