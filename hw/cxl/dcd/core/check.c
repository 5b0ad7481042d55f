/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the invariants, as code
 *
 * The numbers are those of the public header. Run at the door of every change
 * in debug and test builds, and on every state that comes from outside.
 */
#include "answer.h"
#include "blocks.h"
#include "check.h"
#include "geometry.h"
#include "range.h"

typedef struct Sums {
    uint64_t bytes;
    uint64_t listed_blocks;
    uint64_t sanitizing_bytes;
    uint32_t extents;
    uint32_t sanitizing;
    uint32_t grouped;
} Sums;

static bool cxl_dcd_check_is_grouped(const CXLDcdNode *node)
{
    return node->state == CXL_DCD_PENDING || node->state == CXL_DCD_DEAD;
}

static const char *cxl_dcd_fault_of_extent(const CXLDcd *dcd, unsigned region,
                                           const CXLDcdNode *node)
{
    uint64_t block = cxl_dcd_region_config(dcd, region)->block_size;
    bool sharable = cxl_dcd_sharable(dcd, region);

    if (node->dpa % block || !node->len || node->len % block ||
        cxl_dcd_region_of(dcd, node->dpa, node->len) != (int)region) {
        return "(1) an extent is not whole blocks of its region";
    }
    if (node->state >= CXL_DCD_STATE_MAX) {
        return "(2) an extent is in no state";
    }
    if (node->state == CXL_DCD_SANITIZING) {
        return !node->leave || node->tag ?
                   "(7) a sanitizing extent has a tag, or left with no others" :
                   NULL;
    }
    if (cxl_dcd_check_is_grouped(node) != !!node->group) {
        return "(2) a pending extent has no group, or another has one";
    }
    if (node->group && node->group->dead != (node->state == CXL_DCD_DEAD)) {
        return "(2) an extent and its group do not agree on being dead";
    }
    if (cxl_dcd_reachable(dcd, node->dpa, node->len) !=
        cxl_dcd_state_listed(node->state)) {
        return "(3) the block bits do not say what an extent's state says";
    }
    if (node->tag ? node->tag->sharable != sharable : sharable) {
        return "(5) a tag is not of the region's kind, or is missing";
    }
    if (node->sequence && !sharable) {
        return "(5) an extent that is not sharable has a sequence";
    }
    if (node->state == CXL_DCD_REFERENCED &&
        !(node->tag && node->tag->referenced)) {
        return "(5) nobody refers to an extent";
    }
    return NULL;
}

static const char *cxl_dcd_fault_of_region(const CXLDcd *dcd, unsigned i,
                                           Sums *sums)
{
    const CXLDcdRegion *region = &dcd->regions[i];
    const char *fault;
    CXLDcdNode *node;
    uint64_t at = 0;

    sums->bytes = sums->listed_blocks = sums->sanitizing_bytes = 0;
    if (!cxl_dcd_tree_valid(&region->tree)) {
        return "(1) extents overlap, or the tree is out of order";
    }
    while ((node = cxl_dcd_tree_from(&region->tree, at))) {
        fault = cxl_dcd_fault_of_extent(dcd, i, node);
        if (fault) {
            return fault;
        }
        if (cxl_dcd_state_listed(node->state)) {
            sums->listed_blocks += node->len >> region->block_shift;
        }
        sums->bytes += node->len;
        if (node->state == CXL_DCD_SANITIZING) {
            sums->sanitizing_bytes += node->len;
            sums->sanitizing++;
        } else {
            sums->extents++;
        }
        sums->grouped += cxl_dcd_check_is_grouped(node);
        at = node->dpa + node->len;
    }
    if (sums->bytes != region->allocated) {
        return "(1) the bytes allocated are not those of the extents";
    }
    if (sums->sanitizing_bytes != region->sanitizing) {
        return "(7) the bytes being sanitized are not those of the extents";
    }
    if (sums->listed_blocks != cxl_dcd_blocks_count(region)) {
        return "(3) a block bit is set outside the listed extents";
    }
    return NULL;
}

/* Extents of a sharable tag: one allocation, in one state */
static const char *cxl_dcd_fault_of_shared_tag(const CXLDcd *dcd,
                                               const CXLDcdTagEntry *entry)
{
    g_autofree bool *seen = g_new0(bool, entry->extents);
    const CXLDcdNode *first = entry->first;
    int region = cxl_dcd_region_of(dcd, first->dpa, first->len);

    for (const CXLDcdNode *n = first; n; n = n->tag_next) {
        if (cxl_dcd_region_of(dcd, n->dpa, n->len) != region ||
            n->group != first->group ||
            (n->state != first->state && !(cxl_dcd_state_listed(n->state) &&
             cxl_dcd_state_listed(first->state)))) {
            return "(5) the extents of a shared tag are not together";
        }
        if (n->sequence >= entry->extents || seen[n->sequence]) {
            return "(5) the extents of a shared tag are not numbered 0 to n-1";
        }
        seen[n->sequence] = true;
    }
    return NULL;
}

static const char *cxl_dcd_fault_of_tag(const CXLDcd *dcd,
                                        const CXLDcdTagEntry *entry)
{
    const CXLDcdNode *last = NULL;
    uint32_t extents = 0;

    for (const CXLDcdNode *n = entry->first; n; n = n->tag_next) {
        if (n->tag != entry || n->tag_prev != last) {
            return "(5) the list of a tag's extents is broken";
        }
        last = n;
        extents++;
    }
    if (!extents || extents != entry->extents || last != entry->last) {
        return "(5) a tag does not know its extents";
    }
    if (!entry->sharable) {
        return entry->referenced ? "(5) a plain tag is referenced" : NULL;
    }
    if (entry->index >= dcd->tag_order->len ||
        g_ptr_array_index(dcd->tag_order, entry->index) != entry) {
        return "(5) a shared tag is not in the list of tags";
    }
    return cxl_dcd_fault_of_shared_tag(dcd, entry);
}

static const char *cxl_dcd_fault_of_tags(const CXLDcd *dcd)
{
    uint32_t sharable = 0;
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, dcd->tags);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const CXLDcdTagEntry *entry = value;
        const char *fault = cxl_dcd_fault_of_tag(dcd, entry);

        if (fault) {
            return fault;
        }
        sharable += entry->sharable;
    }
    return sharable == dcd->tag_order->len ? NULL :
           "(5) the list of tags has others than there are";
}

static const char *cxl_dcd_fault_of_groups(const CXLDcd *dcd, uint32_t grouped)
{
    for (GList *l = dcd->groups.head; l; l = l->next) {
        const CXLDcdGroup *group = l->data;

        if (!group->starts->len || group->starts->len > grouped) {
            return "(2) a group is empty, or has more than there are";
        }
        for (guint i = 0; i < group->starts->len; i++) {
            uint64_t dpa = g_array_index(group->starts, uint64_t, i);
            int region = cxl_dcd_region_of(dcd, dpa, 1);
            CXLDcdNode *node = region < 0 ? NULL :
                               cxl_dcd_at(dcd, region, dpa);

            if (!node || node->dpa != dpa || node->group != group) {
                return "(2) an extent of a group is not there";
            }
        }
        grouped -= group->starts->len;
    }
    return grouped ? "(2) an extent is not in its group" : NULL;
}

static const char *cxl_dcd_fault_of_leaves(const CXLDcd *dcd,
                                           uint32_t sanitizing)
{
    size_t waiting = 0;

    for (GList *l = dcd->leaves.head; l; l = l->next) {
        const CXLDcdLeave *leave = l->data;

        if (!leave->waiting || leave->waiting > leave->pieces->len) {
            return "(7) capacity left, and nothing of it is awaited";
        }
        waiting += leave->waiting;
    }
    return waiting == sanitizing && sanitizing == dcd->sanitizing ?
               NULL :
               "(7) more or less is being sanitized than has left";
}

const char *cxl_dcd_fault(const CXLDcd *dcd)
{
    const char *fault = NULL;
    Sums sums = { 0 };

    for (unsigned i = 0; !fault && i < dcd->config.num_regions; i++) {
        fault = cxl_dcd_fault_of_region(dcd, i, &sums);
    }
    if (!fault) {
        fault = cxl_dcd_fault_of_groups(dcd, sums.grouped);
    }
    if (!fault) {
        fault = cxl_dcd_fault_of_tags(dcd);
    }
    if (!fault) {
        fault = cxl_dcd_fault_of_leaves(dcd, sums.sanitizing);
    }
    if (fault) {
        return fault;
    }
    if (sums.extents != dcd->extents ||
        dcd->extents > dcd->config.max_extents ||
        g_hash_table_size(dcd->tags) > dcd->config.max_tags) {
        return "(4) more extents or tags than the device can track";
    }
    if (dcd->chain->len > cxl_dcd_pieces_limit(dcd) ||
        (dcd->chain->len && dcd->chain_kind == CXL_DCD_CHAIN_NONE)) {
        return "(6) an answer is collected that nobody gives";
    }
    return NULL;
}

void cxl_dcd_assert_state(const CXLDcd *dcd)
{
    const char *fault = cxl_dcd_fault(dcd);

    if (fault) {
        g_error("dynamic capacity invariant %s", fault);
    }
}
