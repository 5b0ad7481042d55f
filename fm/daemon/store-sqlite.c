/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store in a file of SQLite: one machine, nothing to set up
 *
 * Every change is written to two tables: what there is now, and the line of
 * changes that watches follow. SQLite makes the two one; with its write-ahead
 * log and synchronous=FULL, what was committed is on the disk.
 */
#include <string.h>
#include <sys/stat.h>
#include "store-sqlite.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static const char *const schema[] = {
    "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "BEGIN IMMEDIATE",
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value INTEGER)"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS entries(key TEXT PRIMARY KEY, value TEXT,"
    " created INTEGER, modified INTEGER, lease INTEGER) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS leased ON entries(lease) WHERE lease <> 0;"
    "CREATE TABLE IF NOT EXISTS changes(rev INTEGER, key TEXT, value TEXT,"
    " created INTEGER, lease INTEGER, PRIMARY KEY(rev, key)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS leases(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " ttl INTEGER, deadline INTEGER, boot TEXT);"
    "INSERT OR IGNORE INTO meta VALUES('version', 1), ('revision', 0),"
    " ('compacted', 0);", "COMMIT", NULL
};

/* --- Opening --- */

static bool store_sqlite_is_known(sqlite3 *db, GError **error)
{
    int64_t version;

    return sqlite_number(db, 0, &version, error,
                         "SELECT value FROM meta WHERE name='version'", "") &&
           (version == 1 ||
            store_fail(error, STORE_ERROR_BROKEN, "%s is of version %"
                       G_GINT64_FORMAT ", this cxl-fmd knows 1: upgrade it",
                       sqlite3_db_filename(db, "main"), version));
}

static struct store *store_sqlite_open(const char *path, GError **error)
{
    g_autofree char *boot = NULL;
    struct store_sqlite *store;
    struct stat there;
    sqlite3 *db, *reader;

    if (!*path) {
        store_fail(error, STORE_ERROR_INVALID, "sqlite: needs the path of a "
                   "file");
        return NULL;
    }
    db = sqlite_db_make(path, schema, error);
    if (!db || !store_sqlite_is_known(db, error) ||
        !(reader = sqlite_db_open(path, error))) {
        sqlite3_close(db);
        return NULL;
    }
    store = g_new0(struct store_sqlite, 1);
    store->path = g_strdup(path);
    store->db = db;
    store->reader = reader;
    if (!stat(path, &there)) {
        store->device = there.st_dev;
        store->inode = there.st_ino;
    }
    if (!g_file_get_contents(BOOT_ID, &boot, NULL, NULL)) {
        boot = g_strdup("unknown");
    }
    store->boot = g_strdup(g_strchomp(boot));
    turn_init(&store->turn);
    g_mutex_init(&store->jobs_lock);
    g_queue_init(&store->jobs);
    g_mutex_init(&store->read_lock);
    g_mutex_init(&store->news_lock);
    g_cond_init(&store->news);
    return &store->base;
}

static void store_sqlite_close(struct store *base)
{
    struct store_sqlite *store = (struct store_sqlite *)base;

    sqlite3_close(store->reader);
    sqlite3_close(store->db);
    turn_clear(&store->turn);
    g_mutex_clear(&store->jobs_lock);
    g_mutex_clear(&store->read_lock);
    g_mutex_clear(&store->news_lock);
    g_cond_clear(&store->news);
    g_free(store->path);
    g_free(store->boot);
    g_free(store);
}

/* --- Reading --- */

static bool store_sqlite_rows(sqlite3 *db, const char *prefix, GPtrArray *fill,
                              GError **error)
{
    g_autofree char *end = store_prefix_end(prefix);
    g_autoptr(sqlite3_stmt) ask = sqlite_ask(
        db, error, "SELECT key, value, created, modified, lease FROM entries "
        "WHERE key >= ?1 AND (?2 IS NULL OR key < ?2) ORDER BY key", "ss",
        prefix, end);
    int row;

    if (!ask) {
        return false;
    }
    while ((row = sqlite_step(db, ask, error)) > 0) {
        struct store_entry *entry = g_new0(struct store_entry, 1);

        entry->key = sqlite_text(ask, 0);
        entry->value = sqlite_text(ask, 1);
        entry->create_rev = sqlite3_column_int64(ask, 2);
        entry->mod_rev = sqlite3_column_int64(ask, 3);
        entry->lease = sqlite3_column_int64(ask, 4);
        g_ptr_array_add(fill, entry);
    }
    return !row;
}

static bool store_sqlite_range(struct store *base, const char *prefix,
                               GPtrArray *fill, uint64_t *ret_rev,
                               GError **error)
{
    struct store_sqlite *store = (struct store_sqlite *)base;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&store->read_lock);
    int64_t rev;
    bool ok;

    /* Who reads sees nothing that has lapsed; a full disk stops no reader. */
    store_sqlite_expire(store, store->reader, NULL);
    if (!store_sqlite_is_there(store, error) ||
        !sqlite_run(store->reader, "BEGIN", error)) {
        return false;
    }
    ok = sqlite_number(store->reader, 0, &rev, error, "SELECT value FROM meta "
                       "WHERE name='revision'", "") &&
         store_sqlite_rows(store->reader, prefix, fill, error);
    sqlite3_exec(store->reader, "ROLLBACK", NULL, NULL, NULL);
    *ret_rev = rev;
    return ok;
}

const struct store_ops store_sqlite_ops = {
    .open = store_sqlite_open,
    .close = store_sqlite_close,
    .range = store_sqlite_range,
    .txn = store_sqlite_txn,
    .watch_begin = store_sqlite_watch_begin,
    .watch_end = store_sqlite_watch_end,
    .lease_grant = store_sqlite_lease_grant,
    .lease_keep_alive = store_sqlite_lease_keep_alive,
};
