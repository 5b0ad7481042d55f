/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: resets (CXL r3.2 9.5 and 9.7)
 */
#include "answer.h"
#include "check.h"
#include "geometry.h"
#include "release.h"

static GArray *cxl_dcd_reset_shared_ranges(const CXLDcd *dcd)
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
    shared = cxl_dcd_reset_shared_ranges(dcd);
    if (shared->len) {
        cxl_dcd_take_unasked(dcd, shared);
    }
}
