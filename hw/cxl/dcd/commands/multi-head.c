/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's view of a pool
 *
 * Multi-headed device commands (CXL r3.2 7.6.7.5: 5500h, 5501h), and the parts
 * of 56xxh that are about other hosts than the device's own: read from the
 * pool's file, whichever process is that host. LD n, head n and host n are one.
 */
#include <errno.h>
#include <string.h>
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/pool.h"
#include "handlers.h"
#include "host.h"
#include "multi-head.h"

/* LDs and heads are counted in one byte; FFh is "no head" */
static unsigned cxl_dcd_heads(const CXLDcdCommandContext *context)
{
    return MIN(cxl_dcd_pool_config(context->pool)->max_hosts, UINT8_MAX);
}

/* 7.6.7.5.1 */
uint16_t cxl_dcd_mhd_get_info(CXLDcdCommandContext *context,
                              const uint8_t *in, size_t in_len,
                              uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdMhdInfoRequest *request = (const CXLDcdMhdInfoRequest *)in;
    CXLDcdMhdInfoResponse *response = (CXLDcdMhdInfoResponse *)out;
    unsigned heads, count, i;

    if (!context->pool) {
        return CXL_DCD_RC_UNSUPPORTED;
    }
    heads = cxl_dcd_heads(context);
    if (request->start_ld >= heads) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(request->max_lds, heads - request->start_ld);
    count = MIN(count, out_max - sizeof(*response));
    *response = (CXLDcdMhdInfoResponse) {
        .lds = heads, .heads = heads, .start_ld = request->start_ld,
        .map_length = count,
    };
    for (i = 0; i < count; i++) {
        response->map[i] = request->start_ld + i;
    }
    *ret_len = sizeof(*response) + count;
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.5.2: all heads have the same link; it is up while the host is alive */
uint16_t cxl_dcd_mhd_get_heads(CXLDcdCommandContext *context,
                               const uint8_t *in, size_t in_len,
                               uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdHeadInfoRequest *request = (const CXLDcdHeadInfoRequest *)in;
    CXLDcdHeadInfoResponse *response = (CXLDcdHeadInfoResponse *)out;
    unsigned heads, count, i;

    if (!context->pool) {
        return CXL_DCD_RC_UNSUPPORTED;
    }
    heads = cxl_dcd_heads(context);
    if (request->start_head >= heads) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(request->max_heads, heads - request->start_head);
    count = MIN(count, (out_max - sizeof(*response)) /
                       sizeof(response->heads[0]));
    *response = (CXLDcdHeadInfoResponse) { .returned = count };
    for (i = 0; i < count; i++) {
        unsigned head = request->start_head + i;
        CXLDcdHeadInfo *info = &response->heads[i];

        *info = context->link;
        info->port = head;
        info->ltssm = CXL_DCD_LTSSM_L0;
        if (!cxl_dcd_pool_alive(context->pool, head)) {
            info->ltssm = CXL_DCD_LTSSM_DISABLED;
            info->current_width = 0;
            info->current_speed = 0;
        }
    }
    *ret_len = sizeof(*response) + count * sizeof(response->heads[0]);
    return CXL_DCD_RC_SUCCESS;
}

/* --- 56xxh of other hosts --- */

bool cxl_dcd_fm_elsewhere(const CXLDcdCommandContext *context, uint16_t host)
{
    return context->pool && host != cxl_dcd_config(context->dcd)->host_id &&
           host < cxl_dcd_pool_config(context->pool)->max_hosts;
}

/*
 * What is told is of one moment. While another process has the pool's lock
 * nothing can be told, which is not the same as that there is nothing.
 */
static bool cxl_dcd_pool_look(const CXLDcdCommandContext *context,
                              uint16_t *ret_code)
{
    g_autoptr(GError) error = NULL;

    if (cxl_dcd_pool_freeze(context->pool, &error)) {
        return true;
    }
    *ret_code = error->code == ETIMEDOUT ? CXL_DCD_RC_RETRY_REQUIRED :
                                           CXL_DCD_RC_INTERNAL_ERROR;
    return false;
}

/* DPA of region @index, and the region that has @block; -1: none */
static int cxl_dcd_pool_region_at(const CXLDcdPoolRegion *regions,
                                  unsigned count, uint64_t block)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        if (block >= regions[i].first &&
            block - regions[i].first < regions[i].count) {
            return i;
        }
    }
    return -1;
}

static uint64_t cxl_dcd_pool_base(const CXLDcdPoolRegion *regions,
                                  unsigned index, const CXLDcdPoolHead *head)
{
    uint64_t base = head->base;

    while (index--) {
        base += regions[index].decode_length;
    }
    return base;
}

static unsigned cxl_dcd_pool_count_tags(const GArray *used)
{
    g_autoptr(GHashTable) tags = g_hash_table_new_full(g_bytes_hash,
        g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
    CXLDcdTag tag;
    guint i;

    for (i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);

        memcpy(tag.bytes, one->extent.tag, sizeof(tag.bytes));
        if (!cxl_dcd_tag_is_null(&tag)) {
            g_hash_table_add(tags, g_bytes_new(&tag, sizeof(tag)));
        }
    }
    return g_hash_table_size(tags);
}

static void cxl_dcd_pool_counters(const CXLDcdPoolHostInfo *info,
                                  CXLDcdWireCounters *ret)
{
    uint32_t extents = MIN(info->used->len, info->head.max_extents);
    uint32_t tags = MIN(cxl_dcd_pool_count_tags(info->used),
                        info->head.max_tags);

    ret->supported_extents = cxl_dcd_put32(info->head.max_extents);
    ret->available_extents = cxl_dcd_put32(info->head.max_extents - extents);
    ret->supported_tags = cxl_dcd_put32(info->head.max_tags);
    ret->available_tags = cxl_dcd_put32(info->head.max_tags - tags);
}

/* A host that never was has regions that are not available: 0 */
static uint16_t cxl_dcd_pool_tell_regions(CXLDcdCommandContext *context,
                                          const CXLDcdFmRegionConfigRequest *in,
                                          uint8_t *out, size_t out_max,
                                          size_t *ret_len)
{
    CXLDcdFmRegionConfigResponse *response =
        (CXLDcdFmRegionConfigResponse *)out;
    const size_t fixed = sizeof(*response) + sizeof(CXLDcdWireCounters);
    uint64_t block = cxl_dcd_pool_config(context->pool)->block_size;
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS];
    unsigned total = cxl_dcd_pool_regions(context->pool, regions);
    unsigned first = in->start_region, count, i;
    g_autoptr(GArray) used = NULL;
    CXLDcdPoolHostInfo info;

    if (first >= total) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < fixed ||
        !cxl_dcd_pool_host(context->pool, cxl_dcd_get16(in->host_id), true,
                           &info)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    used = info.used;
    count = MIN(in->region_count, total - first);
    count = MIN(count, (out_max - fixed) / sizeof(response->regions[0]));
    *response = (CXLDcdFmRegionConfigResponse) {
        .host_id = in->host_id, .available_regions = total,
        .returned_regions = count,
    };
    for (i = 0; i < count; i++) {
        const CXLDcdPoolRegion *region = &regions[first + i];

        response->regions[i] = (CXLDcdFmRegion) { 0 };
        if (!info.known) {
            continue;
        }
        response->regions[i] = (CXLDcdFmRegion) {
            .base = cxl_dcd_put64(cxl_dcd_pool_base(regions, first + i,
                                                    &info.head)),
            .decode_length = cxl_dcd_put64(region->decode_length /
                                           CXL_DCD_CAPACITY_UNIT),
            .length = cxl_dcd_put64(region->count * block),
            .block_size = cxl_dcd_put64(block),
            .attributes = region->attributes |
                (info.head.read_only & 1 << (first + i) ?
                 CXL_DCD_REGION_READ_ONLY : 0),
            .sanitize = region->sanitize ? CXL_DCD_REGION_SANITIZE : 0,
        };
    }
    cxl_dcd_pool_counters(&info,
                          (CXLDcdWireCounters *)&response->regions[count]);
    *ret_len = fixed + count * sizeof(response->regions[0]);
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.6.2 */
uint16_t cxl_dcd_fm_pool_region_config(CXLDcdCommandContext *context,
                                       const CXLDcdFmRegionConfigRequest *in,
                                       uint8_t *out, size_t out_max,
                                       size_t *ret_len)
{
    uint16_t code;

    if (cxl_dcd_pool_look(context, &code)) {
        code = cxl_dcd_pool_tell_regions(context, in, out, out_max, ret_len);
        cxl_dcd_pool_thaw(context->pool);
    }
    return code;
}

static uint16_t cxl_dcd_pool_tell_extents(CXLDcdCommandContext *context,
                                          const CXLDcdFmExtentListRequest *in,
                                          uint8_t *out, size_t out_max,
                                          size_t *ret_len)
{
    CXLDcdFmExtentListResponse *response = (CXLDcdFmExtentListResponse *)out;
    uint64_t block = cxl_dcd_pool_config(context->pool)->block_size;
    uint32_t start = cxl_dcd_get32(in->start_index), count, total = 0, n = 0;
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS];
    unsigned num = cxl_dcd_pool_regions(context->pool, regions);
    g_autoptr(GArray) used = NULL;
    CXLDcdPoolHostInfo info;
    guint i;

    if (out_max < sizeof(*response) ||
        !cxl_dcd_pool_host(context->pool, cxl_dcd_get16(in->host_id), true,
                           &info)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    used = info.used;
    count = MIN(cxl_dcd_get32(in->extent_count),
                (out_max - sizeof(*response)) / sizeof(response->extents[0]));
    for (i = 0; i < used->len; i++) {
        const CXLDcdPoolUsed *one = &g_array_index(used, CXLDcdPoolUsed, i);
        uint64_t first = one->extent.range.first;
        int region = cxl_dcd_pool_region_at(regions, num, first);
        CXLDcdExtent extent = { .len = one->extent.range.count * block,
                                .sequence = one->extent.sequence };

        if (one->use != CXL_DCD_POOL_ACCEPTED || region < 0) {
            continue;
        }
        if (total++ < start || n >= count) {
            continue;
        }
        extent.dpa = cxl_dcd_pool_base(regions, region, &info.head) +
                     (first - regions[region].first) * block;
        memcpy(extent.tag.bytes, one->extent.tag, sizeof(extent.tag.bytes));
        cxl_dcd_wire_extent(&extent, &response->extents[n++]);
    }
    if (start > total) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    memset(response, 0, sizeof(*response));
    response->host_id = in->host_id;
    response->start_index = in->start_index;
    response->returned = cxl_dcd_put32(n);
    response->total = cxl_dcd_put32(total);
    response->generation = cxl_dcd_put32(info.generation);
    *ret_len = sizeof(*response) + n * sizeof(response->extents[0]);
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.6.4 */
uint16_t cxl_dcd_fm_pool_extent_lists(CXLDcdCommandContext *context,
                                      const CXLDcdFmExtentListRequest *in,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len)
{
    uint16_t code;

    if (cxl_dcd_pool_look(context, &code)) {
        code = cxl_dcd_pool_tell_extents(context, in, out, out_max, ret_len);
        cxl_dcd_pool_thaw(context->pool);
    }
    return code;
}

static void cxl_dcd_pool_tag(const CXLDcdPoolTagInfo *info, CXLDcdFmTag *ret)
{
    guint i;

    memset(ret, 0, sizeof(*ret));
    memcpy(ret->tag, info->tag, sizeof(ret->tag));
    ret->flags = info->held ? CXL_DCD_TAG_FM_REFERENCE : 0;
    for (i = 0; i < info->hosts->len; i++) {
        const CXLDcdPoolReference *one =
            &g_array_index(info->hosts, CXLDcdPoolReference, i);

        if (one->use == CXL_DCD_POOL_ACCEPTED) {
            cxl_dcd_fm_tag_host(ret->accepted, one->host, true);
        } else if (one->use == CXL_DCD_POOL_PENDING) {
            cxl_dcd_fm_tag_host(ret->pending, one->host, true);
        }
    }
}

static uint16_t cxl_dcd_pool_tell_tags(CXLDcdCommandContext *context,
                                       const CXLDcdFmListTagsRequest *in,
                                       uint8_t *out, size_t out_max,
                                       size_t *ret_len)
{
    CXLDcdFmListTagsResponse *response = (CXLDcdFmListTagsResponse *)out;
    uint32_t start = cxl_dcd_get32(in->start_index), count, generation, i;
    g_autoptr(GArray) tags = cxl_dcd_pool_tags(context->pool, &generation);

    if (start > tags->len) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(cxl_dcd_get32(in->max_tags), tags->len - start);
    count = MIN(count, (out_max - sizeof(*response)) / sizeof(CXLDcdFmTag));
    for (i = 0; i < count; i++) {
        cxl_dcd_pool_tag(&g_array_index(tags, CXLDcdPoolTagInfo, start + i),
                         &response->tags[i]);
    }
    *response = (CXLDcdFmListTagsResponse) {
        .generation = cxl_dcd_put32(generation),
        .total = cxl_dcd_put32(tags->len),
        .returned = cxl_dcd_put32(count),
        .validity = CXL_DCD_TAGS_REFERENCES_VALID | CXL_DCD_TAGS_PENDING_VALID,
    };
    *ret_len = sizeof(*response) + count * sizeof(CXLDcdFmTag);
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.6.9, of all hosts */
uint16_t cxl_dcd_fm_pool_list_tags(CXLDcdCommandContext *context,
                                   const CXLDcdFmListTagsRequest *in,
                                   uint8_t *out, size_t out_max,
                                   size_t *ret_len)
{
    uint16_t code;

    if (cxl_dcd_pool_look(context, &code)) {
        code = cxl_dcd_pool_tell_tags(context, in, out, out_max, ret_len);
        cxl_dcd_pool_thaw(context->pool);
    }
    return code;
}
