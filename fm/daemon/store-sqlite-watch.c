/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches in SQLite: a thread and a connection each
 *
 * A change of this process wakes the watch at once, one of another process is
 * seen within POLL_MS. Leases that lapse are looked for as often, so that who
 * watches hears of it although nobody writes.
 */
#include <string.h>
#include "store-sqlite.h"

#define POLL_MS   100
#define EXPIRE_MS 200

struct sqlite_watch {
    struct store_watch base;
    sqlite3 *db;
    GThread *thread;
    char *prefix;
    char *end;
    uint64_t rev;                 /* all until here was told */
    store_watch_fn fn;
    void *opaque;
    bool ended;                   /* under the store's news_lock */
};

static void sqlite_watch_tell(struct sqlite_watch *watch, uint64_t rev,
                              GPtrArray *entries)
{
    if (entries->len) {
        watch->fn(watch->base.store, rev, entries, watch->opaque);
        g_ptr_array_set_size(entries, 0);
    }
    watch->rev = rev;
}

/* False when it could not be read; it is tried again. */
static bool sqlite_watch_changes(struct sqlite_watch *watch, uint64_t until)
{
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(
        (GDestroyNotify)store_entry_free);
    g_autoptr(sqlite3_stmt) ask = sqlite_ask(
        watch->db, NULL, "SELECT rev, key, value, created, lease FROM changes "
        "WHERE rev > ?1 AND rev <= ?2 AND key >= ?3 AND (?4 IS NULL OR "
        "key < ?4) ORDER BY rev, key", "iiss", (int64_t)watch->rev,
        (int64_t)until, watch->prefix, watch->end);
    uint64_t rev = watch->rev;
    int row = -1;

    while (ask && (row = sqlite_step(watch->db, ask, NULL)) > 0) {
        struct store_entry *entry = g_new0(struct store_entry, 1);
        uint64_t next = sqlite3_column_int64(ask, 0);

        if (next != rev) {
            sqlite_watch_tell(watch, rev, entries);
            rev = next;
        }
        entry->key = sqlite_text(ask, 1);
        entry->value = sqlite_text(ask, 2);
        entry->create_rev = sqlite3_column_int64(ask, 3);
        entry->mod_rev = next;
        entry->lease = sqlite3_column_int64(ask, 4);
        g_ptr_array_add(entries, entry);
    }
    if (!row) {
        sqlite_watch_tell(watch, rev, entries);
        watch->rev = until;
    }
    return !row;
}

static bool sqlite_watch_look(struct sqlite_watch *watch)
{
    int64_t rev, compacted;
    bool ok;

    if (!sqlite_run(watch->db, "BEGIN", NULL)) {
        return false;
    }
    ok = sqlite_number(watch->db, 0, &rev, NULL, "SELECT value FROM meta WHERE "
                       "name='revision'", "") &&
         sqlite_number(watch->db, 0, &compacted, NULL, "SELECT value FROM meta "
                       "WHERE name='compacted'", "");
    if (ok && ((uint64_t)rev < watch->rev ||
               (uint64_t)compacted > watch->rev)) {
        watch->rev = rev;
        watch->fn(watch->base.store, rev, NULL, watch->opaque);
    } else if (ok && (uint64_t)rev > watch->rev) {
        ok = sqlite_watch_changes(watch, rev);
    }
    sqlite3_exec(watch->db, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

/* Wait for news; false when the watch has ended. */
static bool sqlite_watch_wait(struct sqlite_watch *watch, uint64_t *seen)
{
    struct store_sqlite *store = (struct store_sqlite *)watch->base.store;
    int64_t end = g_get_monotonic_time() + POLL_MS * 1000;
    bool go;

    g_mutex_lock(&store->news_lock);
    while (!watch->ended && store->news_count == *seen &&
           g_cond_wait_until(&store->news, &store->news_lock, end)) {
        continue;
    }
    *seen = store->news_count;
    go = !watch->ended;
    g_mutex_unlock(&store->news_lock);
    return go;
}

static void *sqlite_watch_run(void *opaque)
{
    struct sqlite_watch *watch = opaque;
    struct store_sqlite *store = (struct store_sqlite *)watch->base.store;
    int64_t expired = g_get_monotonic_time();
    uint64_t seen = 0;

    do {
        sqlite_watch_look(watch);
        if (g_get_monotonic_time() - expired > EXPIRE_MS * 1000) {
            store_sqlite_expire(store, watch->db, NULL);
            expired = g_get_monotonic_time();
        }
    } while (sqlite_watch_wait(watch, &seen));
    return NULL;
}

struct store_watch *store_sqlite_watch_begin(
    struct store *base, const char *prefix, uint64_t rev, store_watch_fn fn,
    void *opaque, GError **error)
{
    struct store_sqlite *store = (struct store_sqlite *)base;
    sqlite3 *db = sqlite_db_open(store->path, error);
    struct sqlite_watch *watch;

    if (!db) {
        return NULL;
    }
    watch = g_new0(struct sqlite_watch, 1);
    watch->base.store = base;
    watch->db = db;
    watch->prefix = g_strdup(prefix);
    watch->end = store_prefix_end(prefix);
    watch->rev = rev;
    watch->fn = fn;
    watch->opaque = opaque;
    watch->thread = g_thread_new("fmd-watch", sqlite_watch_run, watch);
    return &watch->base;
}

void store_sqlite_watch_end(struct store_watch *base)
{
    struct sqlite_watch *watch = (struct sqlite_watch *)base;
    struct store_sqlite *store = (struct store_sqlite *)base->store;

    g_mutex_lock(&store->news_lock);
    watch->ended = true;
    g_cond_broadcast(&store->news);
    g_mutex_unlock(&store->news_lock);
    g_thread_join(watch->thread);
    sqlite3_close(watch->db);
    g_free(watch->prefix);
    g_free(watch->end);
    g_free(watch);
}
