/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: region configuration, references, resets
 *
 * CXL r3.2 7.6.7.6.3 (5602h), 7.6.7.6.7 and .8 (5606h, 5607h), 9.5 and 9.7.
 */
#include "cxl-dcd-core.h"

static bool check_set_region(const CXLDcd *dcd, uint8_t index,
                             uint64_t block_size, bool sanitize,
                             GError **error)
{
    const CXLDcdRegionConfig *config;
    uint64_t out;

    if (index >= dcd->config.num_regions) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "region %u does not exist; the device has regions 0 to %u",
                    index, dcd->config.num_regions - 1);
        return false;
    }
    config = cxl_dcd_region_config(dcd, index);
    if (!block_size || (block_size & (block_size - 1)) ||
        !(config->block_sizes & block_size) || config->length % block_size ||
        config->base % block_size) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "block size " CXL_DCD_HEX " is not supported by region %u "
                    "(supported: the bits of " CXL_DCD_HEX ")", block_size,
                    index, config->block_sizes);
        return false;
    }
    out = dcd->regions[index].allocated;
    if (out) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_UNSUPPORTED,
                    "region %u has " CXL_DCD_HEX " bytes of capacity out; "
                    "release it first", index, out);
        return false;
    }
    if (sanitize != config->sanitize && !config->sanitize_configurable) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_UNSUPPORTED,
                    "region %u's sanitize on release is %s and cannot be "
                    "changed", index, config->sanitize ? "on" : "off");
        return false;
    }
    return true;
}

bool cxl_dcd_set_region(CXLDcd *dcd, uint8_t index, uint64_t block_size,
                        bool sanitize, GError **error)
{
    CXLDcdRegionConfig *config;
    CXLDcdEvent event = { .type = CXL_DCD_EVENT_REGION_CONFIG,
                          .region = index };

    CXL_DCD_CHECK(dcd);
    if (!check_set_region(dcd, index, block_size, sanitize, error)) {
        return false;
    }
    config = &dcd->config.regions[index];
    if (config->block_size == block_size && config->sanitize == sanitize) {
        return true;
    }
    if (!cxl_dcd_event_room(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "the host's event log is full; wait until it was read");
        return false;
    }
    config->block_size = block_size;
    config->sanitize = sanitize;
    cxl_dcd_blocks_layout(dcd, index);
    event.available_extents = cxl_dcd_available_extents(dcd);
    event.available_tags = cxl_dcd_available_tags(dcd);
    dcd->ops->event(dcd->opaque, &event);
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
    CXLDcdTagEntry *entry;

    CXL_DCD_CHECK(dcd);
    if (dcd->ops->reference) {
        return dcd->ops->reference(dcd->opaque, tag, true, error);
    }
    entry = sharable_tag(dcd, tag, error);
    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        entry->referenced = true;
        cxl_dcd_tag_changed(dcd, entry);
    }
    return true;
}

bool cxl_dcd_reference_remove(CXLDcd *dcd, const CXLDcdTag *tag,
                              GError **error)
{
    CXLDcdTagEntry *entry;
    CXLDcdNode *node, *next;

    CXL_DCD_CHECK(dcd);
    if (dcd->ops->reference) {
        return dcd->ops->reference(dcd->opaque, tag, false, error);
    }
    entry = sharable_tag(dcd, tag, error);
    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        return true;
    }
    entry->referenced = false;
    cxl_dcd_tag_changed(dcd, entry);
    if (entry->first->state != CXL_DCD_REFERENCED) {
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

    CXL_DCD_CHECK(dcd);
    if (kind == CXL_DCD_RESET_FLR) {
        return;
    }
    cxl_dcd_chain_abort(dcd);
    /* The host forgets offers with its event log. */
    while (!g_queue_is_empty(&dcd->groups)) {
        cxl_dcd_withdraw(dcd);
    }
    shared = shared_ranges(dcd);
    if (shared->len) {
        cxl_dcd_take(dcd, shared, false, CXL_DCD_OUTCOME_RELEASED, NULL);
    }
}
