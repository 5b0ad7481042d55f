/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: fixed windows and what they lead to
 *
 *   decode      one walk through the decoders above a device
 *   route       the walks that stay true until a decoder changes
 *   window      a load or store in a window, for what is not mapped
 *   runs        pieces of a window that are memory to the guest
 *   map         runs of one device (cxl_dcd_device.h has its calls)
 *   interleave  runs of a set of devices
 *
 * All of it runs under the BQL, save what is said of translation.
 */
#ifndef CXL_DCD_WINDOW_H
#define CXL_DCD_WINDOW_H

#include "exec/memory.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"

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
struct CXLDcdSpan {
    uint64_t epoch;               /* 0: nothing found yet */
    const CXLDcdRoute *route;
    uint64_t start, end;
    uint64_t backing;             /* of start, in the device's memory */
    bool writable;
};

struct CXLDcdWindow {
    CXLFixedWindow *fw;
    MemoryRegion mr;
    GArray *routes;               /* CXLDcdRoute, ascending */
    const CXLDcdRoute *last;      /* the one used last; NULL: none */
    CXLDcdSpan span[CXL_DCD_WAYS_MAX];
    GPtrArray *sets;              /* CXLDcdSet, see interleave */
    struct CXLDcdPages *pages;    /* NULL until there is a set */
};

/* --- decode --- */

/* One level of a walk: how it spreads addresses */
typedef struct CXLDcdLevel {
    uint64_t period;              /* granularity * ways */
    uint64_t start, end;          /* HPA range that one decoder covers */
} CXLDcdLevel;

/* Window, host bridge, switch */
#define CXL_DCD_LEVELS_MAX 3

/* The committed decoders of a device; returns how many entries are valid. */
unsigned cxl_dcd_device_decoders(CXLType3Dev *ct3d, CXLDcdDecoder *ret);
/*
 * The device that @hpa leads to, NULL when it leads nowhere. @ret_levels
 * entries of @levels say how far that answer can be trusted.
 */
CXLDcdDevice *cxl_dcd_walk(CXLFixedWindow *fw, uint64_t hpa,
                           CXLDcdLevel *levels, unsigned *ret_levels);

/* --- route --- */

/* All windows, of CXLDcdWindow; NULL until a device has dynamic capacity. */
GPtrArray *cxl_dcd_route_windows(void);
/* The route that covers @offset, NULL when none does. */
const CXLDcdRoute *cxl_dcd_route_at(const GArray *routes, uint64_t offset);

/* --- window --- */

void cxl_dcd_window_init(CXLDcdWindow *window, MemoryRegion *parent);

/* --- map --- */

/*
 * The first piece at or above @dpa and below @end that the host may reach by
 * pages; false if there is none. Poisoned pages and read-only regions are not.
 */
bool cxl_dcd_map_next(CXLDcdDevice *device, uint64_t dpa, uint64_t end,
                      uint64_t *ret_start, uint64_t *ret_end);
/* May capacity of this device be mapped at all, as it is now? */
bool cxl_dcd_map_wanted(CXLDcdDevice *device);

/* --- interleave --- */

/* Sets follow routes: call when those of a window were replaced. */
void cxl_dcd_interleave_routes(CXLDcdWindow *window);
/* Forget what sets show of [@start, @end) of a device's DPA. */
void cxl_dcd_interleave_remove(CXLDcdDevice *device, uint64_t start,
                               uint64_t end);
/* Map what can be mapped of the same. */
void cxl_dcd_interleave_add(CXLDcdDevice *device, uint64_t start, uint64_t end);
/* The last one of a transaction was called. */
void cxl_dcd_interleave_commit(void);
/* Is all of [@dpa, @dpa + @len) mapped as part of a set? */
bool cxl_dcd_interleave_mapped(CXLDcdDevice *device, uint64_t dpa,
                               uint64_t len);
/* Mappings that sets with this device have */
uint32_t cxl_dcd_interleave_count(CXLDcdDevice *device);

#endif /* CXL_DCD_WINDOW_H */
