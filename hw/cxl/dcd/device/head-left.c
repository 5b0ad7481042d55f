/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the last reference on a shared tag leaves
 *
 * All of the tag is this host's to clean then, also what was not in its own
 * regions' list. A worker does it, and the pool's file says that it is free
 * when that is over. Nobody reaches it meanwhile; should this process end, who
 * is this host next cleans it.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "hw/cxl/dcd/worker.h"
#include "head-blocks.h"
#include "head-left.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"

/* Bytes in one go: at most some milliseconds */
#define STEP_BYTES (16ULL << 20)
/* Until what failed, or a pool that others have locked, is tried again */
#define RETRY_MS   200

/* What one tag left */
typedef struct CXLDcdLeft {
    QTAILQ_ENTRY(CXLDcdLeft) next;
    CXLDcdDevice *device;
    GArray *ranges;               /* CXLDcdPoolRange */
    guint cleaned;                /* of them */
    uint64_t done;                /* bytes of the one that is being cleaned */
    guint finished;               /* of them */
    bool failed;
    CXLDcdJob job;
    QEMUTimer *retry;
} CXLDcdLeft;

struct CXLDcdHeadLeft {
    CXLDcdWorker *worker;
    QTAILQ_HEAD(, CXLDcdLeft) all;
};

static bool cxl_dcd_left_clean_some(void *opaque)
{
    CXLDcdLeft *left = opaque;
    CXLDcdPool *pool = cxl_dcd_head_pool_of(left->device);
    uint64_t size = cxl_dcd_pool_config(pool)->block_size, len;
    const CXLDcdPoolRange *range =
        &g_array_index(left->ranges, CXLDcdPoolRange, left->cleaned);

    len = MIN(range->count * size - left->done, STEP_BYTES);
    if (!cxl_dcd_pool_zero(pool, range->first * size + left->done, len, NULL)) {
        left->failed = true;
        return true;
    }
    left->done += len;
    if (left->done == range->count * size) {
        left->cleaned++;
        left->done = 0;
    }
    return left->cleaned == left->ranges->len;
}

static void cxl_dcd_left_free(CXLDcdLeft *left)
{
    QTAILQ_REMOVE(&left->device->left->all, left, next);
    timer_free(left->retry);
    g_array_unref(left->ranges);
    g_free(left);
}

/* False: not now */
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
            warn_report_once("%s: shared capacity that nobody has is not free "
                             "in the pool's file: %s",
                             device->path, error->message);
        }
    }
    return true;
}

static void cxl_dcd_left_look(void *opaque)
{
    CXLDcdLeft *left = opaque;
    CXLDcdDevice *device = left->device;

    if (left->failed) {
        left->failed = false;
        cxl_dcd_worker_submit(device->left->worker, &left->job);
        return;
    }
    if (!cxl_dcd_left_finish(left)) {
        timer_mod(left->retry,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + RETRY_MS);
        return;
    }
    cxl_dcd_left_free(left);
    cxl_dcd_sanitizer_poke(device);
    qemu_bh_schedule(device->settle_bh);
    object_unref(OBJECT(device));
}

static void cxl_dcd_left_cleaned(void *opaque)
{
    CXLDcdLeft *left = opaque;

    if (left->failed) {
        timer_mod(left->retry,
                  qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + RETRY_MS);
    } else {
        cxl_dcd_left_look(left);
    }
}

void cxl_dcd_left_add(CXLDcdDevice *device, GArray *ranges, bool clean)
{
    CXLDcdLeft *left;

    if (!ranges->len) {
        return;
    }
    left = g_new0(CXLDcdLeft, 1);
    left->device = device;
    left->ranges = g_array_ref(ranges);
    left->job = (CXLDcdJob) {
        .step = cxl_dcd_left_clean_some,
        .done = cxl_dcd_left_cleaned,
        .opaque = left,
    };
    left->retry =
        timer_new_ms(QEMU_CLOCK_REALTIME, cxl_dcd_left_look, left);
    QTAILQ_INSERT_TAIL(&device->left->all, left, next);
    object_ref(OBJECT(device));
    if (clean) {
        cxl_dcd_worker_submit(device->left->worker, &left->job);
    } else {
        left->cleaned = ranges->len;
        /* Not at once: whoever calls is in the middle of something */
        timer_mod(left->retry, qemu_clock_get_ms(QEMU_CLOCK_REALTIME));
    }
}

bool cxl_dcd_left_has(const CXLDcdDevice *device, uint64_t block)
{
    const CXLDcdLeft *left;
    guint i;

    QTAILQ_FOREACH(left, &device->left->all, next) {
        for (i = left->finished; i < left->ranges->len; i++) {
            const CXLDcdPoolRange *range =
                &g_array_index(left->ranges, CXLDcdPoolRange, i);

            if (block >= range->first && block - range->first < range->count) {
                return true;
            }
        }
    }
    return false;
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

            if (range->first >= within->first && range->first < end) {
                blocks += MIN(range->count, end - range->first);
            }
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
    QTAILQ_INIT(&device->left->all);
}

/* Each holds a reference on the device: so none is there when it ends */
void cxl_dcd_left_end(CXLDcdDevice *device)
{
    if (device->left) {
        cxl_dcd_worker_free(device->left->worker);
        g_clear_pointer(&device->left, g_free);
    }
}
