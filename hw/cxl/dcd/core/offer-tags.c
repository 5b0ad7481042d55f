/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the tags of an offer
 *
 * A tag of a sharable region is one allocation, whose extents are numbered from
 * 0 (CXL r3.2 9.13.3). Plain extents may share a tag with others.
 */
#include "check.h"
#include "geometry.h"
#include "offer-tags.h"
#include "state.h"
#include "tags.h"

/* Sequences are 16 bits wide. */
#define MAX_SHARED_EXTENTS 65536

bool cxl_dcd_offer_check_sequences(const GArray *chosen, uint16_t code,
                                   GError **error)
{
    g_autofree bool *seen = g_new0(bool, chosen->len);

    if (chosen->len > MAX_SHARED_EXTENTS) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "%u extents needed for one shared tag, %d are "
                            "possible", chosen->len, MAX_SHARED_EXTENTS);
    }
    for (guint i = 0; i < chosen->len; i++) {
        const CXLDcdExtent *e = &g_array_index(chosen, CXLDcdExtent, i);

        if (e->sequence >= chosen->len || seen[e->sequence]) {
            return cxl_dcd_fail(error, code,
                                CXL_DCD_EXTENT_FMT " has shared sequence %u; "
                                "the %u extents of a tag are numbered 0 to %u, "
                                "each once", e->dpa, e->len, e->sequence,
                                chosen->len, chosen->len - 1);
        }
        seen[e->sequence] = true;
    }
    return true;
}

static bool cxl_dcd_offer_check_shared_tag(const CXLDcd *dcd,
                                           const GArray *chosen, uint16_t code,
                                           GError **error)
{
    const CXLDcdExtent *first = &g_array_index(chosen, CXLDcdExtent, 0);

    for (guint i = 0; i < chosen->len; i++) {
        const CXLDcdExtent *e = &g_array_index(chosen, CXLDcdExtent, i);

        if (e->region != first->region ||
            memcmp(&e->tag, &first->tag, sizeof(e->tag))) {
            return cxl_dcd_fail(error, code,
                                "sharable capacity is added one tag and one "
                                "region at a time");
        }
    }
    if (cxl_dcd_tag_is_null(&first->tag)) {
        return cxl_dcd_fail(error, code,
                            "region %u is sharable: its capacity needs a tag",
                            first->region);
    }
    if (cxl_dcd_tag_find(dcd, &first->tag)) {
        return cxl_dcd_fail(error, code,
                            "the tag is in use; sharable capacity cannot grow, "
                            "and its tag cannot be used elsewhere");
    }
    return cxl_dcd_offer_check_sequences(chosen, code, error);
}

/* Plain extents may carry a tag that others carry, but no sharable one. */
static bool cxl_dcd_offer_count_new_tags(const CXLDcd *dcd,
                                         const GArray *chosen, bool sharable,
                                         uint16_t code, guint *ret_count,
                                         GError **error)
{
    g_autoptr(GHashTable) fresh =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                              (GDestroyNotify)g_bytes_unref, NULL);

    for (guint i = 0; i < chosen->len; i++) {
        const CXLDcdExtent *e = &g_array_index(chosen, CXLDcdExtent, i);
        const CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, &e->tag);

        if (entry && entry->sharable != sharable) {
            return cxl_dcd_fail(error, code,
                                "the tag of " CXL_DCD_EXTENT_FMT " is in use "
                                "by a sharable region", e->dpa, e->len);
        }
        if (!entry && !cxl_dcd_tag_is_null(&e->tag)) {
            g_hash_table_add(fresh, g_bytes_new(&e->tag, sizeof(e->tag)));
        }
    }
    *ret_count = g_hash_table_size(fresh);
    return true;
}

bool cxl_dcd_offer_check_tags(const CXLDcd *dcd,
                              const CXLDcdAddRequest *request,
                              const GArray *chosen, GError **error)
{
    uint16_t code = request->policy == CXL_DCD_POLICY_PRESCRIPTIVE ?
                    CXL_DCD_RC_INVALID_EXTENT_LIST : CXL_DCD_RC_INVALID_INPUT;
    bool sharable = false;
    guint fresh = 0;

    for (guint i = 0; i < chosen->len; i++) {
        sharable |= cxl_dcd_sharable(dcd, g_array_index(chosen, CXLDcdExtent,
                                                        i).region);
    }
    if (sharable && !cxl_dcd_offer_check_shared_tag(dcd, chosen, code, error)) {
        return false;
    }
    if (!cxl_dcd_offer_count_new_tags(dcd, chosen, sharable, code, &fresh,
                                      error)) {
        return false;
    }
    if (fresh > cxl_dcd_available_tags(dcd)) {
        return cxl_dcd_fail(error, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                            "%u new tags asked for, the device can track %u "
                            "more (limit %u)", fresh,
                            cxl_dcd_available_tags(dcd), dcd->config.max_tags);
    }
    return true;
}
