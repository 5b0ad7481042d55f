/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: what a device and its hosts are, and where extents are
 */
#include <string.h>
#include "fmapi-call.h"
#include "fmapi-config.h"

int cxlfm_fmapi_identify(cxlfm *fm, CXLDcdIdentifyResponse *ret_id)
{
    const CxlfmRequest request = {
        .opcode = CXL_DCD_OP_IDENTIFY, .min_answer = sizeof(*ret_id),
    };
    const uint8_t *answer;
    size_t len;
    int ret = cxlfm_fmapi_call(fm, &request, &answer, &len);

    if (ret >= 0) {
        memcpy(ret_id, answer, sizeof(*ret_id));
    }
    return ret;
}

int cxlfm_fmapi_info(cxlfm *fm, CXLDcdFmInfoResponse *ret_info)
{
    const CxlfmRequest request = {
        .opcode = CXL_DCD_OP_FM_GET_INFO, .min_answer = sizeof(*ret_info),
    };
    const uint8_t *answer;
    size_t len;
    int ret = cxlfm_fmapi_call(fm, &request, &answer, &len);

    if (ret >= 0) {
        memcpy(ret_info, answer, sizeof(*ret_info));
    }
    return ret;
}

static void cxlfm_fmapi_region(struct cxlfm_region *fill, uint8_t index,
                               const CXLDcdFmRegion *region,
                               const CXLDcdFmInfoResponse *info)
{
    fill->index = index;
    fill->base = cxl_dcd_get64(region->base);
    fill->decode_length = cxl_dcd_get64(region->decode_length) *
                          CXL_DCD_CAPACITY_UNIT;
    fill->length = cxl_dcd_get64(region->length);
    fill->block_size = cxl_dcd_get64(region->block_size);
    fill->available = CXLFM_UNKNOWN;
    fill->attributes = region->attributes;
    fill->sanitize = region->sanitize & CXL_DCD_REGION_SANITIZE;
    if (info) {
        fill->block_sizes = cxl_dcd_get64(info->block_sizes[index]);
        fill->sanitize_configurable = info->sanitize_configurable >> index & 1;
    }
}

/* As often as it takes: 256 bytes hold five of eight regions. */
int cxlfm_fmapi_host(cxlfm *fm, uint16_t id, const CXLDcdFmInfoResponse *info,
                     struct cxlfm_host *host)
{
    unsigned available;

    host->id = id;
    do {
        const CXLDcdFmRegionConfigRequest request = {
            .host_id = cxl_dcd_put16(id),
            .region_count = CXL_DCD_MAX_REGIONS - host->region_count,
            .start_region = host->region_count,
        };
        const CXLDcdFmRegionConfigResponse *r;
        const CXLDcdWireCounters *counters;
        const uint8_t *answer;
        size_t len;
        int ret = cxlfm_fmapi_call(
            fm, CXLFM_PAYLOAD(CXL_DCD_OP_FM_GET_REGION_CONFIG, request,
                              sizeof(*r)), &answer, &len);
        unsigned i;

        if (ret < 0) {
            return ret;
        }
        r = (const CXLDcdFmRegionConfigResponse *)answer;
        available = r->available_regions;
        counters = (const CXLDcdWireCounters *)&r->regions[r->returned_regions];
        if (available > CXL_DCD_MAX_REGIONS || !r->returned_regions ||
            host->region_count + r->returned_regions > available ||
            len < sizeof(*r) + sizeof(*counters) +
            r->returned_regions * sizeof(r->regions[0])) {
            return cxlfm_fmapi_senseless(fm, CXL_DCD_OP_FM_GET_REGION_CONFIG);
        }
        for (i = 0; i < r->returned_regions; i++) {
            unsigned at = host->region_count + i;

            cxlfm_fmapi_region(&host->regions[at], at, &r->regions[i], info);
        }
        host->region_count += r->returned_regions;
        host->supported_extents = cxl_dcd_get32(counters->supported_extents);
        host->available_extents = cxl_dcd_get32(counters->available_extents);
        host->supported_tags = cxl_dcd_get32(counters->supported_tags);
        host->available_tags = cxl_dcd_get32(counters->available_tags);
    } while (host->region_count < available);
    return 0;
}

void cxlfm_fmapi_extent(const CXLDcdWireExtent *wire, uint16_t host,
                        struct cxlfm_extent *fill)
{
    memset(fill, 0, sizeof(*fill));
    fill->dpa = cxl_dcd_get64(wire->start_dpa);
    fill->length = cxl_dcd_get64(wire->length);
    memcpy(fill->tag, wire->tag, sizeof(fill->tag));
    fill->sequence = cxl_dcd_get16(wire->sequence);
    fill->host = host;
    fill->state = CXLFM_EXTENT_ACCEPTED;
}

bool cxlfm_fmapi_locate(const struct cxlfm_host *host,
                        struct cxlfm_extent *extent)
{
    unsigned i;

    for (i = 0; i < host->region_count; i++) {
        const struct cxlfm_region *r = &host->regions[i];

        if (extent->dpa >= r->base &&
            extent->dpa - r->base < r->decode_length) {
            extent->region = i;
            extent->offset = extent->dpa - r->base;
            return true;
        }
    }
    return false;
}
