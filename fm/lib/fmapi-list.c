/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: lists of extents (5603h) and of tags (5608h), and all of a
 * device as a snapshot
 *
 * Lists come in parts; their generation number tells whether the parts belong
 * together.
 */
#include <string.h>
#include "error.h"
#include "fmapi-call.h"
#include "fmapi-config.h"
#include "fmapi-list.h"
#include "handle.h"

#define RESTARTS 64               /* of a list that changes while it is read */

/* A list that is being read, as far as it is here */
typedef struct CxlfmList {
    cxlfm *fm;
    GArray *fill;
    unsigned first;               /* index in @fill of this list's first */
    uint32_t generation;
    uint32_t total;
} CxlfmList;

static uint32_t cxlfm_list_have(const CxlfmList *list)
{
    return list->fill->len - list->first;
}

/* One command. 1: *ret_answer is a part, 0: start over, or an error. */
static int cxlfm_list_call(CxlfmList *list, const CxlfmRequest *request,
                           const uint8_t **ret_answer, size_t *ret_len)
{
    int ret = cxlfm_fmapi_call(list->fm, request, ret_answer, ret_len);

    if (ret == CXLFM_ERROR_REFUSED && cxlfm_list_have(list) &&
        list->fm->return_code == CXL_DCD_RC_INVALID_INPUT) {
        return 0;                 /* the list shrank below our index */
    }
    return ret < 0 ? ret : 1;
}

/*
 * What a part says of itself: @count entries, and @room for so many came. 1:
 * take them, 0: start over, or an error.
 */
static int cxlfm_list_check(CxlfmList *list, uint16_t opcode,
                            uint32_t generation, uint32_t total,
                            uint32_t count, size_t room)
{
    const uint32_t have = cxlfm_list_have(list);

    if (have && generation != list->generation) {
        return 0;
    }
    list->generation = generation;
    list->total = total;
    if (count > room || have + (uint64_t)count > total ||
        (!count && have < total)) {
        return cxlfm_fmapi_senseless(list->fm, opcode);
    }
    return 1;
}

/* One 5603h */
static int cxlfm_list_extents(CxlfmList *list, const void *opaque)
{
    const struct cxlfm_host *host = opaque;
    const CXLDcdFmExtentListRequest request = {
        .host_id = cxl_dcd_put16(host->id),
        .extent_count = cxl_dcd_put32(UINT32_MAX),
        .start_index = cxl_dcd_put32(cxlfm_list_have(list)),
    };
    const CXLDcdFmExtentListResponse *r;
    const uint8_t *answer;
    uint32_t i, count;
    size_t len;
    int ret = cxlfm_list_call(
        list, CXLFM_PAYLOAD(CXL_DCD_OP_FM_GET_EXTENT_LISTS, request,
                            sizeof(*r)), &answer, &len);

    if (ret <= 0) {
        return ret;
    }
    r = (const CXLDcdFmExtentListResponse *)answer;
    count = cxl_dcd_get32(r->returned);
    ret = cxlfm_list_check(list, CXL_DCD_OP_FM_GET_EXTENT_LISTS,
                           cxl_dcd_get32(r->generation),
                           cxl_dcd_get32(r->total), count,
                           (len - sizeof(*r)) / sizeof(r->extents[0]));
    for (i = 0; ret > 0 && i < count; i++) {
        struct cxlfm_extent e;

        cxlfm_fmapi_extent(&r->extents[i], host->id, &e);
        if (!cxlfm_fmapi_locate(host, &e) ||
            e.length > host->regions[e.region].decode_length - e.offset) {
            return cxlfm_fmapi_senseless(list->fm,
                                         CXL_DCD_OP_FM_GET_EXTENT_LISTS);
        }
        g_array_append_val(list->fill, e);
    }
    return ret;
}

/* One 5608h */
static int cxlfm_list_tags(CxlfmList *list, const void *opaque)
{
    const CXLDcdFmListTagsRequest request = {
        .start_index = cxl_dcd_put32(cxlfm_list_have(list)),
        .max_tags = cxl_dcd_put32(UINT32_MAX),
    };
    const CXLDcdFmListTagsResponse *r;
    const uint8_t *answer;
    uint32_t i, count;
    size_t len;
    int ret = cxlfm_list_call(
        list, CXLFM_PAYLOAD(CXL_DCD_OP_FM_LIST_TAGS, request, sizeof(*r)),
        &answer, &len);

    if (ret <= 0) {
        return ret;
    }
    r = (const CXLDcdFmListTagsResponse *)answer;
    count = cxl_dcd_get32(r->returned);
    ret = cxlfm_list_check(list, CXL_DCD_OP_FM_LIST_TAGS,
                           cxl_dcd_get32(r->generation),
                           cxl_dcd_get32(r->total), count,
                           (len - sizeof(*r)) / sizeof(r->tags[0]));
    for (i = 0; ret > 0 && i < count; i++) {
        struct cxlfm_tag tag = {
            .fm_reference = r->tags[i].flags & CXL_DCD_TAG_FM_REFERENCE,
        };

        memcpy(tag.tag, r->tags[i].tag, sizeof(tag.tag));
        memcpy(tag.accepted, r->tags[i].accepted, sizeof(tag.accepted));
        memcpy(tag.pending, r->tags[i].pending, sizeof(tag.pending));
        g_array_append_val(list->fill, tag);
    }
    return ret;
}

/* All parts, by @part; @what names the list in an error. */
static int cxlfm_list_read(CxlfmList *list, const void *opaque,
                           int (*part)(CxlfmList *list, const void *opaque),
                           const char *what)
{
    unsigned restarts = 0;

    do {
        int ret = part(list, opaque);

        if (ret < 0) {
            return ret;
        }
        if (!ret) {
            g_array_set_size(list->fill, list->first);
            if (++restarts > RESTARTS) {
                return cxlfm_fail(list->fm, CXLFM_ERROR_PROTOCOL,
                                  "%s: %s changed %u times while it was read",
                                  list->fm->address, what, restarts);
            }
        }
    } while (cxlfm_list_have(list) < list->total);
    return 0;
}

/* @host's extents, appended to @fill; sets its generation. */
static int cxlfm_fmapi_extents(cxlfm *fm, struct cxlfm_host *host,
                               GArray *fill)
{
    CxlfmList list = { .fm = fm, .fill = fill, .first = fill->len };
    g_autofree char *what = g_strdup_printf("host %u's extent list", host->id);
    int ret = cxlfm_list_read(&list, host, cxlfm_list_extents, what);

    host->generation = list.generation;
    return ret;
}

int cxlfm_fmapi_tags(cxlfm *fm, size_t device, GArray *fill)
{
    CxlfmList list = { .fm = fm, .fill = fill };

    return cxlfm_list_read(&list, NULL, cxlfm_list_tags, "the list of tags");
}

/* What a snapshot says of the device as a whole */
static int cxlfm_fmapi_about(cxlfm *fm, struct cxlfm_snapshot *fill,
                             CXLDcdFmInfoResponse *ret_info)
{
    CXLDcdIdentifyResponse id;
    int ret = cxlfm_fmapi_identify(fm, &id);

    if (ret < 0 || (ret = cxlfm_fmapi_info(fm, ret_info)) < 0) {
        return ret;
    }
    fill->serial = cxl_dcd_get64(id.serial);
    fill->vendor = cxl_dcd_get16(id.vendor);
    fill->device = cxl_dcd_get16(id.device);
    fill->add_policies = cxl_dcd_get16(ret_info->add_policies);
    fill->removal_policies = cxl_dcd_get16(ret_info->removal_policies);
    fill->total_capacity = cxl_dcd_get64(ret_info->total_capacity) *
                           CXL_DCD_CAPACITY_UNIT;
    return 0;
}

/*
 * Available is what no host has accepted: the FM API does not tell of capacity
 * that is offered or being sanitized.
 */
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

int cxlfm_fmapi_snapshot(cxlfm *fm, size_t device,
                         struct cxlfm_snapshot *fill)
{
    g_autoptr(GArray) extents = g_array_new(false, false,
                                            sizeof(struct cxlfm_extent));
    CXLDcdFmInfoResponse info;
    int ret = cxlfm_fmapi_about(fm, fill, &info);
    unsigned i;

    if (ret < 0) {
        return ret;
    }
    fill->hosts = g_new0(struct cxlfm_host, info.hosts);
    for (i = 0; i < info.hosts; i++) {
        struct cxlfm_host *host = &fill->hosts[fill->host_count];

        ret = cxlfm_fmapi_host(fm, i, &info, host);
        if (ret == CXLFM_ERROR_REFUSED && host->region_count == 0 &&
            fm->return_code == CXL_DCD_RC_INVALID_INPUT) {
            /* A head of a pool may answer for its own host only. */
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
