/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: from "left" to "clean", for the core
 *
 * What has left is out of the memory map. It is sanitized in these steps, and
 * stays in the core's state sanitizing until the last:
 *
 *   grace   every processor has come out of the memory map that still had it,
 *           and every transfer that found it there is accounted for: one RCU
 *           grace period
 *   dma     transfers that are under way end
 *   begin   who has a record of his own (a pool) takes it down that it is not
 *           the host's any more
 *   clean   the contents go; long, so beside the machine
 *   end     the record says that it is free
 *
 * Begin and end may have to wait for somebody else (a pool's lock): they are
 * tried again until they can be done.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "hw/cxl/dcd/worker.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "hw/core/cpu.h"
#include "system/tcg.h"
#include "grace.h"
#include "layout.h"

/* Bytes that are cleaned in one go: at most some milliseconds */
#define STEP_BYTES (16ULL << 20)
/* What is less is not worth a thread's while */
#define SMALL_BYTES (4ULL << 20)
/*
 * A record that is busy is asked again after this, then after twice as long and
 * so on: asking may itself take some milliseconds of the machine's.
 */
#define RETRY_MS     20
#define RETRY_MS_MAX 1280
#define KICK_MS      1

/* In this order; the head of this file says what each is */
typedef enum CXLDcdSanitizeStep {
    CXL_DCD_SANITIZE_LEFT,        /* before the next grace period */
    CXL_DCD_SANITIZE_GRACE,
    CXL_DCD_SANITIZE_DMA,
    CXL_DCD_SANITIZE_BEGIN,
    CXL_DCD_SANITIZE_CLEAN,
    CXL_DCD_SANITIZE_END,
} CXLDcdSanitizeStep;

typedef struct CXLDcdSanitizing {
    QTAILQ_ENTRY(CXLDcdSanitizing) next;
    CXLDcdSanitizer *sanitizer;
    CXLDcdDevice *device;
    CXLDcdRange range;
    bool must;
    unsigned batch;               /* added together: one release, or more */
    CXLDcdSanitizeStep step;
    GArray *parts;                /* CXLDcdPart: what is to be cleaned */
    unsigned part;                /* being cleaned */
    uint64_t done;                /* bytes of it */
    bool unclean;                 /* it could not be cleaned */
    bool more;                    /* its end waits for more to be cleaned */
    CXLDcdJob job;
} CXLDcdSanitizing;

struct CXLDcdSanitizer {
    QLIST_ENTRY(CXLDcdSanitizer) next;
    CXLDcdDevice *device;
    const CXLDcdSanitizeOps *ops;
    CXLDcdWorker *worker;
    QTAILQ_HEAD(, CXLDcdSanitizing) items; /* oldest first */
    GHashTable *by_dpa;           /* the same, by range.dpa */
    CXLDcdGrace *grace;           /* the period that goes on; NULL: none */
    QEMUBH *begin;                /* a period */
    QEMUTimer *kick;              /* while it goes on */
    bool poking;                  /* inside cxl_dcd_sanitizer_poke() */
    bool refused;                 /* whoever keeps a record is busy now */
    unsigned held;                /* CXL_DCD_HOLD_*: contents stay for now */
    unsigned batch;               /* of what is added until the next look */
    uint64_t small; /* bytes that were cleaned at once in a look */
    bool referenced;              /* the device stays while there are items */
    QEMUTimer *retry;
    unsigned retry_ms;            /* until then; 0: the last was not refused */
};

/* Also those of devices that are unplugged and have not ended */
static QLIST_HEAD(, CXLDcdSanitizer)
    cxl_dcd_sanitizers = QLIST_HEAD_INITIALIZER(cxl_dcd_sanitizers);

/* --- Grace periods --- */

static void cxl_dcd_sanitizer_nothing(CPUState *cpu, run_on_cpu_data data)
{
}

/*
 * An emulated processor leaves the memory map, and drops what it remembers of
 * it, when it has something else to do; a loop of the guest's may never have.
 * Who did so before the period began has to do it again.
 */
static void cxl_dcd_sanitizer_kick(void *opaque)
{
    CXLDcdSanitizer *sanitizer = opaque;
    CPUState *cpu;

    if (!tcg_enabled() || !sanitizer->grace) {
        return;
    }
    CPU_FOREACH(cpu) {
        async_run_on_cpu(cpu, cxl_dcd_sanitizer_nothing, RUN_ON_CPU_NULL);
    }
    timer_mod(sanitizer->kick,
              qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + KICK_MS);
}

static void cxl_dcd_sanitizer_end_grace(void *opaque)
{
    CXLDcdSanitizer *sanitizer = opaque;
    CXLDcdSanitizing *item;

    sanitizer->grace = NULL;
    QTAILQ_FOREACH(item, &sanitizer->items, next) {
        if (item->step == CXL_DCD_SANITIZE_GRACE) {
            item->step = CXL_DCD_SANITIZE_DMA;
        }
    }
    /* What left while this period was under way needs another */
    qemu_bh_schedule(sanitizer->begin);
    cxl_dcd_sanitizer_poke(sanitizer->device);
}

/* From the main loop, so that all of one release is in one period */
static void cxl_dcd_sanitizer_begin_grace(void *opaque)
{
    CXLDcdSanitizer *sanitizer = opaque;
    CXLDcdSanitizing *item;
    bool any = false;

    if (sanitizer->grace) {
        return;
    }
    QTAILQ_FOREACH(item, &sanitizer->items, next) {
        if (item->step == CXL_DCD_SANITIZE_LEFT) {
            item->step = CXL_DCD_SANITIZE_GRACE;
            any = true;
        }
    }
    if (any) {
        sanitizer->grace = cxl_dcd_grace_begin(cxl_dcd_sanitizer_end_grace,
                                               sanitizer);
        cxl_dcd_sanitizer_kick(sanitizer);
    }
}

/* --- Cleaning --- */

/* What was refused is asked again, and so is what is behind it in the queue */
static void cxl_dcd_sanitizer_again(CXLDcdSanitizer *sanitizer)
{
    if (!sanitizer->refused) {
        sanitizer->retry_ms = 0;
    } else if (!timer_pending(sanitizer->retry)) {
        sanitizer->retry_ms = sanitizer->retry_ms
            ? MIN(2 * sanitizer->retry_ms, RETRY_MS_MAX) : RETRY_MS;
        timer_mod(sanitizer->retry, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                                    sanitizer->retry_ms);
    }
}

/* The next bytes; true: they were the last, or cannot be cleaned now */
static bool cxl_dcd_sanitizer_clean_some(void *opaque)
{
    CXLDcdSanitizing *item = opaque;
    const CXLDcdPart *part;
    CXLDcdPart piece;

    if (item->part < item->parts->len) {
        part = &g_array_index(item->parts, CXLDcdPart, item->part);
        piece = (CXLDcdPart) {
            .offset = part->offset + item->done,
            .len = MIN(part->len - item->done,
                       MAX(STEP_BYTES,
                           qemu_ram_pagesize(item->device->dc_mr->ram_block))),
            .keep = part->keep,
        };
        if (!item->sanitizer->ops->clean(item->device, &piece, item->must)) {
            item->unclean = true;
            return true;
        }
        item->done += piece.len;
        if (item->done == part->len) {
            item->part++;
            item->done = 0;
        }
    }
    return item->part == item->parts->len;
}

static void cxl_dcd_sanitizer_cleaned(CXLDcdSanitizing *item)
{
    cxl_dcd_backing_changed(item->device, &item->range);
    if (item->unclean) {
        item->unclean = false;
        item->part = 0;
        item->done = 0;
        g_array_set_size(item->parts, 0);
        item->step = CXL_DCD_SANITIZE_BEGIN;
        item->sanitizer->refused = true;
    } else {
        item->step = CXL_DCD_SANITIZE_END;
    }
}

static void cxl_dcd_sanitizer_worked(void *opaque)
{
    CXLDcdSanitizing *item = opaque;

    cxl_dcd_sanitizer_cleaned(item);
    cxl_dcd_sanitizer_again(item->sanitizer);
    cxl_dcd_sanitizer_poke(item->device);
}

static uint64_t cxl_dcd_sanitizer_bytes(const CXLDcdSanitizing *item)
{
    uint64_t bytes = 0;
    guint i;

    for (i = 0; i < item->parts->len; i++) {
        bytes += g_array_index(item->parts, CXLDcdPart, i).len;
    }
    return bytes;
}

static void cxl_dcd_sanitizer_clean(CXLDcdSanitizer *sanitizer,
                                    CXLDcdSanitizing *item)
{
    item->step = CXL_DCD_SANITIZE_CLEAN;
    sanitizer->small += cxl_dcd_sanitizer_bytes(item);
    if (sanitizer->small <= SMALL_BYTES) {
        while (!cxl_dcd_sanitizer_clean_some(item)) {
            /* some more */
        }
        cxl_dcd_sanitizer_cleaned(item);
        return;
    }
    item->job.step = cxl_dcd_sanitizer_clean_some;
    item->job.done = cxl_dcd_sanitizer_worked;
    item->job.opaque = item;
    cxl_dcd_worker_submit(sanitizer->worker, &item->job);
}

/* --- One step after the other --- */

static void cxl_dcd_sanitizer_dma_look(const CXLDcdBytes *bytes, void *opaque)
{
    bool *busy = opaque;

    *busy = *busy ||
            cxl_dcd_dma_busy(bytes->device, bytes->offset, bytes->len);
}

static bool cxl_dcd_sanitizer_dma_busy(const CXLDcdSanitizing *item)
{
    bool busy = false;

    cxl_dcd_bytes_around(item->device, item->range.dpa, item->range.len,
                         cxl_dcd_sanitizer_dma_look, &busy);
    return busy;
}

/*
 * What can only end together is one allocation, whose record says that all of
 * it is free with the first part of it: so the first waits for the others.
 */
static bool cxl_dcd_sanitizer_may_end(CXLDcdSanitizer *sanitizer,
                                      const CXLDcdSanitizing *item)
{
    CXLDcdSanitizing *other;

    if (!sanitizer->ops->together ||
        !sanitizer->ops->together(sanitizer->device, &item->range)) {
        return true;
    }
    QTAILQ_FOREACH(other, &sanitizer->items, next) {
        if (other->batch == item->batch && other->step < CXL_DCD_SANITIZE_END) {
            return false;
        }
    }
    return true;
}

/* As far as @item comes now; true: to the end */
static bool cxl_dcd_sanitizer_advance(CXLDcdSanitizer *sanitizer,
                                      CXLDcdSanitizing *item)
{
    CXLDcdDevice *device = sanitizer->device;
    CXLDcdSanitizeEnd end;

    if (item->step == CXL_DCD_SANITIZE_DMA &&
        !cxl_dcd_sanitizer_dma_busy(item)) {
        item->step = CXL_DCD_SANITIZE_BEGIN;
    }
    if (item->step == CXL_DCD_SANITIZE_BEGIN && !sanitizer->held &&
        !sanitizer->refused) {
        if (sanitizer->ops->begin(device, &item->range, item->must,
                                  item->parts)) {
            cxl_dcd_sanitizer_clean(sanitizer, item);
        } else {
            sanitizer->refused = true;
        }
    }
    if (item->step == CXL_DCD_SANITIZE_END && !sanitizer->refused &&
        cxl_dcd_sanitizer_may_end(sanitizer, item)) {
        end = sanitizer->ops->end(device, &item->range, item->must,
                                  item->parts);
        item->more = end == CXL_DCD_END_MORE;
        if (end == CXL_DCD_END_LATER) {
            sanitizer->refused = true;
        }
        return end == CXL_DCD_END_DONE;
    }
    return false;
}

static void cxl_dcd_sanitizer_drop(CXLDcdSanitizer *sanitizer,
                                   CXLDcdSanitizing *item)
{
    QTAILQ_REMOVE(&sanitizer->items, item, next);
    g_hash_table_remove(sanitizer->by_dpa, &item->range.dpa);
    g_array_unref(item->parts);
    g_free(item);
}

/* Look at each once; true: one got on, and so may others, looked at before */
static bool cxl_dcd_sanitizer_look(CXLDcdSanitizer *sanitizer)
{
    CXLDcdDevice *device = sanitizer->device;
    CXLDcdSanitizing *item, *next;
    CXLDcdRange range;
    bool on = false;

    QTAILQ_FOREACH_SAFE(item, &sanitizer->items, next, next) {
        CXLDcdSanitizeStep step = item->step;

        if (cxl_dcd_sanitizer_advance(sanitizer, item)) {
            range = item->range;
            trace_cxl_dcd_sanitized_range(device->path, range.dpa, range.len,
                                          item->must);
            cxl_dcd_sanitizer_drop(sanitizer, item);
            cxl_dcd_sanitized(device->dcd, &range);
            device->clean(device, &range);
            on = true;
        } else {
            on |= step != item->step;
        }
    }
    return on;
}

static void cxl_dcd_sanitizer_unref(void *opaque)
{
    object_unref(OBJECT(opaque));
}

void cxl_dcd_sanitizer_poke(CXLDcdDevice *device)
{
    CXLDcdSanitizer *sanitizer = device->sanitizer;

    if (!sanitizer || sanitizer->poking) {
        return;
    }
    sanitizer->poking = true;
    /* Until it is time to ask again, it stays refused */
    sanitizer->refused = timer_pending(sanitizer->retry);
    sanitizer->small = 0;
    sanitizer->batch++;
    while (cxl_dcd_sanitizer_look(sanitizer)) {
        /* once more */
    }
    sanitizer->poking = false;
    cxl_dcd_sanitizer_again(sanitizer);
    qemu_bh_schedule(device->settle_bh);
    if (sanitizer->referenced && QTAILQ_EMPTY(&sanitizer->items)) {
        /* Whoever called us may be part of what ends with the device */
        sanitizer->referenced = false;
        aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_sanitizer_unref,
                                device);
    }
}

static void cxl_dcd_sanitizer_retry(void *opaque)
{
    CXLDcdSanitizer *sanitizer = opaque;

    cxl_dcd_sanitizer_poke(sanitizer->device);
}

/* --- For the device --- */

void cxl_dcd_sanitizer_init(CXLDcdDevice *device, const CXLDcdSanitizeOps *ops)
{
    CXLDcdSanitizer *sanitizer = g_new0(CXLDcdSanitizer, 1);

    sanitizer->device = device;
    sanitizer->ops = ops;
    sanitizer->worker = cxl_dcd_worker_new();
    QTAILQ_INIT(&sanitizer->items);
    sanitizer->by_dpa = g_hash_table_new(g_int64_hash, g_int64_equal);
    sanitizer->begin = qemu_bh_new(cxl_dcd_sanitizer_begin_grace, sanitizer);
    sanitizer->kick =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_sanitizer_kick, sanitizer);
    sanitizer->retry =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_sanitizer_retry, sanitizer);
    QLIST_INSERT_HEAD(&cxl_dcd_sanitizers, sanitizer, next);
    device->sanitizer = sanitizer;
}

void cxl_dcd_sanitizer_free(CXLDcdSanitizer *sanitizer)
{
    if (!sanitizer) {
        return;
    }
    QLIST_REMOVE(sanitizer, next);
    cxl_dcd_grace_forget(sanitizer->grace);
    cxl_dcd_worker_free(sanitizer->worker);
    while (!QTAILQ_EMPTY(&sanitizer->items)) {
        cxl_dcd_sanitizer_drop(sanitizer, QTAILQ_FIRST(&sanitizer->items));
    }
    g_hash_table_unref(sanitizer->by_dpa);
    qemu_bh_delete(sanitizer->begin);
    timer_free(sanitizer->kick);
    timer_free(sanitizer->retry);
    if (sanitizer->referenced) {
        object_unref(OBJECT(sanitizer->device));
    }
    g_free(sanitizer);
}

void cxl_dcd_sanitizer_add(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool must)
{
    CXLDcdSanitizer *sanitizer = device->sanitizer;
    CXLDcdSanitizing *item = g_new0(CXLDcdSanitizing, 1);

    item->sanitizer = sanitizer;
    item->device = device;
    item->range = *range;
    item->must = must;
    item->batch = sanitizer->batch;
    item->step = CXL_DCD_SANITIZE_LEFT;
    item->parts = g_array_new(false, false, sizeof(CXLDcdPart));
    QTAILQ_INSERT_TAIL(&sanitizer->items, item, next);
    g_hash_table_insert(sanitizer->by_dpa, &item->range.dpa, item);
    if (!sanitizer->referenced) {
        sanitizer->referenced = true;
        object_ref(OBJECT(device));
    }
    qemu_bh_schedule(sanitizer->begin);
}

bool cxl_dcd_sanitizer_settled(const CXLDcdDevice *device)
{
    const CXLDcdSanitizer *sanitizer = device->sanitizer;
    const CXLDcdSanitizing *item;

    if (sanitizer) {
        QTAILQ_FOREACH(item, &sanitizer->items, next) {
            if (item->step <= CXL_DCD_SANITIZE_GRACE) {
                return false;
            }
        }
    }
    return true;
}

bool cxl_dcd_sanitizer_waits_for(const CXLDcdDevice *device, uint64_t dpa,
                                 CXLDcdSanitizeWait *ret)
{
    static const CXLDcdSanitizeWait waits[] = {
        [CXL_DCD_SANITIZE_LEFT] = CXL_DCD_WAIT_PROCESSORS,
        [CXL_DCD_SANITIZE_GRACE] = CXL_DCD_WAIT_PROCESSORS,
        [CXL_DCD_SANITIZE_DMA] = CXL_DCD_WAIT_TRANSFERS,
        [CXL_DCD_SANITIZE_BEGIN] = CXL_DCD_WAIT_POOL,
        [CXL_DCD_SANITIZE_CLEAN] = CXL_DCD_WAIT_CONTENTS,
        [CXL_DCD_SANITIZE_END] = CXL_DCD_WAIT_POOL,
    };
    const CXLDcdSanitizer *sanitizer = device->sanitizer;
    const CXLDcdSanitizing *item;

    item = g_hash_table_lookup(sanitizer->by_dpa, &dpa);
    if (!item) {
        return false;
    }
    *ret = item->more ? CXL_DCD_WAIT_CONTENTS : waits[item->step];
    if (sanitizer->held && (item->step == CXL_DCD_SANITIZE_BEGIN ||
                            item->step == CXL_DCD_SANITIZE_CLEAN)) {
        *ret = CXL_DCD_WAIT_MACHINE;
    }
    return true;
}

static void cxl_dcd_sanitizer_set_held(CXLDcdSanitizer *sanitizer,
                                       unsigned held)
{
    bool change = !held != !sanitizer->held;

    sanitizer->held = held;
    if (change) {
        cxl_dcd_worker_pause(sanitizer->worker, held);
        if (!held) {
            cxl_dcd_sanitizer_poke(sanitizer->device);
        }
    }
}

void cxl_dcd_sanitizer_pause(CXLDcdDevice *device, bool pause)
{
    CXLDcdSanitizer *sanitizer = device->sanitizer;

    if (sanitizer) {
        cxl_dcd_worker_pause(sanitizer->worker, pause || sanitizer->held);
    }
}

bool cxl_dcd_sanitizer_held(const CXLDcdDevice *device)
{
    return device->sanitizer && device->sanitizer->held;
}

void cxl_dcd_sanitizer_hold(CXLDcdDevice *device, unsigned reason, bool hold)
{
    CXLDcdSanitizer *sanitizer = device->sanitizer;

    if (sanitizer) {
        cxl_dcd_sanitizer_set_held(sanitizer, hold ? sanitizer->held | reason :
                                                     sanitizer->held & ~reason);
    }
}

void cxl_dcd_sanitizer_hold_all(unsigned reason, bool hold)
{
    CXLDcdSanitizer *sanitizer;

    QLIST_FOREACH(sanitizer, &cxl_dcd_sanitizers, next) {
        cxl_dcd_sanitizer_hold(sanitizer->device, reason, hold);
    }
}

CXLDcdSanitizer *cxl_dcd_sanitizer_put_aside(CXLDcdDevice *device)
{
    CXLDcdSanitizer *aside = device->sanitizer;

    cxl_dcd_sanitizer_init(device, aside->ops);
    cxl_dcd_sanitizer_set_held(device->sanitizer, aside->held);
    device->sanitizer->referenced = aside->referenced;
    aside->referenced = false;
    return aside;
}

void cxl_dcd_sanitizer_take_up(CXLDcdDevice *device, CXLDcdSanitizer *aside)
{
    aside->referenced = device->sanitizer->referenced;
    device->sanitizer->referenced = false;
    cxl_dcd_sanitizer_free(device->sanitizer);
    device->sanitizer = aside;
}
