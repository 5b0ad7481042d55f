/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: reading the state
 */
#include <string.h>
#include "cxl-dcd-core.h"

const CXLDcdConfig *cxl_dcd_config(const CXLDcd *dcd)
{
    return &dcd->config;
}

int cxl_dcd_region_of(const CXLDcd *dcd, uint64_t dpa, uint64_t len)
{
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        const CXLDcdRegionConfig *r = cxl_dcd_region_config(dcd, i);

        if (dpa >= r->base && dpa - r->base < r->length) {
            return len && len <= r->length - (dpa - r->base) ? (int)i : -1;
        }
    }
    return -1;
}

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

uint32_t cxl_dcd_available_extents(const CXLDcd *dcd)
{
    return dcd->config.max_extents - dcd->extents;
}

uint32_t cxl_dcd_available_tags(const CXLDcd *dcd)
{
    return dcd->config.max_tags - g_hash_table_size(dcd->tags);
}

uint64_t cxl_dcd_available(const CXLDcd *dcd, unsigned region)
{
    return cxl_dcd_region_config(dcd, region)->length -
           dcd->regions[region].allocated;
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

bool cxl_dcd_covered(const CXLDcd *dcd, const CXLDcdRange *range,
                     bool (*ok)(const CXLDcdNode *node, const void *arg),
                     const void *arg)
{
    int region = cxl_dcd_region_of(dcd, range->dpa, range->len);
    uint64_t at = range->dpa, end = range->dpa + range->len;

    while (region >= 0 && at < end) {
        CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree, at);

        if (!node || node->dpa > at || !ok(node, arg)) {
            return false;
        }
        at = node->dpa + node->len;
    }
    return region >= 0;
}

static int by_dpa(gconstpointer a, gconstpointer b)
{
    const CXLDcdRange *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

bool cxl_dcd_check_ranges(const CXLDcd *dcd, GArray *ranges, GError **error)
{
    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, 1);
        uint64_t block;

        if (region < 0) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " starts in no DC region", r->dpa,
                        r->len);
            return false;
        }
        block = cxl_dcd_region_config(dcd, region)->block_size;
        if (!r->len || r->dpa % block || r->len % block) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                        CXL_DCD_EXTENT_FMT " is not a multiple of region %d's "
                        "block size 0x%" G_GINT64_MODIFIER "x", r->dpa, r->len,
                        region, block);
            return false;
        }
        if (cxl_dcd_region_of(dcd, r->dpa, r->len) < 0) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_PA,
                        CXL_DCD_EXTENT_FMT " ends outside region %d", r->dpa,
                        r->len, region);
            return false;
        }
    }
    g_array_sort(ranges, by_dpa);
    for (guint i = 1; i < ranges->len; i++) {
        const CXLDcdRange *a = &g_array_index(ranges, CXLDcdRange, i - 1);
        const CXLDcdRange *b = &g_array_index(ranges, CXLDcdRange, i);

        if (b->dpa - a->dpa < a->len) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                        CXL_DCD_EXTENT_FMT " overlaps " CXL_DCD_EXTENT_FMT
                        " in the same request", b->dpa, b->len, a->dpa,
                        a->len);
            return false;
        }
    }
    return true;
}
