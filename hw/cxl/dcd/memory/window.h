/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: fixed windows and what they lead to
 */
#ifndef CXL_DCD_WINDOW_H
#define CXL_DCD_WINDOW_H

#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/device.h"

typedef struct CXLDcdWay {
    CXLDcdDevice *device;
    uint64_t dpa;
} CXLDcdWay;

/* A range of a window that one complete set of decoders shows */
typedef struct CXLDcdRoute {
    uint64_t offset;              /* in the window */
    uint64_t hpa;
    uint64_t size;
    unsigned ways;
    unsigned shift;               /* granularity is 1 << shift */
    CXLDcdWay way[CXL_DCD_WAYS_MAX];
} CXLDcdRoute;

/* DPA that the host may reach, as its last access of a way found it */
typedef struct CXLDcdSpan {
    uint64_t epoch;               /* 0: nothing found yet */
    const CXLDcdRoute *route;
    uint64_t start, end;
    CXLDcdDevice *holder;         /* whose memory it is in */
    uint64_t backing;             /* of start, in that */
    bool writable;
} CXLDcdSpan;

struct CXLDcdWindow {
    CXLFixedWindow *fw;
    MemoryRegion mr;
    GArray *routes;               /* CXLDcdRoute, ascending */
    const CXLDcdRoute *last;      /* the one used last; NULL: none */
    CXLDcdSpan span[CXL_DCD_WAYS_MAX];
    GPtrArray *sets;              /* CXLDcdSet, see interleave */
    struct CXLDcdPages *pages;    /* NULL until there is a set */
};

/* All windows, of CXLDcdWindow; NULL until a device has dynamic capacity. */
GPtrArray *cxl_dcd_windows(void);
void cxl_dcd_windows_set(GPtrArray *windows);
/* The window that has all of [@hpa, @hpa + @size), NULL when none does */
CXLDcdWindow *cxl_dcd_windows_at(uint64_t hpa, uint64_t size);
/* The route that covers @offset, NULL when none does. */
const CXLDcdRoute *cxl_dcd_route_at(const GArray *routes, uint64_t offset);
/* Is [@dpa, @dpa + @len) shown by any window, in whatever pieces? */
bool cxl_dcd_route_covers(CXLDcdDevice *device, uint64_t dpa, uint64_t len);

#endif /* CXL_DCD_WINDOW_H */
