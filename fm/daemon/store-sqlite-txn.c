/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions in SQLite: begun, kept, or as if they had not been */
#include <sys/stat.h>
#include "store-sqlite.h"

bool store_sqlite_is_there(const struct store_sqlite *store, GError **error)
{
    struct stat there;

    return (!stat(store->path, &there) && there.st_dev == store->device &&
            there.st_ino == store->inode) ||
           store_fail(error, STORE_ERROR_BROKEN, "%s was removed or replaced "
                      "under our feet: put it back, then start cxl-fmd anew",
                      store->path);
}

bool store_sqlite_begin(struct store_sqlite *store, int64_t *ret_rev,
                        bool *ret_lapsed, GError **error)
{
    if (!store_sqlite_is_there(store, error) ||
        !sqlite_run(store->db, "BEGIN IMMEDIATE", error)) {
        return false;
    }
    if (!sqlite_number(store->db, 0, ret_rev, error,
                       "SELECT value FROM meta WHERE name='revision'", "") ||
        !store_sqlite_lapse(store, ret_rev, ret_lapsed, error)) {
        store_sqlite_rollback(store);
        return false;
    }
    return true;
}

void store_sqlite_rollback(struct store_sqlite *store)
{
    /* An error of COMMIT may have rolled back already. */
    if (!sqlite3_get_autocommit(store->db)) {
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    }
}

static bool store_sqlite_compact(struct store_sqlite *store, int64_t rev,
                                 GError **error)
{
    int64_t until = rev - SQLITE_KEEP_REVISIONS;

    /* Now and then is enough. */
    if (until <= 0 || (uint64_t)rev < store->compact_at) {
        return true;
    }
    store->compact_at = rev + 256;
    return sqlite_do(store->db, error, "DELETE FROM changes WHERE rev <= ?1",
                     "i", until) &&
           sqlite_do(store->db, error, "UPDATE meta SET value = ?1 WHERE "
                     "name='compacted'", "i", until);
}

bool store_sqlite_commit(struct store_sqlite *store, int64_t rev, bool changed,
                         GError **error)
{
    if ((changed &&
         (!sqlite_do(store->db, error, "UPDATE meta SET value = ?1 WHERE "
                     "name='revision'", "i", rev) ||
          !store_sqlite_compact(store, rev, error))) ||
        !sqlite_run(store->db, "COMMIT", error)) {
        store_sqlite_rollback(store);
        return false;
    }
    if (changed) {
        g_mutex_lock(&store->news_lock);
        store->news_count++;
        g_cond_broadcast(&store->news);
        g_mutex_unlock(&store->news_lock);
    }
    return true;
}

bool store_sqlite_expire(struct store_sqlite *store, sqlite3 *db,
                         GError **error)
{
    int64_t lapsed, rev;
    bool changed, ok = true;

    if (!store_sqlite_any_lapsed(store, db, &lapsed, error)) {
        return false;
    }
    if (lapsed) {
        turn_take(&store->turn);
        ok = store_sqlite_begin(store, &rev, &changed, error) &&
             store_sqlite_commit(store, rev, changed, error);
        turn_leave(&store->turn);
    }
    return ok;
}

/* --- What is in one --- */

static bool store_sqlite_compare(sqlite3 *db, const struct store_cmp *cmp,
                                 GError **error)
{
    g_autoptr(sqlite3_stmt) ask = sqlite_ask(
        db, error, "SELECT created, modified FROM entries WHERE key = ?1",
        "s", cmp->key);
    int row = ask ? sqlite_step(db, ask, error) : -1;
    bool holds;

    if (row < 0) {
        return false;
    }
    holds = cmp->compare == STORE_IF_ABSENT ? !row :
            row && cmp->rev == (uint64_t)sqlite3_column_int64(
                ask, cmp->compare == STORE_IF_MODIFIED);
    return holds || store_fail(error, STORE_ERROR_CONFLICT, "%s has been "
                               "changed by somebody else", cmp->key);
}

static bool store_sqlite_lease_is_there(sqlite3 *db, int64_t lease,
                                        GError **error)
{
    int64_t there;

    return !lease ||
           (sqlite_number(db, 0, &there, error, "SELECT id FROM leases WHERE "
                          "id = ?1", "i", lease) &&
            (there || store_fail(error, STORE_ERROR_NO_LEASE, "the lease has "
                                 "lapsed")));
}

bool store_sqlite_try(sqlite3 *db, const struct store_cmp *compares,
                      size_t compare_count, const struct store_op *ops,
                      size_t op_count, int64_t *rev, bool *changed,
                      GError **error)
{
    bool mine = false;
    size_t i;

    for (i = 0; i < compare_count; i++) {
        if (!store_sqlite_compare(db, &compares[i], error)) {
            return false;
        }
    }
    for (i = 0; i < op_count; i++) {
        if (!store_sqlite_lease_is_there(db, ops[i].lease, error)) {
            return false;
        }
    }
    for (i = 0; i < op_count; i++) {
        if (!store_sqlite_change(db, rev, &mine, &ops[i], error)) {
            return false;
        }
    }
    *rev += mine;
    *changed |= mine;
    return true;
}
