/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: what each call of the library is in CXL commands
 *
 * Set-up as r3.2 8.2.10.1 has it: Identify tells the largest request, Set
 * Response Message Limit the largest answer. Lists come in parts; their
 * generation number tells whether the parts belong together.
 */
#include <string.h>
#include "cxlfm-private.h"
#include "hw/cxl/cxl_dcd_wire.h"

#define RESTARTS 64               /* of a list that changes under our hands */

#define PAYLOAD(op, data, minimum) \
    (&(const CxlfmRequest) { .opcode = (op), .payload = &(data), \
                             .len = sizeof(data), .min_answer = (minimum) })

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
    char name[17];
    int ret = cxlfm_fmapi_call(fm, &identify, &answer, &len);

    if (ret < 0) {
        return ret;
    }
    id = (const CXLDcdIdentifyResponse *)answer;
    serial = cxl_dcd_get64(id->serial);
    g_snprintf(name, sizeof(name), "%016" PRIx64, serial);
    request_max = 1u << CLAMP(id->max_message, CXL_DCD_LIMIT_MIN,
                              CXL_DCD_LIMIT_MAX);
    ret = cxlfm_fmapi_call(fm, PAYLOAD(CXL_DCD_OP_SET_RESPONSE_LIMIT, limit,
                                       1), &answer, &len);
    if (ret < 0) {
        return ret;
    }
    cxlfm_fmapi_set_limits(fm, request_max,
                           1u << CLAMP(answer[0], CXL_DCD_LIMIT_MIN,
                                       CXL_DCD_LIMIT_MAX));
    /* A device without a serial number has all ones (or zeros). */
    cxlfm_add_device(fm, serial && ~serial ? name : fm->address +
                     strlen("fm:"), "");
    return 0;
}

static int cxlfm_fmapi_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    int ret = cxlfm_mctp_connect(fm, deadline);

    return ret < 0 ? ret : cxlfm_fmapi_identify(fm);
}

static int cxlfm_fmapi_senseless(cxlfm *fm, uint16_t opcode)
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
                                   PAYLOAD(CXL_DCD_OP_FM_GET_REGION_CONFIG,
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

/* Which region of @host the DPA is in gives region and offset. */
static bool cxlfm_fmapi_extent(const struct cxlfm_host *host,
                               const CXLDcdWireExtent *wire,
                               struct cxlfm_extent *fill)
{
    unsigned i;

    memset(fill, 0, sizeof(*fill));
    fill->dpa = cxl_dcd_get64(wire->start_dpa);
    fill->length = cxl_dcd_get64(wire->length);
    memcpy(fill->tag, wire->tag, sizeof(fill->tag));
    fill->sequence = cxl_dcd_get16(wire->sequence);
    fill->host = host->id;
    fill->state = CXLFM_EXTENT_ACCEPTED;
    for (i = 0; i < host->region_count; i++) {
        const struct cxlfm_region *r = &host->regions[i];

        if (fill->dpa >= r->base && fill->dpa - r->base < r->decode_length &&
            fill->length <= r->decode_length - (fill->dpa - r->base)) {
            fill->region = i;
            fill->offset = fill->dpa - r->base;
            return true;
        }
    }
    return false;
}

/* One 5603h. 1: a part was added to @fill, 0: start over. */
static int cxlfm_fmapi_extents_part(cxlfm *fm, struct cxlfm_host *host,
                                    GArray *fill, unsigned first,
                                    uint32_t *ret_total)
{
    const CXLDcdFmExtentListRequest request = {
        .host_id = cxl_dcd_put16(host->id),
        .extent_count = cxl_dcd_put32(UINT32_MAX),
        .start_index = cxl_dcd_put32(fill->len - first),
    };
    const CXLDcdFmExtentListResponse *r;
    const uint8_t *answer;
    uint32_t i, count;
    size_t len;
    int ret = cxlfm_fmapi_call(fm, PAYLOAD(CXL_DCD_OP_FM_GET_EXTENT_LISTS,
                                           request, sizeof(*r)),
                               &answer, &len);

    if (ret == CXLFM_ERROR_REFUSED && fill->len > first &&
        fm->return_code == CXL_DCD_RC_INVALID_INPUT) {
        return 0;                 /* the list shrank below our index */
    }
    if (ret < 0) {
        return ret;
    }
    r = (const CXLDcdFmExtentListResponse *)answer;
    count = cxl_dcd_get32(r->returned);
    *ret_total = cxl_dcd_get32(r->total);
    if (fill->len > first && cxl_dcd_get32(r->generation) !=
        host->generation) {
        return 0;
    }
    host->generation = cxl_dcd_get32(r->generation);
    if (count > (len - sizeof(*r)) / sizeof(r->extents[0]) ||
        fill->len - first + (uint64_t)count > *ret_total ||
        (!count && fill->len - first < *ret_total)) {
        return cxlfm_fmapi_senseless(fm, CXL_DCD_OP_FM_GET_EXTENT_LISTS);
    }
    for (i = 0; i < count; i++) {
        struct cxlfm_extent extent;

        if (!cxlfm_fmapi_extent(host, &r->extents[i], &extent)) {
            return cxlfm_fmapi_senseless(fm, CXL_DCD_OP_FM_GET_EXTENT_LISTS);
        }
        g_array_append_val(fill, extent);
    }
    return 1;
}

static int cxlfm_fmapi_extents(cxlfm *fm, struct cxlfm_host *host,
                               GArray *fill)
{
    unsigned first = fill->len, restarts = 0;
    uint32_t total = 0;

    do {
        int ret = cxlfm_fmapi_extents_part(fm, host, fill, first, &total);

        if (ret < 0) {
            return ret;
        }
        if (!ret) {
            g_array_set_size(fill, first);
            if (++restarts > RESTARTS) {
                return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                                  "%s: host %u's extent list changed %u times "
                                  "while it was read", fm->address, host->id,
                                  restarts);
            }
        }
    } while (fill->len - first < total);
    return 0;
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

/* One 5608h. 1: a part was added to @fill, 0: start over. */
static int cxlfm_fmapi_tags_part(cxlfm *fm, GArray *fill,
                                 uint32_t *generation, uint32_t *ret_total)
{
    const CXLDcdFmListTagsRequest request = {
        .start_index = cxl_dcd_put32(fill->len),
        .max_tags = cxl_dcd_put32(UINT32_MAX),
    };
    const CXLDcdFmListTagsResponse *r;
    const uint8_t *answer;
    uint32_t i, count;
    size_t len;
    int ret = cxlfm_fmapi_call(fm, PAYLOAD(CXL_DCD_OP_FM_LIST_TAGS, request,
                                           sizeof(*r)), &answer, &len);

    if (ret == CXLFM_ERROR_REFUSED && fill->len &&
        fm->return_code == CXL_DCD_RC_INVALID_INPUT) {
        return 0;
    }
    if (ret < 0) {
        return ret;
    }
    r = (const CXLDcdFmListTagsResponse *)answer;
    if (fill->len && cxl_dcd_get32(r->generation) != *generation) {
        return 0;
    }
    *generation = cxl_dcd_get32(r->generation);
    *ret_total = cxl_dcd_get32(r->total);
    count = cxl_dcd_get32(r->returned);
    if (count > (len - sizeof(*r)) / sizeof(r->tags[0]) ||
        fill->len + (uint64_t)count > *ret_total ||
        (!count && fill->len < *ret_total)) {
        return cxlfm_fmapi_senseless(fm, CXL_DCD_OP_FM_LIST_TAGS);
    }
    for (i = 0; i < count; i++) {
        struct cxlfm_tag tag = {
            .fm_reference = r->tags[i].flags & CXL_DCD_TAG_FM_REFERENCE,
        };

        memcpy(tag.tag, r->tags[i].tag, sizeof(tag.tag));
        memcpy(tag.accepted, r->tags[i].accepted, sizeof(tag.accepted));
        memcpy(tag.pending, r->tags[i].pending, sizeof(tag.pending));
        g_array_append_val(fill, tag);
    }
    return 1;
}

static int cxlfm_fmapi_tags(cxlfm *fm, size_t device, GArray *fill)
{
    uint32_t generation = 0, total = 0;
    unsigned restarts = 0;

    do {
        int ret = cxlfm_fmapi_tags_part(fm, fill, &generation, &total);

        if (ret < 0) {
            return ret;
        }
        if (!ret) {
            g_array_set_size(fill, 0);
            if (++restarts > RESTARTS) {
                return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                                  "%s: the list of tags changed %u times while "
                                  "it was read", fm->address, restarts);
            }
        }
    } while (fill->len < total);
    return 0;
}

/* --- Changing --- */

/* Base of @region as @host sees it: the FM API speaks DPA, we offsets. */
static int cxlfm_fmapi_base(cxlfm *fm, uint16_t id, uint8_t region,
                            uint64_t *ret_base)
{
    struct cxlfm_host host = { 0 };
    int ret = cxlfm_fmapi_read_host(fm, id, &host);

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

size_t cxlfm_fmapi_request_extents(const cxlfm *fm)
{
    return (cxlfm_fmapi_request_max(fm) - sizeof(CXLDcdFmInitiateRequest)) /
           sizeof(CXLDcdWireExtent);
}

/* 5604h and 5605h have one layout. Extents are given only when prescriptive. */
static int cxlfm_fmapi_initiate(cxlfm *fm, uint16_t opcode,
                                const CXLDcdFmInitiateRequest *head,
                                const uint8_t *tag,
                                const struct cxlfm_extent *extents,
                                size_t count)
{
    uint8_t buffer[1 << CXL_DCD_LIMIT_MAX] = { 0 };
    CXLDcdFmInitiateRequest *wire = (CXLDcdFmInitiateRequest *)buffer;
    size_t max = cxlfm_fmapi_request_extents(fm), i, len;
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
        wire->region = 0;         /* reserved: the DPA says it */
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

static int cxlfm_fmapi_add(cxlfm *fm, size_t device,
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

/* By tag, "all of it" must be said in bytes. */
static int cxlfm_fmapi_tag_bytes(cxlfm *fm, size_t device, uint16_t host,
                                 const uint8_t *tag, uint64_t *ret_bytes)
{
    struct cxlfm_snapshot *snapshot;
    int ret = cxlfm_snapshot(fm, device, &snapshot);
    uint64_t bytes = 0;
    size_t i;

    if (ret < 0) {
        return ret;
    }
    for (i = 0; i < snapshot->extent_count; i++) {
        const struct cxlfm_extent *e = &snapshot->extents[i];

        if (e->host == host && !memcmp(e->tag, tag, CXLFM_TAG_SIZE)) {
            bytes += e->length;
        }
    }
    cxlfm_snapshot_free(snapshot);
    *ret_bytes = bytes;
    return 0;
}

static int cxlfm_fmapi_release(cxlfm *fm, size_t device,
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

static int cxlfm_fmapi_reference(cxlfm *fm, size_t device, const uint8_t *tag,
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

static int cxlfm_fmapi_set_region(cxlfm *fm, size_t device, uint8_t region,
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
