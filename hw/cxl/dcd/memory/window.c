/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a load or store in a window, for what is not mapped
 *
 * Our window lies over QEMU's own, inside the same memory region, from the
 * first device with dynamic capacity on. Mappings lie over ours. What comes
 * here is interleaved finer than a page, or beside what can be mapped, or
 * not the host's. For the first the way from an address to a byte is kept:
 * the route used last, and for each of its ways the piece of DPA around the
 * last access; both hold until the epoch changes.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_host.h"
#include "hw/cxl/dcd/memory.h"
#include "access.h"
#include "decode.h"
#include "window.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"

/* The way of an offset that @route covers, and its DPA */
static unsigned cxl_dcd_route_way(const CXLDcdRoute *route, uint64_t offset,
                                  uint64_t *ret_dpa)
{
    uint64_t at = offset - route->offset;
    uint64_t granule = at >> route->shift;
    uint64_t inside = at & ((1ULL << route->shift) - 1);
    unsigned way;

    if (route->ways == 1) {
        *ret_dpa = route->way[0].dpa + at;
        return 0;
    }
    if (is_power_of_2(route->ways)) {
        way = granule & (route->ways - 1);
        granule >>= ctz32(route->ways);
    } else {
        way = granule % route->ways;
        granule /= route->ways;
    }
    *ret_dpa = route->way[way].dpa + (granule << route->shift | inside);
    return way;
}

/* No route: a set that is not complete, or nothing at all */
static CXLDcdDevice *cxl_dcd_lookup(CXLDcdWindow *window, uint64_t offset,
                                    uint64_t *ret_dpa)
{
    CXLDcdLevel levels[CXL_DCD_LEVELS_MAX];
    CXLDcdDecoder decoders[CXL_DCD_DECODERS];
    uint64_t hpa = window->fw->base + offset;
    unsigned i, n, count;
    CXLDcdDevice *device = cxl_dcd_walk(window->fw, hpa, levels, &n);

    if (!device) {
        return NULL;
    }
    count = cxl_dcd_device_decoders(CXL_TYPE3(device), decoders);
    for (i = 0; i < count; i++) {
        if (hpa >= decoders[i].hpa &&
            hpa - decoders[i].hpa < decoders[i].size) {
            uint64_t at = hpa - decoders[i].hpa;
            uint64_t mask = (1ULL << decoders[i].shift) - 1;

            *ret_dpa = decoders[i].dpa + (at & mask) +
                (((at >> decoders[i].shift) / decoders[i].ways) <<
                 decoders[i].shift);
            return device;
        }
    }
    return NULL;
}

/* A route whose device has nothing to object to: the bytes themselves */
static bool cxl_dcd_window_quick(CXLDcdWindow *window, unsigned way,
                                 uint64_t dpa, uint64_t *data, unsigned size,
                                 bool is_write)
{
    const CXLDcdRoute *route = window->last;
    CXLDcdDevice *device = route->way[way].device;
    CXLDcdSpan *span = &window->span[way];
    uint64_t at;

    if (span->epoch != cxl_dcd_epoch || span->route != route ||
        dpa < span->start || dpa >= span->end || size > span->end - dpa) {
        if (!device->dcd || dpa < device->dc_base ||
            !cxl_dcd_span(device, dpa, span)) {
            return false;
        }
        span->route = route;
        span->epoch = cxl_dcd_epoch;
        if (size > span->end - dpa) {
            return false;
        }
    }
    if (is_write && !span->writable) {
        return false;
    }
    at = span->backing + (dpa - span->start);
    if (!is_write) {
        *data = ldn_le_p(span->holder->dc_ram + at, size);
        return true;
    }
    stn_le_p(span->holder->dc_ram + at, size, *data);
    /* Translated code and dirty pages must hear of it */
    address_space_cache_invalidate(&span->holder->dc_cache, at, size);
    return true;
}

static MemTxResult cxl_dcd_window_access(CXLDcdWindow *window, hwaddr offset,
                                         uint64_t *data, unsigned size,
                                         bool is_write, MemTxAttrs attrs)
{
    const CXLDcdRoute *route = window->last;
    hwaddr hpa = window->fw->base + offset;
    CXLDcdDevice *device;
    uint64_t dpa;
    unsigned way;

    if (!route || offset < route->offset ||
        offset - route->offset >= route->size) {
        route = cxl_dcd_route_at(window->routes, offset);
        window->last = route;
    }
    if (route) {
        way = cxl_dcd_route_way(route, offset, &dpa);
        if (cxl_dcd_window_quick(window, way, dpa, data, size, is_write)) {
            return MEMTX_OK;
        }
        device = route->way[way].device;
    } else {
        device = cxl_dcd_lookup(window, offset, &dpa);
    }
    if (!device) {
        if (!is_write) {
            *data = UINT64_MAX;
        }
        return MEMTX_OK;
    }
    if (device->dcd && dpa >= device->dc_base) {
        return cxl_dcd_access(device, dpa, data, size, is_write, attrs);
    }
    return is_write ? cxl_type3_write(PCI_DEVICE(device), hpa, *data, size,
                                      attrs)
                    : cxl_type3_read(PCI_DEVICE(device), hpa, data, size,
                                     attrs);
}

/* Where neighbouring bytes may belong to different devices */
#define FINEST_GRANULARITY 256

static bool cxl_dcd_crosses(hwaddr offset, unsigned size)
{
    return offset % FINEST_GRANULARITY + size > FINEST_GRANULARITY;
}

static MemTxResult cxl_dcd_window_read(void *opaque, hwaddr offset,
                                       uint64_t *data, unsigned size,
                                       MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;
    uint64_t byte;
    unsigned i;

    if (!cxl_dcd_crosses(offset, size)) {
        return cxl_dcd_window_access(opaque, offset, data, size, false, attrs);
    }
    *data = 0;
    for (i = 0; i < size; i++) {
        byte = 0;
        result |= cxl_dcd_window_access(opaque, offset + i, &byte, 1, false,
                                        attrs);
        *data |= (byte & 0xff) << (8 * i);
    }
    return result;
}

static MemTxResult cxl_dcd_window_write(void *opaque, hwaddr offset,
                                        uint64_t data, unsigned size,
                                        MemTxAttrs attrs)
{
    MemTxResult result = MEMTX_OK;
    uint64_t byte;
    unsigned i;

    if (!cxl_dcd_crosses(offset, size)) {
        return cxl_dcd_window_access(opaque, offset, &data, size, true, attrs);
    }
    for (i = 0; i < size; i++) {
        byte = data >> (8 * i) & 0xff;
        result |= cxl_dcd_window_access(opaque, offset + i, &byte, 1, true,
                                        attrs);
    }
    return result;
}

static const MemoryRegionOps cxl_dcd_window_ops = {
    .read_with_attrs = cxl_dcd_window_read,
    .write_with_attrs = cxl_dcd_window_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

static void cxl_dcd_window_init(CXLDcdWindow *window, MemoryRegion *parent)
{
    memory_region_init_io(&window->mr, OBJECT(qdev_get_machine()),
                          &cxl_dcd_window_ops, window, "cxl-dcd-window",
                          window->fw->size);
    memory_region_add_subregion(parent, 0, &window->mr);
}

/* QEMU keeps its windows to itself; they are known by their callbacks */
void cxl_dcd_window_find(void)
{
    GPtrArray *windows;
    MemoryRegion *mr;

    if (cxl_dcd_windows()) {
        return;
    }
    windows = g_ptr_array_new();
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
        g_ptr_array_add(windows, window);
    }
    cxl_dcd_windows_set(windows);
}
