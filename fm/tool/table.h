/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables for people */
#ifndef CXL_FM_TABLE_H
#define CXL_FM_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <glib.h>

typedef struct Table Table;

/*
 * @headings ends with NULL. A heading that begins with '>' is flushed right
 * (the sign is not shown). Free with table_free(), NULL allowed.
 */
Table *table_new(const char *const *headings);
void table_free(Table *table);
/*
 * Show only @columns, in their order: headings with commas between them, in
 * either case, a '-' for a blank. NULL: all. False with @error (TOOL_USAGE).
 */
bool table_choose(Table *table, const char *columns, GError **error);
/* One text per heading; takes over each (g_free()). */
void table_row(Table *table, ...) G_GNUC_NULL_TERMINATED;
/* Rows after the headings */
size_t table_rows(const Table *table);
/* The whole table as text, with or without its headings; for g_free(). */
char *table_text(const Table *table, bool headings);

#endif /* CXL_FM_TABLE_H */
