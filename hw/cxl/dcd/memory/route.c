/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what is behind an address of a fixed window
 *
 * A load or store in a fixed window goes through up to four decoders: window,
 * host bridge, switch, device. Walking them for each access is what makes
 * upstream's dynamic capacity slow, so the walk is done when a decoder changes
 * and its result kept: a route is a range of a window that a set of committed
 * device decoders shows completely and regularly. Accesses that no route
 * covers are walked one by one; they are rare and most lead nowhere.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "decode.h"
#include "interleave.h"
#include "layout.h"
#include "window.h"
#include "system/runstate.h"

static QLIST_HEAD(, CXLDcdDevice) cxl_dcd_devices =
    QLIST_HEAD_INITIALIZER(cxl_dcd_devices);

static uint64_t cxl_dcd_lcm(uint64_t a, uint64_t b)
{
    uint64_t x = a, y = b, rest;

    while (y) {
        rest = x % y;
        x = y;
        y = rest;
    }
    return a / x * b;
}

/*
 * Complete @route, whose range and interleave come from a device's decoder:
 * every member must have the same decoder, at its place, and all decoders
 * above must cover the range and agree with it over a whole period.
 */
static bool cxl_dcd_route_resolve(CXLDcdWindow *window, CXLDcdRoute *route)
{
    CXLDcdLevel levels[CXL_DCD_LEVELS_MAX];
    CXLDcdDecoder decoders[CXL_DCD_DECODERS];
    uint64_t at, period = (uint64_t)route->ways << route->shift;
    unsigned i, n, place, count;
    CXLDcdDevice *device;

    for (at = 0; at < MIN(period, route->size); at += 1ULL << route->shift) {
        device = cxl_dcd_walk(window->fw, route->hpa + at, levels, &n);
        if (!device) {
            return false;
        }
        for (i = 0; i < n; i++) {
            if (levels[i].start > route->hpa ||
                levels[i].end < route->hpa + route->size) {
                return false;
            }
            period = cxl_dcd_lcm(period, levels[i].period);
        }
        place = (at >> route->shift) % route->ways;
        if (!route->way[place].device) {
            route->way[place].device = device;
        } else if (route->way[place].device != device) {
            return false;
        }
    }
    for (place = 0; place < route->ways; place++) {
        count = cxl_dcd_device_decoders(CXL_TYPE3(route->way[place].device),
                                        decoders);
        for (i = 0; i < count; i++) {
            if (decoders[i].hpa == route->hpa &&
                decoders[i].size == route->size &&
                decoders[i].ways == route->ways &&
                decoders[i].shift == route->shift) {
                route->way[place].dpa = decoders[i].dpa;
                break;
            }
        }
        if (i == count) {
            return false;
        }
    }
    return true;
}

static gint cxl_dcd_route_order(gconstpointer a, gconstpointer b)
{
    const CXLDcdRoute *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* All routes that there are now, per window */
static GPtrArray *cxl_dcd_find_routes(void)
{
    GPtrArray *windows = cxl_dcd_windows(), *found = g_ptr_array_new();
    CXLDcdDecoder decoders[CXL_DCD_DECODERS];
    CXLDcdDevice *device;
    unsigned i, w, count;

    for (w = 0; w < windows->len; w++) {
        g_ptr_array_add(found, g_array_new(false, true, sizeof(CXLDcdRoute)));
    }
    QLIST_FOREACH(device, &cxl_dcd_devices, link) {
        count = cxl_dcd_device_decoders(CXL_TYPE3(device), decoders);
        for (i = 0; i < count; i++) {
            CXLDcdRoute route = {
                .hpa = decoders[i].hpa, .size = decoders[i].size,
                .ways = decoders[i].ways, .shift = decoders[i].shift,
            };
            CXLDcdWindow *window = cxl_dcd_windows_at(route.hpa, route.size);
            GArray *routes;

            if (!window || !route.size) {
                continue;
            }
            g_ptr_array_find(windows, window, &w);
            routes = g_ptr_array_index(found, w);
            route.offset = route.hpa - window->fw->base;
            /* Another member of the set may have brought it already */
            if (cxl_dcd_route_at(routes, route.offset) ||
                !cxl_dcd_route_resolve(window, &route)) {
                continue;
            }
            g_array_append_val(routes, route);
            g_array_sort(routes, cxl_dcd_route_order);
        }
    }
    return found;
}

/* Which parts of its DPA a device can have mapped directly */
static void cxl_dcd_find_segments(CXLDcdDevice *device)
{
    GPtrArray *windows = cxl_dcd_windows();
    unsigned w, i;

    device->segment_count = 0;
    for (w = 0; w < windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);

        for (i = 0; i < window->routes->len; i++) {
            const CXLDcdRoute *route = &g_array_index(window->routes,
                                                      CXLDcdRoute, i);

            if (route->ways == 1 && route->way[0].device == device &&
                device->segment_count < CXL_DCD_DECODERS) {
                device->segment[device->segment_count++] = (CXLDcdSegment) {
                    .dpa = route->way[0].dpa, .len = route->size,
                    .offset = route->offset, .window = window,
                };
            }
        }
    }
}

void cxl_dcd_route_changed(void)
{
    g_autoptr(GPtrArray) found = NULL;
    GPtrArray *windows = cxl_dcd_windows();
    CXLDcdDevice *device;
    bool changed = cxl_dcd_layout_came;
    unsigned w;

    cxl_dcd_layout_came = false;
    if (!windows) {
        return;                   /* no device with dynamic capacity */
    }
    found = cxl_dcd_find_routes();
    for (w = 0; w < found->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);
        GArray *routes = g_ptr_array_index(found, w);

        changed |= routes->len != window->routes->len ||
            (routes->len && memcmp(routes->data, window->routes->data,
                                   routes->len * sizeof(CXLDcdRoute)));
    }
    cxl_dcd_epoch++;
    memory_region_transaction_begin();
    if (changed) {
        QLIST_FOREACH(device, &cxl_dcd_devices, link) {
            cxl_dcd_map_clear(device);
        }
    }
    for (w = 0; w < found->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, w);
        GArray *routes = g_ptr_array_index(found, w);

        if (changed) {
            trace_cxl_dcd_routes(window->fw->base, routes->len);
            window->last = NULL;
            g_array_unref(window->routes);
            window->routes = routes;
        } else {
            g_array_unref(routes);
        }
    }
    if (changed) {
        /* Whether a set is laid out depends on the routes of all windows */
        for (w = 0; w < windows->len; w++) {
            cxl_dcd_interleave_routes(g_ptr_array_index(windows, w));
        }
        cxl_dcd_layout_routes();
        QLIST_FOREACH(device, &cxl_dcd_devices, link) {
            cxl_dcd_find_segments(device);
            cxl_dcd_map_build(device);
        }
    }
    memory_region_transaction_commit();
}

CxlDynamicCapacityMapping cxl_dcd_route_mapping(CXLDcdDevice *device,
                                                uint64_t dpa, uint64_t len)
{
    if (!device->reachable || !cxl_dcd_route_covers(device, dpa, len)) {
        return CXL_DYNAMIC_CAPACITY_MAPPING_NONE;
    }
    if (cxl_dcd_runs_mapped(&device->runs, dpa, len) ||
        cxl_dcd_interleave_mapped(device, dpa, len)) {
        return CXL_DYNAMIC_CAPACITY_MAPPING_DIRECT;
    }
    return CXL_DYNAMIC_CAPACITY_MAPPING_TRAPPED;
}

/* --- Devices come and go --- */

void cxl_dcd_route_attach(CXLDcdDevice *device)
{
    QLIST_INSERT_HEAD(&cxl_dcd_devices, device, link);
    device->linked = true;
    cxl_dcd_route_changed();
}

void cxl_dcd_route_detach(CXLDcdDevice *device)
{
    if (!device->linked) {
        return;
    }
    if (cxl_dcd_windows()) {
        memory_region_transaction_begin();
        cxl_dcd_map_clear(device);
        memory_region_transaction_commit();
    }
    QLIST_REMOVE(device, link);
    device->linked = false;
    cxl_dcd_layout_came = true;   /* others' bytes may be in its memory */
    cxl_dcd_route_changed();
    if (!runstate_is_live(runstate_get())) {
        cxl_dcd_layout_finish();  /* it may be saved at any time */
    }
}
