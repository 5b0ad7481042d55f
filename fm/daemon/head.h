/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host's monitor: connected, asked, connected anew when it broke
 *
 * Used by the thread of its pool, and by others who want its device for a call;
 * @lock says whose turn it is. What is above it belongs to the pool's thread.
 */
#ifndef CXL_FMD_HEAD_H
#define CXL_FMD_HEAD_H

#include <glib.h>
#include "cxlfm.h"
#include "head-peer.h"
#include "model.h"

enum head_state {
    HEAD_UNKNOWN,                 /* not reached yet */
    HEAD_UP,                      /* it answers */
    HEAD_HUNG,                    /* there, does not answer */
    HEAD_DEAD,                    /* its process has ended */
};

struct head {
    gatomicrefcount refs;
    char uuid[FMD_UUID_TEXT];     /* of the host; for all threads */
    fmd_host *host;               /* as it was put; changed under @lock */
    enum head_state state;
    char *error;                  /* why it is not up; NULL */
    struct cxlfm_snapshot *truth; /* NULL: not known now */
    int64_t truth_at;             /* us */
    int64_t down_since;           /* us; 0: it is up */
    int64_t silent_since;         /* us, no answer came on our line, and none
                                     since; 0: it was well */
    int64_t silent_until;         /* us, when it was asked in vain last */
    int64_t retry_at;             /* us */
    unsigned backoff;             /* ms */
    unsigned life;                /* counts connections */
    char *pool_name;              /* of its pool, in its process; "" none */
    char *pool_uuid;
    char *pool_file;
    char *kind;                   /* "file", "device" */
    uint16_t id;                  /* number of the head */
    size_t device;
    bool placed;                  /* @pool_uuid and @id are known, perhaps from
                                     an earlier life */
    int64_t published;            /* lease on which its "alive" is; 0: none */
    unsigned published_life;

    GMutex lock;                  /* of what follows */
    cxlfm *fm;
    bool connected;
    struct head_peer *peer;       /* who answered last; NULL: not known */
};

struct head *head_new(const fmd_host *host);
struct head *head_ref(struct head *head);
void head_unref(struct head *head);

/* As the store remembers it, until it is reached */
void head_place(struct head *head, const char *pool, uint16_t id);
/* Connect, and find its pool and device. */
bool head_connect(struct head *head, const char *machine);
/* Read its truth; what broke is seen here. */
bool head_read(struct head *head);
/* Does @ret of a call (enum cxlfm_error) say that the line is of no use? */
bool head_is_broken(int ret);
/* A call failed with @ret: is the connection over? */
void head_note(struct head *head, int ret);
/* Microseconds until it is to be connected; -1: it is */
int64_t head_due(const struct head *head);
/* The pool's truth from its view; NULL: it has none, or does not answer. */
struct cxlfm_pool *head_pool(struct head *head);

#endif /* CXL_FMD_HEAD_H */
