/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: interleaved capacity as memory
 *
 * A run of a set is a number of whole stripes that every device of the set can
 * show without a gap. Where the set is laid out in the order of the host's
 * addresses (layout.h), a run is an alias of one device's memory, as for a
 * device alone. Otherwise each page of it is asked for (interleave-pages.c).
 * What is neither is served access by access, in window.c.
 */
#include "qemu/osdep.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "interleave.h"
#include "layout.h"
#include "mappable.h"
#include "sets.h"
#include "system/kvm.h"

static CXLDcdSet *cxl_dcd_set_of(CXLDcdRuns *runs)
{
    return container_of(runs, CXLDcdSet, runs);
}

static uint64_t cxl_dcd_set_stripe(const CXLDcdSet *set)
{
    return (uint64_t)set->route->ways << set->route->shift;
}

/* Where what is one mapping at most ends, of [@at, @end) */
static uint64_t cxl_dcd_set_piece(const CXLDcdSet *set, uint64_t at,
                                  uint64_t end)
{
    return set->chunk ? MIN(end, ROUND_DOWN(at, set->chunk) + set->chunk)
                      : end;
}

/* --- Sets that are laid out in the order of the host's addresses --- */

static bool cxl_dcd_laid_joins(CXLDcdRuns *runs, uint64_t at)
{
    return at % cxl_dcd_set_of(runs)->chunk;
}

static void cxl_dcd_laid_place(CXLDcdRuns *runs, uint64_t start,
                               CXLDcdPlace *ret)
{
    CXLDcdSet *set = cxl_dcd_set_of(runs);
    const CXLDcdRoute *route = set->route;
    uint64_t chunk = start / set->chunk;
    const CXLDcdWay *way = &route->way[chunk % route->ways];

    *ret = (CXLDcdPlace) {
        .owner = OBJECT(qdev_get_machine()),
        .container = &set->window->mr,
        .at = route->offset + start,
        .target = way->device->dc_mr,
        .offset = cxl_dcd_backing_of(way->device, way->dpa +
                                     chunk / route->ways * set->chunk) +
                  start % set->chunk,
    };
}

/* --- Sets that are asked for page by page --- */

/* Each device's part must be in one piece in its backend */
static bool cxl_dcd_set_joins(CXLDcdRuns *runs, uint64_t at)
{
    const CXLDcdRoute *route = cxl_dcd_set_of(runs)->route;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        const CXLDcdWay *way = &route->way[i];

        if (cxl_dcd_region_of(way->device->dcd, way->dpa + at / route->ways - 1,
                              2) < 0) {
            return false;
        }
    }
    return true;
}

static void cxl_dcd_set_place(CXLDcdRuns *runs, uint64_t start,
                              CXLDcdPlace *ret)
{
    CXLDcdSet *set = cxl_dcd_set_of(runs);

    *ret = (CXLDcdPlace) {
        .owner = OBJECT(qdev_get_machine()),
        .container = &set->window->mr,
        .at = set->route->offset + start,
        .target = cxl_dcd_pages_region(set->window),
        .offset = set->route->offset + start,
    };
}

static void cxl_dcd_set_mapped(CXLDcdRuns *runs, uint64_t start, uint64_t len,
                               bool mapped)
{
    CXLDcdSet *set = cxl_dcd_set_of(runs);

    trace_cxl_dcd_interleave(set->route->hpa + start, len, set->route->ways,
                             mapped);
}

static const CXLDcdRunsOps cxl_dcd_set_ops = {
    .joins = cxl_dcd_set_joins,
    .place = cxl_dcd_set_place,
    .mapped = cxl_dcd_set_mapped,
};

static const CXLDcdRunsOps cxl_dcd_laid_ops = {
    .joins = cxl_dcd_laid_joins,
    .place = cxl_dcd_laid_place,
    .mapped = cxl_dcd_set_mapped,
};

void cxl_dcd_interleave_routes(CXLDcdWindow *window)
{
    unsigned i, w;

    /* Every device's part was taken away before */
    g_ptr_array_set_size(window->sets, 0);
    for (i = 0; i < window->routes->len; i++) {
        const CXLDcdRoute *route = &g_array_index(window->routes, CXLDcdRoute,
                                                  i);
        bool laid = cxl_dcd_layout_wanted(route);
        CXLDcdSet *set;

        if (route->ways == 1 || (!laid && (kvm_enabled() ||
            route->shift < CXL_DCD_PAGE_SHIFT))) {
            continue;
        }
        set = g_new0(CXLDcdSet, 1);
        set->window = window;
        set->route = route;
        set->chunk = laid ? cxl_dcd_unit_chunk(route->ways) : 0;
        set->runs.ops = laid ? &cxl_dcd_laid_ops : &cxl_dcd_set_ops;
        set->runs.limit = CXL_DCD_MAP_LIMIT_MAX;
        for (w = 0; w < route->ways; w++) {
            set->runs.limit = MIN(set->runs.limit,
                                  route->way[w].device->map_limit);
        }
        g_ptr_array_add(window->sets, set);
    }
    if (window->sets->len && !window->pages) {
        cxl_dcd_pages_new(window);
    }
}

/* The stripes that a device's [@start, @end) has part in, all or in part */
static bool cxl_dcd_set_stripes(const CXLDcdSet *set, unsigned way,
                                uint64_t start, uint64_t end,
                                uint64_t *ret_first, uint64_t *ret_last)
{
    const CXLDcdRoute *route = set->route;
    uint64_t from = route->way[way].dpa;
    uint64_t to = from + route->size / route->ways;

    start = MAX(start, from);
    end = MIN(end, to);
    if (start >= end) {
        return false;
    }
    *ret_first = (start - from) >> route->shift;
    *ret_last = ROUND_UP(end - from, 1ULL << route->shift) >> route->shift;
    return true;
}

/*
 * The first stripes at or after @at and below @end of which one device can
 * show all of its part.
 */
static bool cxl_dcd_way_next(const CXLDcdSet *set, unsigned way,
                             uint64_t at, uint64_t end, uint64_t *ret_first,
                             uint64_t *ret_last)
{
    const CXLDcdRoute *route = set->route;
    CXLDcdDevice *device = route->way[way].device;
    uint64_t base = route->way[way].dpa;
    uint64_t dpa = base + (at << route->shift);
    uint64_t limit = base + (end << route->shift);
    uint64_t start, stop;

    while (cxl_dcd_map_next(device, dpa, limit, set->chunk ? route : NULL,
                            &start, &stop)) {
        *ret_first = ROUND_UP(start - base, 1ULL << route->shift) >>
            route->shift;
        *ret_last = (stop - base) >> route->shift;
        if (*ret_last > *ret_first) {
            return true;
        }
        dpa = stop;
    }
    return false;
}

/* A run lies in one chunk */
static void cxl_dcd_set_add_run(CXLDcdSet *set, uint64_t at, uint64_t end)
{
    uint64_t stop;

    for (; at < end; at = stop) {
        stop = cxl_dcd_set_piece(set, at, end);
        cxl_dcd_runs_add(&set->runs, at, stop);
    }
}

static void cxl_dcd_set_add(CXLDcdSet *set, uint64_t at, uint64_t end)
{
    const CXLDcdRoute *route = set->route;
    uint64_t stripe = cxl_dcd_set_stripe(set);
    uint64_t start, stop, first, last;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        if (!cxl_dcd_map_wanted(route->way[i].device)) {
            return;
        }
    }
    while (at < end) {
        start = at;
        stop = end;
        for (i = 0; i < route->ways; i++) {
            if (!cxl_dcd_way_next(set, i, at, end, &first, &last)) {
                return;
            }
            start = MAX(start, first);
            stop = MIN(stop, last);
        }
        if (start == at) {
            cxl_dcd_set_add_run(set, at * stripe, stop * stripe);
            at = stop;
        } else {
            at = start;
        }
    }
}

typedef void CXLDcdSetFn(CXLDcdSet *set, unsigned way, void *opaque);

/* Every set that a device is part of, with its place in it */
static void cxl_dcd_set_foreach(CXLDcdDevice *device, CXLDcdSetFn *fn,
                                void *opaque)
{
    GPtrArray *windows = cxl_dcd_windows();
    unsigned i, n, w;

    for (i = 0; windows && i < windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, i);

        for (n = 0; n < window->sets->len; n++) {
            CXLDcdSet *set = g_ptr_array_index(window->sets, n);

            for (w = 0; w < set->route->ways; w++) {
                if (set->route->way[w].device == device) {
                    fn(set, w, opaque);
                }
            }
        }
    }
}

typedef struct CXLDcdSetQuery {
    uint64_t start, end;          /* DPA */
    uint32_t count;
    bool add;
    bool mapped;
} CXLDcdSetQuery;

static void cxl_dcd_set_update(CXLDcdSet *set, unsigned way, void *opaque)
{
    CXLDcdSetQuery *query = opaque;
    uint64_t first, last, stripe = cxl_dcd_set_stripe(set);

    if (!cxl_dcd_set_stripes(set, way, query->start, query->end, &first,
                             &last)) {
        return;
    }
    set->changed = true;
    cxl_dcd_runs_remove(&set->runs, first * stripe, last * stripe);
    if (query->add) {
        cxl_dcd_set_add(set, first, last);
    }
}

void cxl_dcd_interleave_remove(CXLDcdDevice *device, uint64_t start,
                               uint64_t end)
{
    CXLDcdSetQuery query = { .start = start, .end = end };

    cxl_dcd_set_foreach(device, cxl_dcd_set_update, &query);
}

void cxl_dcd_interleave_add(CXLDcdDevice *device, uint64_t start, uint64_t end)
{
    CXLDcdSetQuery query = { .start = start, .end = end, .add = true };

    cxl_dcd_set_foreach(device, cxl_dcd_set_update, &query);
}

void cxl_dcd_interleave_commit(void)
{
    GPtrArray *windows = cxl_dcd_windows();
    unsigned i, n;

    for (i = 0; windows && i < windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, i);
        bool changed = false;

        for (n = 0; n < window->sets->len; n++) {
            CXLDcdSet *set = g_ptr_array_index(window->sets, n);

            if (set->changed) {
                cxl_dcd_runs_balance(&set->runs);
                set->changed = false;
                changed |= !set->chunk;
            }
        }
        if (changed) {
            cxl_dcd_pages_publish(window);
        }
    }
}

static void cxl_dcd_set_ask(CXLDcdSet *set, unsigned way, void *opaque)
{
    CXLDcdSetQuery *query = opaque;
    uint64_t first, last, at, end, stop, stripe = cxl_dcd_set_stripe(set);

    query->count += set->runs.mapped;
    if (!cxl_dcd_set_stripes(set, way, query->start, query->end, &first,
                             &last)) {
        return;
    }
    end = last * stripe;
    for (at = first * stripe; at < end; at = stop) {
        stop = cxl_dcd_set_piece(set, at, end);
        if (!cxl_dcd_runs_mapped(&set->runs, at, stop - at)) {
            return;
        }
    }
    query->mapped = true;
}

bool cxl_dcd_interleave_mapped(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    CXLDcdSetQuery query = { .start = dpa, .end = dpa + len };

    cxl_dcd_set_foreach(device, cxl_dcd_set_ask, &query);
    return query.mapped;
}

uint32_t cxl_dcd_interleave_count(CXLDcdDevice *device)
{
    CXLDcdSetQuery query = { 0 };

    cxl_dcd_set_foreach(device, cxl_dcd_set_ask, &query);
    return query.count;
}
