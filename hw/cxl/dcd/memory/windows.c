/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fixed windows, and the routes that lead on
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "window.h"

static GPtrArray *cxl_dcd_window_list; /* of CXLDcdWindow; lives for ever */

GPtrArray *cxl_dcd_windows(void)
{
    return cxl_dcd_window_list;
}

void cxl_dcd_windows_set(GPtrArray *windows)
{
    g_assert(!cxl_dcd_window_list);
    cxl_dcd_window_list = windows;
}

CXLDcdWindow *cxl_dcd_windows_at(uint64_t hpa, uint64_t size)
{
    unsigned i;

    for (i = 0; i < cxl_dcd_window_list->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_window_list, i);

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

bool cxl_dcd_route_covers(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    unsigned w, i, p;

    for (w = 0; w < cxl_dcd_window_list->len; w++) {
        CXLDcdWindow *window = g_ptr_array_index(cxl_dcd_window_list, w);

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
