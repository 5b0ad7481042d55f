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
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_route.h"
#include "hw/cxl/cxl_dcd_window.h"
#include "hw/cxl/cxl_host.h"
#include "trace.h"

static GPtrArray *cxl_dcd_windows; /* of CXLDcdWindow; lives for ever */
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

static CXLDcdWindow *cxl_dcd_window_of(uint64_t hpa, uint64_t size)
{
    unsigned i;

    for (i = 0; i < cxl_dcd_windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_windows, i);

        if (hpa >= window->fw->base && size <= window->fw->size &&
            hpa - window->fw->base <= window->fw->size - size) {
            return window;
        }
    }
    return NULL;
}

const CXLDcdRoute *cxl_dcd_route_at(const GArray *routes, uint64_t offset)
{
    unsigned low = 0, high = routes->len;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const CXLDcdRoute *route = &g_array_index(routes, CXLDcdRoute, middle);

        if (offset < route->offset) {
            high = middle;
        } else if (offset - route->offset >= route->size) {
            low = middle + 1;
        } else {
            return route;
        }
    }
    return NULL;
}

static gint cxl_dcd_route_order(gconstpointer a, gconstpointer b)
{
    const CXLDcdRoute *x = a, *y = b;

    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* All routes that there are now, per window */
static GPtrArray *cxl_dcd_find_routes(void)
{
    GPtrArray *found = g_ptr_array_new();
    CXLDcdDecoder decoders[CXL_DCD_DECODERS];
    CXLDcdDevice *device;
    unsigned i, w, count;

    for (w = 0; w < cxl_dcd_windows->len; w++) {
        g_ptr_array_add(found, g_array_new(false, true, sizeof(CXLDcdRoute)));
    }
    QLIST_FOREACH(device, &cxl_dcd_devices, link) {
        count = cxl_dcd_device_decoders(CXL_TYPE3(device), decoders);
        for (i = 0; i < count; i++) {
            CXLDcdRoute route = {
                .hpa = decoders[i].hpa, .size = decoders[i].size,
                .ways = decoders[i].ways, .shift = decoders[i].shift,
            };
            CXLDcdWindow *window = cxl_dcd_window_of(route.hpa, route.size);
            GArray *routes;

            if (!window || !route.size) {
                continue;
            }
            g_ptr_array_find(cxl_dcd_windows, window, &w);
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
    unsigned w, i;

    device->segment_count = 0;
    for (w = 0; w < cxl_dcd_windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_windows, w);

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

GPtrArray *cxl_dcd_route_windows(void)
{
    return cxl_dcd_windows;
}

void cxl_dcd_route_changed(void)
{
    g_autoptr(GPtrArray) found = NULL;
    CXLDcdDevice *device;
    bool changed = false;
    unsigned w;

    if (!cxl_dcd_windows) {
        return;                   /* no device with dynamic capacity */
    }
    found = cxl_dcd_find_routes();
    for (w = 0; w < found->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_windows, w);
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
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_windows, w);
        GArray *routes = g_ptr_array_index(found, w);

        if (changed) {
            trace_cxl_dcd_routes(window->fw->base, routes->len);
            window->last = NULL;
            g_array_unref(window->routes);
            window->routes = routes;
            cxl_dcd_interleave_routes(window);
        } else {
            g_array_unref(routes);
        }
    }
    if (changed) {
        QLIST_FOREACH(device, &cxl_dcd_devices, link) {
            cxl_dcd_find_segments(device);
            cxl_dcd_map_build(device);
        }
    }
    memory_region_transaction_commit();
}

bool cxl_dcd_route_covers(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    unsigned w, i, p;

    for (w = 0; w < cxl_dcd_windows->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_windows, w);

        for (i = 0; i < window->routes->len; i++) {
            const CXLDcdRoute *route = &g_array_index(window->routes,
                                                      CXLDcdRoute, i);
            uint64_t share = route->size / route->ways;

            for (p = 0; p < route->ways; p++) {
                const CXLDcdWay *way = &route->way[p];

                if (way->device == device && dpa >= way->dpa &&
                    len <= share && dpa - way->dpa <= share - len) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* --- Devices come and go --- */

/* QEMU keeps its windows to itself; they are known by their callbacks */
static void cxl_dcd_find_windows(void)
{
    MemoryRegion *mr;

    cxl_dcd_windows = g_ptr_array_new();
    QTAILQ_FOREACH(mr, &get_system_memory()->subregions, subregions_link) {
        CXLDcdWindow *window;

        if (mr->ops != &cfmws_ops) {
            continue;
        }
        window = g_new0(CXLDcdWindow, 1);
        window->fw = mr->opaque;
        window->routes = g_array_new(false, true, sizeof(CXLDcdRoute));
        window->sets = g_ptr_array_new_with_free_func(g_free);
        cxl_dcd_window_init(window, mr);
        g_ptr_array_add(cxl_dcd_windows, window);
    }
}

void cxl_dcd_route_attach(CXLDcdDevice *device)
{
    if (device->dcd && !cxl_dcd_windows) {
        cxl_dcd_find_windows();
    }
    QLIST_INSERT_HEAD(&cxl_dcd_devices, device, link);
    device->linked = true;
    cxl_dcd_route_changed();
}

void cxl_dcd_route_detach(CXLDcdDevice *device)
{
    if (!device->linked) {
        return;
    }
    if (cxl_dcd_windows) {
        memory_region_transaction_begin();
        cxl_dcd_map_clear(device);
        memory_region_transaction_commit();
    }
    QLIST_REMOVE(device, link);
    device->linked = false;
    cxl_dcd_route_changed();
}
