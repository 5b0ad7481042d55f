/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: where the bytes of interleaved capacity lie
 *
 * Byte h of a unit, as the host sees it, is byte h mod chunk of the part of
 * the member h div chunk. Units change with QEMU's lock held and while no
 * thread cleans memory of their members.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"
#include "qemu/host-utils.h"
#include "system/hostmem.h"

bool cxl_dcd_layout_came;

static CXLDcdUnitWay *cxl_dcd_unit_way_of(IntervalTreeNode *node)
{
    return node ? container_of(node, CXLDcdUnitWay, node) : NULL;
}

CXLDcdUnitWay *cxl_dcd_unit_from(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t end)
{
    return dpa >= end ? NULL : cxl_dcd_unit_way_of(
        interval_tree_iter_first(&device->units, dpa, end - 1));
}

CXLDcdUnitWay *cxl_dcd_laid_from(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t end)
{
    CXLDcdUnitWay *way = cxl_dcd_unit_from(device, dpa, end);

    while (way && !way->unit->laid) {
        way = cxl_dcd_unit_from(device, way->node.last + 1, end);
    }
    return way;
}

void cxl_dcd_unit_at(const CXLDcdUnit *unit, uint64_t at, CXLDcdBytes *ret)
{
    const CXLDcdUnitWay *way = &unit->way[at / unit->chunk];
    uint64_t inside = at % unit->chunk;

    *ret = (CXLDcdBytes) {
        .device = way->device,
        .offset = cxl_dcd_backing_of(way->device, way->node.start) + inside,
        .len = unit->chunk - inside,
    };
}

bool cxl_dcd_bytes_at(CXLDcdDevice *device, uint64_t dpa, uint64_t len,
                      CXLDcdBytes *ret)
{
    const CXLDcdUnitWay *way = cxl_dcd_laid_from(device, dpa, dpa + len);
    const CXLDcdUnit *unit;
    uint64_t at, inside;

    if (!way || way->node.start > dpa) {
        *ret = (CXLDcdBytes) {
            .device = device,
            .offset = cxl_dcd_backing_of(device, dpa),
            .len = way ? way->node.start - dpa : len,
        };
        return false;
    }
    unit = way->unit;
    at = dpa - way->node.start;
    inside = at & ((1ULL << unit->shift) - 1);
    at = (at >> unit->shift) * unit->ways + (way - unit->way);
    cxl_dcd_unit_at(unit, (at << unit->shift) + inside, ret);
    ret->len = MIN(len, (1ULL << unit->shift) - inside);
    return true;
}

/* Whole stripes of @unit with bytes [@from, @to) of each member's part */
static void cxl_dcd_unit_around(const CXLDcdUnit *unit, uint64_t from,
                                uint64_t to,
                                void (*fn)(const CXLDcdBytes *bytes,
                                           void *opaque), void *opaque)
{
    uint64_t granule = 1ULL << unit->shift;
    uint64_t at = ROUND_DOWN(from, granule) * unit->ways;
    uint64_t end = ROUND_UP(to, granule) * unit->ways;
    CXLDcdBytes bytes;

    for (; at < end; at += bytes.len) {
        cxl_dcd_unit_at(unit, at, &bytes);
        bytes.len = MIN(bytes.len, end - at);
        fn(&bytes, opaque);
    }
}

void cxl_dcd_bytes_around(CXLDcdDevice *device, uint64_t dpa, uint64_t len,
                          void (*fn)(const CXLDcdBytes *bytes, void *opaque),
                          void *opaque)
{
    uint64_t end = dpa + len, stop;
    CXLDcdBytes bytes;

    for (; dpa < end; dpa = stop) {
        const CXLDcdUnitWay *way = cxl_dcd_laid_from(device, dpa, end);

        if (way && way->node.start <= dpa) {
            stop = MIN(end, way->node.last + 1);
            cxl_dcd_unit_around(way->unit, dpa - way->node.start,
                                stop - way->node.start, fn, opaque);
        } else {
            cxl_dcd_bytes_at(device, dpa, end - dpa, &bytes);
            stop = dpa + bytes.len;
            fn(&bytes, opaque);
        }
    }
}

/* --- Units --- */

uint64_t cxl_dcd_unit_chunk(unsigned ways)
{
    return pow2floor(CXL_DCD_UNIT_BYTES / ways);
}

CXLDcdUnit *cxl_dcd_unit_new(unsigned ways, unsigned shift)
{
    CXLDcdUnit *unit = g_new0(CXLDcdUnit, 1);

    unit->ways = ways;
    unit->shift = shift;
    unit->chunk = cxl_dcd_unit_chunk(ways);
    return unit;
}

bool cxl_dcd_unit_empty(const CXLDcdUnit *unit)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        const CXLDcdUnitWay *way = &unit->way[i];
        uint64_t dpa = way->node.start;
        CXLDcdExtent extent;

        while (cxl_dcd_extent_from(way->device->dcd, dpa, &extent) &&
               extent.dpa <= way->node.last) {
            if (extent.state != CXL_DCD_PENDING) {
                return false;
            }
            dpa = extent.dpa + extent.len;
        }
    }
    return true;
}

const char *cxl_dcd_layout_plain_why(CXLDcdDevice *device)
{
    HostMemoryBackend *backend = CXL_TYPE3(device)->dc.host_dc;

    if (!device->dcd) {
        return "it has no dynamic capacity";
    }
    if (device->pool) {
        return "it is part of a pool, whose file others read";
    }
    if (device->state_path) {
        return "its contents outlive QEMU";
    }
    /* Somebody may look for a byte in the file where its address says */
    if (backend->share &&
        object_dynamic_cast(OBJECT(backend), "memory-backend-file")) {
        return "its memory is a file that others may read";
    }
    return device->prealloc ? "dc-prealloc takes memory for each extent" : NULL;
}

bool cxl_dcd_layout_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    int region = cxl_dcd_region_of(device->dcd, dpa, len);

    return region >= 0 && !cxl_dcd_layout_plain_why(device) &&
           !(cxl_dcd_config(device->dcd)->regions[region].attributes &
             (CXL_DCD_REGION_NONVOLATILE | CXL_DCD_REGION_SHARABLE |
              CXL_DCD_REGION_READ_ONLY));
}

/* --- What is laid out, for those who map it --- */

bool cxl_dcd_unit_fits(const CXLDcdUnit *unit, const CXLDcdRoute *route)
{
    uint64_t at = unit->way[0].node.start - route->way[0].dpa;
    unsigned i;

    if (unit->ways != route->ways || unit->shift != route->shift ||
        unit->way[0].node.start < route->way[0].dpa || at % unit->chunk ||
        at + unit->chunk > route->size / route->ways) {
        return false;
    }
    for (i = 0; i < unit->ways; i++) {
        if (unit->way[i].device != route->way[i].device ||
            unit->way[i].node.start - route->way[i].dpa != at) {
            return false;
        }
    }
    return true;
}

bool cxl_dcd_layout_next(CXLDcdDevice *device, uint64_t dpa, uint64_t end,
                         const CXLDcdRoute *route, uint64_t *ret_start,
                         uint64_t *ret_end)
{
    CXLDcdUnitWay *way;

    while (dpa < end) {
        way = cxl_dcd_unit_from(device, dpa, end);
        if (!route && (!way || way->node.start > dpa)) {
            *ret_start = dpa;
            *ret_end = way ? way->node.start : end;
            return true;
        }
        if (!way) {
            return false;
        }
        if (route && way->unit->laid &&
            way->unit->step == CXL_DCD_UNIT_RESTS &&
            cxl_dcd_unit_fits(way->unit, route)) {
            *ret_start = MAX(dpa, way->node.start);
            *ret_end = MIN(end, way->node.last + 1);
            return true;
        }
        dpa = way->node.last + 1;
    }
    return false;
}
