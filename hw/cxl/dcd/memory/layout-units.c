/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: units of interleaved capacity come, change and go
 *
 * A unit keeps its members, also those that are unplugged, until all its bytes
 * are where they would be without it. What changes of units changes with QEMU's
 * lock held, and while no thread cleans memory of the members.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "block/aio.h"
#include "layout.h"
#include "qemu/main-loop.h"

CXLDcdUnits cxl_dcd_units = QTAILQ_HEAD_INITIALIZER(cxl_dcd_units);
CXLDcdUnits cxl_dcd_units_busy = QTAILQ_HEAD_INITIALIZER(cxl_dcd_units_busy);
unsigned cxl_dcd_unit_chunks;
void (*cxl_dcd_units_work)(void);

void cxl_dcd_unit_pause(const CXLDcdUnit *unit, bool pause)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        cxl_dcd_sanitizer_pause(unit->way[i].device, pause);
    }
}

void cxl_dcd_unit_insert(CXLDcdUnit *unit)
{
    unsigned i;

    cxl_dcd_unit_pause(unit, true);
    for (i = 0; i < unit->ways; i++) {
        CXLDcdUnitWay *way = &unit->way[i];

        way->unit = unit;
        object_ref(OBJECT(way->device));
        interval_tree_insert(&way->node, &way->device->units);
    }
    QTAILQ_INSERT_TAIL(&cxl_dcd_units, unit, next);
    cxl_dcd_unit_chunks += unit->ways;
    cxl_dcd_unit_pause(unit, false);
}

void cxl_dcd_unit_step(CXLDcdUnit *unit, CXLDcdUnitStep step)
{
    if (unit->step == CXL_DCD_UNIT_RESTS && step != CXL_DCD_UNIT_RESTS) {
        QTAILQ_INSERT_TAIL(&cxl_dcd_units_busy, unit, busy);
        cxl_dcd_units_work();
    } else if (unit->step != CXL_DCD_UNIT_RESTS &&
               step == CXL_DCD_UNIT_RESTS) {
        QTAILQ_REMOVE(&cxl_dcd_units_busy, unit, busy);
    }
    unit->step = step;
}

static void cxl_dcd_unit_unref(void *opaque)
{
    object_unref(OBJECT(opaque));
}

void cxl_dcd_unit_free(CXLDcdUnit *unit)
{
    unsigned i;

    cxl_dcd_unit_pause(unit, true);
    for (i = 0; i < unit->ways; i++) {
        interval_tree_remove(&unit->way[i].node, &unit->way[i].device->units);
    }
    cxl_dcd_unit_step(unit, CXL_DCD_UNIT_RESTS);
    QTAILQ_REMOVE(&cxl_dcd_units, unit, next);
    cxl_dcd_unit_chunks -= unit->ways;
    cxl_dcd_unit_pause(unit, false);
    for (i = 0; i < unit->ways; i++) {
        /* Whoever called us may be part of what ends with the device */
        aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_unit_unref,
                                unit->way[i].device);
    }
    cxl_dcd_epoch++;
    g_free(unit);
}

void cxl_dcd_unit_turn(CXLDcdUnit *unit, bool laid)
{
    unsigned i;

    trace_cxl_dcd_layout(unit->way[0].device->path, unit->way[0].node.start,
                         unit->chunk, unit->ways, 1U << unit->shift, laid);
    cxl_dcd_unit_pause(unit, true);
    unit->laid = laid;
    cxl_dcd_unit_pause(unit, false);
    cxl_dcd_epoch++;
    for (i = 0; i < unit->ways; i++) {
        CXLDcdUnitWay *way = &unit->way[i];
        CXLDcdRange range = { way->node.start, unit->chunk };

        if (way->device->linked) {
            cxl_dcd_discard_layout(way->device, &range, laid);
        }
        /* For migration, and for the speed of writes: see footprint.c */
        memory_region_set_dirty(way->device->dc_mr,
                                cxl_dcd_backing_of(way->device, range.dpa),
                                range.len);
    }
}
