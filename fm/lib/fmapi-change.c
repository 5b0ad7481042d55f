/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: the commands that change something (5602h, 5604h to 5607h)
 */
#include <inttypes.h>
#include <string.h>
#include "error.h"
#include "fmapi-call.h"
#include "fmapi-change.h"
#include "fmapi-config.h"
#include "fmapi-list.h"
#include "snapshot.h"

/*
 * The DPA at which @region begins for @host: the FM API names extents by DPA,
 * our callers by their offset in the region.
 */
static int cxlfm_fmapi_base(cxlfm *fm, uint16_t id, uint8_t region,
                            uint64_t *ret_base)
{
    struct cxlfm_host host = { 0 };
    int ret = cxlfm_fmapi_host(fm, id, NULL, &host);

    if (ret < 0) {
        return ret;
    }
    if (region >= host.region_count) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "region %u does not exist: host %u has regions 0 to "
                          "%d", region, id, host.region_count - 1);
    }
    *ret_base = host.regions[region].base;
    return 0;
}

size_t cxlfm_fmapi_extent_limit(const cxlfm *fm)
{
    return (cxlfm_fmapi_request_max(fm) - sizeof(CXLDcdFmInitiateRequest)) /
           sizeof(CXLDcdWireExtent);
}

/* 5604h or 5605h, which have one layout; @count is 0 unless prescriptive. */
static int cxlfm_fmapi_initiate(cxlfm *fm, uint16_t opcode,
                                const CXLDcdFmInitiateRequest *head,
                                const uint8_t *tag,
                                const struct cxlfm_extent *extents,
                                size_t count)
{
    uint8_t buffer[1 << CXL_DCD_LIMIT_MAX] = { 0 };
    CXLDcdFmInitiateRequest *wire = (CXLDcdFmInitiateRequest *)buffer;
    size_t max = cxlfm_fmapi_extent_limit(fm), i, len;
    const uint8_t *answer;
    uint64_t base = 0;
    int ret;

    *wire = *head;
    if (count > max) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%zu extents do not fit one FM API request, %zu do; "
                          "make several requests, or use QMP", count, max);
    }
    if (count) {
        ret = cxlfm_fmapi_base(fm, cxl_dcd_get16(head->host_id), head->region,
                               &base);
        if (ret < 0) {
            return ret;
        }
        wire->region = 0;         /* reserved: the DPA tells the region */
    }
    for (i = 0; i < count; i++) {
        if (extents[i].offset > UINT64_MAX - base) {
            return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                              "offset 0x%" PRIx64 " is beyond the address "
                              "space", extents[i].offset);
        }
        wire->extents[i].start_dpa = cxl_dcd_put64(base + extents[i].offset);
        wire->extents[i].length = cxl_dcd_put64(extents[i].length);
        memcpy(wire->extents[i].tag, tag, CXL_DCD_TAG_SIZE);
    }
    wire->extent_count = cxl_dcd_put32(count);
    return cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                .opcode = opcode, .payload = buffer,
                                .len = sizeof(*wire) +
                                       count * sizeof(wire->extents[0]),
                                .changes = true,
                            }, &answer, &len);
}

int cxlfm_fmapi_add(cxlfm *fm, size_t device,
                    const struct cxlfm_add *request)
{
    bool listed = request->policy == CXLFM_POLICY_PRESCRIPTIVE;
    CXLDcdFmInitiateRequest head = {
        .host_id = cxl_dcd_put16(request->host),
        .policy = request->policy,
        .region = request->region,
    };

    if (!listed) {
        memcpy(head.tag, request->tag, sizeof(head.tag));
        if (request->policy != CXLFM_POLICY_SHARED) {
            head.length = cxl_dcd_put64(request->length);
        }
    }
    return cxlfm_fmapi_initiate(fm, CXL_DCD_OP_FM_INITIATE_ADD, &head,
                                request->tag, request->extents,
                                listed ? request->extent_count : 0);
}

/* A release by tag has no "all of it": it must say how many bytes. */
static int cxlfm_fmapi_tag_bytes(cxlfm *fm, size_t device, uint16_t host,
                                 const uint8_t *tag, uint64_t *ret_bytes)
{
    struct cxlfm_snapshot *snapshot = g_new0(struct cxlfm_snapshot, 1);
    int ret = cxlfm_fmapi_snapshot(fm, device, snapshot);

    if (ret >= 0) {
        *ret_bytes = cxlfm_snapshot_tag_bytes(snapshot, host, tag);
    }
    cxlfm_snapshot_free(snapshot);
    return ret;
}

int cxlfm_fmapi_release(cxlfm *fm, size_t device,
                        const struct cxlfm_release *request)
{
    bool listed = request->removal == CXLFM_REMOVE_PRESCRIPTIVE;
    CXLDcdFmInitiateRequest head = {
        .host_id = cxl_dcd_put16(request->host),
        .policy = request->removal |
                  (request->force ? CXL_DCD_REMOVE_FORCED : 0) |
                  (request->sanitize ? CXL_DCD_REMOVE_SANITIZE : 0),
        .region = request->region,
    };
    uint64_t bytes = request->length;

    if (!listed) {
        int ret = bytes ? 0 : cxlfm_fmapi_tag_bytes(fm, device, request->host,
                                                    request->tag, &bytes);

        if (ret < 0) {
            return ret;
        }
        head.region = 0;
        head.length = cxl_dcd_put64(bytes);
        memcpy(head.tag, request->tag, sizeof(head.tag));
    }
    return cxlfm_fmapi_initiate(fm, CXL_DCD_OP_FM_INITIATE_RELEASE, &head,
                                request->tag, request->extents,
                                listed ? request->extent_count : 0);
}

int cxlfm_fmapi_reference(cxlfm *fm, size_t device, const uint8_t *tag,
                          bool held)
{
    CXLDcdFmReferenceRequest wire;
    const uint8_t *answer;
    size_t len;

    memcpy(wire.tag, tag, sizeof(wire.tag));
    return cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                .opcode = held ? CXL_DCD_OP_FM_ADD_REFERENCE :
                                          CXL_DCD_OP_FM_REMOVE_REFERENCE,
                                .payload = &wire, .len = sizeof(wire),
                                .changes = true,
                            }, &answer, &len);
}

int cxlfm_fmapi_set_region(cxlfm *fm, size_t device, uint8_t region,
                           uint64_t block_size, bool sanitize)
{
    const CXLDcdFmSetRegionRequest wire = {
        .region = region,
        .block_size = cxl_dcd_put64(block_size),
        .sanitize = sanitize ? CXL_DCD_REGION_SANITIZE : 0,
    };
    const uint8_t *answer;
    size_t len;

    return cxlfm_fmapi_call(fm, &(const CxlfmRequest) {
                                .opcode = CXL_DCD_OP_FM_SET_REGION_CONFIG,
                                .payload = &wire, .len = sizeof(wire),
                                .changes = true,
                            }, &answer, &len);
}
