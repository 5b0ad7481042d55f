/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libcxlfm inside: what a handle holds
 *
 * The parts below the doors (error, device, stream) work on it, each on its own
 * members. The door that is in use has its state in @state.
 */
#ifndef CXLFM_HANDLE_H
#define CXLFM_HANDLE_H

#include <glib.h>
#include "cxlfm.h"

struct cxlfm_door_ops;
struct termios;

struct cxlfm {
    char *address;
    unsigned timeout;             /* of one answer, ms */
    GString *error;               /* error.c */
    uint16_t return_code;         /* error.c */
    const struct cxlfm_door_ops *door; /* NULL until connected */
    void *state;                  /* the door's own; NULL: it has none yet */
    int fd;                       /* stream.c: non-blocking; -1: closed */
    bool own;                     /* sockets of this user and root only */
    unsigned eid;                 /* from the address; 0: find out */
    unsigned network;             /* of AF_MCTP; 0: the line is ours */
    GArray *devices;              /* device.c */
    GQueue events;                /* struct cxlfm_event *, oldest first */
    bool news;                    /* a device may have events to ask for */
    bool subscribed;
    int poll_fd;                  /* ready.c, as the next; -1: none */
    int mark_fd;
    struct termios *terminal;     /* stream.c: how it was; NULL: no terminal */
    cxlfm_log_fn log;             /* error.c; NULL: nobody listens */
    void *log_opaque;
};

#endif /* CXLFM_HANDLE_H */
