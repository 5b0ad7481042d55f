/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: capacity of an earlier life
 *
 * A head of a pool that comes back finds in the pool what its host had
 * accepted. To the host that is capacity that a reset has left alone: listed,
 * without an event (CXL r3.2 9.13.3, 9.5).
 */
#include "cxl-dcd-core.h"

static bool check(const CXLDcd *dcd, const CXLDcdExtent *extents, size_t count,
                  GError **error)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    GError *inner = NULL;

    if (count > cxl_dcd_available_extents(dcd)) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                    "host %u has %zu extents, the device can track %u",
                    dcd->config.host_id, count, dcd->config.max_extents);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        CXLDcdRange range = { extents[i].dpa, extents[i].len };
        int region = cxl_dcd_region_of(dcd, range.dpa, range.len);

        if (region < 0 || cxl_dcd_sharable(dcd, region)) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                        CXL_DCD_EXTENT_FMT " of host %u is not in a plain "
                        "region", range.dpa, range.len, dcd->config.host_id);
            return false;
        }
        g_array_append_val(ranges, range);
    }
    if (!cxl_dcd_check_ranges(dcd, ranges, &inner)) {
        inner->code = CXL_DCD_RC_INVALID_EXTENT_LIST;
        g_propagate_error(error, inner);
        return false;
    }
    return true;
}

bool cxl_dcd_adopt(CXLDcd *dcd, const CXLDcdExtent *extents, size_t count,
                   GError **error)
{
    g_assert(!dcd->extents);
    if (!check(dcd, extents, count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        CXLDcdExtent extent = {
            .dpa = extents[i].dpa, .len = extents[i].len,
            .region = cxl_dcd_region_of(dcd, extents[i].dpa, extents[i].len),
            .state = CXL_DCD_ACCEPTED,
        };

        /* A tag more than can be tracked is lost, the capacity is not */
        if (cxl_dcd_tag_find(dcd, &extents[i].tag) ||
            cxl_dcd_available_tags(dcd)) {
            extent.tag = extents[i].tag;
        }
        cxl_dcd_insert(dcd, &extent, NULL);
    }
    cxl_dcd_commit(dcd);
    if (count) {
        cxl_dcd_listed_changed(dcd);
    }
    return true;
}
