/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: tags
 *
 * A tag exists while an extent carries it; the fabric manager's reference
 * keeps extents, and so their tag. A tag belongs to one sharable region as one
 * allocation (CXL r3.2 9.13.3), or to any number of extents of plain regions.
 * Only sharable ones are in the list of 7.6.7.6.9 and its generation.
 */
#include <string.h>
#include "geometry.h"
#include "tags.h"

bool cxl_dcd_tag_is_null(const CXLDcdTag *tag)
{
    static const CXLDcdTag null;

    return !memcmp(tag, &null, sizeof(null));
}

char *cxl_dcd_tag_text(const uint8_t bytes[CXL_DCD_TAG_SIZE])
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < CXL_DCD_TAG_SIZE; i++) {
        /* 8-4-4-4-12 digits */
        g_string_append_printf(text, "%s%02x", i == 4 || i == 6 || i == 8 ||
                               i == 10 ? "-" : "", bytes[i]);
    }
    return g_string_free(text, FALSE);
}

static guint cxl_dcd_tag_hash(gconstpointer key)
{
    const uint8_t *bytes = key;
    uint64_t low, high;

    /* Tags are often random, but may also differ in one byte only */
    memcpy(&low, bytes, sizeof(low));
    memcpy(&high, bytes + sizeof(low), sizeof(high));
    low = (low ^ (high << 1 | high >> 63)) * 0x9e3779b97f4a7c15ULL;
    return low >> 32;
}

static gboolean cxl_dcd_tag_equal(gconstpointer a, gconstpointer b)
{
    return !memcmp(a, b, CXL_DCD_TAG_SIZE);
}

void cxl_dcd_tags_init(CXLDcd *dcd)
{
    dcd->tags = g_hash_table_new_full(cxl_dcd_tag_hash, cxl_dcd_tag_equal, NULL,
                                      g_free);
    dcd->tag_order = g_ptr_array_new();
}

CXLDcdTagEntry *cxl_dcd_tag_find(const CXLDcd *dcd, const CXLDcdTag *tag)
{
    return g_hash_table_lookup(dcd->tags, tag);
}

void cxl_dcd_tag_changed(CXLDcd *dcd, const CXLDcdTagEntry *entry)
{
    dcd->tag_generation += entry->sharable;
}

static CXLDcdTagEntry *cxl_dcd_tag_get(CXLDcd *dcd, const CXLDcdTag *tag,
                                       bool sharable)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, tag);

    if (!entry) {
        entry = g_new0(CXLDcdTagEntry, 1);
        entry->tag = *tag;
        entry->sharable = sharable;
        g_hash_table_insert(dcd->tags, &entry->tag, entry);
        if (sharable) {
            entry->index = dcd->tag_order->len;
            g_ptr_array_add(dcd->tag_order, entry);
        }
        cxl_dcd_tag_changed(dcd, entry);
    }
    return entry;
}

static void cxl_dcd_tag_forget(CXLDcd *dcd, CXLDcdTagEntry *entry)
{
    cxl_dcd_tag_changed(dcd, entry);
    if (entry->sharable) {
        CXLDcdTagEntry *moved;

        g_ptr_array_remove_index_fast(dcd->tag_order, entry->index);
        if (entry->index < dcd->tag_order->len) {
            moved = g_ptr_array_index(dcd->tag_order, entry->index);
            moved->index = entry->index;
        }
    }
    g_hash_table_remove(dcd->tags, &entry->tag);
}

void cxl_dcd_tag_link(CXLDcd *dcd, CXLDcdNode *node, const CXLDcdTag *tag,
                      bool sharable)
{
    CXLDcdTagEntry *entry;

    if (cxl_dcd_tag_is_null(tag)) {
        return;
    }
    entry = cxl_dcd_tag_get(dcd, tag, sharable);
    node->tag = entry;
    node->tag_next = NULL;
    node->tag_prev = entry->last;
    if (entry->last) {
        entry->last->tag_next = node;
    } else {
        entry->first = node;
    }
    entry->last = node;
    entry->extents++;
}

void cxl_dcd_tag_unlink(CXLDcd *dcd, CXLDcdNode *node)
{
    CXLDcdTagEntry *entry = node->tag;

    if (!entry) {
        return;
    }
    if (node->tag_prev) {
        node->tag_prev->tag_next = node->tag_next;
    } else {
        entry->first = node->tag_next;
    }
    if (node->tag_next) {
        node->tag_next->tag_prev = node->tag_prev;
    } else {
        entry->last = node->tag_prev;
    }
    node->tag = NULL;
    if (!--entry->extents) {
        cxl_dcd_tag_forget(dcd, entry);
    }
}

/* Bytes of a tag's extents, whatever their state */
static uint64_t cxl_dcd_tag_bytes(const CXLDcdTagEntry *entry)
{
    uint64_t bytes = 0;

    for (const CXLDcdNode *n = entry->first; n; n = n->tag_next) {
        bytes += n->len;
    }
    return bytes;
}

/* Bytes that @ranges name of each sharable tag: CXLDcdTagEntry -> uint64_t */
static GHashTable *cxl_dcd_tag_named_bytes(const CXLDcd *dcd,
                                           const GArray *ranges)
{
    GHashTable *bytes = g_hash_table_new_full(NULL, NULL, NULL, g_free);

    for (guint i = 0; i < ranges->len; i++) {
        const CXLDcdRange *r = &g_array_index(ranges, CXLDcdRange, i);
        int region = cxl_dcd_region_of(dcd, r->dpa, r->len);
        uint64_t at = r->dpa, end = r->dpa + r->len;

        while (cxl_dcd_sharable(dcd, region) && at < end) {
            CXLDcdNode *node = cxl_dcd_tree_from(&dcd->regions[region].tree,
                                                 at);
            uint64_t stop = MIN(end, node->dpa + node->len);
            uint64_t *sum = g_hash_table_lookup(bytes, node->tag);

            if (!sum) {
                sum = g_new0(uint64_t, 1);
                g_hash_table_insert(bytes, node->tag, sum);
            }
            *sum += stop - at;
            at = stop;
        }
    }
    return bytes;
}

bool cxl_dcd_check_whole_tags(const CXLDcd *dcd, const GArray *ranges,
                              uint16_t code, GError **error)
{
    g_autoptr(GHashTable) bytes = cxl_dcd_tag_named_bytes(dcd, ranges);
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, bytes);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        uint64_t named = *(uint64_t *)value, all = cxl_dcd_tag_bytes(key);

        if (named != all) {
            g_set_error(error, CXL_DCD_ERROR, code, CXL_DCD_HEX " of "
                        CXL_DCD_HEX " bytes of a shared tag named; it is "
                        "released whole", named, all);
            return false;
        }
    }
    return true;
}
