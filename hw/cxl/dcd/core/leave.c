/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: from "nobody's" to "clean and free"
 *
 * Capacity that nobody has any more is not free before nobody can reach its
 * bytes and its contents are gone. Until then it is in state sanitizing: in the
 * tree, so that it cannot be offered. Only when it is free is it said that the
 * host has given it back.
 */
#include "blocks.h"
#include "check.h"
#include "geometry.h"
#include "leave.h"
#include "state.h"

void cxl_dcd_leave_free(CXLDcdLeave *leave)
{
    if (leave) {
        g_array_free(leave->pieces, TRUE);
        g_free(leave);
    }
}

void cxl_dcd_free(CXLDcd *dcd)
{
    if (!dcd) {
        return;
    }
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        cxl_dcd_tree_clear(&dcd->regions[i].tree);
        cxl_dcd_blocks_clear(&dcd->regions[i]);
    }
    g_queue_clear_full(&dcd->groups, (GDestroyNotify)cxl_dcd_group_free);
    g_queue_clear_full(&dcd->leaves, (GDestroyNotify)cxl_dcd_leave_free);
    g_hash_table_destroy(dcd->tags);
    g_ptr_array_free(dcd->tag_order, TRUE);
    g_array_free(dcd->chain, TRUE);
    g_free(dcd);
}

/* True: it is clean already. */
static bool cxl_dcd_leave_sanitize(CXLDcd *dcd, const CXLDcdExtent *piece)
{
    CXLDcdRange range = { piece->dpa, piece->len };

    return !dcd->ops->sanitize ||
           dcd->ops->sanitize(dcd->opaque, &range, piece->sanitize);
}

CXLDcdLeave *cxl_dcd_leave_begin(CXLDcd *dcd, const GArray *pieces, bool must,
                                 int outcome)
{
    CXLDcdLeave *leave = g_new0(CXLDcdLeave, 1);

    leave->outcome = outcome;
    leave->pieces =
        g_array_sized_new(FALSE, FALSE, sizeof(CXLDcdExtent), pieces->len);
    g_array_append_vals(leave->pieces, pieces->data, pieces->len);
    for (guint i = 0; i < leave->pieces->len; i++) {
        CXLDcdExtent *p = &g_array_index(leave->pieces, CXLDcdExtent, i);

        if (p->state == CXL_DCD_REFERENCED) {
            continue;
        }
        p->state = CXL_DCD_SANITIZING;
        p->sanitize |= must || cxl_dcd_region_config(dcd, p->region)->sanitize;
        if (!cxl_dcd_leave_sanitize(dcd, p)) {
            cxl_dcd_insert_sanitizing(dcd, p, leave);
            leave->waiting++;
        }
    }
    return leave;
}

static void cxl_dcd_leave_end(CXLDcd *dcd, CXLDcdLeave *leave)
{
    if (leave->outcome == CXL_DCD_OUTCOME_RELEASED ||
        leave->outcome == CXL_DCD_OUTCOME_FORCED) {
        cxl_dcd_emit(dcd, CXL_DCD_EVENT_CAPACITY_RELEASED, leave->pieces);
    }
    if (leave->outcome != CXL_DCD_LEAVE_SILENT) {
        cxl_dcd_tell(dcd, leave->outcome, leave->pieces);
    }
    cxl_dcd_leave_free(leave);
}

void cxl_dcd_leave_started(CXLDcd *dcd, CXLDcdLeave *leave)
{
    if (leave->waiting) {
        g_queue_push_tail(&dcd->leaves, leave);
    } else {
        cxl_dcd_leave_end(dcd, leave);
    }
}

void cxl_dcd_sanitized(CXLDcd *dcd, const CXLDcdRange *range)
{
    int region = cxl_dcd_region_of(dcd, range->dpa, range->len);
    CXLDcdNode *node;
    CXLDcdLeave *leave;

    CXL_DCD_CHECK(dcd);
    g_assert(region >= 0);
    node = cxl_dcd_tree_from(&dcd->regions[region].tree, range->dpa);
    g_assert(node && node->state == CXL_DCD_SANITIZING &&
             node->dpa == range->dpa && node->len == range->len);
    leave = node->leave;
    cxl_dcd_erase_sanitizing(dcd, region, node);
    if (!--leave->waiting) {
        g_queue_remove(&dcd->leaves, leave);
        cxl_dcd_leave_end(dcd, leave);
    }
}

void cxl_dcd_leave_resume(CXLDcd *dcd)
{
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    CXLDcdExtent extent;
    uint64_t at = 0;

    for (; cxl_dcd_extent_from(dcd, at, &extent);
         at = extent.dpa + extent.len) {
        CXLDcdRange range = { extent.dpa, extent.len };

        if (extent.state == CXL_DCD_SANITIZING &&
            cxl_dcd_leave_sanitize(dcd, &extent)) {
            g_array_append_val(ranges, range);
        }
    }
    for (guint i = 0; i < ranges->len; i++) {
        cxl_dcd_sanitized(dcd, &g_array_index(ranges, CXLDcdRange, i));
    }
}
