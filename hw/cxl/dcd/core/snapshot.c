/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: all state as bytes; the way back: core/restore.c
 */
#include <string.h>
#include "geometry.h"
#include "snapshot.h"

static void cxl_dcd_snapshot_save_regions(const CXLDcd *dcd, GByteArray *out)
{
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        const CXLDcdRegionConfig *r = cxl_dcd_region_config(dcd, i);
        SavedRegion saved = {
            .base = cxl_dcd_put64(r->base),
            .decode_length = cxl_dcd_put64(r->decode_length),
            .length = cxl_dcd_put64(r->length),
            .block_size = cxl_dcd_put64(r->block_size),
            .attributes = r->attributes,
            .sanitize = r->sanitize,
        };

        g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
    }
}

/*
 * What is left after power is gone: persistent capacity that the host has or
 * that a reference holds. Shared capacity leaves a host that is reset (9.5).
 */
static bool cxl_dcd_snapshot_outlives_power(const CXLDcd *dcd, unsigned region,
                                            const CXLDcdNode *node)
{
    if (!(cxl_dcd_region_config(dcd, region)->attributes &
          CXL_DCD_REGION_NONVOLATILE)) {
        return false;
    }
    if (cxl_dcd_sharable(dcd, region)) {
        return node->tag->referenced &&
            (cxl_dcd_state_listed(node->state) ||
             node->state == CXL_DCD_REFERENCED);
    }
    return cxl_dcd_state_listed(node->state);
}

static bool cxl_dcd_snapshot_tag_outlives_power(const CXLDcd *dcd,
                                                const CXLDcdTagEntry *entry)
{
    int region = cxl_dcd_region_of(dcd, entry->first->dpa, entry->first->len);

    return cxl_dcd_snapshot_outlives_power(dcd, region, entry->first);
}

/* In the order in which List Tags (5608h) shows them; returns how many */
static uint32_t cxl_dcd_snapshot_save_tags(const CXLDcd *dcd, bool power,
                                           GByteArray *out)
{
    uint32_t count = 0;

    for (guint i = 0; i < dcd->tag_order->len; i++) {
        const CXLDcdTagEntry *entry = g_ptr_array_index(dcd->tag_order, i);
        SavedTag saved = { .referenced = entry->referenced };

        if (!power && !cxl_dcd_snapshot_tag_outlives_power(dcd, entry)) {
            continue;
        }
        memcpy(saved.tag, entry->tag.bytes, sizeof(saved.tag));
        g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
        count++;
    }
    return count;
}

/* DPA of a pending extent -> its group and place, by a map made once */
static GHashTable *cxl_dcd_snapshot_places_of(const CXLDcd *dcd)
{
    GHashTable *places = g_hash_table_new_full(g_int64_hash, g_int64_equal,
                                               NULL, g_free);
    uint32_t index = 0;

    for (GList *l = dcd->groups.head; l; l = l->next, index++) {
        CXLDcdGroup *group = l->data;

        for (guint i = 0; i < group->starts->len; i++) {
            uint32_t *place = g_new(uint32_t, 2);

            place[0] = index;
            place[1] = i;
            g_hash_table_insert(places, &g_array_index(group->starts, uint64_t,
                                                       i), place);
        }
    }
    return places;
}

static uint8_t cxl_dcd_snapshot_state_without_power(const CXLDcd *dcd,
                                                    unsigned region)
{
    return cxl_dcd_sharable(dcd, region) ? CXL_DCD_REFERENCED
                                         : CXL_DCD_ACCEPTED;
}

/* Returns how many */
static uint32_t cxl_dcd_snapshot_save_extents(const CXLDcd *dcd, bool power,
                                              GByteArray *out)
{
    g_autoptr(GHashTable) places = cxl_dcd_snapshot_places_of(dcd);
    uint32_t count = 0;

    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        CXLDcdNode *node;
        uint64_t at = 0;

        while ((node = cxl_dcd_tree_from(&dcd->regions[i].tree, at))) {
            uint32_t *place = g_hash_table_lookup(places, &node->dpa);
            SavedExtent saved = {
                .dpa = cxl_dcd_put64(node->dpa),
                .len = cxl_dcd_put64(node->len),
                .sequence = cxl_dcd_put16(node->sequence),
                .state = power ? node->state :
                                 cxl_dcd_snapshot_state_without_power(dcd, i),
                .sanitize = power && node->sanitize,
                .group = cxl_dcd_put32(place ? place[0] : NO_GROUP),
                .place = cxl_dcd_put32(place ? place[1] : 0),
            };

            at = node->dpa + node->len;
            if (node->state == CXL_DCD_SANITIZING ||
                (!power && !cxl_dcd_snapshot_outlives_power(dcd, i, node))) {
                continue;
            }
            if (node->tag) {
                memcpy(saved.tag, node->tag->tag.bytes, CXL_DCD_TAG_SIZE);
            }
            g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
            count++;
        }
    }
    return count;
}

static uint8_t cxl_dcd_snapshot_piece_state(const CXLDcd *dcd,
                                            const CXLDcdLeave *leave,
                                            const CXLDcdExtent *piece)
{
    const CXLDcdNode *node;

    if (piece->state == CXL_DCD_REFERENCED) {
        return SAVED_PIECE_REFERENCED;
    }
    node = cxl_dcd_tree_from(&dcd->regions[piece->region].tree, piece->dpa);
    return node && node->state == CXL_DCD_SANITIZING && node->leave == leave ?
               SAVED_PIECE_SANITIZING :
               SAVED_PIECE_CLEAN;
}

/* Without power only this is left: contents that must go, and are there yet */
static bool cxl_dcd_snapshot_must_go(const CXLDcd *dcd,
                                     const CXLDcdLeave *leave,
                                     const CXLDcdExtent *piece)
{
    return (cxl_dcd_region_config(dcd, piece->region)->attributes &
            CXL_DCD_REGION_NONVOLATILE) &&
           piece->sanitize &&
           cxl_dcd_snapshot_piece_state(dcd, leave, piece) ==
               SAVED_PIECE_SANITIZING;
}

/* Returns how many */
static uint32_t cxl_dcd_snapshot_save_leaves(const CXLDcd *dcd, bool power,
                                             GByteArray *out)
{
    uint32_t count = 0;

    for (GList *l = dcd->leaves.head; l; l = l->next) {
        const CXLDcdLeave *leave = l->data;
        SavedLeave saved = { .outcome = power ? leave->outcome :
                                                CXL_DCD_LEAVE_SILENT };
        guint at = out->len;
        uint32_t pieces = 0;

        g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
        for (guint i = 0; i < leave->pieces->len; i++) {
            const CXLDcdExtent *p =
                &g_array_index(leave->pieces, CXLDcdExtent, i);
            SavedPiece piece = {
                .dpa = cxl_dcd_put64(p->dpa),
                .len = cxl_dcd_put64(p->len),
                .sequence = cxl_dcd_put16(p->sequence),
                .state = cxl_dcd_snapshot_piece_state(dcd, leave, p),
                .sanitize = p->sanitize,
            };

            if (!power && !cxl_dcd_snapshot_must_go(dcd, leave, p)) {
                continue;
            }
            memcpy(piece.tag, p->tag.bytes, CXL_DCD_TAG_SIZE);
            g_byte_array_append(out, (uint8_t *)&piece, sizeof(piece));
            pieces++;
        }
        if (!pieces) {
            g_byte_array_set_size(out, at);
            continue;
        }
        saved.pieces = cxl_dcd_put32(pieces);
        memcpy(out->data + at, &saved, sizeof(saved));
        count++;
    }
    return count;
}

GByteArray *cxl_dcd_save_persistent(const CXLDcd *dcd)
{
    GByteArray *out = g_byte_array_new();
    SavedHeader header = {
        .magic = cxl_dcd_put32(SAVED_MAGIC),
        .generation = cxl_dcd_put32(dcd->generation),
        .tag_generation = cxl_dcd_put32(dcd->tag_generation),
        .num_regions = cxl_dcd_put32(dcd->config.num_regions),
    };

    g_byte_array_append(out, (uint8_t *)&header, sizeof(header));
    cxl_dcd_snapshot_save_regions(dcd, out);
    header.num_tags =
        cxl_dcd_put32(cxl_dcd_snapshot_save_tags(dcd, false, out));
    header.num_extents =
        cxl_dcd_put32(cxl_dcd_snapshot_save_extents(dcd, false, out));
    header.num_leaves =
        cxl_dcd_put32(cxl_dcd_snapshot_save_leaves(dcd, false, out));
    memcpy(out->data, &header, sizeof(header));
    return out;
}

GByteArray *cxl_dcd_save(const CXLDcd *dcd)
{
    GByteArray *out = g_byte_array_new();
    SavedHeader header = {
        .magic = cxl_dcd_put32(SAVED_MAGIC),
        .generation = cxl_dcd_put32(dcd->generation),
        .tag_generation = cxl_dcd_put32(dcd->tag_generation),
        .num_regions = cxl_dcd_put32(dcd->config.num_regions),
        .num_tags = cxl_dcd_put32(dcd->tag_order->len),
        .num_extents = cxl_dcd_put32(dcd->extents),
        .num_groups = cxl_dcd_put32(dcd->groups.length),
        .chain_kind = cxl_dcd_put32(dcd->chain_kind),
        .chain_len = cxl_dcd_put32(dcd->chain->len),
        .num_leaves = cxl_dcd_put32(dcd->leaves.length),
    };

    g_byte_array_append(out, (uint8_t *)&header, sizeof(header));
    cxl_dcd_snapshot_save_regions(dcd, out);
    cxl_dcd_snapshot_save_tags(dcd, true, out);
    cxl_dcd_snapshot_save_extents(dcd, true, out);
    for (GList *l = dcd->groups.head; l; l = l->next) {
        CXLDcdGroup *group = l->data;
        SavedGroup saved = { cxl_dcd_put32(group->starts->len),
                             cxl_dcd_put32(group->dead) };

        g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
    }
    for (guint i = 0; i < dcd->chain->len; i++) {
        const CXLDcdRange *r = &g_array_index(dcd->chain, CXLDcdRange, i);
        SavedRange saved = { cxl_dcd_put64(r->dpa), cxl_dcd_put64(r->len) };

        g_byte_array_append(out, (uint8_t *)&saved, sizeof(saved));
    }
    cxl_dcd_snapshot_save_leaves(dcd, true, out);
    return out;
}
