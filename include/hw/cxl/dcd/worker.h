/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: work that takes long, beside the machine
 */
#ifndef CXL_DCD_WORKER_H
#define CXL_DCD_WORKER_H

#include "qemu/queue.h"

typedef struct CXLDcdWorker CXLDcdWorker;

typedef struct CXLDcdJob {
    /*
     * One piece of the work, some milliseconds of it; in the thread, without
     * the BQL. True: that was the last.
     */
    bool (*step)(void *opaque);
    /* In the main loop, with the BQL, after the last step */
    void (*done)(void *opaque);
    void *opaque;
    /* The worker's, while it has the job */
    QTAILQ_ENTRY(CXLDcdJob) next;
} CXLDcdJob;

/* The thread starts with the first job. */
CXLDcdWorker *cxl_dcd_worker_new(void);
/* Nothing is done any more when it returns; NULL allowed. */
void cxl_dcd_worker_free(CXLDcdWorker *worker);
/* @job stays the caller's, and where it is until it is done. */
void cxl_dcd_worker_submit(CXLDcdWorker *worker, CXLDcdJob *job);
/* No step of any job runs when it returns, until @pause is taken back. */
void cxl_dcd_worker_pause(CXLDcdWorker *worker, bool pause);

#endif /* CXL_DCD_WORKER_H */
