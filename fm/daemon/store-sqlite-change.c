/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change in SQLite: of what there is, and in the line of changes */
#include <time.h>
#include "store-sqlite.h"

int64_t store_sqlite_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool store_sqlite_change(sqlite3 *db, int64_t *rev, bool *changed,
                         const struct store_op *op, GError **error)
{
    int64_t created, next = *rev + 1;

    if (!sqlite_number(db, 0, &created, error, "SELECT created FROM entries "
                       "WHERE key = ?1", "s", op->key)) {
        return false;
    }
    if (!op->value && !created) {
        return true;
    }
    *changed = true;
    if (!op->value) {
        return sqlite_do(db, error, "DELETE FROM entries WHERE key = ?1", "s",
                         op->key) &&
               sqlite_do(db, error, "INSERT INTO changes VALUES(?1, ?2, NULL, "
                         "0, 0)", "is", next, op->key);
    }
    created = created ? created : next;
    return sqlite_do(db, error, "INSERT OR REPLACE INTO entries VALUES(?1, ?2, "
                     "?3, ?4, ?5)", "ssiii", op->key, op->value, created, next,
                     op->lease) &&
           sqlite_do(db, error, "INSERT INTO changes VALUES(?1, ?2, ?3, ?4, "
                     "?5)", "issii", next, op->key, op->value, created,
                     op->lease);
}
