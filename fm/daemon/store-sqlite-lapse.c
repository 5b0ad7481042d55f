/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases in SQLite: by the clock of this boot, which no person sets
 *
 * Whoever opens a transaction first lets go what has lapsed. So nobody sees a
 * key whose lease is over, and no thread has to wake for it in time.
 */
#include <string.h>
#include "store-sqlite.h"

#define LAPSED "deadline <= ?1 OR boot <> ?2"

static bool store_sqlite_lapse_key(sqlite3 *db, const char *key, int64_t *rev,
                                   GError **error)
{
    const struct store_op op = { .key = key };
    bool changed = false;

    if (!store_sqlite_change(db, rev, &changed, &op, error)) {
        return false;
    }
    *rev += changed;
    return true;
}

static bool store_sqlite_lapsed_keys(struct store_sqlite *store, int64_t now,
                                     GPtrArray *keys, GError **error)
{
    g_autoptr(sqlite3_stmt) ask = sqlite_ask(
        store->db, error, "SELECT key FROM entries WHERE lease <> 0 AND lease "
        "IN (SELECT id FROM leases WHERE " LAPSED ") ORDER BY key", "is", now,
        store->boot);
    int row;

    if (!ask) {
        return false;
    }
    while ((row = sqlite_step(store->db, ask, error)) > 0) {
        g_ptr_array_add(keys, sqlite_text(ask, 0));
    }
    return !row;
}

bool store_sqlite_any_lapsed(const struct store_sqlite *store, sqlite3 *db,
                             int64_t *ret, GError **error)
{
    return sqlite_number(db, 0, ret, error, "SELECT count(*) FROM "
                         "leases WHERE " LAPSED, "is", store_sqlite_now(),
                         store->boot);
}

bool store_sqlite_lapse(struct store_sqlite *store, int64_t *rev,
                        bool *changed, GError **error)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    int64_t now = store_sqlite_now(), lapsed;
    unsigned i;

    *changed = false;
    if (!store_sqlite_any_lapsed(store, store->db, &lapsed, error)) {
        return false;
    }
    if (!lapsed) {
        return true;
    }
    if (!store_sqlite_lapsed_keys(store, now, keys, error)) {
        return false;
    }
    for (i = 0; i < keys->len; i++) {
        if (!store_sqlite_lapse_key(store->db, keys->pdata[i], rev, error)) {
            return false;
        }
    }
    *changed = keys->len > 0;
    return sqlite_do(store->db, error, "DELETE FROM leases WHERE " LAPSED,
                     "is", now, store->boot);
}
