/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One head of a pool and the host behind it
 */
#include <string.h>
#include "pool-head.h"

#define MIB   (1ULL << 20)
#define BLOCK (2 * MIB)
#define BASE  (256 * MIB)         /* DPA of the pool's first byte */

static CXLDcdPoolRange head_blocks(uint64_t dpa, uint64_t len)
{
    return (CXLDcdPoolRange) { (dpa - BASE) / BLOCK, len / BLOCK };
}

/* --- What the core asks of the pool --- */

static bool head_refuse(GError **error, GError *from)
{
    uint16_t code = from->code == EBUSY ? CXL_DCD_RC_BUSY :
                    from->code == ENOSPC ? CXL_DCD_RC_RESOURCES_EXHAUSTED :
                    CXL_DCD_RC_INVALID_INPUT;

    g_set_error_literal(error, CXL_DCD_ERROR, code, from->message);
    g_error_free(from);
    return false;
}

static bool head_gap(void *opaque, uint64_t from, uint64_t end, uint64_t len,
                     CXLDcdRange *ret, GError **error)
{
    Head *head = opaque;
    CXLDcdPoolRange all = head_blocks(from, end - from), found;
    GError *inner = NULL;

    if (!cxl_dcd_pool_find(head->pool, all.first, all.first + all.count,
                           len / BLOCK, &found, &inner)) {
        return inner && head_refuse(error, inner);
    }
    ret->dpa = BASE + found.first * BLOCK;
    ret->len = found.count * BLOCK;
    return true;
}

static bool head_available(void *opaque, uint64_t from, uint64_t end,
                           uint64_t *ret, GError **error)
{
    CXLDcdPoolRange all = head_blocks(from, end - from);
    GError *inner = NULL;

    if (!cxl_dcd_pool_count_free(((Head *)opaque)->pool, all.first,
                                 all.first + all.count, ret, &inner)) {
        return head_refuse(error, inner);
    }
    *ret *= BLOCK;
    return true;
}

static GArray *head_shared(void *opaque, const CXLDcdTag *tag, unsigned region,
                           GError **error)
{
    GError *inner = NULL;
    g_autoptr(GArray) found = cxl_dcd_pool_tag_extents(
        ((Head *)opaque)->pool, tag->bytes, &inner);
    GArray *extents;
    guint i;

    if (!found) {
        head_refuse(error, inner);
        return NULL;
    }
    extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    for (i = 0; i < found->len; i++) {
        const CXLDcdPoolExtent *e = &g_array_index(found, CXLDcdPoolExtent, i);
        const CXLDcdExtent extent = {
            .dpa = BASE + e->range.first * BLOCK,
            .len = e->range.count * BLOCK,
            .tag = *tag, .region = region, .sequence = e->sequence,
        };

        g_array_append_val(extents, extent);
    }
    return extents;
}

static bool head_claim(void *opaque, const CXLDcdExtent *extents, size_t count,
                       bool join, GError **error)
{
    Head *head = opaque;
    g_autofree CXLDcdPoolExtent *list = g_new0(CXLDcdPoolExtent, count);
    GError *inner = NULL;
    bool ok;
    size_t i;

    for (i = 0; i < count; i++) {
        list[i].range = head_blocks(extents[i].dpa, extents[i].len);
        list[i].sequence = extents[i].sequence;
        memcpy(list[i].tag, extents[i].tag.bytes, sizeof(list[i].tag));
    }
    ok = join ? cxl_dcd_pool_share(head->pool, head->host, list[0].tag,
                                   &inner) :
         cxl_dcd_pool_claim(head->pool, head->host, list, count,
                            extents[0].region == 1, &inner);
    return ok || head_refuse(error, inner);
}

static bool head_reference(void *opaque, const CXLDcdTag *tag, bool held,
                           GError **error)
{
    Head *head = opaque;
    GError *inner = NULL;

    return cxl_dcd_pool_hold(head->pool, head->host, tag->bytes, held,
                             &inner) || head_refuse(error, inner);
}

/* --- What the core tells --- */

static void head_event(void *opaque, const CXLDcdEvent *event)
{
    if (event->type <= CXL_DCD_EVENT_FORCED_RELEASE) {
        g_array_append_val(((Head *)opaque)->told, *event);
    }
}

/* It has left, and is clean: it is free. */
static void head_finish(Head *head, const CXLDcdRange *range)
{
    CXLDcdPoolRange blocks = head_blocks(range->dpa, range->len);

    cxl_dcd_pool_finish(head->pool, head->host, &blocks, false, NULL);
}

static bool head_sanitize(void *opaque, const CXLDcdRange *range, bool must)
{
    Head *head = opaque;
    CXLDcdPoolRange blocks = head_blocks(range->dpa, range->len);
    /* Of a shared tag the first range took the others along. */
    bool left = cxl_dcd_pool_leave(head->pool, head->host, &blocks, NULL);

    if (head->slow) {
        g_array_append_val(head->dirty, *range);
    } else if (left) {
        head_finish(head, range);
    }
    return !head->slow;
}

static void head_outcome(void *opaque, CXLDcdOutcome outcome,
                         const CXLDcdExtent *extents, size_t count)
{
    Head *head = opaque;
    size_t i;

    for (i = 0; outcome == CXL_DCD_OUTCOME_ADDED && i < count; i++) {
        CXLDcdPoolRange blocks = head_blocks(extents[i].dpa, extents[i].len);

        cxl_dcd_pool_accept(head->pool, head->host, &blocks, NULL);
    }
    if (head->outcome) {
        head->outcome(head, outcome, extents, count);
    }
}

/* --- Life --- */

/* What an earlier life had accepted */
static void head_adopt(Head *head)
{
    g_autoptr(GArray) extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    g_autoptr(GArray) used = NULL;
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;
    guint i;

    g_assert_true(cxl_dcd_pool_host(head->pool, head->host, true, &info));
    used = info.used;
    for (i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);
        CXLDcdExtent extent = {
            .dpa = BASE + one->extent.range.first * BLOCK,
            .len = one->extent.range.count * BLOCK,
        };

        memcpy(extent.tag.bytes, one->extent.tag, sizeof(extent.tag.bytes));
        g_array_append_val(extents, extent);
    }
    cxl_dcd_adopt(head->dcd, (CXLDcdExtent *)(void *)extents->data,
                  extents->len, &error);
    g_assert_no_error(error);
}

static const CXLDcdConfig *head_config(const Head *head)
{
    static CXLDcdConfig config = {
        .max_extents = 4096, .max_tags = 64, .num_regions = 2,
        .regions = {
            { .base = BASE, .decode_length = 1024 * MIB,
              .length = 1024 * MIB, .block_size = BLOCK, .block_sizes = BLOCK,
              .dsmad_handle = 1 },
            { .base = BASE + 1024 * MIB, .decode_length = 256 * MIB,
              .length = 256 * MIB, .block_size = BLOCK, .block_sizes = BLOCK,
              .dsmad_handle = 2, .attributes = CXL_DCD_REGION_SHARABLE },
        },
    };

    if (head->size) {
        config.num_regions = 1;
        config.regions[0].length = config.regions[0].decode_length =
            head->size;
    }
    config.host_id = head->host;
    return &config;
}

void head_live(Head *head)
{
    static const CXLDcdOps ops = {
        .event = head_event, .sanitize = head_sanitize,
        .outcome = head_outcome, .gap = head_gap,
        .available = head_available, .shared = head_shared,
        .claim = head_claim, .reference = head_reference,
    };
    CXLDcdPoolConfig file = { .block_size = BLOCK, .max_hosts = 8 };
    const CXLDcdConfig *config = head_config(head);
    CXLDcdPoolHead there = {
        .base = BASE, .max_extents = config->max_extents,
        .max_tags = config->max_tags,
    };
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS] = { { 0 } };
    g_autoptr(GError) error = NULL;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        CXLDcdPoolRange all = head_blocks(config->regions[i].base,
                                          config->regions[i].length);

        regions[i] = (CXLDcdPoolRegion) {
            .first = all.first, .count = all.count,
            .decode_length = config->regions[i].decode_length,
            .attributes = config->regions[i].attributes,
        };
        file.size += config->regions[i].length;
    }
    head->told = g_array_new(false, false, sizeof(CXLDcdEvent));
    head->dirty = g_array_new(false, false, sizeof(CXLDcdRange));
    head->pool = cxl_dcd_pool_open(head->path, &file, &error);
    g_assert_no_error(error);
    cxl_dcd_pool_attach(head->pool, head->host, &error);
    g_assert_no_error(error);
    cxl_dcd_pool_set_head(head->pool, head->host, regions, config->num_regions,
                          &there, &error);
    g_assert_no_error(error);
    head->dcd = cxl_dcd_new(config, &ops, head, &error);
    g_assert_no_error(error);
    head_adopt(head);
}

void head_die(Head *head)
{
    cxl_dcd_free(head->dcd);
    head->dcd = NULL;
    cxl_dcd_pool_close(head->pool);
    g_array_unref(head->told);
    g_array_unref(head->dirty);
}

/* --- The host --- */

static bool head_say(Head *head, CXLDcdChain kind, const GArray *ranges,
                     size_t count, GError **error)
{
    bool ok = cxl_dcd_chain_append(head->dcd, kind,
                                   (CXLDcdRange *)(void *)ranges->data, count,
                                   error) &&
              cxl_dcd_chain_end(head->dcd, kind, error);

    cxl_dcd_assert_state(head->dcd);
    return ok;
}

/* The extents of which @ranges are parts */
static void head_widen(Head *head, GArray *ranges)
{
    guint i;

    for (i = 0; head->whole && i < ranges->len; i++) {
        CXLDcdRange *range = &g_array_index(ranges, CXLDcdRange, i);
        CXLDcdExtent e;

        g_assert_true(cxl_dcd_extent_from(head->dcd, range->dpa, &e));
        *range = (CXLDcdRange) { e.dpa, e.len };
    }
}

static void head_answer_group(Head *head, uint8_t type, GArray *ranges)
{
    size_t count = head->offers == TAKE_ALL ? ranges->len :
                   head->offers == TAKE_HALF ? ranges->len / 2 : 0;
    g_autoptr(GError) error = NULL;
    bool ok = true;

    if (type == CXL_DCD_EVENT_ADD) {
        /* One that was withdrawn is answered by nothing, as drivers do. */
        ok = head_say(head, CXL_DCD_CHAIN_ADD_RESPONSE, ranges, count, NULL) ||
             head_say(head, CXL_DCD_CHAIN_ADD_RESPONSE, ranges, 0, &error);
    } else if (type == CXL_DCD_EVENT_RELEASE && head->gives) {
        head_widen(head, ranges);
        ok = head_say(head, CXL_DCD_CHAIN_RELEASE, ranges, ranges->len,
                      &error);
    }
    if (!ok) {
        g_printerr("host %u: %s\n", head->host, error->message);
    }
}

void head_answer(Head *head)
{
    g_autoptr(GArray) ranges = g_array_new(false, false, sizeof(CXLDcdRange));

    while (head->dcd && head->offers != NO_ANSWER && head->told->len) {
        const CXLDcdEvent event = g_array_index(head->told, CXLDcdEvent, 0);
        const CXLDcdRange range = { event.dpa, event.length };

        g_array_remove_index(head->told, 0);
        g_array_append_val(ranges, range);
        if (!event.more) {
            head_answer_group(head, event.type, ranges);
            g_array_set_size(ranges, 0);
        }
    }
}

void head_clean(Head *head)
{
    guint i;

    for (i = 0; i < head->dirty->len; i++) {
        const CXLDcdRange range = g_array_index(head->dirty, CXLDcdRange, i);

        head_finish(head, &range);
        cxl_dcd_sanitized(head->dcd, &range);
    }
    g_array_set_size(head->dirty, 0);
    head->slow = false;
}
