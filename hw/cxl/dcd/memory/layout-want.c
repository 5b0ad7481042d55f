/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which order of bytes the decoders want
 *
 * A set of members whose granularity is less than a page wants its capacity
 * laid out (under KVM any set: it cannot ask page by page which device has it).
 * What is shown in another way is wanted plain. What is not shown stays as it
 * is: a set that is decoded again finds its contents as it left them.
 *
 * Capacity that was accepted just now, where nobody had anything, has no
 * contents to move, and is laid out at once. All else is the mover's.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"
#include "system/kvm.h"

#define DECODER_UNIT (256 * MiB)

static bool cxl_dcd_layout_shows(const CXLDcdRoute *route, unsigned way,
                                 CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t end)
{
    return route->way[way].device == device && route->way[way].dpa < end &&
           dpa < route->way[way].dpa + route->size / route->ways;
}

/*
 * How often is some of [@dpa, @end) of a device shown? A guest may program
 * decoders so that the same bytes are at several addresses, even twice in one
 * set. They can be in the order of one address only.
 */
static unsigned cxl_dcd_layout_shown(CXLDcdDevice *device, uint64_t dpa,
                                     uint64_t end)
{
    GPtrArray *windows = cxl_dcd_windows();
    unsigned w, i, p, shown = 0;

    for (w = 0; w < windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);

        for (i = 0; i < window->routes->len; i++) {
            const CXLDcdRoute *route = &g_array_index(window->routes,
                                                      CXLDcdRoute, i);

            for (p = 0; p < route->ways; p++) {
                shown += cxl_dcd_layout_shows(route, p, device, dpa, end);
            }
        }
    }
    return shown;
}

bool cxl_dcd_layout_wanted(const CXLDcdRoute *route)
{
    unsigned i;

    /* A guest may ask for more than there is: a granule is in one chunk */
    if (route->ways == 1 || route->shift > CXL_DCD_SHIFT_MAX ||
        (route->shift >= CXL_DCD_PAGE_SHIFT && !kvm_enabled())) {
        return false;
    }
    for (i = 0; i < route->ways; i++) {
        const CXLDcdWay *way = &route->way[i];

        /* Decoders of other ways below may leave it anywhere (8.2.4.20) */
        if (way->dpa % cxl_dcd_unit_chunk(route->ways) ||
            cxl_dcd_layout_plain_why(way->device) ||
            cxl_dcd_layout_shown(way->device, way->dpa,
                                 way->dpa + route->size / route->ways) > 1) {
            return false;
        }
    }
    return true;
}

const CXLDcdRoute *cxl_dcd_layout_route(CXLDcdDevice *device, uint64_t dpa,
                                        uint64_t end, unsigned *ret_way)
{
    GPtrArray *windows = cxl_dcd_windows();
    unsigned w, i, p;

    for (w = 0; windows && w < windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);

        for (i = 0; i < window->routes->len; i++) {
            const CXLDcdRoute *route = &g_array_index(window->routes,
                                                      CXLDcdRoute, i);

            for (p = 0; p < route->ways; p++) {
                if (cxl_dcd_layout_shows(route, p, device, dpa, end)) {
                    *ret_way = p;
                    return route;
                }
            }
        }
    }
    return NULL;
}

CXLDcdVerdict cxl_dcd_unit_verdict(const CXLDcdUnit *unit)
{
    CXLDcdVerdict verdict = CXL_DCD_VERDICT_STAY;
    const CXLDcdRoute *route;
    unsigned i, way;

    for (i = 0; i < unit->ways; i++) {
        if (!unit->way[i].device->linked) {
            return CXL_DCD_VERDICT_PLAIN;
        }
        route = cxl_dcd_layout_route(unit->way[i].device,
                                     unit->way[i].node.start,
                                     unit->way[i].node.last + 1, &way);
        if (!route) {
            continue;
        }
        if (!cxl_dcd_layout_wanted(route) || !cxl_dcd_unit_fits(unit, route)) {
            return CXL_DCD_VERDICT_PLAIN;
        }
        verdict = CXL_DCD_VERDICT_LAID;
    }
    return verdict;
}

/* --- Units come --- */

/* The unit of @route with @dpa of its member @way, not inserted; NULL: none */
static CXLDcdUnit *cxl_dcd_layout_unit(const CXLDcdRoute *route, unsigned way,
                                       uint64_t dpa)
{
    CXLDcdUnit *unit = cxl_dcd_unit_new(route->ways, route->shift);
    uint64_t at = ROUND_DOWN(dpa - route->way[way].dpa, unit->chunk);
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        CXLDcdDevice *device = route->way[i].device;
        uint64_t start = route->way[i].dpa + at;

        unit->way[i].device = device;
        unit->way[i].node.start = start;
        unit->way[i].node.last = start + unit->chunk - 1;
        if (at + unit->chunk > route->size / route->ways ||
            !cxl_dcd_layout_possible(device, start, unit->chunk) ||
            cxl_dcd_unit_from(device, start, start + unit->chunk)) {
            g_free(unit);
            return NULL;
        }
    }
    return unit;
}

static int cxl_dcd_layout_order(gconstpointer a, gconstpointer b)
{
    const CXLDcdRange *x = a, *y = b;

    return x->dpa < y->dpa ? -1 : x->dpa > y->dpa;
}

/* Was all of [@dpa, @end) accepted just now? */
static bool cxl_dcd_layout_fresh(const GArray *fresh, uint64_t dpa,
                                 uint64_t end)
{
    guint low = 0, high = fresh->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const CXLDcdRange *range = &g_array_index(fresh, CXLDcdRange, middle);

        if (dpa < range->dpa) {
            high = middle;
        } else if (dpa >= range->dpa + range->len) {
            low = middle + 1;
        } else {
            return end <= range->dpa + range->len;
        }
    }
    return false;
}

/* Has nobody any contents in @unit, whatever @device accepted just now? */
static bool cxl_dcd_layout_is_new(const CXLDcdUnit *unit, CXLDcdDevice *device)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        const CXLDcdUnitWay *way = &unit->way[i];
        uint64_t dpa = way->node.start;
        CXLDcdExtent extent;

        while (cxl_dcd_extent_from(way->device->dcd, dpa, &extent) &&
               extent.dpa <= way->node.last) {
            dpa = extent.dpa + extent.len;
            if (extent.state != CXL_DCD_PENDING &&
                (way->device != device ||
                 !cxl_dcd_layout_fresh(device->fresh, extent.dpa, dpa))) {
                return false;
            }
        }
    }
    return true;
}

/*
 * Mappings that are left for units of @route: what cannot be mapped is served
 * faster where it lies plainly.
 */
static int cxl_dcd_layout_room(const CXLDcdRoute *route)
{
    int room = CXL_DCD_MAP_LIMIT_MAX - cxl_dcd_unit_chunks;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        CXLDcdDevice *device = route->way[i].device;
        int left = device->map_enabled ? device->map_limit : 0;
        CXLDcdUnitWay *way = cxl_dcd_unit_from(device, 0, UINT64_MAX);

        for (; way && left > 0;
             way = cxl_dcd_unit_from(device, way->node.last + 1, UINT64_MAX)) {
            left -= way->unit->ways;
        }
        room = MIN(room, left);
    }
    return room;
}

/*
 * One unit's worth from @dpa on; returns where the next begins. @room is -1
 * before the first that needs any.
 */
static uint64_t cxl_dcd_layout_look(CXLDcdDevice *device, uint64_t dpa,
                                    uint64_t end, int *room)
{
    CXLDcdUnitWay *old = cxl_dcd_unit_from(device, dpa, dpa + 1);
    const CXLDcdRoute *route;
    CXLDcdUnit *unit;
    unsigned way;

    if (old) {
        if (old->unit->step == CXL_DCD_UNIT_EMPTY) {
            cxl_dcd_unit_step(old->unit, cxl_dcd_unit_verdict(old->unit) ==
                                         CXL_DCD_VERDICT_PLAIN ?
                                         CXL_DCD_UNIT_LEFT :
                                         CXL_DCD_UNIT_RESTS);
        }
        return old->node.last + 1;
    }
    route = cxl_dcd_layout_route(device, dpa, dpa + 1, &way);
    if (!route) {
        /* Decoders begin and end there (8.2.4.20) */
        return cxl_dcd_layout_route(device, dpa, end, &way) ?
               ROUND_DOWN(dpa, DECODER_UNIT) + DECODER_UNIT : end;
    }
    if (!cxl_dcd_layout_wanted(route)) {
        return MAX(route->way[way].dpa + route->size / route->ways, dpa + 1);
    }
    unit = cxl_dcd_layout_unit(route, way, dpa);
    if (!unit) {
        dpa -= route->way[way].dpa;
        dpa = ROUND_DOWN(dpa, cxl_dcd_unit_chunk(route->ways));
        return route->way[way].dpa + dpa + cxl_dcd_unit_chunk(route->ways);
    }
    end = unit->way[way].node.last + 1;
    if (cxl_dcd_unit_empty(unit)) {
        g_free(unit);
        return end;
    }
    if (*room < 0) {
        *room = MAX(cxl_dcd_layout_room(route), 0);
    }
    if (*room < unit->ways) {
        g_free(unit);
        return end;
    }
    *room -= unit->ways;
    cxl_dcd_unit_insert(unit);
    if (cxl_dcd_layout_is_new(unit, device)) {
        cxl_dcd_unit_turn(unit, true);
    } else {
        cxl_dcd_unit_step(unit, CXL_DCD_UNIT_LEFT);
    }
    return end;
}

void cxl_dcd_layout_consider(CXLDcdDevice *device, uint64_t dpa, uint64_t end)
{
    int room = -1;

    while (dpa < end) {
        dpa = cxl_dcd_layout_look(device, dpa, end, &room);
    }
}

void cxl_dcd_layout_reach(CXLDcdDevice *device, const CXLDcdRange *range)
{
    if (!device->restoring) {
        g_array_append_val(device->fresh, *range);
    }
}

void cxl_dcd_layout_accepted(CXLDcdDevice *device)
{
    guint i;

    g_array_sort(device->fresh, cxl_dcd_layout_order);
    for (i = 0; i < device->fresh->len; i++) {
        const CXLDcdRange *range = &g_array_index(device->fresh, CXLDcdRange,
                                                  i);

        cxl_dcd_layout_consider(device, range->dpa, range->dpa + range->len);
    }
    g_array_set_size(device->fresh, 0);
}

/* All that the host has of a member of @route */
static void cxl_dcd_layout_consider_way(const CXLDcdRoute *route, unsigned way)
{
    CXLDcdDevice *device = route->way[way].device;
    uint64_t dpa = route->way[way].dpa;
    uint64_t end = dpa + route->size / route->ways;
    CXLDcdExtent extent;

    while (dpa < end && cxl_dcd_extent_from(device->dcd, dpa, &extent) &&
           extent.dpa < end) {
        uint64_t stop = MIN(end, extent.dpa + extent.len);

        if (extent.state != CXL_DCD_PENDING) {
            cxl_dcd_layout_consider(device, MAX(dpa, extent.dpa), stop);
        }
        dpa = stop;
    }
}

void cxl_dcd_layout_routes(void)
{
    GPtrArray *windows = cxl_dcd_windows();
    CXLDcdUnit *unit;
    unsigned w, i, p;

    QTAILQ_FOREACH(unit, &cxl_dcd_units, next) {
        if (unit->step == CXL_DCD_UNIT_RESTS &&
            cxl_dcd_unit_verdict(unit) == CXL_DCD_VERDICT_PLAIN) {
            cxl_dcd_unit_step(unit, CXL_DCD_UNIT_LEFT);
        }
    }
    for (w = 0; w < windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);

        for (i = 0; i < window->routes->len; i++) {
            const CXLDcdRoute *route = &g_array_index(window->routes,
                                                      CXLDcdRoute, i);

            for (p = 0; cxl_dcd_layout_wanted(route) && p < route->ways; p++) {
                cxl_dcd_layout_consider_way(route, p);
            }
        }
    }
}
