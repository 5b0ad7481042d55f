/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of one daemon share; nobody outside looks into it */
#ifndef CXL_FMD_CORE_H
#define CXL_FMD_CORE_H

#include "events.h"
#include "fmd-config.h"
#include "mirror.h"
#include "store.h"

struct machine;
struct pressure;

struct fmd {
    struct fmd_config *config;    /* that of the start */
    GPtrArray *hosts;             /* fmd_host *: of the configuration, as it was
                                     read last; under @hosts_lock */
    GMutex hosts_lock;
    char instance[FMD_UUID_TEXT]; /* new with each start */
    struct store *store;
    struct mirror *mirror;
    struct events *events;
    struct machine *machine;      /* monitors, pools: what acts */
    struct pressure *pressure;    /* how hosts fare */
    GMutex waited_lock;           /* of these two */
    int64_t (*waited)(void *opaque); /* fmd_waited_from() */
    void *waited_opaque;
};

/* store_txn() that counts, with errors of FMD_ERROR */
bool core_write(struct fmd *fmd, const struct store_cmp *compares,
                size_t compare_count, const struct store_op *ops,
                size_t op_count, uint64_t *ret_rev, GError **error);
/* One key from the store itself; NULL with @error, or when it is not there */
struct store_entry *core_read(struct fmd *fmd, const char *key,
                              GError **error);
/* What stands at the key of an office that is ours: who we are */
char *core_owner_text(struct fmd *fmd);
/*
 * Is the office of this key ours, and hangs on @lease? It may be without our
 * knowing, when an answer was lost.
 */
bool core_owner_is_us(struct fmd *fmd, const struct store_entry *entry,
                      int64_t lease);
/* The host of that name or UUID, from the copy; NULL */
fmd_host *core_host(struct fmd *fmd, const char *name);
/*
 * us for which somebody waits here who may want to renew a lease; 0: nobody.
 * False: nobody can ask us now.
 */
bool core_waited(struct fmd *fmd, int64_t *ret_waited);
/* A store's error becomes one of FMD_ERROR; frees @from, returns false. */
bool core_fail(GError **error, GError *from);

#endif /* CXL_FMD_CORE_H */
