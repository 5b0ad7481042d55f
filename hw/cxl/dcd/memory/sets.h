/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: interleaved sets, for those who map them
 */
#ifndef CXL_DCD_SETS_H
#define CXL_DCD_SETS_H

#include "window.h"
#include "hw/cxl/dcd/runs.h"

/* One set of devices behind a window. Runs are in bytes from its start. */
typedef struct CXLDcdSet {
    CXLDcdRuns runs;
    CXLDcdWindow *window;
    const CXLDcdRoute *route;
    uint64_t chunk;               /* of a unit; 0: page by page */
    bool changed;
} CXLDcdSet;

/* Have pages translated in this window: a region that does, once. */
void cxl_dcd_pages_new(CXLDcdWindow *window);
/* Replace what translation of a window looks at by what there is now. */
void cxl_dcd_pages_publish(CXLDcdWindow *window);
/* The region itself */
MemoryRegion *cxl_dcd_pages_region(CXLDcdWindow *window);

#endif /* CXL_DCD_SETS_H */
