/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's commands 5600h to 5608h
 *
 * CXL r3.2 7.6.7.6. The same core functions serve QMP, so both fronts have one
 * set of rules. The device is one host interface (LD). As a head of a pool it
 * also tells of other hosts (multi-head.c); capacity is added to and taken from
 * them through their own heads.
 */
#include <string.h>
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/pool.h"
#include "handlers.h"
#include "host.h"
#include "multi-head.h"
#include "run.h"

/* The return code of a request to the core, whose @error is freed */
static uint16_t cxl_dcd_fm_outcome(bool ok, GError *error, size_t *ret_len)
{
    *ret_len = 0;
    return ok ? CXL_DCD_RC_SUCCESS : cxl_dcd_error_code(error);
}

/* 7.6.7.6.1 */
uint16_t cxl_dcd_fm_get_info(CXLDcdCommandContext *context,
                             const uint8_t *in, size_t in_len,
                             uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdConfig *config = cxl_dcd_config(context->dcd);
    CXLDcdFmInfoResponse response = {
        /* Identifiers run from 0, so this many reach ours. */
        .hosts = MIN(config->host_id, UINT8_MAX - 1) + 1,
        .regions = config->num_regions,
        .add_policies = cxl_dcd_put16(1 << CXL_DCD_POLICY_FREE |
                                      1 << CXL_DCD_POLICY_CONTIGUOUS |
                                      1 << CXL_DCD_POLICY_PRESCRIPTIVE),
        .removal_policies = cxl_dcd_put16(1 << CXL_DCD_REMOVE_TAG |
                                          1 << CXL_DCD_REMOVE_PRESCRIPTIVE),
    };
    uint64_t total = 0;
    unsigned i;

    if (context->pool) {
        response.hosts = MIN(cxl_dcd_pool_config(context->pool)->max_hosts,
                             UINT8_MAX);
    }
    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *region = &config->regions[i];

        total += region->length;
        response.block_sizes[i] = cxl_dcd_put64(region->block_sizes);
        if (region->sanitize_configurable) {
            response.sanitize_configurable |= 1 << i;
        }
    }
    response.total_capacity = cxl_dcd_put64(total / CXL_DCD_CAPACITY_UNIT);
    return cxl_dcd_respond(&response, sizeof(response), out, out_max, ret_len);
}

/* 7.6.7.6.2 */
uint16_t cxl_dcd_fm_get_region_config(CXLDcdCommandContext *context,
                                      const uint8_t *in, size_t in_len,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len)
{
    const CXLDcdFmRegionConfigRequest *request =
        (const CXLDcdFmRegionConfigRequest *)in;
    const CXLDcdConfig *config = cxl_dcd_config(context->dcd);
    CXLDcdFmRegionConfigResponse *response =
        (CXLDcdFmRegionConfigResponse *)out;
    const size_t fixed = sizeof(*response) + sizeof(CXLDcdWireCounters);
    unsigned first = request->start_region, count, i;

    if (cxl_dcd_fm_elsewhere(context, cxl_dcd_get16(request->host_id))) {
        return cxl_dcd_fm_pool_region_config(context, request, out, out_max,
                                             ret_len);
    }
    if (cxl_dcd_get16(request->host_id) != config->host_id ||
        first >= config->num_regions) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < fixed) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(request->region_count, config->num_regions - first);
    count = MIN(count, (out_max - fixed) / sizeof(response->regions[0]));
    response->host_id = cxl_dcd_put16(config->host_id);
    response->available_regions = config->num_regions;
    response->returned_regions = count;
    for (i = 0; i < count; i++) {
        const CXLDcdRegionConfig *region = &config->regions[first + i];

        response->regions[i] = (CXLDcdFmRegion) {
            .base = cxl_dcd_put64(region->base),
            .decode_length = cxl_dcd_put64(region->decode_length /
                                           CXL_DCD_CAPACITY_UNIT),
            .length = cxl_dcd_put64(region->length),
            .block_size = cxl_dcd_put64(region->block_size),
            .attributes = region->attributes,
            .sanitize = region->sanitize ? CXL_DCD_REGION_SANITIZE : 0,
        };
    }
    cxl_dcd_wire_counters(context->dcd,
                          (CXLDcdWireCounters *)&response->regions[count]);
    *ret_len = fixed + count * sizeof(response->regions[0]);
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.6.3 */
uint16_t cxl_dcd_fm_set_region_config(CXLDcdCommandContext *context,
                                      const uint8_t *in, size_t in_len,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len)
{
    const CXLDcdFmSetRegionRequest *request =
        (const CXLDcdFmSetRegionRequest *)in;
    GError *error = NULL;
    bool ok = cxl_dcd_set_region(context->dcd, request->region,
                                 cxl_dcd_get64(request->block_size),
                                 request->sanitize & CXL_DCD_REGION_SANITIZE,
                                 &error);

    return cxl_dcd_fm_outcome(ok, error, ret_len);
}

/* 7.6.7.6.4 */
uint16_t cxl_dcd_fm_get_extent_lists(CXLDcdCommandContext *context,
                                     const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t out_max,
                                     size_t *ret_len)
{
    const CXLDcdFmExtentListRequest *request =
        (const CXLDcdFmExtentListRequest *)in;
    CXLDcdFmExtentListResponse *response = (CXLDcdFmExtentListResponse *)out;
    uint16_t host = cxl_dcd_config(context->dcd)->host_id;
    uint32_t start = cxl_dcd_get32(request->start_index);
    uint32_t total = cxl_dcd_listed_count(context->dcd), returned;

    if (cxl_dcd_fm_elsewhere(context, cxl_dcd_get16(request->host_id))) {
        return cxl_dcd_fm_pool_extent_lists(context, request, out, out_max,
                                            ret_len);
    }
    if (cxl_dcd_get16(request->host_id) != host || start > total) {
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
    response->host_id = cxl_dcd_put16(host);
    response->start_index = cxl_dcd_put32(start);
    response->returned = cxl_dcd_put32(returned);
    response->total = cxl_dcd_put32(total);
    response->generation = cxl_dcd_put32(cxl_dcd_generation(context->dcd));
    *ret_len = sizeof(*response) + returned * sizeof(response->extents[0]);
    return CXL_DCD_RC_SUCCESS;
}

/*
 * What 5604h and 5605h have in common: the host must be ours, its own head is
 * the only one that can tell another one; and the listed extents, where the
 * policy is @prescriptive, as an array to free, *@ret_count long.
 */
static uint16_t cxl_dcd_fm_decode_initiate(
    const CXLDcdCommandContext *context, const CXLDcdFmInitiateRequest *wire,
    size_t in_len, bool prescriptive, CXLDcdExtent **ret, size_t *ret_count)
{
    uint32_t count = cxl_dcd_get32(wire->extent_count), i;

    if (cxl_dcd_fm_elsewhere(context, cxl_dcd_get16(wire->host_id))) {
        return CXL_DCD_RC_UNSUPPORTED;
    }
    if (!prescriptive) {
        return CXL_DCD_RC_SUCCESS;
    }
    if (count > (in_len - sizeof(*wire)) / sizeof(wire->extents[0])) {
        return CXL_DCD_RC_INVALID_PAYLOAD_LENGTH;
    }
    *ret = g_new0(CXLDcdExtent, count);
    *ret_count = count;
    for (i = 0; i < count; i++) {
        const CXLDcdWireExtent *from = &wire->extents[i];

        (*ret)[i].dpa = cxl_dcd_get64(from->start_dpa);
        (*ret)[i].len = cxl_dcd_get64(from->length);
        memcpy((*ret)[i].tag.bytes, from->tag, sizeof(from->tag));
        (*ret)[i].sequence = cxl_dcd_get16(from->sequence);
    }
    return CXL_DCD_RC_SUCCESS;
}

/* 7.6.7.6.5: success means "offered", not "accepted" */
uint16_t cxl_dcd_fm_initiate_add(CXLDcdCommandContext *context,
                                 const uint8_t *in, size_t in_len,
                                 uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdFmInitiateRequest *wire = (const CXLDcdFmInitiateRequest *)in;
    g_autofree CXLDcdExtent *extents = NULL;
    CXLDcdAddRequest request = {
        .host_id = cxl_dcd_get16(wire->host_id),
        .policy = wire->policy & CXL_DCD_POLICY_MASK,
        .region = wire->region,
        .length = cxl_dcd_get64(wire->length),
    };
    GError *error = NULL;
    uint16_t code;
    bool ok;

    code = cxl_dcd_fm_decode_initiate(
        context, wire, in_len, request.policy == CXL_DCD_POLICY_PRESCRIPTIVE,
        &extents, &request.count);
    if (code != CXL_DCD_RC_SUCCESS) {
        return code;
    }
    memcpy(request.tag.bytes, wire->tag, sizeof(wire->tag));
    request.extents = extents;
    ok = cxl_dcd_add(context->dcd, &request, &error);
    return cxl_dcd_fm_outcome(ok, error, ret_len);
}

/* 7.6.7.6.6: success means "asked" unless forced */
uint16_t cxl_dcd_fm_initiate_release(CXLDcdCommandContext *context,
                                     const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t out_max,
                                     size_t *ret_len)
{
    const CXLDcdFmInitiateRequest *wire = (const CXLDcdFmInitiateRequest *)in;
    g_autofree CXLDcdExtent *extents = NULL;
    CXLDcdRemoveRequest request = {
        .host_id = cxl_dcd_get16(wire->host_id),
        .policy = wire->policy & CXL_DCD_REMOVE_POLICY_MASK,
        .forced = wire->policy & CXL_DCD_REMOVE_FORCED,
        .sanitize = wire->policy & CXL_DCD_REMOVE_SANITIZE,
        .length = cxl_dcd_get64(wire->length),
    };
    GError *error = NULL;
    uint16_t code;
    bool ok;

    code = cxl_dcd_fm_decode_initiate(
        context, wire, in_len, request.policy == CXL_DCD_REMOVE_PRESCRIPTIVE,
        &extents, &request.count);
    if (code != CXL_DCD_RC_SUCCESS) {
        return code;
    }
    memcpy(request.tag.bytes, wire->tag, sizeof(wire->tag));
    request.extents = extents;
    ok = cxl_dcd_remove(context->dcd, &request, &error);
    return cxl_dcd_fm_outcome(ok, error, ret_len);
}

typedef bool CXLDcdReferenceFn(CXLDcd *dcd, const CXLDcdTag *tag,
                               GError **error);

static uint16_t cxl_dcd_fm_reference(CXLDcdCommandContext *context,
                                     const uint8_t *in,
                                     CXLDcdReferenceFn *change,
                                     size_t *ret_len)
{
    const CXLDcdFmReferenceRequest *request =
        (const CXLDcdFmReferenceRequest *)in;
    GError *error = NULL;
    CXLDcdTag tag;
    bool ok;

    memcpy(tag.bytes, request->tag, sizeof(request->tag));
    ok = change(context->dcd, &tag, &error);
    return cxl_dcd_fm_outcome(ok, error, ret_len);
}

/* 7.6.7.6.7 */
uint16_t cxl_dcd_fm_add_reference(CXLDcdCommandContext *context,
                                  const uint8_t *in, size_t in_len,
                                  uint8_t *out, size_t out_max,
                                  size_t *ret_len)
{
    return cxl_dcd_fm_reference(context, in, cxl_dcd_reference_add, ret_len);
}

/* 7.6.7.6.8 */
uint16_t cxl_dcd_fm_remove_reference(CXLDcdCommandContext *context,
                                     const uint8_t *in, size_t in_len,
                                     uint8_t *out, size_t out_max,
                                     size_t *ret_len)
{
    return cxl_dcd_fm_reference(context, in, cxl_dcd_reference_remove,
                                ret_len);
}

/* 7.6.7.6.9 */
uint16_t cxl_dcd_fm_list_tags(CXLDcdCommandContext *context,
                              const uint8_t *in, size_t in_len,
                              uint8_t *out, size_t out_max, size_t *ret_len)
{
    const CXLDcdFmListTagsRequest *request =
        (const CXLDcdFmListTagsRequest *)in;
    CXLDcdFmListTagsResponse *response = (CXLDcdFmListTagsResponse *)out;
    uint16_t host = cxl_dcd_config(context->dcd)->host_id;
    uint32_t start = cxl_dcd_get32(request->start_index);
    uint32_t total = cxl_dcd_tag_count(context->dcd), count, i;
    CXLDcdTagInfo info;

    if (context->pool) {
        return cxl_dcd_fm_pool_list_tags(context, request, out, out_max,
                                         ret_len);
    }
    if (start > total) {
        return CXL_DCD_RC_INVALID_INPUT;
    }
    if (out_max < sizeof(*response)) {
        return CXL_DCD_RC_INTERNAL_ERROR;
    }
    count = MIN(cxl_dcd_get32(request->max_tags), total - start);
    count = MIN(count, (out_max - sizeof(*response)) / sizeof(CXLDcdFmTag));
    for (i = 0; i < count &&
                cxl_dcd_tag_info(context->dcd, start + i, &info); i++) {
        CXLDcdFmTag *tag = &response->tags[i];

        memset(tag, 0, sizeof(*tag));
        memcpy(tag->tag, info.tag.bytes, sizeof(tag->tag));
        tag->flags = info.referenced ? CXL_DCD_TAG_FM_REFERENCE : 0;
        cxl_dcd_fm_tag_host(tag->accepted, host, info.accepted);
        cxl_dcd_fm_tag_host(tag->pending, host, info.pending);
    }
    memset(response, 0, sizeof(*response));
    response->generation = cxl_dcd_put32(cxl_dcd_tag_generation(context->dcd));
    response->total = cxl_dcd_put32(total);
    response->returned = cxl_dcd_put32(i);
    response->validity = CXL_DCD_TAGS_REFERENCES_VALID |
                         CXL_DCD_TAGS_PENDING_VALID;
    *ret_len = sizeof(*response) + i * sizeof(CXLDcdFmTag);
    return CXL_DCD_RC_SUCCESS;
}
