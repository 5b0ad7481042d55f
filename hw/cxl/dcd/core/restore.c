/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: state that comes from elsewhere
 *
 * Bytes of a file or of another machine are not trusted: everything is checked
 * on a second core, a fresh one, before this one changes.
 *
 * A head of a pool that comes back finds in the pool what its host had
 * accepted. To the host that is capacity that a reset has left alone: listed,
 * without an event (CXL r3.2 9.13.3, 9.5).
 */
#include <string.h>
#include "answer.h"
#include "blocks.h"
#include "check.h"
#include "geometry.h"
#include "leave.h"
#include "range.h"
#include "snapshot.h"
#include "state.h"
#include "tags.h"

typedef struct Reader {
    const uint8_t *at;
    size_t left;
} Reader;

static const void *cxl_dcd_restore_read(Reader *reader, uint64_t size)
{
    const void *here = reader->at;

    if (size > reader->left) {
        return NULL;
    }
    reader->at += size;
    reader->left -= size;
    return here;
}

static bool cxl_dcd_restore_damaged(GError **error, const char *what)
{
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INTERNAL_ERROR,
                "dynamic capacity state cannot be restored: %s", what);
    return false;
}

static bool cxl_dcd_restore_load_regions(CXLDcd *fresh, Reader *reader,
                                         GError **error)
{
    for (unsigned i = 0; i < fresh->config.num_regions; i++) {
        const SavedRegion *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdRegionConfig *r = &fresh->config.regions[i];
        uint64_t block;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within the regions");
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
            return cxl_dcd_restore_damaged(
                error, "a block size that the region lacks");
        }
        r->block_size = block;
        if (saved->sanitize > 1 ||
            (saved->sanitize != r->sanitize && !r->sanitize_configurable)) {
            return cxl_dcd_restore_damaged(
                error, "a sanitize setting that the region lacks");
        }
        r->sanitize = saved->sanitize;
        cxl_dcd_blocks_layout(fresh, i);
    }
    return true;
}

static bool cxl_dcd_restore_valid_extent(const CXLDcd *fresh,
                                         const CXLDcdExtent *e, uint64_t above,
                                         uint32_t group, uint32_t groups)
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

static bool cxl_dcd_restore_load_extents(CXLDcd *fresh, Reader *reader,
                                         uint32_t count, GPtrArray *groups,
                                         GError **error)
{
    uint64_t above = 0;

    for (uint32_t i = 0; i < count; i++) {
        const SavedExtent *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdExtent e = { };
        CXLDcdGroup *group = NULL;
        uint32_t index;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within the extents");
        }
        index = cxl_dcd_get32(saved->group);
        e.dpa = cxl_dcd_get64(saved->dpa);
        e.len = cxl_dcd_get64(saved->len);
        e.sequence = cxl_dcd_get16(saved->sequence);
        e.state = saved->state;
        e.sanitize = saved->sanitize & 1;
        memcpy(e.tag.bytes, saved->tag, CXL_DCD_TAG_SIZE);
        if (!cxl_dcd_restore_valid_extent(fresh, &e, above, index,
                                          groups->len)) {
            return cxl_dcd_restore_damaged(
                error, "an extent that is not possible here");
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
                return cxl_dcd_restore_damaged(
                    error, "two extents in one place of an offer");
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
static bool cxl_dcd_restore_load_tags(CXLDcd *fresh, Reader *reader,
                                      uint32_t count, GError **error)
{
    if (count != fresh->tag_order->len) {
        return cxl_dcd_restore_damaged(error,
                                       "other tags than its extents have");
    }
    for (uint32_t i = 0; i < count; i++) {
        const SavedTag *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdTagEntry *entry, *other;
        CXLDcdTag tag;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within the tags");
        }
        memcpy(tag.bytes, saved->tag, sizeof(tag));
        entry = cxl_dcd_tag_find(fresh, &tag);
        if (!entry || !entry->sharable || entry->index < i ||
            saved->referenced > 1) {
            return cxl_dcd_restore_damaged(
                error, "a tag without capacity or there twice");
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
static bool cxl_dcd_restore_load_groups(CXLDcd *fresh, Reader *reader,
                                        uint32_t count, uint32_t extents,
                                        GPtrArray *groups, GError **error)
{
    while (count--) {
        const SavedGroup *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdGroup *group;
        uint32_t size;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within the offers");
        }
        size = cxl_dcd_get32(saved->extents);
        if (!size || size > extents || cxl_dcd_get32(saved->dead) > 1) {
            return cxl_dcd_restore_damaged(error,
                                           "an offer of an impossible size");
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

static bool cxl_dcd_restore_load_chain(CXLDcd *fresh, Reader *reader,
                                       const SavedHeader *header,
                                       GError **error)
{
    uint32_t count = cxl_dcd_get32(header->chain_len);
    uint32_t kind = cxl_dcd_get32(header->chain_kind);

    if (kind > CXL_DCD_CHAIN_RELEASE || count > cxl_dcd_pieces_limit(fresh) ||
        (count && kind == CXL_DCD_CHAIN_NONE)) {
        return cxl_dcd_restore_damaged(error,
                                       "an answer of unknown kind or size");
    }
    fresh->chain_kind = kind;
    while (count--) {
        const SavedRange *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdRange range;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within an answer");
        }
        range.dpa = cxl_dcd_get64(saved->dpa);
        range.len = cxl_dcd_get64(saved->len);
        g_array_append_val(fresh->chain, range);
    }
    return true;
}

static bool cxl_dcd_restore_load_piece(CXLDcd *fresh, Reader *reader,
                                       CXLDcdLeave *leave, GError **error)
{
    const SavedPiece *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
    CXLDcdExtent piece = {};
    CXLDcdNode *node;
    int region;

    if (!saved) {
        return cxl_dcd_restore_damaged(error, "it ends within what left");
    }
    piece.dpa = cxl_dcd_get64(saved->dpa);
    piece.len = cxl_dcd_get64(saved->len);
    piece.sequence = cxl_dcd_get16(saved->sequence);
    piece.sanitize = saved->sanitize & 1;
    piece.state = saved->state == SAVED_PIECE_REFERENCED ? CXL_DCD_REFERENCED :
                                                           CXL_DCD_SANITIZING;
    memcpy(piece.tag.bytes, saved->tag, CXL_DCD_TAG_SIZE);
    region = cxl_dcd_region_of(fresh, piece.dpa, piece.len);
    if (region < 0 || saved->state >= SAVED_PIECE_MAX) {
        return cxl_dcd_restore_damaged(error, "what left is not possible here");
    }
    piece.region = region;
    g_array_append_val(leave->pieces, piece);
    if (saved->state != SAVED_PIECE_SANITIZING) {
        return true;
    }
    node = cxl_dcd_tree_from(&fresh->regions[region].tree, piece.dpa);
    if ((piece.dpa | piece.len) %
            cxl_dcd_region_config(fresh, region)->block_size ||
        (node &&
         (node->dpa <= piece.dpa || node->dpa - piece.dpa < piece.len))) {
        return cxl_dcd_restore_damaged(error, "what left is somebody's");
    }
    cxl_dcd_insert_sanitizing(fresh, &piece, leave);
    leave->waiting++;
    return true;
}

/* Behind the extents, which must not have what left. */
static bool cxl_dcd_restore_load_leaves(CXLDcd *fresh, Reader *reader,
                                        uint32_t count, GError **error)
{
    while (count--) {
        const SavedLeave *saved = cxl_dcd_restore_read(reader, sizeof(*saved));
        CXLDcdLeave *leave;
        uint32_t pieces;

        if (!saved) {
            return cxl_dcd_restore_damaged(error, "it ends within what left");
        }
        if (saved->outcome != (uint8_t)CXL_DCD_LEAVE_SILENT &&
            saved->outcome != CXL_DCD_OUTCOME_REJECTED &&
            saved->outcome != CXL_DCD_OUTCOME_RELEASED &&
            saved->outcome != CXL_DCD_OUTCOME_FORCED) {
            return cxl_dcd_restore_damaged(error, "an outcome that is none");
        }
        leave = g_new0(CXLDcdLeave, 1);
        leave->pieces = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
        leave->outcome = saved->outcome == (uint8_t)CXL_DCD_LEAVE_SILENT ?
                             CXL_DCD_LEAVE_SILENT :
                             saved->outcome;
        g_queue_push_tail(&fresh->leaves, leave);
        for (pieces = cxl_dcd_get32(saved->pieces); pieces; pieces--) {
            if (!cxl_dcd_restore_load_piece(fresh, reader, leave, error)) {
                return false;
            }
        }
    }
    return !reader->left ||
           cxl_dcd_restore_damaged(error, "it goes on behind its end");
}

/* The header; one of an older stream knows no leaves. */
static bool cxl_dcd_restore_load_header(Reader *reader, SavedHeader *ret)
{
    const size_t old = offsetof(SavedHeader, num_leaves);
    const void *saved = cxl_dcd_restore_read(reader, old);

    memset(ret, 0, sizeof(*ret));
    if (!saved) {
        return false;
    }
    memcpy(ret, saved, old);
    if (cxl_dcd_get32(ret->magic) == SAVED_MAGIC_1) {
        return true;
    }
    saved = cxl_dcd_restore_read(reader, sizeof(ret->num_leaves));
    if (!saved) {
        return false;
    }
    memcpy(&ret->num_leaves, saved, sizeof(ret->num_leaves));
    return cxl_dcd_get32(ret->magic) == SAVED_MAGIC;
}

static bool cxl_dcd_restore_load(CXLDcd *fresh, Reader reader, GError **error)
{
    g_autoptr(GPtrArray) groups = g_ptr_array_new();
    SavedHeader header;
    Reader tags, extents;
    const char *fault;
    uint32_t count;

    if (!cxl_dcd_restore_load_header(&reader, &header)) {
        return cxl_dcd_restore_damaged(error,
                                       "it is of another kind or version");
    }
    if (cxl_dcd_get32(header.num_regions) != fresh->config.num_regions) {
        return cxl_dcd_restore_damaged(
            error, "the device had another number of regions");
    }
    count = cxl_dcd_get32(header.num_extents);
    if (count > fresh->config.max_extents) {
        return cxl_dcd_restore_damaged(error,
                                       "more extents than this device tracks");
    }
    if (!cxl_dcd_restore_load_regions(fresh, &reader, error)) {
        return false;
    }
    /* Tags and extents refer to what stands behind them: groups come first */
    tags = reader;
    if (!cxl_dcd_restore_read(&reader,
                              (uint64_t)cxl_dcd_get32(header.num_tags) *
                                  sizeof(SavedTag))) {
        return cxl_dcd_restore_damaged(error, "it ends within the tags");
    }
    extents = reader;
    if (!cxl_dcd_restore_read(&reader, (uint64_t)count * sizeof(SavedExtent))) {
        return cxl_dcd_restore_damaged(error, "it ends within the extents");
    }
    if (!cxl_dcd_restore_load_groups(fresh, &reader,
                                     cxl_dcd_get32(header.num_groups), count,
                                     groups, error) ||
        !cxl_dcd_restore_load_extents(fresh, &extents, count, groups, error) ||
        !cxl_dcd_restore_load_tags(fresh, &tags, cxl_dcd_get32(header.num_tags),
                                   error) ||
        !cxl_dcd_restore_load_chain(fresh, &reader, &header, error) ||
        !cxl_dcd_restore_load_leaves(fresh, &reader,
                                     cxl_dcd_get32(header.num_leaves), error)) {
        return false;
    }
    for (guint i = 0; i < groups->len; i++) {
        CXLDcdGroup *group = g_ptr_array_index(groups, i);

        for (guint j = 0; j < group->starts->len; j++) {
            if (g_array_index(group->starts, uint64_t, j) == UINT64_MAX) {
                return cxl_dcd_restore_damaged(
                    error, "an offer that misses an extent");
            }
        }
    }
    fault = cxl_dcd_fault(fresh);
    if (fault) {
        return cxl_dcd_restore_damaged(error, fault);
    }
    fresh->generation = cxl_dcd_get32(header.generation);
    fresh->tag_generation = cxl_dcd_get32(header.tag_generation);
    return true;
}

/* Tell the owner what can be reached, from all of @dcd's listed extents. */
static void cxl_dcd_restore_tell_reach(const CXLDcd *dcd, bool reachable)
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

    if (!fresh || !cxl_dcd_restore_load(fresh, (Reader){ bytes, len }, error)) {
        cxl_dcd_free(fresh);
        return false;
    }
    cxl_dcd_restore_tell_reach(dcd, false);
    fresh->ops = dcd->ops;
    fresh->opaque = dcd->opaque;
    swap = *dcd;
    *dcd = *fresh;
    *fresh = swap;
    cxl_dcd_restore_tell_reach(dcd, true);
    cxl_dcd_commit(dcd);
    cxl_dcd_free(fresh);
    cxl_dcd_leave_resume(dcd);
    return true;
}

/* --- From a pool --- */

static bool cxl_dcd_adopt_check(const CXLDcd *dcd, const CXLDcdExtent *extents,
                                size_t count, GError **error)
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
    if (!cxl_dcd_adopt_check(dcd, extents, count, error)) {
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
