/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: nothing is said to be done before it is
 *
 * A command decides at once, but what it has decided takes time: processors
 * leave the memory map that they have, a file is written, capacity becomes
 * clean. Whoever is to hear of the end (the host by its doorbell, the fabric
 * manager by its answer, a client of QMP) waits here. The machine does
 * not.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/state.h"
#include "monitor/monitor.h"
#include "settle.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"

/* A client of QMP is answered by then, and asks for what is still to come. */
#define LIMIT_NS NANOSECONDS_PER_SECOND

bool cxl_dcd_settled(CXLDcdDevice *device)
{
    return device->gone || (cxl_dcd_sanitizer_settled(device) &&
                            cxl_dcd_persist_settled(device));
}

bool cxl_dcd_durable(CXLDcdDevice *device)
{
    return device->gone || (cxl_dcd_settled(device) &&
                            cxl_dcd_persist_durable(device));
}

bool cxl_dcd_clean(const CXLDcdDevice *device)
{
    return !cxl_dcd_sanitizing(device->dcd) && cxl_dcd_head_clean(device);
}

static bool cxl_dcd_settle_over(CXLDcdDevice *device,
                                const CXLDcdSettled *waiter, int64_t now)
{
    if (waiter->limited && (now >= waiter->deadline || cxl_dcd_ending())) {
        return true;
    }
    if (waiter->prepare) {
        return device->gone || !cxl_dcd_preparing(device);
    }
    return device->gone ||
           (cxl_dcd_settled(device) &&
            (!waiter->durable || cxl_dcd_durable(device)) &&
            (!waiter->clean || cxl_dcd_clean(device)));
}

static CXLDcdSettled *cxl_dcd_settle_next(CXLDcdDevice *device, int64_t now)
{
    CXLDcdSettled *waiter;

    QTAILQ_FOREACH(waiter, &device->settled, next) {
        if (cxl_dcd_settle_over(device, waiter, now)) {
            return waiter;
        }
    }
    return NULL;
}

static void cxl_dcd_settle_look(void *opaque)
{
    CXLDcdDevice *device = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_REALTIME), next = INT64_MAX;
    CXLDcdSettled *waiter;

    object_ref(OBJECT(device));
    while ((waiter = cxl_dcd_settle_next(device, now))) {
        cxl_dcd_settle_cancel(device, waiter);
        waiter->done(waiter->opaque);
    }
    QTAILQ_FOREACH(waiter, &device->settled, next) {
        if (waiter->deadline > now) {
            next = MIN(next, waiter->deadline);
        }
    }
    if (next != INT64_MAX) {
        timer_mod(device->settle_timer, next);
    }
    object_unref(OBJECT(device));
}

void cxl_dcd_settle_init(CXLDcdDevice *device)
{
    device->settle_bh = qemu_bh_new(cxl_dcd_settle_look, device);
    device->settle_timer =
        timer_new_ns(QEMU_CLOCK_REALTIME, cxl_dcd_settle_look, device);
}

void cxl_dcd_settle_gone(CXLDcdDevice *device)
{
    if (device->settle_bh) {
        cxl_dcd_settle_look(device);
    }
}

void cxl_dcd_settle_free(CXLDcdDevice *device)
{
    if (device->settle_bh) {
        g_assert(QTAILQ_EMPTY(&device->settled));
        qemu_bh_delete(device->settle_bh);
        timer_free(device->settle_timer);
        device->settle_bh = NULL;
        device->settle_timer = NULL;
    }
}

void cxl_dcd_settle_wait(CXLDcdDevice *device, CXLDcdSettled *waiter)
{
    waiter->deadline = qemu_clock_get_ns(QEMU_CLOCK_REALTIME) + LIMIT_NS;
    waiter->waiting = true;
    QTAILQ_INSERT_TAIL(&device->settled, waiter, next);
    qemu_bh_schedule(device->settle_bh);
}

void cxl_dcd_settle_cancel(CXLDcdDevice *device, CXLDcdSettled *waiter)
{
    if (waiter->waiting) {
        waiter->waiting = false;
        QTAILQ_REMOVE(&device->settled, waiter, next);
    }
}

bool cxl_dcd_settle_prepare_awaited(const CXLDcdDevice *device)
{
    const CXLDcdSettled *waiter;

    QTAILQ_FOREACH(waiter, &device->settled, next) {
        if (waiter->prepare) {
            return true;
        }
    }
    return false;
}

static void cxl_dcd_settle_wake(void *opaque)
{
    aio_co_wake(opaque);
}

static void coroutine_fn cxl_dcd_settle_yield(CXLDcdDevice *device,
                                              CXLDcdSettled *waiter)
{
    waiter->done = cxl_dcd_settle_wake;
    waiter->opaque = qemu_coroutine_self();
    if (!cxl_dcd_settle_over(device, waiter, INT64_MIN)) {
        cxl_dcd_settle_wait(device, waiter);
        monitor_qmp_serve_others();
        qemu_coroutine_yield();
    }
}

void coroutine_fn cxl_dcd_settle_co(CXLDcdDevice *device, bool clean)
{
    CXLDcdSettled waiter = { .clean = clean, .limited = true };

    cxl_dcd_settle_yield(device, &waiter);
}

void coroutine_fn cxl_dcd_settle_prepare_co(CXLDcdDevice *device)
{
    CXLDcdSettled waiter = { .prepare = true };

    cxl_dcd_settle_yield(device, &waiter);
}
