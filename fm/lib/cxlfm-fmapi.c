/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: what each call of the library is in CXL commands
 *
 * Set-up as r3.2 8.2.10.1 has it: Identify tells the largest request, Set
 * Response Message Limit the largest answer.
 */
#include <string.h>
#include "cxlfm-private.h"
#include "hw/cxl/cxl_dcd_wire_fm.h"

/*
 * By its serial number. A device without one has all ones or zeros, several may
 * have the same: then the address tells them apart.
 */
static void cxlfm_fmapi_name(cxlfm *fm, uint64_t serial)
{
    g_autofree char *name = g_strdup_printf("%016" PRIx64, serial);
    bool unique = serial && ~serial;
    guint i;

    for (i = 0; i < fm->devices->len; i++) {
        unique &= !!strcmp(cxlfm_device_name(fm, i), name);
    }
    if (!unique) {
        const char *where = fm->address + strlen("fm:");

        g_free(name);
        name = cxlfm_mctp_endpoints(fm) == 1 ? g_strdup(where) :
               g_strdup_printf("%s,eid=%u", where, cxlfm_mctp_eid(fm));
    }
    cxlfm_add_device(fm, name, "");
}

static int cxlfm_fmapi_identify(cxlfm *fm)
{
    const CxlfmRequest identify = {
        .opcode = CXL_DCD_OP_IDENTIFY,
        .min_answer = sizeof(CXLDcdIdentifyResponse),
    };
    uint8_t limit = CXL_DCD_LIMIT_MAX;
    const CXLDcdIdentifyResponse *id;
    const uint8_t *answer;
    size_t len, request_max;
    uint64_t serial;
    int ret = cxlfm_fmapi_call(fm, &identify, &answer, &len);

    if (ret < 0) {
        return ret;
    }
    id = (const CXLDcdIdentifyResponse *)answer;
    serial = cxl_dcd_get64(id->serial);
    request_max = 1u << CLAMP(id->max_message, CXL_DCD_LIMIT_MIN,
                              CXL_DCD_LIMIT_MAX);
    ret = cxlfm_fmapi_call(fm, CXLFM_PAYLOAD(CXL_DCD_OP_SET_RESPONSE_LIMIT, limit,
                                       1), &answer, &len);
    if (ret < 0) {
        return ret;
    }
    cxlfm_fmapi_set_limits(fm, request_max,
                           1u << CLAMP(answer[0], CXL_DCD_LIMIT_MIN,
                                       CXL_DCD_LIMIT_MAX));
    cxlfm_fmapi_name(fm, serial);
    return 0;
}

static int cxlfm_fmapi_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    int ret = cxlfm_mctp_connect(fm, deadline);
    size_t i;

    for (i = 0; ret >= 0 && i < cxlfm_mctp_endpoints(fm); i++) {
        cxlfm_fmapi_select(fm, i);
        ret = cxlfm_fmapi_identify(fm);
    }
    return ret;
}

int cxlfm_fmapi_senseless(cxlfm *fm, uint16_t opcode)
{
    return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                      "%s: the answer to command %04xh contradicts itself",
                      fm->address, opcode);
}

/* --- Reading --- */

/* 5600h into @fill; the masks of regions go to @ret_info. */
static int cxlfm_fmapi_info(cxlfm *fm, struct cxlfm_snapshot *fill,
                            CXLDcdFmInfoResponse *ret_info)
{
    const CxlfmRequest identify = {
        .opcode = CXL_DCD_OP_IDENTIFY,
        .min_answer = sizeof(CXLDcdIdentifyResponse),
    };
    const CxlfmRequest request = {
        .opcode = CXL_DCD_OP_FM_GET_INFO,
        .min_answer = sizeof(*ret_info),
    };
    const CXLDcdIdentifyResponse *id;
    const uint8_t *answer;
    size_t len;
    int ret = cxlfm_fmapi_call(fm, &identify, &answer, &len);

    if (ret < 0) {
        return ret;
    }
    id = (const CXLDcdIdentifyResponse *)answer;
    fill->serial = cxl_dcd_get64(id->serial);
    fill->vendor = cxl_dcd_get16(id->vendor);
    fill->device = cxl_dcd_get16(id->device);
    ret = cxlfm_fmapi_call(fm, &request, &answer, &len);
    if (ret < 0) {
        return ret;
    }
    memcpy(ret_info, answer, sizeof(*ret_info));
    fill->add_policies = cxl_dcd_get16(ret_info->add_policies);
    fill->removal_policies = cxl_dcd_get16(ret_info->removal_policies);
    fill->total_capacity = cxl_dcd_get64(ret_info->total_capacity) *
                           CXL_DCD_CAPACITY_UNIT;
    return 0;
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
    fill->block_sizes = cxl_dcd_get64(info->block_sizes[index]);
    fill->attributes = region->attributes;
    fill->sanitize = region->sanitize & CXL_DCD_REGION_SANITIZE;
    fill->sanitize_configurable = info->sanitize_configurable >> index & 1;
}

/* 5601h, as often as it takes: 256 bytes hold five of eight regions. */
static int cxlfm_fmapi_host(cxlfm *fm, uint16_t id, struct cxlfm_host *host,
                            const CXLDcdFmInfoResponse *info)
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
        int ret = cxlfm_fmapi_call(fm,
                                   CXLFM_PAYLOAD(CXL_DCD_OP_FM_GET_REGION_CONFIG,
                                           request, sizeof(*r)),
                                   &answer, &len);
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

int cxlfm_fmapi_read_host(cxlfm *fm, uint16_t id, struct cxlfm_host *host)
{
    static const CXLDcdFmInfoResponse no_info;

    return cxlfm_fmapi_host(fm, id, host, &no_info);
}

/* What no host accepted, as far as the FM API can tell */
static void cxlfm_fmapi_available(struct cxlfm_snapshot *fill)
{
    size_t h, i;

    for (h = 0; h < fill->host_count; h++) {
        for (i = 0; i < fill->hosts[h].region_count; i++) {
            fill->hosts[h].regions[i].available =
                fill->hosts[h].regions[i].length;
        }
    }
    for (i = 0; i < fill->extent_count; i++) {
        const struct cxlfm_extent *e = &fill->extents[i];

        for (h = 0; h < fill->host_count; h++) {
            struct cxlfm_region *r = &fill->hosts[h].regions[e->region];

            if (fill->hosts[h].id == e->host) {
                r->available -= MIN(r->available, e->length);
            }
        }
    }
}

static int cxlfm_fmapi_snapshot(cxlfm *fm, size_t device,
                                struct cxlfm_snapshot *fill)
{
    g_autoptr(GArray) extents = g_array_new(false, false,
                                            sizeof(struct cxlfm_extent));
    CXLDcdFmInfoResponse info;
    int ret = cxlfm_fmapi_info(fm, fill, &info);
    unsigned i;

    if (ret < 0) {
        return ret;
    }
    fill->hosts = g_new0(struct cxlfm_host, info.hosts);
    for (i = 0; i < info.hosts; i++) {
        struct cxlfm_host *host = &fill->hosts[fill->host_count];

        ret = cxlfm_fmapi_host(fm, i, host, &info);
        if (ret == CXLFM_ERROR_REFUSED && host->region_count == 0 &&
            fm->return_code == CXL_DCD_RC_INVALID_INPUT) {
            /* A head of a shared device may know of its own host only. */
            memset(host, 0, sizeof(*host));
            continue;
        }
        if (ret >= 0) {
            ret = cxlfm_fmapi_extents(fm, host, extents);
        }
        if (ret < 0) {
            return ret;
        }
        fill->host_count++;
    }
    if (!fill->host_count) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s: the device counts %u hosts and knows none",
                          fm->address, info.hosts);
    }
    fill->extent_count = extents->len;
    fill->extents = (struct cxlfm_extent *)g_array_free(
        g_steal_pointer(&extents), false);
    cxlfm_fmapi_available(fill);
    return 0;
}

const CxlfmDoor cxlfm_door_fmapi = {
    .fmapi = true,
    .connect = cxlfm_fmapi_connect,
    .close = cxlfm_mctp_close,
    .snapshot = cxlfm_fmapi_snapshot,
    .tags = cxlfm_fmapi_tags,
    .add = cxlfm_fmapi_add,
    .release = cxlfm_fmapi_release,
    .reference = cxlfm_fmapi_reference,
    .set_region = cxlfm_fmapi_set_region,
    .subscribe = cxlfm_fmapi_subscribe,
    .pump = cxlfm_mctp_pump,
    .drain = cxlfm_fmapi_drain,
};
