/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SQLite with our errors, and statements that end by themselves */
#ifndef CXL_FMD_SQLITE_DB_H
#define CXL_FMD_SQLITE_DB_H

#include <sqlite3.h>
#include "store-ops.h"

/* Sets @error from what went wrong last in @db; @commit: while it was kept. */
bool sqlite_fail(sqlite3 *db, bool commit, const char *what, GError **error);
/* Open @path, create it when it is not there; waits for locks. */
sqlite3 *sqlite_db_open(const char *path, GError **error);
/*
 * The same with its folder, for nobody else to read, and @statements, which end
 * with NULL, run. For one thread, before there are others.
 */
sqlite3 *sqlite_db_make(const char *path, const char *const *statements,
                        GError **error);
bool sqlite_run(sqlite3 *db, const char *sql, GError **error);
/*
 * A statement; each letter of @types binds one argument: 'i' int64_t, 's' text
 * or NULL. NULL with @error.
 */
sqlite3_stmt *sqlite_ask(sqlite3 *db, GError **error, const char *sql,
                         const char *types, ...);
/* 1: there is a row; 0: no more; -1: @error */
int sqlite_step(sqlite3 *db, sqlite3_stmt *ask, GError **error);
/* sqlite_ask() for statements without rows */
bool sqlite_do(sqlite3 *db, GError **error, const char *sql,
               const char *types, ...);
/* The first column of the first row; @absent when there is none */
bool sqlite_number(sqlite3 *db, int64_t absent, int64_t *ret, GError **error,
                   const char *sql, const char *types, ...);
char *sqlite_text(sqlite3_stmt *ask, int column);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sqlite3_stmt, sqlite3_finalize)

#endif /* CXL_FMD_SQLITE_DB_H */
