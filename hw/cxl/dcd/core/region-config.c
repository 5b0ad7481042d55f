/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: block size and sanitize of a region
 *
 * CXL r3.2 7.6.7.6.3 (5602h).
 */
#include "blocks.h"
#include "check.h"
#include "error.h"
#include "geometry.h"
#include "state.h"

static bool cxl_dcd_region_check_change(const CXLDcd *dcd, uint8_t index,
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
    if (out && out == dcd->regions[index].sanitizing) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RETRY_REQUIRED,
                            CXL_DCD_HEX
                            " bytes of region %u are still being "
                            "sanitized; try again when they are free",
                            out, index);
    }
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
    if (!cxl_dcd_may_change(dcd, error) ||
        !cxl_dcd_region_check_change(dcd, index, block_size, sanitize, error)) {
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
