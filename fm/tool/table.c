/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people: columns as wide as their widest text
 */
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include "table.h"

#define GAP "  "

struct Table {
    unsigned columns;
    bool *right;
    GPtrArray *cells;             /* headings first, row by row */
};

Table *table_new(const char *const *headings)
{
    Table *table = g_new0(Table, 1);
    unsigned i;

    table->columns = g_strv_length((char **)headings);
    table->right = g_new0(bool, table->columns);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < table->columns; i++) {
        table->right[i] = headings[i][0] == '>';
        g_ptr_array_add(table->cells,
                        g_strdup(headings[i] + table->right[i]));
    }
    return table;
}

void table_row(Table *table, ...)
{
    va_list args;
    unsigned i;

    va_start(args, table);
    for (i = 0; i < table->columns; i++) {
        char *text = va_arg(args, char *);

        g_assert(text);
        g_ptr_array_add(table->cells, text);
    }
    g_assert(!va_arg(args, char *));
    va_end(args);
}

size_t table_rows(const Table *table)
{
    return table->cells->len / table->columns - 1;
}

char *table_text(const Table *table, bool headings)
{
    g_autofree size_t *width = g_new0(size_t, table->columns);
    GString *text = g_string_new(NULL);
    unsigned first = headings ? 0 : table->columns;
    unsigned i;

    for (i = first; i < table->cells->len; i++) {
        size_t *w = &width[i % table->columns];

        *w = MAX(*w, strlen(table->cells->pdata[i]));
    }
    for (i = first; i < table->cells->len; i++) {
        unsigned column = i % table->columns;
        const char *cell = table->cells->pdata[i];
        size_t pad = width[column] - strlen(cell);
        bool last = column + 1 == table->columns;

        if (table->right[column]) {
            g_string_append_printf(text, "%*s%s", (int)pad, "", cell);
        } else {
            /* No blanks at the end of a line */
            g_string_append_printf(text, "%s%*s", cell, last ? 0 : (int)pad,
                                   "");
        }
        g_string_append(text, last ? "\n" : GAP);
    }
    return g_string_free(text, false);
}

void table_free(Table *table)
{
    if (table) {
        g_ptr_array_unref(table->cells);
        g_free(table->right);
        g_free(table);
    }
}
