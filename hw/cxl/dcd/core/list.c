/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: reading the state
 */
#include <string.h>
#include "state.h"

uint32_t cxl_dcd_listed_count(const CXLDcd *dcd)
{
    uint32_t count = 0;

    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        count += cxl_dcd_tree_listed_count(&dcd->regions[i].tree);
    }
    return count;
}

bool cxl_dcd_listed(const CXLDcd *dcd, uint32_t index, CXLDcdExtent *ret)
{
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        const CXLDcdTree *tree = &dcd->regions[i].tree;
        uint32_t here = cxl_dcd_tree_listed_count(tree);

        if (index < here) {
            cxl_dcd_copy_out(i, cxl_dcd_tree_listed(tree, index), ret);
            return true;
        }
        index -= here;
    }
    return false;
}

bool cxl_dcd_extent_from(const CXLDcd *dcd, uint64_t dpa, CXLDcdExtent *ret)
{
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[i].tree, dpa);

        if (node) {
            cxl_dcd_copy_out(i, node, ret);
            return true;
        }
    }
    return false;
}

uint32_t cxl_dcd_generation(const CXLDcd *dcd)
{
    return dcd->generation;
}

uint32_t cxl_dcd_tag_count(const CXLDcd *dcd)
{
    return dcd->tag_order->len;
}

uint32_t cxl_dcd_tag_generation(const CXLDcd *dcd)
{
    return dcd->tag_generation;
}

/* All extents of a sharable tag are in one state: groups are all or nothing */
bool cxl_dcd_tag_info(const CXLDcd *dcd, uint32_t index, CXLDcdTagInfo *ret)
{
    const CXLDcdTagEntry *entry;

    if (index >= dcd->tag_order->len) {
        return false;
    }
    entry = g_ptr_array_index(dcd->tag_order, index);
    memset(ret, 0, sizeof(*ret));
    ret->tag = entry->tag;
    ret->referenced = entry->referenced;
    if (entry->first) {
        ret->accepted = cxl_dcd_state_listed(entry->first->state);
        ret->pending = entry->first->state == CXL_DCD_PENDING;
    }
    return true;
}
