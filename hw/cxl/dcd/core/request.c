/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: an operator's request, brought into the core's terms
 */
#include <string.h>
#include "geometry.h"
#include "hw/cxl/dcd/request.h"

/* 8-4-4-4-12 digits */
#define TEXT_LEN  36

static bool cxl_dcd_request_is_dash(unsigned at)
{
    return at == 8 || at == 13 || at == 18 || at == 23;
}

bool cxl_dcd_ask_tag(const char *text, CXLDcdTag *ret_tag, GError **error)
{
    unsigned at, digits = 0;

    memset(ret_tag, 0, sizeof(*ret_tag));
    if (!text || !*text) {
        return true;
    }
    for (at = 0; at < TEXT_LEN; at++) {
        int digit = g_ascii_xdigit_value(text[at]);

        /* The end of a short text is neither */
        if (cxl_dcd_request_is_dash(at) ? text[at] != '-' : digit < 0) {
            break;
        }
        if (!cxl_dcd_request_is_dash(at)) {
            ret_tag->bytes[digits / 2] |= digit << (digits & 1 ? 0 : 4);
            digits++;
        }
    }
    if (at < TEXT_LEN || text[at]) {
        memset(ret_tag, 0, sizeof(*ret_tag));
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "tag '%s' is not a UUID of the form "
                    "01234567-89ab-cdef-0123-456789abcdef", text);
        return false;
    }
    return true;
}

bool cxl_dcd_ask_region(const CXLDcd *dcd, const CXLDcdAsk *ask,
                        int *ret_region, GError **error)
{
    int count = cxl_dcd_config(dcd)->num_regions;

    if (ask->has_region && ask->has_region_id &&
        ask->region != ask->region_id) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "arguments 'region' (%u) and 'region-id' (%u) are two "
                    "names of one: give either", ask->region, ask->region_id);
        return false;
    }
    *ret_region = ask->has_region ? ask->region :
                  ask->has_region_id ? ask->region_id : -1;
    if (*ret_region >= count) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "region %d does not exist: the device has regions 0 to %d",
                    *ret_region, count - 1);
        return false;
    }
    return true;
}

static bool cxl_dcd_request_region_missing(GError **error)
{
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                "argument 'region' is missing");
    return false;
}

/* The ranges of a request as extents of @region */
static bool cxl_dcd_request_take_ranges(const CXLDcd *dcd, const CXLDcdAsk *ask,
                                        int region, const CXLDcdTag *tag,
                                        GArray *extents, GError **error)
{
    const CXLDcdRegionConfig *config;
    size_t i;

    if (region < 0) {
        return cxl_dcd_request_region_missing(error);
    }
    if (!ask->count) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "argument 'extents' is missing or empty: policy "
                    "prescriptive needs at least one extent");
        return false;
    }
    config = &cxl_dcd_config(dcd)->regions[region];
    if ((config->attributes & CXL_DCD_REGION_SHARABLE) &&
        ask->count > UINT16_MAX + 1) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_EXTENT_LIST,
                    "%zu extents of one sharable tag are more than can be "
                    "numbered, %u", ask->count, UINT16_MAX + 1);
        return false;
    }
    for (i = 0; i < ask->count; i++) {
        CXLDcdExtent extent = {
            .dpa = config->base + ask->ranges[i].offset,
            .len = ask->ranges[i].len, .region = region, .tag = *tag,
        };

        if (!cxl_dcd_check_blocks(config, region, ask->ranges[i].offset,
                                  extent.len, ask->ranges[i].offset,
                                  CXL_DCD_RC_INVALID_EXTENT_LIST, error)) {
            return false;
        }
        if (config->attributes & CXL_DCD_REGION_SHARABLE) {
            extent.sequence = i;
        }
        g_array_append_val(extents, extent);
    }
    return true;
}

/* How much free and contiguous are to pick */
static bool cxl_dcd_request_take_length(const CXLDcdAsk *ask,
                                        uint64_t *ret_length, GError **error)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < ask->count; i++) {
        if (ask->ranges[i].len > UINT64_MAX - sum) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                        "the lengths of 'extents' are more than 2^64 bytes "
                        "together");
            return false;
        }
        sum += ask->ranges[i].len;
    }
    if (ask->has_length && sum && ask->length != sum) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "argument 'length' is %" G_GUINT64_FORMAT ", the lengths "
                    "of 'extents' are %" G_GUINT64_FORMAT " together: give one "
                    "of them", ask->length, sum);
        return false;
    }
    *ret_length = ask->has_length ? ask->length : sum;
    if (!*ret_length) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "argument 'length' is missing or 0: the policy needs to "
                    "know how many bytes to pick");
        return false;
    }
    return true;
}

GArray *cxl_dcd_ask_add(const CXLDcd *dcd, const CXLDcdAsk *ask,
                        CXLDcdAddRequest *request, GError **error)
{
    GArray *extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    int region;
    bool good = cxl_dcd_ask_region(dcd, ask, &region, error) &&
                cxl_dcd_ask_tag(ask->tag, &request->tag, error);

    if (good && request->policy == CXL_DCD_POLICY_PRESCRIPTIVE) {
        good = cxl_dcd_request_take_ranges(dcd, ask, region, &request->tag,
                                           extents, error);
    } else if (good && region < 0) {
        good = cxl_dcd_request_region_missing(error);
    } else if (good && request->policy != CXL_DCD_POLICY_SHARED_ACCESS) {
        good = cxl_dcd_request_take_length(ask, &request->length, error);
    }
    if (!good) {
        g_array_unref(extents);
        return NULL;
    }
    request->region = region;
    request->extents = (const CXLDcdExtent *)extents->data;
    request->count = extents->len;
    return extents;
}

GArray *cxl_dcd_ask_remove(const CXLDcd *dcd, const CXLDcdAsk *ask,
                           CXLDcdRemoveRequest *request, GError **error)
{
    GArray *extents = g_array_new(false, true, sizeof(CXLDcdExtent));
    int region;
    bool good = cxl_dcd_ask_region(dcd, ask, &region, error) &&
                cxl_dcd_ask_tag(ask->tag, &request->tag, error);

    if (good && request->policy != CXL_DCD_REMOVE_TAG) {
        good = cxl_dcd_request_take_ranges(dcd, ask, region, &request->tag,
                                           extents, error);
    } else if (good && !ask->tag) {
        good = false;
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "argument 'tag' is missing: policy tag-based needs to "
                    "know which tag");
    } else if (good && ask->has_length && !ask->length) {
        good = false;
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "argument 'length' is 0: leave it out to release all of "
                    "the tag");
    }
    if (!good) {
        g_array_unref(extents);
        return NULL;
    }
    request->length = ask->has_length ? ask->length : 0;
    request->extents = (const CXLDcdExtent *)extents->data;
    request->count = extents->len;
    return extents;
}
