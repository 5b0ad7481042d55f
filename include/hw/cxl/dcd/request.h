/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: an operator's request, brought into the core's terms
 *
 * An operator names regions and offsets, and may leave out or contradict; the
 * core knows device physical addresses. What comes out is a request that the
 * core can decide on: only what it could not see any more is refused here.
 * Plain C with GLib; errors are those of dcd/core.h.
 */
#ifndef CXL_DCD_ASK_H
#define CXL_DCD_ASK_H

#include "hw/cxl/dcd/core.h"

typedef struct CXLDcdAskRange {
    uint64_t offset;                    /* bytes, in the region */
    uint64_t len;                       /* bytes */
} CXLDcdAskRange;

typedef struct CXLDcdAsk {
    bool has_region;
    uint8_t region;
    bool has_region_id;
    uint8_t region_id;                  /* another name for region */
    const char *tag;                    /* text of a UUID; NULL, "": none */
    bool has_length;
    uint64_t length;                    /* bytes */
    const CXLDcdAskRange *ranges;
    size_t count;
} CXLDcdAsk;

/* The text of a UUID, of either case; NULL and "" are the tag that is none. */
bool cxl_dcd_ask_tag(const char *text, CXLDcdTag *ret_tag, GError **error);
/* The region's number, or -1 when none was named. */
bool cxl_dcd_ask_region(const CXLDcd *dcd, const CXLDcdAsk *ask,
                        int *ret_region, GError **error);
/*
 * Fill what @ask says into @request, whose host_id and policy the caller has
 * set. Returns the array that request->extents points into, to be freed after
 * the request; NULL: refused.
 */
GArray *cxl_dcd_ask_add(const CXLDcd *dcd, const CXLDcdAsk *ask,
                        CXLDcdAddRequest *request, GError **error);
/* The same; the caller has set forced and sanitize as well. */
GArray *cxl_dcd_ask_remove(const CXLDcd *dcd, const CXLDcdAsk *ask,
                           CXLDcdRemoveRequest *request, GError **error);

#endif /* CXL_DCD_ASK_H */
