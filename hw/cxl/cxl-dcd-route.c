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
 *
 * Our window lies over QEMU's own, inside the same memory region, from the
 * first device with dynamic capacity on. Direct mappings lie over ours.
 */
#include "qemu/osdep.h"
#include "exec/address-spaces.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_route.h"
#include "hw/cxl/cxl_host.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pcie_port.h"
#include "hw/pci-bridge/cxl_upstream_port.h"
#include "trace.h"

#define HDM_STRIDE (R_CXL_HDM_DECODER1_BASE_LO - R_CXL_HDM_DECODER0_BASE_LO)
/* Window, host bridge, switch */
#define LEVELS_MAX 3

typedef struct CXLDcdWay {
    CXLDcdDevice *device;
    uint64_t dpa;
} CXLDcdWay;

typedef struct CXLDcdRoute {
    uint64_t offset;              /* in the window */
    uint64_t hpa;
    uint64_t size;
    unsigned ways;
    unsigned shift;
    CXLDcdWay way[CXL_DCD_WAYS_MAX];
} CXLDcdRoute;

struct CXLDcdWindow {
    CXLFixedWindow *fw;
    MemoryRegion mr;
    GArray *routes;               /* CXLDcdRoute, ascending */
    const CXLDcdRoute *last;      /* the one used last; NULL: none */
};

/* One level of a walk: how it spreads addresses */
typedef struct CXLDcdLevel {
    uint64_t period;              /* granularity * ways */
    uint64_t start, end;          /* HPA range that one decoder covers */
} CXLDcdLevel;

static GPtrArray *cxl_dcd_windows; /* of CXLDcdWindow; lives for ever */
static QLIST_HEAD(, CXLDcdDevice) cxl_dcd_devices =
    QLIST_HEAD_INITIALIZER(cxl_dcd_devices);

static unsigned cxl_dcd_ways(uint32_t encoded)
{
    static const uint8_t ways[] = { 1, 2, 4, 8, 16, 0, 0, 0, 3, 6, 12 };

    return encoded < ARRAY_SIZE(ways) ? ways[encoded] : 0;
}

bool cxl_dcd_ways_valid(uint32_t encoded)
{
    return cxl_dcd_ways(encoded);
}

static uint64_t cxl_dcd_register64(const uint32_t *registers, unsigned low,
                                   unsigned decoder)
{
    const uint32_t *at = registers + low + decoder * HDM_STRIDE;

    return (uint64_t)ldl_le_p(at + 1) << 32 | (ldl_le_p(at) & 0xf0000000);
}

static unsigned cxl_dcd_decoder_count(const uint32_t *registers)
{
    uint32_t cap = ldl_le_p(registers + R_CXL_HDM_DECODER_CAPABILITY);

    return cxl_decoder_count_dec(FIELD_EX32(cap, CXL_HDM_DECODER_CAPABILITY,
                                            DECODER_COUNT));
}

static uint32_t cxl_dcd_control(const uint32_t *registers, unsigned decoder)
{
    return ldl_le_p(registers + R_CXL_HDM_DECODER0_CTRL +
                    decoder * HDM_STRIDE);
}

/* The committed decoders of a device; returns how many entries are valid. */
static unsigned cxl_dcd_device_decoders(CXLType3Dev *ct3d, CXLDcdDecoder *ret)
{
    const uint32_t *registers = ct3d->cxl_cstate.crb.cache_mem_registers;
    unsigned i, count = MIN(cxl_dcd_decoder_count(registers), CXL_DCD_DECODERS);
    uint64_t dpa = 0;

    for (i = 0; i < count; i++) {
        uint32_t control = cxl_dcd_control(registers, i);

        if (!FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, COMMITTED)) {
            break;
        }
        ret[i].hpa = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_BASE_LO,
                                        i);
        ret[i].size = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_SIZE_LO,
                                         i);
        ret[i].ways = cxl_dcd_ways(FIELD_EX32(control, CXL_HDM_DECODER0_CTRL,
                                              IW));
        ret[i].shift = 8 + FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IG);
        dpa += cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_DPA_SKIP_LO,
                                  i);
        ret[i].dpa = dpa;
        if (!ret[i].ways || ret[i].size > UINT64_MAX - ret[i].hpa) {
            break;
        }
        dpa += ret[i].size / ret[i].ways;
    }
    return i;
}

/* 8.2.4.20: the port that a host bridge or switch sends @hpa to */
static bool cxl_dcd_bridge_target(const uint32_t *registers, uint64_t hpa,
                                  uint8_t *ret_port, CXLDcdLevel *ret_level)
{
    unsigned i, index, ways, count = cxl_dcd_decoder_count(registers);
    uint64_t base, size, granularity;
    uint32_t control, list;

    for (i = 0; i < count; i++) {
        base = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_BASE_LO, i);
        size = cxl_dcd_register64(registers, R_CXL_HDM_DECODER0_SIZE_LO, i);
        if (hpa >= base && hpa - base < size) {
            break;
        }
    }
    if (i == count) {
        return false;
    }
    control = cxl_dcd_control(registers, i);
    ways = cxl_dcd_ways(FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IW));
    if (!FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, COMMITTED) || !ways ||
        ways > 8) {
        return false;
    }
    granularity = 256ULL << FIELD_EX32(control, CXL_HDM_DECODER0_CTRL, IG);
    index = (hpa - base) / granularity % ways;
    list = ldl_le_p(registers + i * HDM_STRIDE +
                    (index < 4 ? R_CXL_HDM_DECODER0_TARGET_LIST_LO
                               : R_CXL_HDM_DECODER0_TARGET_LIST_HI));
    *ret_port = extract32(list, index % 4 * 8, 8);
    *ret_level = (CXLDcdLevel) {
        .period = granularity * ways, .start = base, .end = base + size,
    };
    return true;
}

static PCIDevice *cxl_dcd_below(PCIDevice *port)
{
    return port ? pci_bridge_get_sec_bus(PCI_BRIDGE(port))->devices[0] : NULL;
}

/*
 * The device that @hpa leads to, NULL when it leads nowhere. @ret_levels
 * entries of @levels say how far that answer can be trusted.
 */
static CXLDcdDevice *cxl_dcd_walk(CXLFixedWindow *fw, uint64_t hpa,
                                  CXLDcdLevel *levels, unsigned *ret_levels)
{
    uint64_t granularity = cxl_decode_ig(fw->enc_int_gran);
    PXBCXLDev *pxb = fw->target_hbs[hpa / granularity % fw->num_targets];
    PCIHostState *hb = pxb ? PCI_HOST_BRIDGE(pxb->cxl_host_bridge) : NULL;
    CXLComponentState *cstate;
    PCIDevice *port, *device;
    unsigned n = 0;
    uint8_t number;

    if (!hb || !hb->bus || !pci_bus_is_cxl(hb->bus)) {
        return NULL;
    }
    levels[n++] = (CXLDcdLevel) {
        .period = granularity * fw->num_targets,
        .start = fw->base, .end = fw->base + fw->size,
    };
    if (cxl_get_hb_passthrough(hb)) {
        port = pcie_find_port_first(hb->bus);
    } else {
        cstate = cxl_get_hb_cstate(hb);
        if (!cstate || !cxl_dcd_bridge_target(cstate->crb.cache_mem_registers,
                                              hpa, &number, &levels[n++])) {
            return NULL;
        }
        port = pcie_find_port_by_pn(hb->bus, number);
    }
    device = cxl_dcd_below(port);
    if (device && object_dynamic_cast(OBJECT(device), TYPE_CXL_USP)) {
        cstate = cxl_usp_to_cstate(CXL_USP(device));
        if (!cstate || !cxl_dcd_bridge_target(cstate->crb.cache_mem_registers,
                                              hpa, &number, &levels[n++])) {
            return NULL;
        }
        device = cxl_dcd_below(pcie_find_port_by_pn(
                                   pci_bridge_get_sec_bus(PCI_BRIDGE(device)),
                                   number));
    }
    if (!device || !object_dynamic_cast(OBJECT(device), TYPE_CXL_DCD) ||
        !CXL_DCD(device)->linked) {
        return NULL;              /* no memory device, or one that is leaving */
    }
    *ret_levels = n;
    return CXL_DCD(device);
}

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
    CXLDcdLevel levels[LEVELS_MAX];
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

static const CXLDcdRoute *cxl_dcd_route_at(const GArray *routes,
                                           uint64_t offset)
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

/* --- Accesses --- */

/* The way and DPA of an offset that @route covers */
static const CXLDcdWay *cxl_dcd_route_way(const CXLDcdRoute *route,
                                          uint64_t offset, uint64_t *ret_dpa)
{
    uint64_t at = offset - route->offset;
    uint64_t granule = at >> route->shift;
    uint64_t inside = at & ((1ULL << route->shift) - 1);
    const CXLDcdWay *way;

    if (route->ways == 1) {
        *ret_dpa = route->way[0].dpa + at;
        return &route->way[0];
    }
    if (is_power_of_2(route->ways)) {
        way = &route->way[granule & (route->ways - 1)];
        granule >>= ctz32(route->ways);
    } else {
        way = &route->way[granule % route->ways];
        granule /= route->ways;
    }
    *ret_dpa = way->dpa + (granule << route->shift | inside);
    return way;
}

/* No route: a set that is not complete, or nothing at all */
static CXLDcdDevice *cxl_dcd_lookup(CXLDcdWindow *window, uint64_t offset,
                                    uint64_t *ret_dpa)
{
    CXLDcdLevel levels[LEVELS_MAX];
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

static MemTxResult cxl_dcd_window_access(CXLDcdWindow *window, hwaddr offset,
                                         uint64_t *data, unsigned size,
                                         bool is_write, MemTxAttrs attrs)
{
    const CXLDcdRoute *route = window->last;
    hwaddr hpa = window->fw->base + offset;
    CXLDcdDevice *device;
    uint64_t dpa;

    if (!route || offset < route->offset ||
        offset - route->offset >= route->size) {
        route = cxl_dcd_route_at(window->routes, offset);
        window->last = route;
    }
    device = route ? cxl_dcd_route_way(route, offset, &dpa)->device
                   : cxl_dcd_lookup(window, offset, &dpa);
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

MemoryRegion *cxl_dcd_window_region(CXLDcdWindow *window)
{
    return &window->mr;
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
        memory_region_init_io(&window->mr, OBJECT(qdev_get_machine()),
                              &cxl_dcd_window_ops, window, "cxl-dcd-window",
                              window->fw->size);
        memory_region_add_subregion(mr, 0, &window->mr);
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
