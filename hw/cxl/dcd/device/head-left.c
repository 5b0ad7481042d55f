/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the last reference on a shared tag leaves
 *
 * All of the tag is this host's to clean then, also what was not in its own
 * regions' list; and so is memory that was taken for an offer which was not
 * made (memory/prepare.c). A worker does it, and the pool's file says that it
 * is free when that is over. Nobody reaches it meanwhile; should this process
 * end, who is this host next cleans it.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "hw/cxl/dcd/worker.h"
#include "head-blocks.h"
#include "head-left.h"
#include "block/aio.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"

/* Bytes in one go, of a file with pages of that size at most */
#define STEP_BYTES   (16ULL << 20)
/*
 * A pool that others have locked is asked again after this, then after twice as
 * long and so on: asking may itself take some milliseconds of the machine's.
 */
#define RETRY_MS     20
#define RETRY_MS_MAX 1280

/* What one tag left */
typedef struct CXLDcdLeft {
    QTAILQ_ENTRY(CXLDcdLeft) next;
    CXLDcdDevice *device;
    GArray *ranges;               /* CXLDcdPoolRange */
    guint cleaned;                /* of them */
    uint64_t done;                /* bytes of the one that is being cleaned */
    guint finished;               /* of them */
    bool busy;                    /* the worker has it */
    CXLDcdJob job;
} CXLDcdLeft;

struct CXLDcdHeadLeft {
    CXLDcdWorker *worker;
    QTAILQ_HEAD(, CXLDcdLeft) all;
    QEMUTimer *retry;
    unsigned retry_ms;
};

/* True: all is clean, or it cannot be cleaned now */
static bool cxl_dcd_left_clean_some(void *opaque)
{
    CXLDcdLeft *left = opaque;
    CXLDcdPool *pool = cxl_dcd_head_pool_of(left->device);
    uint64_t size = cxl_dcd_pool_config(pool)->block_size, len;
    const CXLDcdPoolRange *range =
        &g_array_index(left->ranges, CXLDcdPoolRange, left->cleaned);

    len = MIN(range->count * size - left->done,
              MAX(STEP_BYTES, cxl_dcd_pool_page(pool)));
    if (!cxl_dcd_pool_zero(pool, range->first * size + left->done, len, NULL)) {
        return true;
    }
    left->done += len;
    if (left->done == range->count * size) {
        left->cleaned++;
        left->done = 0;
    }
    return left->cleaned == left->ranges->len;
}

/* False: others have the pool's lock */
static bool cxl_dcd_left_finish(CXLDcdLeft *left)
{
    CXLDcdDevice *device = left->device;

    for (; left->finished < left->cleaned; left->finished++) {
        g_autoptr(GError) error = NULL;
        const CXLDcdPoolRange *range =
            &g_array_index(left->ranges, CXLDcdPoolRange, left->finished);
        bool ok = cxl_dcd_pool_finish_left(cxl_dcd_head_pool_of(device),
                                           cxl_dcd_head_host_of(device), range,
                                           &error);

        trace_cxl_dcd_pool_left(device->path, range->first, range->count, ok);
        if (!ok && error->code == ETIMEDOUT) {
            return false;
        }
        if (!ok) {
            warn_report_once("%s: capacity that nobody has is not free in the "
                             "pool's file: %s",
                             device->path, error->message);
        }
    }
    return true;
}

static void cxl_dcd_left_unref(void *opaque)
{
    object_unref(OBJECT(opaque));
}

static void cxl_dcd_left_end_one(CXLDcdLeft *left)
{
    CXLDcdDevice *device = left->device;

    QTAILQ_REMOVE(&device->left->all, left, next);
    g_array_unref(left->ranges);
    g_free(left);
    cxl_dcd_sanitizer_poke(device);
    qemu_bh_schedule(device->settle_bh);
    /* Whoever called us may be part of what ends with the device */
    aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_left_unref,
                            device);
}

/*
 * One after the other, and when the pool's lock is not to be had for one it is
 * not asked for the others.
 */
static void cxl_dcd_left_look(void *opaque)
{
    CXLDcdDevice *device = opaque;
    CXLDcdHeadLeft *all = device->left;
    CXLDcdLeft *left, *next;
    bool again = false;

    QTAILQ_FOREACH_SAFE(left, &all->all, next, next) {
        if (left->busy) {
            continue;
        }
        if (again || !cxl_dcd_left_finish(left)) {
            again = true;
        } else if (left->cleaned == left->ranges->len) {
            cxl_dcd_left_end_one(left);
        } else {
            left->busy = true;
            cxl_dcd_worker_submit(all->worker, &left->job);
        }
    }
    if (again) {
        all->retry_ms = all->retry_ms ? MIN(2 * all->retry_ms, RETRY_MS_MAX)
                                      : RETRY_MS;
        timer_mod(all->retry,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + all->retry_ms);
    } else {
        all->retry_ms = 0;
    }
}

static void cxl_dcd_left_cleaned(void *opaque)
{
    CXLDcdLeft *left = opaque;
    CXLDcdHeadLeft *all = left->device->left;

    left->busy = false;
    if (left->cleaned < left->ranges->len || timer_pending(all->retry)) {
        /* It could not be cleaned; or it is known that now is not the time */
        timer_mod_anticipate(all->retry,
                             qemu_clock_get_ms(QEMU_CLOCK_REALTIME) +
                             RETRY_MS_MAX);
    } else {
        cxl_dcd_left_look(left->device);
    }
}

void cxl_dcd_left_add(CXLDcdDevice *device, const GArray *ranges, bool clean)
{
    CXLDcdPool *pool = cxl_dcd_head_pool_of(device);
    uint64_t blocks = cxl_dcd_pool_blocks(pool);
    CXLDcdLeft *left = g_new0(CXLDcdLeft, 1);
    guint i;

    left->device = device;
    left->ranges = g_array_new(false, false, sizeof(CXLDcdPoolRange));
    for (i = 0; i < ranges->len; i++) {
        CXLDcdPoolRange range = g_array_index(ranges, CXLDcdPoolRange, i);

        /* From a file that others can write to */
        if (range.count && range.count <= blocks &&
            range.first <= blocks - range.count) {
            g_array_append_val(left->ranges, range);
        }
    }
    if (!left->ranges->len) {
        g_array_unref(left->ranges);
        g_free(left);
        return;
    }
    left->job = (CXLDcdJob) {
        .step = cxl_dcd_left_clean_some,
        .done = cxl_dcd_left_cleaned,
        .opaque = left,
    };
    QTAILQ_INSERT_TAIL(&device->left->all, left, next);
    object_ref(OBJECT(device));
    left->cleaned = clean ? 0 : left->ranges->len;
    left->busy = clean;
    if (clean) {
        cxl_dcd_worker_submit(device->left->worker, &left->job);
    } else {
        /* Not at once: whoever calls is in the middle of something */
        timer_mod_anticipate(device->left->retry,
                             qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
    }
}

bool cxl_dcd_left_has(const CXLDcdDevice *device, uint64_t block)
{
    const CXLDcdPoolRange one = { block, 1 };

    return cxl_dcd_left_bytes(device, &one);
}

uint64_t cxl_dcd_left_bytes(const CXLDcdDevice *device,
                            const CXLDcdPoolRange *within)
{
    uint64_t size =
        cxl_dcd_pool_config(cxl_dcd_head_pool_of(device))->block_size;
    uint64_t blocks = 0, end = within->first + within->count;
    const CXLDcdLeft *left;
    guint i;

    QTAILQ_FOREACH(left, &device->left->all, next) {
        for (i = left->finished; i < left->ranges->len; i++) {
            const CXLDcdPoolRange *range =
                &g_array_index(left->ranges, CXLDcdPoolRange, i);
            uint64_t from = MAX(range->first, within->first);
            uint64_t to = MIN(range->first + range->count, end);

            blocks += to > from ? to - from : 0;
        }
    }
    return blocks * size;
}

bool cxl_dcd_head_clean(const CXLDcdDevice *device)
{
    return !device->left || QTAILQ_EMPTY(&device->left->all);
}

void cxl_dcd_left_init(CXLDcdDevice *device)
{
    device->left = g_new0(CXLDcdHeadLeft, 1);
    device->left->worker = cxl_dcd_worker_new();
    device->left->retry =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_left_look, device);
    QTAILQ_INIT(&device->left->all);
}

/* Each holds a reference on the device: so none is there when it ends */
void cxl_dcd_left_end(CXLDcdDevice *device)
{
    if (device->left) {
        cxl_dcd_worker_free(device->left->worker);
        timer_free(device->left->retry);
        g_clear_pointer(&device->left, g_free);
    }
}
