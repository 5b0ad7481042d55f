/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a head finds, takes and shares blocks of its pool
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "head-blocks.h"
#include "head-claim.h"
#include "head-left.h"

typedef bool (*CXLDcdHeadFind)(CXLDcdPool *pool, uint64_t from, uint64_t end,
                               uint64_t count, CXLDcdPoolRange *ret,
                               GError **error);

static bool cxl_dcd_head_find(CXLDcdDevice *device, CXLDcdHeadFind find,
                              uint64_t from, uint64_t end, uint64_t len,
                              CXLDcdRange *ret, GError **error)
{
    CXLDcdPoolRange all = cxl_dcd_head_blocks_of(device, from, end - from),
                    found;
    uint64_t size =
        cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->block_size;
    GError *inner = NULL;

    if (!all.count) {
        return false;
    }
    if (!find(cxl_dcd_head_pool_of(device), all.first, all.first + all.count,
              len / size, &found, &inner)) {
        return inner && cxl_dcd_head_refuse(error, inner);
    }
    ret->dpa = from + (found.first - all.first) * size;
    ret->len = found.count * size;
    return true;
}

static bool cxl_dcd_head_gap(void *opaque, uint64_t from, uint64_t end,
                             uint64_t len, CXLDcdRange *ret, GError **error)
{
    return cxl_dcd_head_find(opaque, cxl_dcd_pool_find, from, end, len, ret,
                             error);
}

static bool cxl_dcd_head_room(void *opaque, uint64_t from, uint64_t end,
                              uint64_t len, CXLDcdRange *ret, GError **error)
{
    return cxl_dcd_head_find(opaque, cxl_dcd_pool_find_apart, from, end, len,
                             ret, error);
}

static bool cxl_dcd_head_available(void *opaque, uint64_t from, uint64_t end,
                                   uint64_t *ret, GError **error)
{
    CXLDcdDevice *device = opaque;
    CXLDcdPool *pool = cxl_dcd_head_pool_of(device);
    CXLDcdPoolRange all = cxl_dcd_head_blocks_of(device, from, end - from);
    GError *inner = NULL;

    if (!cxl_dcd_pool_count_free(pool, all.first, all.first + all.count, ret,
                                 &inner)) {
        return cxl_dcd_head_refuse(error, inner);
    }
    *ret *= cxl_dcd_pool_config(pool)->block_size;
    return true;
}

/* What this host cleans for all who had a tag */
static uint64_t cxl_dcd_head_sanitizing(void *opaque, uint64_t from,
                                        uint64_t end)
{
    CXLDcdDevice *device = opaque;
    CXLDcdPoolRange all = cxl_dcd_head_blocks_of(device, from, end - from);

    return cxl_dcd_left_bytes(device, &all);
}

static GArray *cxl_dcd_head_shared(void *opaque, const CXLDcdTag *tag,
                                   unsigned region, GError **error)
{
    CXLDcdDevice *device = opaque;
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GArray) found = NULL;
    GError *inner = NULL;
    guint i;

    found = cxl_dcd_pool_tag_extents(cxl_dcd_head_pool_of(device), tag->bytes,
                                     &inner);
    if (!found) {
        cxl_dcd_head_refuse(error, inner);
        return NULL;
    }
    extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    for (i = 0; i < found->len; i++) {
        const CXLDcdPoolExtent *e = &g_array_index(found, CXLDcdPoolExtent, i);
        CXLDcdExtent extent = { .tag = *tag, .region = region,
                                .sequence = e->sequence };
        CXLDcdRange range;
        int there = cxl_dcd_head_range_of(device, &e->range, &range);

        if (there != (int)region) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        "the tag's capacity is in region %d, not in region %u",
                        there, region);
            return NULL;
        }
        extent.dpa = range.dpa;
        extent.len = range.len;
        g_array_append_val(extents, extent);
    }
    return g_steal_pointer(&extents);
}

/* --- Memory is taken for what is free --- */

static bool cxl_dcd_head_claims(CXLDcdDevice *device,
                                const CXLDcdExtent *extents, size_t count,
                                uint64_t *ret)
{
    g_autofree CXLDcdPoolRange *ranges = g_new(CXLDcdPoolRange, count);
    size_t i;

    for (i = 0; i < count; i++) {
        ranges[i] =
            cxl_dcd_head_blocks_of(device, extents[i].dpa, extents[i].len);
    }
    return cxl_dcd_pool_free_since(cxl_dcd_head_pool_of(device), ranges, count,
                                   ret);
}

static bool cxl_dcd_head_take(CXLDcdDevice *device, uint64_t offset,
                              uint64_t len)
{
    return cxl_dcd_pool_reserve(cxl_dcd_head_pool_of(device), offset, len,
                                NULL);
}

/*
 * The blocks are claimed, without memory, and left at once: then they are
 * cleaned like all that leaves, and nobody else has them meanwhile.
 */
static void cxl_dcd_head_untake(CXLDcdDevice *device, const CXLDcdRange *range)
{
    CXLDcdPool *pool = cxl_dcd_head_pool_of(device);
    uint16_t host = cxl_dcd_head_host_of(device);
    CXLDcdPoolExtent extent = {
        .range = cxl_dcd_head_blocks_of(device, range->dpa, range->len),
    };
    g_autoptr(GArray) left =
        g_array_new(false, false, sizeof(CXLDcdPoolRange));
    uint64_t claims;

    if (cxl_dcd_pool_free_since(pool, &extent.range, 1, &claims) &&
        cxl_dcd_pool_claim_reserved(pool, host, &extent, 1, false, &claims,
                                    NULL) &&
        cxl_dcd_pool_leave(pool, host, &extent.range, NULL)) {
        g_array_append_val(left, extent.range);
        cxl_dcd_left_add(device, left, true);
    }
}

const CXLDcdPrepareOps cxl_dcd_head_prepare_ops = {
    .claims = cxl_dcd_head_claims,
    .take = cxl_dcd_head_take,
    .undo = cxl_dcd_head_untake,
};

/* --- It is claimed --- */

static int cxl_dcd_head_by_sequence(gconstpointer a, gconstpointer b)
{
    const CXLDcdPoolExtent *x = a, *y = b;

    return x->sequence - y->sequence;
}

static bool cxl_dcd_head_claim(void *opaque, const CXLDcdExtent *extents,
                               size_t count, bool join, GError **error)
{
    CXLDcdDevice *device = opaque;
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    bool shared = config->regions[extents[0].region].attributes &
                  CXL_DCD_REGION_SHARABLE;
    g_autoptr(GArray) list = g_array_new(false, true, sizeof(CXLDcdPoolExtent));
    GError *inner = NULL;
    CXLDcdPrepared prepared;
    uint64_t claims;
    bool ok;
    size_t i;

    if (join) {
        ok = cxl_dcd_pool_share(cxl_dcd_head_pool_of(device),
                                cxl_dcd_head_host_of(device),
                                extents[0].tag.bytes, &inner);
        return ok || cxl_dcd_head_refuse(error, inner);
    }
    prepared = cxl_dcd_prepare(device, extents, count, &claims, error);
    if (prepared == CXL_DCD_PREPARE_REFUSED) {
        return false;
    }
    for (i = 0; i < count; i++) {
        CXLDcdPoolExtent extent = {
            .range =
                cxl_dcd_head_blocks_of(device, extents[i].dpa, extents[i].len),
            .sequence = extents[i].sequence,
        };

        memcpy(extent.tag, extents[i].tag.bytes, sizeof(extent.tag));
        g_array_append_val(list, extent);
    }
    if (shared) {
        g_array_sort(list, cxl_dcd_head_by_sequence);
    }
    ok = cxl_dcd_pool_claim_reserved(
        cxl_dcd_head_pool_of(device), cxl_dcd_head_host_of(device),
        (CXLDcdPoolExtent *)(void *)list->data, count, shared,
        prepared == CXL_DCD_PREPARED ? &claims : NULL, &inner);
    trace_cxl_dcd_pool_claim(device->path, cxl_dcd_head_host_of(device),
                             extents[0].dpa, count, ok);
    if (!ok && prepared == CXL_DCD_PREPARED) {
        cxl_dcd_prepare_undo(device, extents, count);
    }
    return ok || cxl_dcd_head_refuse(error, inner);
}

static bool cxl_dcd_head_reference(void *opaque, const CXLDcdTag *tag,
                                   bool held, GError **error)
{
    CXLDcdDevice *device = opaque;
    g_autoptr(GArray) left =
        g_array_new(false, false, sizeof(CXLDcdPoolRange));
    GError *inner = NULL;

    if (!cxl_dcd_pool_hold_left(cxl_dcd_head_pool_of(device),
                                cxl_dcd_head_host_of(device), tag->bytes, held,
                                left, &inner)) {
        return cxl_dcd_head_refuse(error, inner);
    }
    cxl_dcd_left_add(device, left, true);
    return true;
}

void cxl_dcd_head_claim_ops(CXLDcdOps *ops)
{
    ops->gap = cxl_dcd_head_gap;
    ops->room = cxl_dcd_head_room;
    ops->available = cxl_dcd_head_available;
    ops->sanitizing = cxl_dcd_head_sanitizing;
    ops->shared = cxl_dcd_head_shared;
    ops->claim = cxl_dcd_head_claim;
    ops->reference = cxl_dcd_head_reference;
}
