/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events on the disk of this machine
 *
 * A file that cannot be written costs what is told after a restart, and stops
 * nothing: it is said once. One that makes no sense is begun anew, as if the
 * clock were the last id.
 */
#include <stdio.h>
#include <string.h>
#include "events-file.h"
#include "events.h"
#include "log.h"
#include "sqlite-db.h"

struct events_file {
    sqlite3 *db;
    uint64_t last;
    bool said;
};

static const char *const schema[] = {
    "PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
    "CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY, time INTEGER,"
    " kind TEXT, object TEXT, text TEXT, data TEXT);"
    "CREATE TABLE IF NOT EXISTS followed(store TEXT PRIMARY KEY, rev INTEGER);",
    NULL
};

static bool events_file_read(struct events_file *file, GQueue *fill,
                             GError **error)
{
    g_autoptr(sqlite3_stmt) ask = sqlite_ask(
        file->db, error, "SELECT id, time, kind, object, text, data FROM "
        "(SELECT * FROM events ORDER BY id DESC LIMIT ?1) ORDER BY id", "i",
        (int64_t)EVENTS_KEEP);
    int row;

    if (!ask) {
        return false;
    }
    while ((row = sqlite_step(file->db, ask, error)) > 0) {
        fmd_event *event = g_new0(fmd_event, 1);

        event->id = sqlite3_column_int64(ask, 0);
        event->time = sqlite3_column_int64(ask, 1);
        event->kind = sqlite_text(ask, 2);
        event->object = sqlite_text(ask, 3);
        event->text = sqlite_text(ask, 4);
        event->data = sqlite_text(ask, 5);
        file->last = event->id;
        g_queue_push_tail(fill, event);
    }
    return !row;
}

struct events_file *events_file_open(const char *path, GQueue *fill,
                                     GError **error)
{
    struct events_file *file = g_new0(struct events_file, 1);
    GError *inner = NULL;

    file->db = sqlite_db_make(path, schema, &inner);
    if (file->db && !events_file_read(file, fill, &inner)) {
        g_clear_pointer(&file->db, sqlite3_close);
    }
    if (!file->db && inner->code == STORE_ERROR_BROKEN) {
        g_autofree char *aside = g_strconcat(path, ".broken", NULL);

        log_line(LOG_LEVEL_ERROR, "%s: begun anew, the old one is %s",
                 inner->message, aside);
        g_clear_error(&inner);
        rename(path, aside);
        g_queue_clear_full(fill, (GDestroyNotify)fmd_event_free);
        file->db = sqlite_db_make(path, schema, &inner);
        file->last = g_get_real_time();
    }
    if (!file->db) {
        g_propagate_error(error, inner);
        g_free(file);
        return NULL;
    }
    return file;
}

void events_file_close(struct events_file *file)
{
    if (file) {
        sqlite3_close(file->db);
        g_free(file);
    }
}

uint64_t events_file_last(const struct events_file *file)
{
    return file->last;
}

static bool events_file_write(sqlite3 *db, const fmd_event *event,
                              const char *of, uint64_t rev, GError **error)
{
    return sqlite_run(db, "BEGIN IMMEDIATE", error) &&
           sqlite_do(db, error, "INSERT INTO events VALUES(?1, ?2, ?3, ?4, "
                     "?5, ?6)", "iissss", (int64_t)event->id, event->time,
                     event->kind, event->object, event->text, event->data) &&
           (event->id % 256 ||
            sqlite_do(db, error, "DELETE FROM events WHERE id <= (SELECT id "
                      "FROM events ORDER BY id DESC LIMIT 1 OFFSET ?1)", "i",
                      (int64_t)EVENTS_KEEP)) &&
           (!rev || sqlite_do(db, error, "INSERT OR REPLACE INTO followed "
                              "VALUES(?1, ?2)", "si", of, (int64_t)rev)) &&
           sqlite_run(db, "COMMIT", error);
}

void events_file_add(struct events_file *file, const fmd_event *event,
                     const char *of, uint64_t rev)
{
    g_autoptr(GError) error = NULL;

    if (events_file_write(file->db, event, of, rev, &error)) {
        file->said = false;
        return;
    }
    if (!sqlite3_get_autocommit(file->db)) {
        sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
    }
    if (!file->said) {
        file->said = true;
        log_line(LOG_LEVEL_ERROR, "events are not kept for the time after a "
                 "restart: %s", error->message);
    }
}

bool events_file_rev(struct events_file *file, const char *of, uint64_t *ret)
{
    int64_t rev;

    if (!sqlite_number(file->db, -1, &rev, NULL, "SELECT rev FROM followed "
                       "WHERE store = ?1", "s", of) || rev < 0) {
        return false;
    }
    *ret = rev;
    return true;
}
