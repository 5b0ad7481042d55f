/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store in a file of SQLite: what its parts share */
#ifndef CXL_FMD_STORE_SQLITE_H
#define CXL_FMD_STORE_SQLITE_H

#include <sys/types.h>
#include "sqlite-db.h"
#include "turn.h"

#define SQLITE_KEEP_REVISIONS 10000 /* for watches that come late */

struct store_sqlite {
    struct store base;
    char *path;
    sqlite3 *db;
    dev_t device;                 /* of the file, as the next */
    ino_t inode;
    struct turn turn;             /* of @db: one transaction at a time */
    GMutex jobs_lock;             /* of the next */
    GQueue jobs;                  /* struct store_job: transactions that wait
                                     for it */
    uint64_t compact_at;          /* revision; under the turn */
    GMutex read_lock;             /* of the next */
    sqlite3 *reader;              /* does not wait for those who write */
    GMutex news_lock;
    GCond news;                   /* somebody in this process changed it */
    uint64_t news_count;
    char *boot;                   /* leases of another boot have lapsed */
};

/* The file is where it was; whoever starts next would not see another. */
bool store_sqlite_is_there(const struct store_sqlite *store, GError **error);
/* One change; *@rev is the store's revision, and is made one more. */
bool store_sqlite_change(sqlite3 *db, int64_t *rev, bool *changed,
                         const struct store_op *op, GError **error);
/* Compares, then changes; the caller commits or rolls back. */
bool store_sqlite_try(sqlite3 *db, const struct store_cmp *compares,
                      size_t compare_count, const struct store_op *ops,
                      size_t op_count, int64_t *rev, bool *changed,
                      GError **error);
bool store_sqlite_txn(struct store *base, const struct store_cmp *compares,
                      size_t compare_count, const struct store_op *ops,
                      size_t op_count, uint64_t *ret_rev, GError **error);
/* Begin, and let what has lapsed go; the caller commits or rolls back. */
bool store_sqlite_begin(struct store_sqlite *store, int64_t *ret_rev,
                        bool *ret_lapsed, GError **error);
bool store_sqlite_commit(struct store_sqlite *store, int64_t rev, bool changed,
                         GError **error);
void store_sqlite_rollback(struct store_sqlite *store);
/* ms that go on while the machine sleeps, the same in all processes */
int64_t store_sqlite_now(void);
/*
 * If leases have lapsed, take what hangs on them away; that is seen by @db, a
 * connection of the caller's, so that nobody waits for nothing. Takes the turn.
 */
bool store_sqlite_expire(struct store_sqlite *store, sqlite3 *db,
                         GError **error);

bool store_sqlite_any_lapsed(const struct store_sqlite *store, sqlite3 *db,
                             int64_t *ret, GError **error);
bool store_sqlite_lapse(struct store_sqlite *store, int64_t *rev,
                        bool *changed, GError **error);
bool store_sqlite_lease_grant(struct store *base, unsigned ttl,
                              int64_t *ret_lease, GError **error);
bool store_sqlite_lease_keep_alive(struct store *base, int64_t lease,
                                   GError **error);

struct store_watch *store_sqlite_watch_begin(
    struct store *base, const char *prefix, uint64_t rev, store_watch_fn fn,
    void *opaque, GError **error);
void store_sqlite_watch_end(struct store_watch *watch);

#endif /* CXL_FMD_STORE_SQLITE_H */
