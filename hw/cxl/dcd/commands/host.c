/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's commands 4800h to 4803h, decoded and encoded
 *
 * CXL r3.2 8.2.10.9.9. What may happen is the core's to decide; here payloads
 * become host-order values and back, and lengths are checked before use.
 */
#include <string.h>
#include "hw/cxl/dcd/core.h"
#include "handlers.h"
#include "host.h"
#include "run.h"

void cxl_dcd_wire_counters(const CXLDcd *dcd, CXLDcdWireCounters *ret)
{
    const CXLDcdConfig *config = cxl_dcd_config(dcd);

    ret->supported_extents = cxl_dcd_put32(config->max_extents);
    ret->available_extents = cxl_dcd_put32(cxl_dcd_available_extents(dcd));
    ret->supported_tags = cxl_dcd_put32(config->max_tags);
    ret->available_tags = cxl_dcd_put32(cxl_dcd_available_tags(dcd));
}

void cxl_dcd_wire_extent(const CXLDcdExtent *extent, CXLDcdWireExtent *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->start_dpa = cxl_dcd_put64(extent->dpa);
    ret->length = cxl_dcd_put64(extent->len);
    memcpy(ret->tag, extent->tag.bytes, sizeof(ret->tag));
    ret->sequence = cxl_dcd_put16(extent->sequence);
}

uint32_t cxl_dcd_wire_listed(const CXLDcd *dcd, uint32_t start, uint32_t count,
                             size_t room, CXLDcdWireExtent *out)
{
    uint32_t total = cxl_dcd_listed_count(dcd), i;
    CXLDcdExtent extent;

    count = MIN(count, total - start);
    count = MIN(count, room / sizeof(*out));
    for (i = 0; i < count && cxl_dcd_listed(dcd, start + i, &extent); i++) {
        cxl_dcd_wire_extent(&extent, &out[i]);
    }
    return i;
}

/* 8.2.10.9.9.1 */
uint16_t cxl_dcd_wire_get_config(CXLDcdCommandContext *context,
                                 const uint8_t *in, size_t in_len,
                                 uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdGetConfigRequest *request = (const CXLDcdGetConfigRequest *)in;
    const CXLDcdConfig *config = cxl_dcd_config(context->dcd);
    CXLDcdGetConfigResponse *response = (CXLDcdGetConfigResponse *)out;
    const size_t fixed = sizeof(*response) + sizeof(CXLDcdWireCounters);
    unsigned first = request->start_region, count, i;

    if (first >= config->num_regions) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < fixed) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(request->region_count, config->num_regions - first);
    count = MIN(count, (out_max - fixed) / sizeof(response->regions[0]));
    memset(response, 0, sizeof(*response));
    response->available_regions = config->num_regions;
    response->returned_regions = count;
    for (i = 0; i < count; i++) {
        const CXLDcdRegionConfig *region = &config->regions[first + i];

        response->regions[i] = (CXLDcdWireRegion) {
            .base = cxl_dcd_put64(region->base),
            .decode_length = cxl_dcd_put64(region->decode_length /
                                           CXL_DCD_CAPACITY_UNIT),
            .length = cxl_dcd_put64(region->length),
            .block_size = cxl_dcd_put64(region->block_size),
            .dsmad_handle = cxl_dcd_put32(region->dsmad_handle),
            .flags = region->sanitize ? CXL_DCD_REGION_SANITIZE : 0,
        };
    }
    cxl_dcd_wire_counters(context->dcd,
                          (CXLDcdWireCounters *)&response->regions[count]);
    *ret_len = fixed + count * sizeof(response->regions[0]);
    return CXL_DCD_RC_SUCCESS;
}

/* 8.2.10.9.9.2: as many extents as fit; a count of 0 asks for the totals */
uint16_t cxl_dcd_wire_get_extent_list(CXLDcdCommandContext *context,
                                      const uint8_t *in, size_t in_len,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len)
{
    const CXLDcdGetExtentListRequest *request =
        (const CXLDcdGetExtentListRequest *)in;
    CXLDcdGetExtentListResponse *response = (CXLDcdGetExtentListResponse *)out;
    uint32_t start = cxl_dcd_get32(request->start_index);
    uint32_t total = cxl_dcd_listed_count(context->dcd), returned;

    if (start > total) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    returned = cxl_dcd_wire_listed(context->dcd, start,
                                   cxl_dcd_get32(request->extent_count),
                                   out_max - sizeof(*response),
                                   response->extents);
    memset(response, 0, sizeof(*response));
    response->returned = cxl_dcd_put32(returned);
    response->total = cxl_dcd_put32(total);
    response->generation = cxl_dcd_put32(cxl_dcd_generation(context->dcd));
    *ret_len = sizeof(*response) + returned * sizeof(response->extents[0]);
    return CXL_DCD_RC_SUCCESS;
}

/*
 * 4802h and 4803h have one layout. The entries of all commands of a chain are
 * collected by the core and judged as one when More = 0 arrives.
 */
static uint16_t cxl_dcd_wire_update(CXLDcdCommandContext *context,
                                    CXLDcdChain kind, const uint8_t *in,
                                    size_t in_len)
{
    const CXLDcdUpdateRequest *request = (const CXLDcdUpdateRequest *)in;
    uint32_t count = cxl_dcd_get32(request->count), i;
    g_autofree CXLDcdRange *ranges = NULL;
    GError *error = NULL;

    if (count > (in_len - sizeof(*request)) / sizeof(request->extents[0])) {
        return CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    }
    if (!count && kind == CXL_DCD_CHAIN_RELEASE) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    ranges = g_new(CXLDcdRange, count);
    for (i = 0; i < count; i++) {
        ranges[i].dpa = cxl_dcd_get64(request->extents[i].start_dpa);
        ranges[i].len = cxl_dcd_get64(request->extents[i].length);
    }
    if (!cxl_dcd_chain_append(context->dcd, kind, ranges, count, &error)) {
        return cxl_dcd_error_code(error);
    }
    if (!(request->flags & CXL_DCD_UPDATE_MORE) &&
        !cxl_dcd_chain_end(context->dcd, kind, &error)) {
        return cxl_dcd_error_code(error);
    }
    return CXL_DCD_RC_SUCCESS;
}

/* 8.2.10.9.9.3 */
uint16_t cxl_dcd_wire_add_response(CXLDcdCommandContext *context,
                                   const uint8_t *in, size_t in_len,
                                   uint8_t *out, size_t out_max,
                                   size_t *ret_len)
{
    *ret_len = 0;
    return cxl_dcd_wire_update(context, CXL_DCD_CHAIN_ADD_RESPONSE, in,
                               in_len);
}

/* 8.2.10.9.9.4 */
uint16_t cxl_dcd_wire_release(CXLDcdCommandContext *context,
                              const uint8_t *in, size_t in_len,
                              uint8_t *out, size_t out_max, size_t *ret_len)
{
    *ret_len = 0;
    return cxl_dcd_wire_update(context, CXL_DCD_CHAIN_RELEASE, in, in_len);
}
