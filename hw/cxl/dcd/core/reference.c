/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's references on shared tags
 *
 * CXL r3.2 7.6.7.6.7 and .8 (5606h, 5607h). A reference keeps capacity and its
 * contents when no host has it.
 */
#include "check.h"
#include "error.h"
#include "geometry.h"
#include "leave.h"
#include "state.h"
#include "tags.h"

static CXLDcdTagEntry *
cxl_dcd_reference_find_tag(CXLDcd *dcd, const CXLDcdTag *tag, GError **error)
{
    CXLDcdTagEntry *entry = cxl_dcd_tag_find(dcd, tag);

    if (!entry || !entry->sharable) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_INVALID_INPUT,
                    "the tag names no capacity of a sharable region");
        return NULL;
    }
    return entry;
}

bool cxl_dcd_reference_add(CXLDcd *dcd, const CXLDcdTag *tag, GError **error)
{
    CXLDcdTagEntry *entry;

    CXL_DCD_CHECK(dcd);
    if (!cxl_dcd_may_change(dcd, error)) {
        return false;
    }
    if (dcd->ops->reference) {
        return dcd->ops->reference(dcd->opaque, tag, true, error);
    }
    entry = cxl_dcd_reference_find_tag(dcd, tag, error);
    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        entry->referenced = true;
        cxl_dcd_tag_changed(dcd, entry);
    }
    return true;
}

bool cxl_dcd_reference_remove(CXLDcd *dcd, const CXLDcdTag *tag,
                              GError **error)
{
    g_autoptr(GArray) pieces = NULL;
    CXLDcdTagEntry *entry;
    CXLDcdNode *node, *next;

    CXL_DCD_CHECK(dcd);
    if (!cxl_dcd_may_change(dcd, error)) {
        return false;
    }
    if (dcd->ops->reference) {
        return dcd->ops->reference(dcd->opaque, tag, false, error);
    }
    entry = cxl_dcd_reference_find_tag(dcd, tag, error);
    if (!entry) {
        return false;
    }
    if (!entry->referenced) {
        return true;
    }
    entry->referenced = false;
    cxl_dcd_tag_changed(dcd, entry);
    if (entry->first->state != CXL_DCD_REFERENCED) {
        return true;
    }
    pieces = g_array_new(FALSE, FALSE, sizeof(CXLDcdExtent));
    for (node = entry->first; node; node = next) {
        int region = cxl_dcd_region_of(dcd, node->dpa, node->len);
        CXLDcdExtent extent;

        next = node->tag_next;
        cxl_dcd_copy_out(region, node, &extent);
        extent.state = CXL_DCD_SANITIZING;
        g_array_append_val(pieces, extent);
        cxl_dcd_erase(dcd, region, node);
    }
    cxl_dcd_leave_started(dcd, cxl_dcd_leave_begin(dcd, pieces, false,
                                                   CXL_DCD_LEAVE_SILENT));
    return true;
}
