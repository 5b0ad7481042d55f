/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: all state out of bytes
 *
 * They come from a file or another machine and are not trusted: everything is
 * checked on a second core, a fresh one, before this one changes.
 */
#include <string.h>
#include "cxl-dcd-snapshot.h"

typedef struct Reader {
    const uint8_t *at;
    size_t left;
} Reader;

static const void *take(Reader *reader, uint64_t size)
{
    const void *here = reader->at;

    if (size > reader->left) {
        return NULL;
    }
    reader->at += size;
    reader->left -= size;
    return here;
}

static bool damaged(GError **error, const char *what)
{
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INTERNAL_ERROR,
                "dynamic capacity state cannot be restored: %s", what);
    return false;
}

static bool load_regions(CXLDcd *fresh, Reader *reader, GError **error)
{
    for (unsigned i = 0; i < fresh->config.num_regions; i++) {
        const SavedRegion *saved = take(reader, sizeof(*saved));
        CXLDcdRegionConfig *r = &fresh->config.regions[i];
        uint64_t block;

        if (!saved) {
            return damaged(error, "it ends within the regions");
        }
        block = cxl_dcd_get64(saved->block_size);
        if (cxl_dcd_get64(saved->base) != r->base ||
            cxl_dcd_get64(saved->decode_length) != r->decode_length ||
            cxl_dcd_get64(saved->length) != r->length ||
            saved->attributes != r->attributes) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INTERNAL_ERROR,
                        "dynamic capacity state cannot be restored: region %u "
                        "has another base, length or attributes here", i);
            return false;
        }
        if (block != r->block_size &&
            (block < CXL_DCD_MIN_BLOCK || (block & (block - 1)) ||
             !(r->block_sizes & block) || r->length % block ||
             r->base % block)) {
            return damaged(error, "a block size that the region lacks");
        }
        r->block_size = block;
        if (saved->sanitize > 1 ||
            (saved->sanitize != r->sanitize && !r->sanitize_configurable)) {
            return damaged(error, "a sanitize setting that the region lacks");
        }
        r->sanitize = saved->sanitize;
        cxl_dcd_blocks_layout(fresh, i);
    }
    return true;
}

static bool valid_extent(const CXLDcd *fresh, const CXLDcdExtent *e,
                         uint64_t above, uint32_t group, uint32_t groups)
{
    bool grouped = e->state == CXL_DCD_PENDING || e->state == CXL_DCD_DEAD;
    int region = cxl_dcd_region_of(fresh, e->dpa, e->len);
    uint64_t block;

    if (region < 0 || e->dpa < above) {
        return false;
    }
    block = cxl_dcd_region_config(fresh, region)->block_size;
    return !(e->dpa % block) && !(e->len % block) &&
           grouped == (group < groups) &&
           (grouped || e->state == CXL_DCD_ACCEPTED ||
            e->state == CXL_DCD_RELEASING || e->state == CXL_DCD_REFERENCED);
}

static bool load_extents(CXLDcd *fresh, Reader *reader, uint32_t count,
                         GPtrArray *groups, GError **error)
{
    uint64_t above = 0;

    for (uint32_t i = 0; i < count; i++) {
        const SavedExtent *saved = take(reader, sizeof(*saved));
        CXLDcdExtent e = { };
        CXLDcdGroup *group = NULL;
        uint32_t index;

        if (!saved) {
            return damaged(error, "it ends within the extents");
        }
        index = cxl_dcd_get32(saved->group);
        e.dpa = cxl_dcd_get64(saved->dpa);
        e.len = cxl_dcd_get64(saved->len);
        e.sequence = cxl_dcd_get16(saved->sequence);
        e.state = saved->state;
        e.sanitize = saved->sanitize & 1;
        memcpy(e.tag.bytes, saved->tag, CXL_DCD_TAG_SIZE);
        if (!valid_extent(fresh, &e, above, index, groups->len)) {
            return damaged(error, "an extent that is not possible here");
        }
        above = e.dpa + e.len;
        e.region = cxl_dcd_region_of(fresh, e.dpa, e.len);
        cxl_dcd_insert(fresh, &e, NULL);
        if (index < groups->len) {
            uint32_t place = cxl_dcd_get32(saved->place);
            CXLDcdNode *node =
                cxl_dcd_tree_from(&fresh->regions[e.region].tree, e.dpa);

            group = g_ptr_array_index(groups, index);
            if (place >= group->starts->len ||
                g_array_index(group->starts, uint64_t, place) != UINT64_MAX) {
                return damaged(error, "two extents in one place of an offer");
            }
            g_array_index(group->starts, uint64_t, place) = e.dpa;
            node->group = group;
        }
    }
    return true;
}

/*
 * Behind the extents, which made the tags: the order of the list, and who is
 * referenced. Every sharable tag is named once.
 */
static bool load_tags(CXLDcd *fresh, Reader *reader, uint32_t count,
                      GError **error)
{
    if (count != fresh->tag_order->len) {
        return damaged(error, "other tags than its extents have");
    }
    for (uint32_t i = 0; i < count; i++) {
        const SavedTag *saved = take(reader, sizeof(*saved));
        CXLDcdTagEntry *entry, *other;
        CXLDcdTag tag;

        if (!saved) {
            return damaged(error, "it ends within the tags");
        }
        memcpy(tag.bytes, saved->tag, sizeof(tag));
        entry = cxl_dcd_tag_find(fresh, &tag);
        if (!entry || !entry->sharable || entry->index < i ||
            saved->referenced > 1) {
            return damaged(error, "a tag without capacity or there twice");
        }
        entry->referenced = saved->referenced;
        other = g_ptr_array_index(fresh->tag_order, i);
        other->index = entry->index;
        g_ptr_array_index(fresh->tag_order, other->index) = other;
        entry->index = i;
        g_ptr_array_index(fresh->tag_order, i) = entry;
    }
    return true;
}

/* @extents of them in all: no promise of more is believed. */
static bool load_groups(CXLDcd *fresh, Reader *reader, uint32_t count,
                        uint32_t extents, GPtrArray *groups, GError **error)
{
    while (count--) {
        const SavedGroup *saved = take(reader, sizeof(*saved));
        CXLDcdGroup *group;
        uint32_t size;

        if (!saved) {
            return damaged(error, "it ends within the offers");
        }
        size = cxl_dcd_get32(saved->extents);
        if (!size || size > extents || cxl_dcd_get32(saved->dead) > 1) {
            return damaged(error, "an offer of an impossible size");
        }
        extents -= size;
        group = cxl_dcd_group_new();
        group->dead = cxl_dcd_get32(saved->dead);
        g_array_set_size(group->starts, size);
        memset(group->starts->data, 0xff, size * sizeof(uint64_t));
        g_queue_push_tail(&fresh->groups, group);
        g_ptr_array_add(groups, group);
    }
    return true;
}

static bool load_chain(CXLDcd *fresh, Reader *reader, const SavedHeader *header,
                       GError **error)
{
    uint32_t count = cxl_dcd_get32(header->chain_len);
    uint32_t kind = cxl_dcd_get32(header->chain_kind);

    if (kind > CXL_DCD_CHAIN_RELEASE || count > cxl_dcd_chain_limit(fresh) ||
        (count && kind == CXL_DCD_CHAIN_NONE)) {
        return damaged(error, "an answer of unknown kind or size");
    }
    fresh->chain_kind = kind;
    while (count--) {
        const SavedRange *saved = take(reader, sizeof(*saved));
        CXLDcdRange range;

        if (!saved) {
            return damaged(error, "it ends within an answer");
        }
        range.dpa = cxl_dcd_get64(saved->dpa);
        range.len = cxl_dcd_get64(saved->len);
        g_array_append_val(fresh->chain, range);
    }
    return !reader->left || damaged(error, "it goes on behind its end");
}

static bool load(CXLDcd *fresh, Reader reader, GError **error)
{
    const SavedHeader *header = take(&reader, sizeof(*header));
    g_autoptr(GPtrArray) groups = g_ptr_array_new();
    Reader tags, extents;
    const char *fault;
    uint32_t count;

    if (!header || cxl_dcd_get32(header->magic) != SAVED_MAGIC) {
        return damaged(error, "it is of another kind or version");
    }
    if (cxl_dcd_get32(header->num_regions) != fresh->config.num_regions) {
        return damaged(error, "the device had another number of regions");
    }
    count = cxl_dcd_get32(header->num_extents);
    if (count > fresh->config.max_extents) {
        return damaged(error, "more extents than this device tracks");
    }
    if (!load_regions(fresh, &reader, error)) {
        return false;
    }
    /* Tags and extents refer to what stands behind them: groups come first */
    tags = reader;
    if (!take(&reader, (uint64_t)cxl_dcd_get32(header->num_tags) *
              sizeof(SavedTag))) {
        return damaged(error, "it ends within the tags");
    }
    extents = reader;
    if (!take(&reader, (uint64_t)count * sizeof(SavedExtent))) {
        return damaged(error, "it ends within the extents");
    }
    if (!load_groups(fresh, &reader, cxl_dcd_get32(header->num_groups), count,
                     groups, error) ||
        !load_extents(fresh, &extents, count, groups, error) ||
        !load_tags(fresh, &tags, cxl_dcd_get32(header->num_tags), error) ||
        !load_chain(fresh, &reader, header, error)) {
        return false;
    }
    for (guint i = 0; i < groups->len; i++) {
        CXLDcdGroup *group = g_ptr_array_index(groups, i);

        for (guint j = 0; j < group->starts->len; j++) {
            if (g_array_index(group->starts, uint64_t, j) == UINT64_MAX) {
                return damaged(error, "an offer that misses an extent");
            }
        }
    }
    fault = cxl_dcd_fault(fresh);
    if (fault) {
        return damaged(error, fault);
    }
    fresh->generation = cxl_dcd_get32(header->generation);
    fresh->tag_generation = cxl_dcd_get32(header->tag_generation);
    return true;
}

/* Tell the owner what can be reached, from all of @dcd's listed extents. */
static void tell_reach(const CXLDcd *dcd, bool reachable)
{
    for (unsigned i = 0; dcd->ops->reach && i < dcd->config.num_regions; i++) {
        CXLDcdNode *node;
        uint64_t at = 0;

        while ((node = cxl_dcd_tree_from(&dcd->regions[i].tree, at))) {
            CXLDcdRange range = { node->dpa, node->len };

            if (cxl_dcd_state_listed(node->state)) {
                dcd->ops->reach(dcd->opaque, &range, reachable);
            }
            at = node->dpa + node->len;
        }
    }
}

bool cxl_dcd_restore(CXLDcd *dcd, const uint8_t *bytes, size_t len,
                     GError **error)
{
    static const CXLDcdOps silent;
    CXLDcd *fresh = cxl_dcd_new(&dcd->config, &silent, NULL, error);
    CXLDcd swap;

    if (!fresh || !load(fresh, (Reader) { bytes, len }, error)) {
        cxl_dcd_free(fresh);
        return false;
    }
    tell_reach(dcd, false);
    fresh->ops = dcd->ops;
    fresh->opaque = dcd->opaque;
    swap = *dcd;
    *dcd = *fresh;
    *fresh = swap;
    tell_reach(dcd, true);
    cxl_dcd_commit(dcd);
    cxl_dcd_free(fresh);
    return true;
}
