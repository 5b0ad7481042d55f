/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: why accesses to capacity are trapped, and in which
 * order its bytes lie
 *
 * For whoever asks; nothing is decided here.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"
#include "mappable.h"
#include "system/kvm.h"

/* Does the host have all of [@dpa, @end)? */
static bool cxl_dcd_trap_has(CXLDcdDevice *device, uint64_t dpa, uint64_t end)
{
    CXLDcdExtent extent;

    if (!device->dcd) {
        return false;             /* static memory is in the set */
    }
    while (dpa < end) {
        if (!cxl_dcd_extent_from(device->dcd, dpa, &extent) ||
            extent.dpa > dpa || !cxl_dcd_state_listed(extent.state)) {
            return false;
        }
        dpa = extent.dpa + extent.len;
    }
    return true;
}

/* Is none of a device mapped, whatever the host has of it? */
static bool cxl_dcd_trap_of_device(CXLDcdDevice *device,
                                   CxlDynamicCapacityTrap *ret)
{
    *ret = device->map_enabled ? CXL_DYNAMIC_CAPACITY_TRAP_NO_BUS_MASTER :
                                 CXL_DYNAMIC_CAPACITY_TRAP_SWITCHED_OFF;
    return !cxl_dcd_map_wanted(device);
}

/* Or none of the region with [@dpa, @end)? */
static bool cxl_dcd_trap_of_region(CXLDcdDevice *device, uint64_t dpa,
                                   uint64_t end)
{
    int region = cxl_dcd_region_of(device->dcd, dpa, end - dpa);

    return region >= 0 &&
           (cxl_dcd_config(device->dcd)->regions[region].attributes &
            CXL_DCD_REGION_READ_ONLY);
}

/* What is the matter with what is beside [@dpa, @end) in the set? */
static CxlDynamicCapacityTrap cxl_dcd_trap_beside(const CXLDcdRoute *route,
                                                  unsigned way, uint64_t dpa,
                                                  uint64_t end)
{
    uint64_t start = MAX(dpa, route->way[way].dpa) - route->way[way].dpa;
    uint64_t stop = MIN(end - route->way[way].dpa, route->size / route->ways);
    /* Others are mapped page by page */
    bool laid = route->shift < CXL_DCD_PAGE_SHIFT || kvm_enabled();
    CxlDynamicCapacityTrap trap;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        CXLDcdDevice *other = route->way[i].device;
        uint64_t from = route->way[i].dpa + start;
        uint64_t to = route->way[i].dpa + stop;

        if (!cxl_dcd_trap_has(other, from, to)) {
            return CXL_DYNAMIC_CAPACITY_TRAP_INCOMPLETE;
        }
        if (cxl_dcd_trap_of_device(other, &trap)) {
            return trap;
        }
        if (laid && !cxl_dcd_layout_possible(other, from, to - from)) {
            return CXL_DYNAMIC_CAPACITY_TRAP_INTERLEAVED;
        }
        if (cxl_dcd_trap_of_region(other, from, to)) {
            return CXL_DYNAMIC_CAPACITY_TRAP_READ_ONLY;
        }
        if (cxl_dcd_poison_page(other, from, to) < to) {
            return CXL_DYNAMIC_CAPACITY_TRAP_POISONED;
        }
    }
    return CXL_DYNAMIC_CAPACITY_TRAP_LIMIT;
}

/* Are bytes of [@dpa, @end) on their way? */
static bool cxl_dcd_trap_moves(CXLDcdDevice *device, uint64_t dpa, uint64_t end)
{
    CXLDcdUnitWay *unit = cxl_dcd_unit_from(device, dpa, end);

    while (unit && unit->unit->step == CXL_DCD_UNIT_RESTS) {
        unit = cxl_dcd_unit_from(device, unit->node.last + 1, end);
    }
    return unit;
}

CxlDynamicCapacityTrap cxl_dcd_trap_why(CXLDcdDevice *device, uint64_t dpa,
                                        uint64_t len)
{
    uint64_t end = dpa + len;
    const CXLDcdRoute *route;
    CxlDynamicCapacityTrap trap;
    unsigned way;

    if (cxl_dcd_trap_of_device(device, &trap)) {
        return trap;
    }
    if (cxl_dcd_trap_moves(device, dpa, end)) {
        return CXL_DYNAMIC_CAPACITY_TRAP_MOVING;
    }
    if (cxl_dcd_trap_of_region(device, dpa, end)) {
        return CXL_DYNAMIC_CAPACITY_TRAP_READ_ONLY;
    }
    if (cxl_dcd_poison_page(device, dpa, end) < end) {
        return CXL_DYNAMIC_CAPACITY_TRAP_POISONED;
    }
    route = cxl_dcd_layout_route(device, dpa, end, &way);
    if (!route || route->ways == 1) {
        return CXL_DYNAMIC_CAPACITY_TRAP_LIMIT;
    }
    if ((route->shift < CXL_DCD_PAGE_SHIFT || kvm_enabled()) &&
        !cxl_dcd_layout_wanted(route)) {
        return CXL_DYNAMIC_CAPACITY_TRAP_INTERLEAVED;
    }
    return cxl_dcd_trap_beside(route, way, dpa, end);
}

CxlDynamicCapacityLayout cxl_dcd_layout_of(CXLDcdDevice *device, uint64_t dpa,
                                           uint64_t len)
{
    uint64_t end = dpa + len, laid = 0;
    CXLDcdUnitWay *unit;

    for (unit = cxl_dcd_laid_from(device, dpa, end); unit;
         unit = cxl_dcd_laid_from(device, unit->node.last + 1, end)) {
        laid += MIN(end, unit->node.last + 1) - MAX(dpa, unit->node.start);
    }
    if (!laid) {
        return CXL_DYNAMIC_CAPACITY_LAYOUT_PLAIN;
    }
    return laid == len ? CXL_DYNAMIC_CAPACITY_LAYOUT_SET :
                         CXL_DYNAMIC_CAPACITY_LAYOUT_BOTH;
}
