/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases in SQLite are granted and kept alive */
#include "store-sqlite.h"

bool store_sqlite_lease_grant(struct store *base, unsigned ttl,
                              int64_t *ret_lease, GError **error)
{
    struct store_sqlite *store = (struct store_sqlite *)base;
    g_autoptr(turn_holder) turn = turn_hold(&store->turn);
    int64_t id;

    if (!sqlite_run(store->db, "BEGIN IMMEDIATE", error)) {
        return false;
    }
    if (!sqlite_do(store->db, error, "INSERT INTO leases(ttl, deadline, boot) "
                   "VALUES(?1, ?2, ?3)", "iis", (int64_t)ttl * 1000,
                   store_sqlite_now() + ttl * 1000ll, store->boot)) {
        store_sqlite_rollback(store);
        return false;
    }
    id = sqlite3_last_insert_rowid(store->db);
    if (!store_sqlite_commit(store, 0, false, error)) {
        return false;
    }
    *ret_lease = id;
    return true;
}

bool store_sqlite_lease_keep_alive(struct store *base, int64_t lease,
                                   GError **error)
{
    struct store_sqlite *store = (struct store_sqlite *)base;
    g_autoptr(turn_holder) turn = turn_hold(&store->turn);
    int64_t rev;
    bool changed;

    if (!store_sqlite_begin(store, &rev, &changed, error)) {
        return false;
    }
    if (!sqlite_do(store->db, error, "UPDATE leases SET deadline = ?1 + ttl "
                   "WHERE id = ?2", "ii", store_sqlite_now(), lease)) {
        store_sqlite_rollback(store);
        return false;
    }
    if (!sqlite3_changes(store->db)) {
        store_sqlite_commit(store, rev, changed, NULL);
        return store_fail(error, STORE_ERROR_NO_LEASE, "the lease has lapsed");
    }
    return store_sqlite_commit(store, rev, changed, error);
}
