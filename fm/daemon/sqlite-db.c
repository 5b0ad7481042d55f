/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite with our errors, and statements that end by themselves */
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sqlite-db.h"

#define BUSY_MS 3000

bool sqlite_fail(sqlite3 *db, bool commit, const char *what, GError **error)
{
    int code = sqlite3_extended_errcode(db);
    const char *text = sqlite3_errmsg(db);
    const char *path = sqlite3_db_filename(db, "main");

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return store_fail(error, STORE_ERROR_UNAVAILABLE, "%s: another process "
                          "holds %s for long", what, path);
    case SQLITE_FULL:
        return store_fail(error, STORE_ERROR_FULL, "%s: no room for %s on its "
                          "disk: make some", what, path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
        return store_fail(error, STORE_ERROR_BROKEN, "%s: %s: %s: put it back "
                          "from a copy", what, path, text);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        return store_fail(error, STORE_ERROR_UNAVAILABLE, "%s: %s: %s: is it, "
                          "and its folder, writable?", what, path, text);
    default:
        return store_fail(error, commit ? STORE_ERROR_UNKNOWN :
                          STORE_ERROR_UNAVAILABLE, "%s: %s: %s (%d)", what,
                          path, text, code);
    }
}

sqlite3 *sqlite_db_open(const char *path, GError **error)
{
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE |
                               SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                               NULL);

    if (code != SQLITE_OK) {
        store_fail(error, code == SQLITE_FULL ? STORE_ERROR_FULL :
                   STORE_ERROR_UNAVAILABLE, "cannot open %s: %s: do the folder "
                   "and the right to write there exist?", path,
                   db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
        sqlite3_close(db);
        return NULL;
    }
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, BUSY_MS);
    return db;
}

bool sqlite_run(sqlite3 *db, const char *sql, GError **error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return sqlite_fail(db, g_str_has_prefix(sql, "COMMIT"), "store",
                           error);
    }
    return true;
}

sqlite3 *sqlite_db_make(const char *path, const char *const *statements,
                        GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    sqlite3 *db;
    mode_t mask;

    g_mkdir_with_parents(folder, 0750);
    mask = umask(077);
    db = sqlite_db_open(path, error);
    for (; db && *statements; statements++) {
        if (!sqlite_run(db, *statements, error)) {
            g_clear_pointer(&db, sqlite3_close);
        }
    }
    umask(mask);
    return db;
}

static sqlite3_stmt *sqlite_ask_list(sqlite3 *db, GError **error,
                                     const char *sql, const char *types,
                                     va_list args)
{
    sqlite3_stmt *ask;
    unsigned i;

    if (sqlite3_prepare_v2(db, sql, -1, &ask, NULL) != SQLITE_OK) {
        sqlite_fail(db, false, "store", error);
        return NULL;
    }
    for (i = 0; types[i]; i++) {
        if (types[i] == 'i') {
            sqlite3_bind_int64(ask, i + 1, va_arg(args, int64_t));
        } else {
            /* What a caller binds lives until the statement has ended. */
            sqlite3_bind_text(ask, i + 1, va_arg(args, const char *), -1,
                              SQLITE_STATIC);
        }
    }
    return ask;
}

sqlite3_stmt *sqlite_ask(sqlite3 *db, GError **error, const char *sql,
                         const char *types, ...)
{
    sqlite3_stmt *ask;
    va_list args;

    va_start(args, types);
    ask = sqlite_ask_list(db, error, sql, types, args);
    va_end(args);
    return ask;
}

int sqlite_step(sqlite3 *db, sqlite3_stmt *ask, GError **error)
{
    int code = sqlite3_step(ask);

    if (code == SQLITE_ROW) {
        return 1;
    }
    if (code == SQLITE_DONE) {
        return 0;
    }
    sqlite_fail(db, false, "store", error);
    return -1;
}

bool sqlite_do(sqlite3 *db, GError **error, const char *sql,
               const char *types, ...)
{
    g_autoptr(sqlite3_stmt) ask = NULL;
    va_list args;

    va_start(args, types);
    ask = sqlite_ask_list(db, error, sql, types, args);
    va_end(args);
    return ask && sqlite_step(db, ask, error) >= 0;
}

bool sqlite_number(sqlite3 *db, int64_t absent, int64_t *ret, GError **error,
                   const char *sql, const char *types, ...)
{
    g_autoptr(sqlite3_stmt) ask = NULL;
    va_list args;
    int row;

    va_start(args, types);
    ask = sqlite_ask_list(db, error, sql, types, args);
    va_end(args);
    row = ask ? sqlite_step(db, ask, error) : -1;
    if (row < 0) {
        return false;
    }
    *ret = row ? sqlite3_column_int64(ask, 0) : absent;
    return true;
}

char *sqlite_text(sqlite3_stmt *ask, int column)
{
    return g_strdup((const char *)sqlite3_column_text(ask, column));
}
