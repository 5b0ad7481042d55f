/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: work that takes long, beside the machine
 *
 * A thread that does pieces of jobs in turn, so that a short job does not wait
 * for a long one. What the machine has to know of the end of a job is done in
 * the main loop.
 */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/main-loop.h"
#include "qemu/thread.h"
#include "hw/cxl/dcd/worker.h"

typedef QTAILQ_HEAD(, CXLDcdJob) CXLDcdJobs;

struct CXLDcdWorker {
    QemuThread thread;
    bool started;
    QEMUBH *bh;
    QemuMutex mutex;              /* of what follows */
    QemuCond cond;
    CXLDcdJobs waiting;
    CXLDcdJobs finished;          /* to be told of in the main loop */
    CXLDcdJob *running;           /* a step of it runs */
    bool paused;
    bool quit;
};

/* The next job whose turn it is; NULL: the thread ends */
static CXLDcdJob *cxl_dcd_worker_next(CXLDcdWorker *worker)
{
    while (!worker->quit &&
           (worker->paused || QTAILQ_EMPTY(&worker->waiting))) {
        qemu_cond_wait(&worker->cond, &worker->mutex);
    }
    return worker->quit ? NULL : QTAILQ_FIRST(&worker->waiting);
}

static void *cxl_dcd_worker_run(void *opaque)
{
    CXLDcdWorker *worker = opaque;
    CXLDcdJob *job;
    bool last;

    QEMU_LOCK_GUARD(&worker->mutex);
    while ((job = cxl_dcd_worker_next(worker))) {
        QTAILQ_REMOVE(&worker->waiting, job, next);
        worker->running = job;
        qemu_mutex_unlock(&worker->mutex);
        last = job->step(job->opaque);
        qemu_mutex_lock(&worker->mutex);
        worker->running = NULL;
        if (last) {
            QTAILQ_INSERT_TAIL(&worker->finished, job, next);
            qemu_bh_schedule(worker->bh);
        } else {
            QTAILQ_INSERT_TAIL(&worker->waiting, job, next);
        }
        qemu_cond_broadcast(&worker->cond);
    }
    return NULL;
}

static void cxl_dcd_worker_tell(void *opaque)
{
    CXLDcdWorker *worker = opaque;
    CXLDcdJob *job;

    while (true) {
        WITH_QEMU_LOCK_GUARD(&worker->mutex) {
            job = QTAILQ_FIRST(&worker->finished);
            if (job) {
                QTAILQ_REMOVE(&worker->finished, job, next);
            }
        }
        if (!job) {
            return;
        }
        job->done(job->opaque);
    }
}

CXLDcdWorker *cxl_dcd_worker_new(void)
{
    CXLDcdWorker *worker = g_new0(CXLDcdWorker, 1);

    qemu_mutex_init(&worker->mutex);
    qemu_cond_init(&worker->cond);
    QTAILQ_INIT(&worker->waiting);
    QTAILQ_INIT(&worker->finished);
    worker->bh = qemu_bh_new(cxl_dcd_worker_tell, worker);
    return worker;
}

void cxl_dcd_worker_free(CXLDcdWorker *worker)
{
    if (!worker) {
        return;
    }
    if (worker->started) {
        WITH_QEMU_LOCK_GUARD(&worker->mutex) {
            worker->quit = true;
            qemu_cond_broadcast(&worker->cond);
        }
        qemu_thread_join(&worker->thread);
    }
    qemu_bh_delete(worker->bh);
    qemu_cond_destroy(&worker->cond);
    qemu_mutex_destroy(&worker->mutex);
    g_free(worker);
}

void cxl_dcd_worker_submit(CXLDcdWorker *worker, CXLDcdJob *job)
{
    WITH_QEMU_LOCK_GUARD(&worker->mutex) {
        QTAILQ_INSERT_TAIL(&worker->waiting, job, next);
        qemu_cond_broadcast(&worker->cond);
    }
    if (!worker->started) {
        worker->started = true;
        qemu_thread_create(&worker->thread, "cxl-dcd-worker",
                           cxl_dcd_worker_run, worker, QEMU_THREAD_JOINABLE);
    }
}

void cxl_dcd_worker_pause(CXLDcdWorker *worker, bool pause)
{
    QEMU_LOCK_GUARD(&worker->mutex);
    worker->paused = pause;
    qemu_cond_broadcast(&worker->cond);
    while (pause && worker->running) {
        qemu_cond_wait(&worker->cond, &worker->mutex);
    }
}
