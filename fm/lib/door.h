/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A door: one way to the devices, QMP or the FM API
 *
 * cxlfm.c checks the arguments of a call and hands it to the handle's door. A
 * door never calls what is above it; it reports through cxlfm_fail().
 */
#ifndef CXLFM_DOOR_H
#define CXLFM_DOOR_H

#include <glib.h>
#include "cxlfm.h"
#include "deadline.h"

struct cxlfm_door_ops {
    bool fmapi;
    bool own_line;                /* connect() opens fm->fd, or what polls so */
    /* Greet and find devices over @fm's open line. */
    int (*connect)(cxlfm *fm, CxlfmDeadline deadline);
    /* Free fm->state. */
    void (*close)(cxlfm *fm);
    /* What the next call is about. NULL: the door need not know before. */
    void (*select)(cxlfm *fm, size_t device);
    int (*snapshot)(cxlfm *fm, size_t device, struct cxlfm_snapshot *fill);
    int (*tags)(cxlfm *fm, size_t device, GArray *fill);
    int (*add)(cxlfm *fm, size_t device, const struct cxlfm_add *request);
    int (*release)(cxlfm *fm, size_t device,
                   const struct cxlfm_release *request);
    /* Extents that fit one add or release. NULL: any number. */
    size_t (*extent_limit)(const cxlfm *fm);
    int (*reference)(cxlfm *fm, size_t device, const uint8_t *tag, bool held);
    int (*set_region)(cxlfm *fm, size_t device, uint8_t region,
                      uint64_t block_size, bool sanitize);
    /* Ask to be told of events. NULL: the door is told unasked. */
    int (*subscribe)(cxlfm *fm);
    /*
     * Take in what arrives within @timeout ms, at least what is there already;
     * new events go to fm->events. Returns early with 1 when something came
     * that may be news, 0 when nothing did.
     */
    int (*pump)(cxlfm *fm, unsigned timeout);
    /* Is something in our buffers that @pump would find without reading? */
    bool (*waiting)(const cxlfm *fm);
    /*
     * Events that must be asked for, into fm->events; sets fm->news when it
     * left some. NULL: none such.
     */
    int (*drain)(cxlfm *fm);
    /*
     * Append the pools of multi-headed devices. NULL: not through this door.
     */
    int (*pool_query)(cxlfm *fm, GPtrArray *pools);
    int (*pool_reclaim)(cxlfm *fm, const char *pool, uint16_t host,
                        uint64_t *ret_freed);
    /* Ask cxl-fmd, as cxlfm_daemon_call() has it. NULL: it is none. */
    int (*daemon_call)(cxlfm *fm, const char *method, const char *path,
                       const char *body, unsigned *ret_status,
                       char **ret_answer);
};

#endif /* CXLFM_DOOR_H */
