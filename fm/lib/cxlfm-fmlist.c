/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The FM API door: lists of extents (5603h) and of tags (5608h)
 *
 * Lists come in parts; their generation number tells whether the parts belong
 * together.
 */
#include <string.h>
#include "cxlfm-private.h"
#include "hw/cxl/cxl_dcd_wire_fm.h"

#define RESTARTS 64               /* of a list that changes under our hands */

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
    int ret = cxlfm_fmapi_call(fm, CXLFM_PAYLOAD(CXL_DCD_OP_FM_GET_EXTENT_LISTS,
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

int cxlfm_fmapi_extents(cxlfm *fm, struct cxlfm_host *host,
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
    int ret = cxlfm_fmapi_call(fm, CXLFM_PAYLOAD(CXL_DCD_OP_FM_LIST_TAGS, request,
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

int cxlfm_fmapi_tags(cxlfm *fm, size_t device, GArray *fill)
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
