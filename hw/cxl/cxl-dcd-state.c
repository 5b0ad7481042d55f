/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the state of one logical device
 *
 * The only writer of capacity: extents, tags, block bits. Who may move capacity
 * and when is decided by the callers (requests, answers, reset); the states and
 * invariants are in the header.
 */
#include <string.h>
#include "cxl-dcd-core.h"

GQuark cxl_dcd_error_quark(void)
{
    return g_quark_from_static_string("cxl-dcd-error");
}

bool cxl_dcd_tag_is_null(const CXLDcdTag *tag)
{
    static const CXLDcdTag null;

    return !memcmp(tag, &null, sizeof(null));
}

static guint tag_hash(gconstpointer key)
{
    const uint8_t *bytes = key;
    guint hash = 5381;

    for (unsigned i = 0; i < CXL_DCD_TAG_SIZE; i++) {
        hash = hash * 33 + bytes[i];
    }
    return hash;
}

static gboolean tag_equal(gconstpointer a, gconstpointer b)
{
    return !memcmp(a, b, CXL_DCD_TAG_SIZE);
}

/* --- Making and freeing --- */

static bool check_region(const CXLDcdConfig *config, unsigned i,
                         uint64_t floor, GError **error)
{
    const CXLDcdRegionConfig *r = &config->regions[i];
    const char *what = NULL;
    uint64_t value = 0;

    if (r->base % CXL_DCD_REGION_ALIGN || r->base < floor) {
        what = "base (256 MiB aligned, above the region before it)";
        value = r->base;
    } else if (!r->decode_length || r->decode_length % CXL_DCD_REGION_ALIGN ||
               r->base + r->decode_length < r->base) {
        what = "decode length (a multiple of 256 MiB)";
        value = r->decode_length;
    } else if (r->block_size < CXL_DCD_MIN_BLOCK ||
               (r->block_size & (r->block_size - 1)) ||
               r->block_size > 1ULL << 51) {
        what = "block size (a power of two, 64 bytes at least)";
        value = r->block_size;
    } else if (!r->length || r->length > r->decode_length ||
               r->length % r->block_size) {
        what = "length (whole blocks, at most the decode length)";
        value = r->length;
    } else if (r->attributes & ~(CXL_DCD_REGION_NONVOLATILE |
                                 CXL_DCD_REGION_SHARABLE |
                                 CXL_DCD_REGION_HW_COHERENT |
                                 CXL_DCD_REGION_IC_SPECIFIC |
                                 CXL_DCD_REGION_READ_ONLY)) {
        what = "attributes";
        value = r->attributes;
    }
    if (!what) {
        return true;
    }
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                "region %u: 0x%" G_GINT64_MODIFIER "x is no valid %s", i,
                value, what);
    return false;
}

static void free_pieces(CXLDcdRegion *region)
{
    for (uint64_t i = 0; i < region->num_pieces; i++) {
        g_free(region->pieces[i]);
        region->pieces[i] = NULL;
    }
}

void cxl_dcd_region_layout(CXLDcd *dcd, unsigned i)
{
    const CXLDcdRegionConfig *config = cxl_dcd_region_config(dcd, i);
    CXLDcdRegion *region = &dcd->regions[i];
    uint64_t blocks = config->length / config->block_size;

    free_pieces(region);
    region->block_shift = __builtin_ctzll(config->block_size);
    region->num_pieces = (blocks + CXL_DCD_BITS_PER_PIECE - 1) /
                         CXL_DCD_BITS_PER_PIECE;
    g_free(region->pieces);
    region->pieces = g_new0(uint8_t *, region->num_pieces);
}

CXLDcd *cxl_dcd_new(const CXLDcdConfig *config, const CXLDcdOps *ops,
                    void *opaque, GError **error)
{
    uint64_t floor = 0;
    CXLDcd *dcd;

    if (!config->num_regions || config->num_regions > CXL_DCD_MAX_REGIONS) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "%u regions asked for, 1 to %d are possible",
                    config->num_regions, CXL_DCD_MAX_REGIONS);
        return NULL;
    }
    if (!config->max_extents) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "a device needs at least 1 extent, 0 asked for");
        return NULL;
    }
    for (unsigned i = 0; i < config->num_regions; i++) {
        if (!check_region(config, i, floor, error)) {
            return NULL;
        }
        floor = config->regions[i].base + config->regions[i].decode_length;
    }
    dcd = g_new0(CXLDcd, 1);
    dcd->config = *config;
    dcd->ops = ops;
    dcd->opaque = opaque;
    dcd->tags = g_hash_table_new_full(tag_hash, tag_equal, NULL, g_free);
    dcd->tag_order = g_ptr_array_new();
    dcd->chain = g_array_new(FALSE, FALSE, sizeof(CXLDcdRange));
    g_queue_init(&dcd->groups);
    for (unsigned i = 0; i < config->num_regions; i++) {
        cxl_dcd_region_layout(dcd, i);
    }
    return dcd;
}

void cxl_dcd_free(CXLDcd *dcd)
{
    if (!dcd) {
        return;
    }
    for (unsigned i = 0; i < dcd->config.num_regions; i++) {
        cxl_dcd_tree_clear(&dcd->regions[i].tree);
        free_pieces(&dcd->regions[i]);
        g_free(dcd->regions[i].pieces);
    }
    g_queue_clear_full(&dcd->groups, (GDestroyNotify)cxl_dcd_group_free);
    g_hash_table_destroy(dcd->tags);
    g_ptr_array_free(dcd->tag_order, TRUE);
    g_array_free(dcd->chain, TRUE);
    g_free(dcd);
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

/* --- Tags --- */

CXLDcdTagEntry *cxl_dcd_tag_find(const CXLDcd *dcd, const CXLDcdTag *tag)
{
    return g_hash_table_lookup(dcd->tags, tag);
}

void cxl_dcd_tag_changed(CXLDcd *dcd)
{
    dcd->tag_generation++;
}

CXLDcdTagEntry *cxl_dcd_tag_get(CXLDcd *dcd, const CXLDcdTag *tag,
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
        cxl_dcd_tag_changed(dcd);
    }
    return entry;
}

void cxl_dcd_tag_drop(CXLDcd *dcd, CXLDcdTagEntry *entry)
{
    if (!entry || entry->extents || entry->referenced) {
        return;
    }
    if (entry->sharable) {
        CXLDcdTagEntry *moved;

        g_ptr_array_remove_index_fast(dcd->tag_order, entry->index);
        if (entry->index < dcd->tag_order->len) {
            moved = g_ptr_array_index(dcd->tag_order, entry->index);
            moved->index = entry->index;
        }
    }
    g_hash_table_remove(dcd->tags, &entry->tag);
    cxl_dcd_tag_changed(dcd);
}

static void tag_link(CXLDcdTagEntry *entry, CXLDcdNode *node)
{
    node->tag = entry;
    node->tag_next = NULL;
    node->tag_prev = NULL;
    if (!entry) {
        return;
    }
    node->tag_prev = entry->last;
    if (entry->last) {
        entry->last->tag_next = node;
    } else {
        entry->first = node;
    }
    entry->last = node;
    entry->extents++;
}

static void tag_unlink(CXLDcdNode *node)
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
    entry->extents--;
}

/* --- Block bits and reachability: changed here only --- */

static void set_bits(CXLDcdRegion *region, uint64_t first, uint64_t count,
                     bool value)
{
    while (count) {
        uint64_t piece = first / CXL_DCD_BITS_PER_PIECE;
        uint64_t bit = first % CXL_DCD_BITS_PER_PIECE;
        uint64_t n = MIN(count, CXL_DCD_BITS_PER_PIECE - bit);
        uint8_t *bits = region->pieces[piece];

        first += n;
        count -= n;
        if (!bits) {
            bits = region->pieces[piece] =
                g_malloc0(CXL_DCD_BITS_PER_PIECE / 8);
        }
        for (; n && bit % 8; bit++, n--) {
            bits[bit / 8] = (bits[bit / 8] & ~(1 << bit % 8)) |
                            value << bit % 8;
        }
        memset(bits + bit / 8, value ? 0xff : 0, n / 8);
        for (bit += n & ~7ULL, n %= 8; n; bit++, n--) {
            bits[bit / 8] = (bits[bit / 8] & ~(1 << bit % 8)) |
                            value << bit % 8;
        }
    }
}

static void set_reach(CXLDcd *dcd, unsigned i, uint64_t dpa, uint64_t len,
                      bool reachable)
{
    CXLDcdRegion *region = &dcd->regions[i];
    CXLDcdRange range = { dpa, len };
    uint64_t offset = dpa - cxl_dcd_region_config(dcd, i)->base;

    set_bits(region, offset >> region->block_shift,
             len >> region->block_shift, reachable);
    if (dcd->ops->reach) {
        dcd->ops->reach(dcd->opaque, &range, reachable);
    }
}

bool cxl_dcd_reachable(const CXLDcd *dcd, uint64_t dpa, uint64_t len)
{
    int i = cxl_dcd_region_of(dcd, dpa, len);
    const CXLDcdRegion *region;
    uint64_t block, last;

    if (i < 0) {
        return false;
    }
    region = &dcd->regions[i];
    dpa -= cxl_dcd_region_config(dcd, i)->base;
    block = dpa >> region->block_shift;
    last = (dpa + len - 1) >> region->block_shift;
    for (; block <= last; block++) {
        const uint8_t *bits = region->pieces[block / CXL_DCD_BITS_PER_PIECE];
        uint64_t bit = block % CXL_DCD_BITS_PER_PIECE;

        if (!bits || !(bits[bit / 8] & 1 << bit % 8)) {
            return false;
        }
    }
    return true;
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
    bool sharable = cxl_dcd_region_config(dcd, extent->region)->attributes &
                    CXL_DCD_REGION_SHARABLE;

    node->dpa = extent->dpa;
    node->len = extent->len;
    node->sequence = extent->sequence;
    node->state = extent->state;
    node->sanitize = extent->sanitize;
    node->group = group;
    tag_link(cxl_dcd_tag_is_null(&extent->tag) ? NULL :
             cxl_dcd_tag_get(dcd, &extent->tag, sharable), node);
    cxl_dcd_tree_insert(&region->tree, node);
    region->allocated += node->len;
    dcd->extents++;
    if (group) {
        g_array_append_val(group->starts, node->dpa);
    }
    if (cxl_dcd_state_listed(node->state)) {
        set_reach(dcd, extent->region, node->dpa, node->len, true);
    }
    return node;
}

void cxl_dcd_erase(CXLDcd *dcd, unsigned i, CXLDcdNode *node)
{
    CXLDcdRegion *region = &dcd->regions[i];
    CXLDcdTagEntry *entry = node->tag;

    if (cxl_dcd_state_listed(node->state)) {
        set_reach(dcd, i, node->dpa, node->len, false);
    }
    cxl_dcd_tree_remove(&region->tree, node->dpa);
    region->allocated -= node->len;
    dcd->extents--;
    tag_unlink(node);
    g_free(node);
    cxl_dcd_tag_drop(dcd, entry);
}

/* A twin of @node behind it: what is left of it above a hole. */
static void insert_tail(CXLDcd *dcd, unsigned i, const CXLDcdNode *node,
                        uint64_t dpa, uint64_t len)
{
    CXLDcdNode *tail = g_new0(CXLDcdNode, 1);

    tail->dpa = dpa;
    tail->len = len;
    tail->sequence = node->sequence;
    tail->state = node->state;
    tail->sanitize = node->sanitize;
    tag_link(node->tag, tail);
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
    set_reach(dcd, i, piece->dpa, piece->len, false);
    region->allocated -= piece->len;
    if (piece->dpa == node->dpa) {
        cxl_dcd_tree_resize(&region->tree, node, cut_end, end - cut_end);
        return;
    }
    cxl_dcd_tree_resize(&region->tree, node, node->dpa,
                        piece->dpa - node->dpa);
    if (cut_end < end) {
        insert_tail(dcd, i, node, cut_end, end - cut_end);
    }
}

void cxl_dcd_transit(CXLDcd *dcd, unsigned i, CXLDcdNode *node,
                     CXLDcdExtentState state)
{
    bool before = cxl_dcd_state_listed(node->state);
    bool after = cxl_dcd_state_listed(state);

    cxl_dcd_tree_set_state(&dcd->regions[i].tree, node, state);
    if (before != after) {
        set_reach(dcd, i, node->dpa, node->len, after);
    }
    if (state != CXL_DCD_PENDING && state != CXL_DCD_DEAD) {
        node->group = NULL;
    }
    if (node->tag && node->tag->sharable) {
        cxl_dcd_tag_changed(dcd);
    }
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
    };

    return state < CXL_DCD_STATE_MAX ? names[state] : "unknown";
}
