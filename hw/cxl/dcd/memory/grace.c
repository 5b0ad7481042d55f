/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: until nobody uses the memory map as it was
 *
 * A thread of its own waits for RCU, for all devices, and nobody ever waits for
 * that thread: who is inside a read section may itself be waiting for the BQL,
 * which who waits here may have. QEMU's own call_rcu() would do, but gathers
 * calls for 50 ms, and a host waits for each of its releases.
 */
#include "qemu/osdep.h"
#include "block/aio.h"
#include "grace.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/queue.h"
#include "qemu/rcu.h"
#include "qemu/thread.h"

struct CXLDcdGrace {
    QSIMPLEQ_ENTRY(CXLDcdGrace) next;
    void (*done)(void *opaque);   /* NULL: forgotten; under the BQL */
    void *opaque;
};

typedef QSIMPLEQ_HEAD(, CXLDcdGrace) CXLDcdGraces;

static struct {
    bool started;                 /* under the BQL */
    QemuThread thread;
    QemuMutex mutex;              /* of what follows */
    QemuCond cond;
    CXLDcdGraces asked;
} cxl_dcd_grace;

static void cxl_dcd_grace_tell(void *opaque)
{
    CXLDcdGrace *grace = opaque;

    if (grace->done) {
        grace->done(grace->opaque);
    }
    g_free(grace);
}

static void *cxl_dcd_grace_run(void *opaque)
{
    CXLDcdGraces asked = QSIMPLEQ_HEAD_INITIALIZER(asked);
    CXLDcdGrace *grace;

    while (true) {
        WITH_QEMU_LOCK_GUARD(&cxl_dcd_grace.mutex) {
            while (QSIMPLEQ_EMPTY(&cxl_dcd_grace.asked)) {
                qemu_cond_wait(&cxl_dcd_grace.cond, &cxl_dcd_grace.mutex);
            }
            QSIMPLEQ_CONCAT(&asked, &cxl_dcd_grace.asked);
        }
        synchronize_rcu();
        while ((grace = QSIMPLEQ_FIRST(&asked))) {
            QSIMPLEQ_REMOVE_HEAD(&asked, next);
            aio_bh_schedule_oneshot(qemu_get_aio_context(), cxl_dcd_grace_tell,
                                    grace);
        }
    }
    return NULL;
}

CXLDcdGrace *cxl_dcd_grace_begin(void (*done)(void *opaque), void *opaque)
{
    CXLDcdGrace *grace = g_new0(CXLDcdGrace, 1);

    grace->done = done;
    grace->opaque = opaque;
    if (!cxl_dcd_grace.started) {
        cxl_dcd_grace.started = true;
        qemu_mutex_init(&cxl_dcd_grace.mutex);
        qemu_cond_init(&cxl_dcd_grace.cond);
        QSIMPLEQ_INIT(&cxl_dcd_grace.asked);
        qemu_thread_create(&cxl_dcd_grace.thread, "cxl-dcd-grace",
                           cxl_dcd_grace_run, NULL, QEMU_THREAD_DETACHED);
    }
    QEMU_LOCK_GUARD(&cxl_dcd_grace.mutex);
    QSIMPLEQ_INSERT_TAIL(&cxl_dcd_grace.asked, grace, next);
    qemu_cond_signal(&cxl_dcd_grace.cond);
    return grace;
}

void cxl_dcd_grace_forget(CXLDcdGrace *grace)
{
    if (grace) {
        grace->done = NULL;
    }
}
