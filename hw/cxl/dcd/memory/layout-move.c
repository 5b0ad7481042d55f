/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: bytes are brought into another order
 *
 * A unit that has to change is out of the memory map. It waits until every
 * processor has noticed that, and until transfers that still have a pointer
 * into it have ended. Then it is moved as a whole, with QEMU's lock held: some
 * milliseconds. Until then, and from then on, its bytes are served access by
 * access from where they are. Many units are moved a few at a time.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "grace.h"
#include "hw/core/cpu.h"
#include "layout.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "system/tcg.h"

/* With QEMU's lock: after this no other unit is begun, each takes some ms */
#define BUSY_NS  SCALE_MS
/* Between two goes, and between two looks at what it waits for */
#define PAUSE_MS 1
#define WAIT_MS  5
#define TOUCH_BYTES (2 * MiB)

static struct {
    QEMUTimer *timer;
    CXLDcdGrace *grace;           /* the period that goes on; NULL: none */
    uint8_t *bytes;               /* room for a unit, while there is work */
    uint64_t ready;               /* so many of them are really there */
} cxl_dcd_mover;

/* --- The bytes --- */

/*
 * Memory that is touched for the first time takes longer than moving what is in
 * it, so that is done beforehand, in pieces. True: it is done.
 */
static bool cxl_dcd_mover_room(void)
{
    if (!cxl_dcd_mover.bytes) {
        cxl_dcd_mover.bytes = g_malloc(CXL_DCD_UNIT_BYTES);
        cxl_dcd_mover.ready = 0;
    }
    if (cxl_dcd_mover.ready < CXL_DCD_UNIT_BYTES) {
        memset(cxl_dcd_mover.bytes + cxl_dcd_mover.ready, 0, TOUCH_BYTES);
        cxl_dcd_mover.ready += TOUCH_BYTES;
    }
    return cxl_dcd_mover.ready == CXL_DCD_UNIT_BYTES;
}

static uint8_t *cxl_dcd_mover_chunk(const CXLDcdUnit *unit, unsigned i)
{
    const CXLDcdUnitWay *way = &unit->way[i];

    return way->device->dc_ram + cxl_dcd_backing_of(way->device,
                                                    way->node.start);
}

/* Memory that holds nothing is not touched, so that it costs nothing. */
static void cxl_dcd_mover_put(uint8_t *to, const uint8_t *from, uint64_t len)
{
    uint64_t page = qemu_real_host_page_size(), at, now;

    for (at = 0; at < len; at += now) {
        now = MIN(page, len - at);
        if (!buffer_is_zero(from + at, now)) {
            memcpy(to + at, from + at, now);
        } else if (!buffer_is_zero(to + at, now)) {
            memset(to + at, 0, now);
        }
    }
}

/* Granule @q of member @way is granule q * ways + way of the host's */
static void cxl_dcd_mover_order(const CXLDcdUnit *unit, bool laid)
{
    uint64_t granule = 1ULL << unit->shift, q;
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        uint8_t *plain = laid ? cxl_dcd_mover_chunk(unit, i)
                              : cxl_dcd_mover.bytes + i * unit->chunk;

        for (q = 0; q < unit->chunk >> unit->shift; q++) {
            uint64_t at = (q * unit->ways + i) << unit->shift;

            if (laid) {
                memcpy(cxl_dcd_mover.bytes + at, plain + (q << unit->shift),
                       granule);
            } else {
                memcpy(plain + (q << unit->shift),
                       cxl_dcd_mover_chunk(unit, at / unit->chunk) +
                       at % unit->chunk, granule);
            }
        }
    }
}

static void cxl_dcd_mover_turn(CXLDcdUnit *unit, bool laid)
{
    unsigned i;

    while (!cxl_dcd_mover_room()) {
        /* the machine has stopped, and this may take longer */
    }
    cxl_dcd_unit_pause(unit, true);
    cxl_dcd_mover_order(unit, laid);
    for (i = 0; i < unit->ways; i++) {
        CXLDcdDevice *device = unit->way[i].device;

        cxl_dcd_mover_put(cxl_dcd_mover_chunk(unit, i),
                          cxl_dcd_mover.bytes + i * unit->chunk, unit->chunk);
        /* Translated code and dirty pages must hear of it */
        address_space_cache_invalidate(&device->dc_cache,
                                       cxl_dcd_backing_of(device,
                                           unit->way[i].node.start),
                                       unit->chunk);
    }
    cxl_dcd_unit_turn(unit, laid);
    cxl_dcd_unit_pause(unit, false);
}

/* Nobody has any of it: it costs nothing any more */
static void cxl_dcd_mover_discard(CXLDcdUnit *unit)
{
    unsigned i;

    cxl_dcd_unit_turn(unit, false);
    for (i = 0; i < unit->ways; i++) {
        cxl_dcd_sanitize_own_clean(unit->way[i].device, unit->way[i].node.start,
                                   unit->chunk, false);
    }
}

/* --- One unit --- */

/* Contents are being saved or loaded */
static bool cxl_dcd_mover_held(const CXLDcdUnit *unit)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        if (cxl_dcd_sanitizer_held(unit->way[i].device)) {
            return true;
        }
    }
    return false;
}

static bool cxl_dcd_mover_dma_busy(const CXLDcdUnit *unit)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        const CXLDcdUnitWay *way = &unit->way[i];

        if (cxl_dcd_dma_busy(way->device,
                             cxl_dcd_backing_of(way->device, way->node.start),
                             unit->chunk)) {
            return true;
        }
    }
    return false;
}

/* What there is to be mapped in @unit, and what wants another order there */
static void cxl_dcd_mover_show(const CXLDcdUnit *unit)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        const CXLDcdUnitWay *way = &unit->way[i];

        if (way->device->linked) {
            cxl_dcd_map_again(way->device, way->node.start, unit->chunk);
        }
    }
}

static void cxl_dcd_mover_forget(CXLDcdUnit *unit)
{
    CXLDcdUnit copy = *unit;
    unsigned i;

    for (i = 0; i < copy.ways; i++) {
        object_ref(OBJECT(copy.way[i].device));
    }
    cxl_dcd_unit_free(unit);
    for (i = 0; i < copy.ways; i++) {
        const CXLDcdUnitWay *way = &copy.way[i];

        if (way->device->linked) {
            cxl_dcd_layout_consider(way->device, way->node.start,
                                    way->node.last + 1);
        }
    }
    cxl_dcd_mover_show(&copy);
    for (i = 0; i < copy.ways; i++) {
        object_unref(OBJECT(copy.way[i].device));
    }
}

/* Nobody reaches @unit: it becomes what it is to be now. False: not now */
static bool cxl_dcd_mover_do(CXLDcdUnit *unit)
{
    CXLDcdVerdict verdict = cxl_dcd_unit_verdict(unit);
    bool empty = cxl_dcd_unit_empty(unit);
    bool laid = unit->laid ? verdict != CXL_DCD_VERDICT_PLAIN
                           : verdict == CXL_DCD_VERDICT_LAID;

    if (cxl_dcd_mover_dma_busy(unit)) {
        return false;
    }
    if (empty) {
        if (unit->laid) {
            cxl_dcd_mover_discard(unit);
        }
        cxl_dcd_mover_forget(unit);
        return true;
    }
    if (laid != unit->laid) {
        cxl_dcd_mover_turn(unit, laid);
    }
    if (!laid) {
        cxl_dcd_mover_forget(unit);
        return true;
    }
    cxl_dcd_unit_step(unit, CXL_DCD_UNIT_RESTS);
    cxl_dcd_mover_show(unit);
    return true;
}

/* --- All --- */

static void cxl_dcd_mover_nothing(CPUState *cpu, run_on_cpu_data data)
{
}

/* Emulated processors leave the memory map when they have something to do */
static void cxl_dcd_mover_kick(void)
{
    CPUState *cpu;

    if (tcg_enabled()) {
        CPU_FOREACH(cpu) {
            async_run_on_cpu(cpu, cxl_dcd_mover_nothing, RUN_ON_CPU_NULL);
        }
    }
}

static void cxl_dcd_mover_end_grace(void *opaque)
{
    CXLDcdUnit *unit;

    cxl_dcd_mover.grace = NULL;
    QTAILQ_FOREACH(unit, &cxl_dcd_units_busy, busy) {
        if (unit->step == CXL_DCD_UNIT_GRACE) {
            unit->step = CXL_DCD_UNIT_READY;
        }
    }
    timer_mod(cxl_dcd_mover.timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
}

static void cxl_dcd_mover_begin_grace(void)
{
    CXLDcdUnit *unit;
    bool any = false;

    if (!cxl_dcd_mover.grace) {
        QTAILQ_FOREACH(unit, &cxl_dcd_units_busy, busy) {
            if (unit->step == CXL_DCD_UNIT_LEFT) {
                unit->step = CXL_DCD_UNIT_GRACE;
                any = true;
            }
        }
        if (any) {
            cxl_dcd_mover.grace = cxl_dcd_grace_begin(cxl_dcd_mover_end_grace,
                                                      NULL);
        }
    }
    if (cxl_dcd_mover.grace) {
        cxl_dcd_mover_kick();
    }
}

/* As many as there is time for; true: one was, and there may be more */
static bool cxl_dcd_mover_some(int64_t until)
{
    CXLDcdUnit *unit, *next;
    bool any = false;

    memory_region_transaction_begin();
    QTAILQ_FOREACH_SAFE(unit, &cxl_dcd_units_busy, busy, next) {
        if (unit->step >= CXL_DCD_UNIT_READY && !cxl_dcd_mover_held(unit) &&
            cxl_dcd_mover_do(unit)) {
            any = true;
            if (get_clock() >= until) {
                break;
            }
        }
    }
    memory_region_transaction_commit();
    return any;
}

static bool cxl_dcd_mover_has_contents(void)
{
    CXLDcdUnit *unit;

    QTAILQ_FOREACH(unit, &cxl_dcd_units_busy, busy) {
        if (unit->step != CXL_DCD_UNIT_EMPTY) {
            return true;
        }
    }
    return false;
}

static void cxl_dcd_mover_run(void *opaque)
{
    bool any = true;

    cxl_dcd_mover_begin_grace();
    if (!cxl_dcd_mover_has_contents() || cxl_dcd_mover_room()) {
        any = cxl_dcd_mover_some(get_clock() + BUSY_NS);
    }
    if (!QTAILQ_EMPTY(&cxl_dcd_units_busy)) {
        timer_mod(cxl_dcd_mover.timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                  (any || cxl_dcd_mover.grace ? PAUSE_MS : WAIT_MS));
    } else {
        g_clear_pointer(&cxl_dcd_mover.bytes, g_free);
    }
}

static void cxl_dcd_mover_start(void)
{
    if (!timer_pending(cxl_dcd_mover.timer)) {
        timer_mod(cxl_dcd_mover.timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
    }
}

/* @range was sanitized: memory that nobody has any of costs nothing again */
static void cxl_dcd_layout_left(CXLDcdDevice *device, const CXLDcdRange *range)
{
    uint64_t dpa = range->dpa, end = range->dpa + range->len;
    CXLDcdUnitWay *way;

    while ((way = cxl_dcd_unit_from(device, dpa, end))) {
        CXLDcdUnit *unit = way->unit;

        dpa = way->node.last + 1;
        if (unit->step == CXL_DCD_UNIT_RESTS && cxl_dcd_unit_empty(unit)) {
            cxl_dcd_unit_step(unit, CXL_DCD_UNIT_EMPTY);
        }
    }
}

static bool cxl_dcd_mover_lacks_member(const CXLDcdUnit *unit)
{
    unsigned i;

    for (i = 0; i < unit->ways; i++) {
        if (!unit->way[i].device->linked) {
            return true;
        }
    }
    return false;
}

void cxl_dcd_layout_finish(void)
{
    CXLDcdUnit *unit, *next;

    memory_region_transaction_begin();
    QTAILQ_FOREACH_SAFE(unit, &cxl_dcd_units_busy, busy, next) {
        if (cxl_dcd_mover_lacks_member(unit)) {
            cxl_dcd_mover_do(unit);
        }
    }
    memory_region_transaction_commit();
}

void cxl_dcd_layout_init(CXLDcdDevice *device)
{
    device->fresh = g_array_new(false, false, sizeof(CXLDcdRange));
    device->clean = cxl_dcd_layout_left;
    if (!cxl_dcd_mover.timer) {
        cxl_dcd_mover.timer = timer_new_ms(QEMU_CLOCK_REALTIME,
                                           cxl_dcd_mover_run, NULL);
        cxl_dcd_units_work = cxl_dcd_mover_start;
    }
}

void cxl_dcd_layout_free(CXLDcdDevice *device)
{
    g_clear_pointer(&device->fresh, g_array_unref);
}
