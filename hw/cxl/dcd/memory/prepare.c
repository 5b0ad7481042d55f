/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: memory for an offer is taken beside the machine
 *
 * To have the system's memory behind what is offered takes some tenths of a
 * second per GiB. When whoever asks can wait, a worker takes it, and it is
 * asked again when that is done; for others, and if it is little, it is taken
 * at once.
 *
 * It is taken for what is free, and nothing keeps others from claiming that
 * meanwhile. Only what was somebody's loses its memory, though: so if nobody
 * has claimed anything since it was begun, the memory is there. What was taken
 * for nothing is given back, unless this process is killed: then it is there
 * for who gets these bytes next.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "hw/cxl/dcd/worker.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "system/runstate-action.h"

/* Bytes in one go: at most some milliseconds */
#define STEP_BYTES (16ULL << 20)
/* What is less is not worth a thread's while */
#define SMALL_BYTES (4ULL << 20)

struct CXLDcdPrepare {
    CXLDcdDevice *device;
    const CXLDcdPrepareOps *ops;
    CXLDcdWorker *worker;
    CXLDcdJob job;
    GArray *ranges;               /* CXLDcdRange; none: nothing is prepared */
    GArray *parts;                /* CXLDcdPart: the same, of the backing */
    uint64_t claims;              /* that there were when it began */
    unsigned part;                /* being taken */
    uint64_t done;                /* bytes of it */
    bool may_wait;                /* whoever asks */
    bool busy;                    /* the worker has the job */
    bool failed;
    bool abandoned;               /* nobody waits for it: it stops early */
};

static bool ending;

/* All that was taken goes back, where it is free yet. */
static void cxl_dcd_prepare_drop(CXLDcdPrepare *prepare)
{
    guint i;

    for (i = 0; i < prepare->ranges->len; i++) {
        prepare->ops->undo(prepare->device,
                           &g_array_index(prepare->ranges, CXLDcdRange, i));
    }
    g_array_set_size(prepare->ranges, 0);
}

static bool cxl_dcd_prepare_some(void *opaque)
{
    CXLDcdPrepare *prepare = opaque;
    const CXLDcdPart *part =
        &g_array_index(prepare->parts, CXLDcdPart, prepare->part);
    uint64_t len = MIN(part->len - prepare->done, STEP_BYTES);

    if (qatomic_read(&prepare->abandoned)) {
        return true;
    }
    if (!prepare->ops->take(prepare->device, part->offset + prepare->done,
                            len)) {
        prepare->failed = true;
        return true;
    }
    prepare->done += len;
    if (prepare->done == part->len) {
        prepare->part++;
        prepare->done = 0;
    }
    return prepare->part == prepare->parts->len;
}

static void cxl_dcd_prepare_unref(void *opaque)
{
    object_unref(OBJECT(opaque));
}

static void cxl_dcd_prepare_done(void *opaque)
{
    CXLDcdPrepare *prepare = opaque;

    trace_cxl_dcd_prepared(prepare->device->path, prepare->failed);
    prepare->busy = false;
    if (prepare->abandoned) {
        prepare->abandoned = false;
        cxl_dcd_prepare_drop(prepare);
    }
    qemu_bh_schedule(prepare->device->settle_bh);
    /* The worker is part of what ends with the device */
    aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_prepare_unref,
                            prepare->device);
}

static void cxl_dcd_prepare_begin(CXLDcdPrepare *prepare,
                                  const CXLDcdExtent *extents, size_t count,
                                  uint64_t claims)
{
    size_t i;

    g_array_set_size(prepare->ranges, 0);
    g_array_set_size(prepare->parts, 0);
    for (i = 0; i < count; i++) {
        CXLDcdRange range = { extents[i].dpa, extents[i].len };
        CXLDcdPart part = {
            .offset = cxl_dcd_backing_of(prepare->device, range.dpa),
            .len = range.len,
        };

        g_array_append_val(prepare->ranges, range);
        g_array_append_val(prepare->parts, part);
    }
    prepare->claims = claims;
    prepare->part = 0;
    prepare->done = 0;
    prepare->failed = false;
    prepare->busy = true;
    object_ref(OBJECT(prepare->device));
    trace_cxl_dcd_prepare(prepare->device->path, extents[0].dpa, count);
    cxl_dcd_worker_submit(prepare->worker, &prepare->job);
}

static bool cxl_dcd_prepare_is_for(const CXLDcdPrepare *prepare,
                                   const CXLDcdExtent *extents, size_t count)
{
    size_t i;

    if (prepare->ranges->len != count) {
        return false;
    }
    for (i = 0; i < count; i++) {
        const CXLDcdRange *range =
            &g_array_index(prepare->ranges, CXLDcdRange, i);

        if (range->dpa != extents[i].dpa || range->len != extents[i].len) {
            return false;
        }
    }
    return true;
}

static bool cxl_dcd_prepare_overlaps(const CXLDcdPrepare *prepare,
                                     const CXLDcdExtent *extents, size_t count)
{
    size_t i;
    guint j;

    for (i = 0; i < count; i++) {
        for (j = 0; j < prepare->ranges->len; j++) {
            const CXLDcdRange *range =
                &g_array_index(prepare->ranges, CXLDcdRange, j);

            if (range->dpa < extents[i].dpa + extents[i].len &&
                extents[i].dpa < range->dpa + range->len) {
                return true;
            }
        }
    }
    return false;
}

static uint64_t cxl_dcd_prepare_bytes(const CXLDcdExtent *extents, size_t count)
{
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        bytes += extents[i].len;
    }
    return bytes;
}

CXLDcdPrepared cxl_dcd_prepare(CXLDcdDevice *device,
                               const CXLDcdExtent *extents, size_t count,
                               uint64_t *ret_claims, GError **error)
{
    CXLDcdPrepare *prepare = device->prepare;
    uint64_t claims;

    if (!prepare || !prepare->ops->claims(device, extents, count, &claims)) {
        return CXL_DCD_PREPARE_NOT;
    }
    if (!prepare->busy && cxl_dcd_prepare_is_for(prepare, extents, count)) {
        if (prepare->failed) {
            cxl_dcd_prepare_drop(prepare);
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                        "the memory backend has no room for 0x%" PRIx64
                        " bytes more; make room, or ask for less",
                        cxl_dcd_prepare_bytes(extents, count));
            return CXL_DCD_PREPARE_REFUSED;
        }
        g_array_set_size(prepare->ranges, 0);
        if (prepare->claims == claims) {
            *ret_claims = claims;
            return CXL_DCD_PREPARED;
        }
    }
    if (!prepare->may_wait ||
        cxl_dcd_prepare_bytes(extents, count) <= SMALL_BYTES) {
        return CXL_DCD_PREPARE_NOT;
    }
    if (ending) {
        g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                    "QEMU ends");
        return CXL_DCD_PREPARE_REFUSED;
    }
    if (!prepare->busy) {
        /* Of others who have not asked again; or who chose anew, like us */
        if (!cxl_dcd_prepare_overlaps(prepare, extents, count)) {
            cxl_dcd_prepare_drop(prepare);
        }
        if (!prepare->ops->claims(device, extents, count, &claims)) {
            return CXL_DCD_PREPARE_NOT;
        }
        cxl_dcd_prepare_begin(prepare, extents, count, claims);
    }
    g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RETRY_REQUIRED,
                "memory is being taken; try again when it is there");
    return CXL_DCD_PREPARE_REFUSED;
}

void cxl_dcd_prepare_undo(CXLDcdDevice *device, const CXLDcdExtent *extents,
                          size_t count)
{
    size_t i;

    for (i = 0; device->prepare && i < count; i++) {
        CXLDcdRange range = { extents[i].dpa, extents[i].len };

        device->prepare->ops->undo(device, &range);
    }
}

void cxl_dcd_prepare_abandon(CXLDcdDevice *device)
{
    CXLDcdPrepare *prepare = device->prepare;

    if (!prepare) {
        return;
    }
    qatomic_set(&prepare->abandoned, prepare->busy);
    if (!prepare->busy) {
        cxl_dcd_prepare_drop(prepare);
    }
}

bool cxl_dcd_preparing(const CXLDcdDevice *device)
{
    return device->prepare && device->prepare->busy;
}

void cxl_dcd_prepare_may_wait(CXLDcdDevice *device, bool may_wait)
{
    if (device->prepare) {
        device->prepare->may_wait = may_wait;
    }
}

bool cxl_dcd_ending(void)
{
    return ending;
}

static int cxl_dcd_prepare_end_one(Object *obj, void *opaque)
{
    Object *device = object_dynamic_cast(obj, TYPE_CXL_DCD);

    if (device && CXL_DCD(device)->settle_bh) {
        cxl_dcd_prepare_abandon(CXL_DCD(device));
        qemu_bh_schedule(CXL_DCD(device)->settle_bh);
    }
    return 0;
}

/* With -no-shutdown the machine is only stopped, and may go on. */
static void cxl_dcd_prepare_shutdown(Notifier *notifier, void *data)
{
    if (shutdown_action != SHUTDOWN_ACTION_PAUSE) {
        ending = true;
        object_child_foreach_recursive(object_get_root(),
                                       cxl_dcd_prepare_end_one, NULL);
    }
}

void cxl_dcd_prepare_class_init(void)
{
    static Notifier shutdown = { .notify = cxl_dcd_prepare_shutdown };

    if (!shutdown.node.le_prev) {
        qemu_register_shutdown_notifier(&shutdown);
    }
}

void cxl_dcd_prepare_init(CXLDcdDevice *device, const CXLDcdPrepareOps *ops)
{
    CXLDcdPrepare *prepare = g_new0(CXLDcdPrepare, 1);

    prepare->device = device;
    prepare->ops = ops;
    prepare->worker = cxl_dcd_worker_new();
    prepare->job = (CXLDcdJob) {
        .step = cxl_dcd_prepare_some,
        .done = cxl_dcd_prepare_done,
        .opaque = prepare,
    };
    prepare->ranges = g_array_new(false, false, sizeof(CXLDcdRange));
    prepare->parts = g_array_new(false, false, sizeof(CXLDcdPart));
    device->prepare = prepare;
}

void cxl_dcd_prepare_free(CXLDcdPrepare *prepare)
{
    if (prepare) {
        cxl_dcd_worker_free(prepare->worker);
        g_array_unref(prepare->ranges);
        g_array_unref(prepare->parts);
        g_free(prepare);
    }
}
