/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the state of one logical device
 *
 * The only writer of capacity: extents, tags, block bits. Who may move capacity
 * and when is decided by the callers (requests, answers, reset); the states and
 * invariants are in the header.
 */
#include <string.h>
#include "blocks.h"
#include "check.h"
#include "geometry.h"
#include "state.h"
#include "tags.h"

/* --- Making and freeing --- */

CXLDcd *cxl_dcd_new(const CXLDcdConfig *config, const CXLDcdOps *ops,
                    void *opaque, GError **error)
{
    CXLDcd *dcd;

    if (!cxl_dcd_check_config(config, error)) {
        return NULL;
    }
    dcd = g_new0(CXLDcd, 1);
    dcd->config = *config;
    dcd->ops = ops;
    dcd->opaque = opaque;
    cxl_dcd_tags_init(dcd);
    dcd->chain = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    g_queue_init(&dcd->groups);
    g_queue_init(&dcd->leaves);
    for (unsigned i = 0; i < config->num_regions; i++) {
        cxl_dcd_blocks_layout(dcd, i);
    }
    return dcd;
}

CXLDcdGroup *cxl_dcd_group_new(void)
{
    CXLDcdGroup *group = g_new0(CXLDcdGroup, 1);

    group->starts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return group;
}

void cxl_dcd_group_free(CXLDcdGroup *group)
{
    if (group) {
        g_array_free(group->starts, TRUE);
        g_free(group);
    }
}

/* --- Extents --- */

void cxl_dcd_listed_changed(CXLDcd *dcd)
{
    dcd->generation++;
}

CXLDcdNode *cxl_dcd_insert(CXLDcd *dcd, const CXLDcdExtent *extent,
                           CXLDcdGroup *group)
{
    CXLDcdRegion *region = &dcd->regions[extent->region];
    CXLDcdNode *node = g_new0(CXLDcdNode, 1);

    node->dpa = extent->dpa;
    node->len = extent->len;
    node->sequence = extent->sequence;
    node->state = extent->state;
    node->sanitize = extent->sanitize;
    node->group = group;
    cxl_dcd_tag_link(dcd, node, &extent->tag,
                     cxl_dcd_sharable(dcd, extent->region));
    cxl_dcd_tree_insert(&region->tree, node);
    region->allocated += node->len;
    dcd->extents++;
    if (group) {
        g_array_append_val(group->starts, node->dpa);
    }
    if (cxl_dcd_state_listed(node->state)) {
        cxl_dcd_set_reach(dcd, extent->region, node->dpa, node->len, true);
    }
    return node;
}

void cxl_dcd_erase(CXLDcd *dcd, unsigned i, CXLDcdNode *node)
{
    CXLDcdRegion *region = &dcd->regions[i];

    if (cxl_dcd_state_listed(node->state)) {
        cxl_dcd_set_reach(dcd, i, node->dpa, node->len, false);
    }
    cxl_dcd_tree_remove(&region->tree, node->dpa);
    region->allocated -= node->len;
    dcd->extents--;
    cxl_dcd_tag_unlink(dcd, node);
    g_free(node);
}

/* A twin of @node behind it: what is left of it above a hole. */
static void cxl_dcd_state_insert_tail(CXLDcd *dcd, unsigned i,
                                      const CXLDcdNode *node, uint64_t dpa,
                                      uint64_t len)
{
    CXLDcdNode *tail = g_new0(CXLDcdNode, 1);

    tail->dpa = dpa;
    tail->len = len;
    tail->sequence = node->sequence;
    tail->state = node->state;
    tail->sanitize = node->sanitize;
    if (node->tag) {
        cxl_dcd_tag_link(dcd, tail, &node->tag->tag, node->tag->sharable);
    }
    cxl_dcd_tree_insert(&dcd->regions[i].tree, tail);
    dcd->extents++;
}

void cxl_dcd_cut(CXLDcd *dcd, unsigned i, CXLDcdNode *node,
                 const CXLDcdRange *piece)
{
    CXLDcdRegion *region = &dcd->regions[i];
    uint64_t end = node->dpa + node->len, cut_end = piece->dpa + piece->len;

    if (piece->dpa == node->dpa && piece->len == node->len) {
        cxl_dcd_erase(dcd, i, node);
        return;
    }
    if (cxl_dcd_state_listed(node->state)) {
        cxl_dcd_set_reach(dcd, i, piece->dpa, piece->len, false);
    }
    region->allocated -= piece->len;
    if (piece->dpa == node->dpa) {
        cxl_dcd_tree_resize(&region->tree, node, cut_end, end - cut_end);
        return;
    }
    cxl_dcd_tree_resize(&region->tree, node, node->dpa,
                        piece->dpa - node->dpa);
    if (cut_end < end) {
        cxl_dcd_state_insert_tail(dcd, i, node, cut_end, end - cut_end);
    }
}

void cxl_dcd_transit(CXLDcd *dcd, unsigned i, CXLDcdNode *node,
                     CXLDcdExtentState state)
{
    bool before = cxl_dcd_state_listed(node->state);
    bool after = cxl_dcd_state_listed(state);
    bool offered = node->state == CXL_DCD_PENDING;

    cxl_dcd_tree_set_state(&dcd->regions[i].tree, node, state);
    if (before != after) {
        cxl_dcd_set_reach(dcd, i, node->dpa, node->len, after);
    }
    if (state != CXL_DCD_PENDING && state != CXL_DCD_DEAD) {
        node->group = NULL;
    }
    /* What the list of tags says of it */
    if (node->tag &&
        (before != after || offered != (state == CXL_DCD_PENDING))) {
        cxl_dcd_tag_changed(dcd, node->tag);
    }
}

void cxl_dcd_insert_sanitizing(CXLDcd *dcd, const CXLDcdExtent *extent,
                               CXLDcdLeave *leave)
{
    CXLDcdRegion *region = &dcd->regions[extent->region];
    CXLDcdNode *node = g_new0(CXLDcdNode, 1);

    node->dpa = extent->dpa;
    node->len = extent->len;
    node->state = CXL_DCD_SANITIZING;
    node->sanitize = extent->sanitize;
    node->leave = leave;
    cxl_dcd_tree_insert(&region->tree, node);
    region->allocated += node->len;
    region->sanitizing += node->len;
    dcd->sanitizing++;
}

void cxl_dcd_erase_sanitizing(CXLDcd *dcd, unsigned i, CXLDcdNode *node)
{
    CXLDcdRegion *region = &dcd->regions[i];

    cxl_dcd_tree_remove(&region->tree, node->dpa);
    region->allocated -= node->len;
    region->sanitizing -= node->len;
    dcd->sanitizing--;
    g_free(node);
}

void cxl_dcd_copy_out(unsigned region, const CXLDcdNode *node,
                      CXLDcdExtent *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->dpa = node->dpa;
    ret->len = node->len;
    ret->sequence = node->sequence;
    ret->region = region;
    ret->state = node->state;
    ret->sanitize = node->sanitize;
    if (node->tag) {
        ret->tag = node->tag->tag;
    }
}

void cxl_dcd_commit(CXLDcd *dcd)
{
    if (dcd->ops->commit) {
        dcd->ops->commit(dcd->opaque);
    }
}

void cxl_dcd_tell(CXLDcd *dcd, CXLDcdOutcome outcome, const GArray *extents)
{
    if (dcd->ops->outcome && extents->len) {
        dcd->ops->outcome(dcd->opaque, outcome,
                          (const CXLDcdExtent *)(void *)extents->data,
                          extents->len);
    }
}

uint32_t cxl_dcd_event_room(const CXLDcd *dcd)
{
    return dcd->ops->event_room ? dcd->ops->event_room(dcd->opaque) :
           UINT32_MAX;
}

void cxl_dcd_emit(CXLDcd *dcd, uint8_t type, const GArray *extents)
{
    for (guint i = 0; i < extents->len; i++) {
        const CXLDcdExtent *e = &g_array_index(extents, CXLDcdExtent, i);
        CXLDcdEvent event = {
            .type = type,
            .dpa = e->dpa,
            .length = e->len,
            .sequence = e->sequence,
            .more = i + 1 < extents->len,
            .available_extents = cxl_dcd_available_extents(dcd),
            .available_tags = cxl_dcd_available_tags(dcd),
        };

        memcpy(event.tag, e->tag.bytes, sizeof(event.tag));
        if (type == CXL_DCD_EVENT_ADD_RESPONSE ||
            type == CXL_DCD_EVENT_CAPACITY_RELEASED) {
            event.host_id = dcd->config.host_id;
        }
        dcd->ops->event(dcd->opaque, &event);
    }
}

const char *cxl_dcd_state_name(uint8_t state)
{
    static const char *const names[CXL_DCD_STATE_MAX] = {
        [CXL_DCD_PENDING] = "pending",
        [CXL_DCD_ACCEPTED] = "accepted",
        [CXL_DCD_RELEASING] = "releasing",
        [CXL_DCD_DEAD] = "dead",
        [CXL_DCD_REFERENCED] = "referenced",
        [CXL_DCD_SANITIZING] = "sanitizing",
    };

    return state < CXL_DCD_STATE_MAX ? names[state] : "unknown";
}
