/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One pool of this machine and the thread that keeps it as its claims say
 */
#ifndef CXL_FMD_POOL_H
#define CXL_FMD_POOL_H

#include "core.h"
#include "lease.h"
#include "plan.h"
#include "truth.h"

/* What is remembered of a claim at a host; times are us, 0: not */
struct memo {
    int64_t asked;
    int64_t offered;
    int64_t failed;
    int64_t last_ask;             /* we asked for it, in this life of ours */
    int64_t ask_patience;         /* us from @last_ask to the next one */
    int64_t patience;             /* us from @failed to the next try */
    int64_t retry;                /* us, the first of those after "no" */
    unsigned life;                /* of the host, at the last act */
    bool sent;                    /* an offer of ours was made in this life */
    bool had;                     /* the host had all of it */
    bool declined;
    char *refusal;
};

/* A claim of this pass */
struct wish {
    char uuid[FMD_UUID_TEXT];
    fmd_claim *claim;
    uint64_t claim_rev;
    uint64_t created;
    fmd_status *status;           /* never NULL */
    uint64_t status_rev;          /* 0: there is none in the store */
    bool unsaid;                  /* @status is not what the store has */
    bool broken;                  /* one of both makes no sense */
    bool claim_broken, status_broken;
    unsigned pass;                /* that saw it last */
};

/* A head whose pool is another now goes back to the machine. */
typedef void (*pool_moved_fn)(struct fmd *fmd, struct head *head);

struct pool_clean;

struct pool {
    struct fmd *fmd;
    pool_moved_fn moved;
    struct lease *lease;
    char uuid[FMD_UUID_TEXT];
    GThread *thread;
    GAsyncQueue *inbox;           /* struct pool_letter */
    int wake_fd;
    bool ended;                   /* atomic, as the next */
    int64_t alive;                /* us: the thread was seen */

    /* The thread's own */
    GPtrArray *heads;             /* struct head * */
    GHashTable *wishes;           /* UUID: struct wish, of its claims and those
                                     for its hosts */
    GHashTable *memos;            /* "claim/host": struct memo */
    GHashTable *orphans;          /* tag text: passes, as a number */
    struct truth *truth;
    int lock_fds[2];
    bool locked_file;             /* with the name of the pool's file */
    uint64_t epoch;               /* 0: it is not ours */
    int64_t epoch_lease;
    char *published;              /* its value in the store */
    int64_t published_at;
    uint64_t written;             /* the highest revision that we wrote */
    int64_t again;                /* us until the next pass at the latest */
    bool at_once;                 /* something was done: look again */
    int64_t waited;               /* us, the end of the last wait for devices */
    int64_t looked;               /* us, of the last look at claims */
    struct pool_clean *clean;     /* how fast what left is free */
    char *error;                  /* why it is not ours; NULL */

    GMutex lock;                  /* of what others read */
    char *live;                   /* JSON; see fmd_pool_live() */
    int64_t live_at;
    uint64_t shown_epoch;
    char *shown_error;
    GHashTable *notes;            /* host's UUID: JSON of what it has */
    unsigned shown_orphans;
};

struct pool *pool_start(struct fmd *fmd, struct lease *lease, const char *uuid,
                        pool_moved_fn moved);
/* Its thread comes to an end; of several, tell all before one is waited for. */
void pool_end(struct pool *pool);
/* Waits for that. */
void pool_stop(struct pool *pool);
static inline bool pool_has_ended(const struct pool *pool)
{
    return __atomic_load_n(&pool->ended, __ATOMIC_ACQUIRE);
}
void pool_wake(struct pool *pool);
/* Takes a reference of its own. */
void pool_add_head(struct pool *pool, struct head *head);
void pool_drop_head(struct pool *pool, const char *uuid);
/* The host's policy is another now; takes @host. */
void pool_change_host(struct pool *pool, fmd_host *host);
bool pool_is_live(struct pool *pool);

#endif /* CXL_FMD_POOL_H */
