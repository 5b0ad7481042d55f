/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people: columns as wide as their widest text
 */
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include "fail.h"
#include "table.h"

#define GAP "  "

struct Table {
    unsigned columns;
    bool *right;
    GArray *shown;                /* unsigned: which columns, in which order */
    GPtrArray *cells;             /* headings first, row by row */
};

Table *table_new(const char *const *headings)
{
    Table *table = g_new0(Table, 1);
    unsigned i;

    table->columns = g_strv_length((char **)headings);
    table->right = g_new0(bool, table->columns);
    table->shown = g_array_new(false, false, sizeof(unsigned));
    table->cells = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < table->columns; i++) {
        table->right[i] = headings[i][0] == '>';
        g_ptr_array_add(table->cells,
                        g_strdup(headings[i] + table->right[i]));
        g_array_append_val(table->shown, i);
    }
    return table;
}

/* A heading as people type it */
static char *table_name(const Table *table, unsigned column)
{
    char *name = g_ascii_strdown(table->cells->pdata[column], -1);

    return g_strdelimit(name, " ", '-');
}

static bool table_find(const Table *table, const char *name, unsigned *ret)
{
    for (*ret = 0; *ret < table->columns; ++*ret) {
        g_autofree char *heading = table_name(table, *ret);

        if (!g_ascii_strcasecmp(heading, name)) {
            return true;
        }
    }
    return false;
}

static char *table_names(const Table *table)
{
    GString *names = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < table->columns; i++) {
        g_autofree char *name = table_name(table, i);

        g_string_append_printf(names, "%s%s", i ? ", " : "", name);
    }
    return g_string_free(names, false);
}

bool table_choose(Table *table, const char *columns, GError **error)
{
    g_auto(GStrv) names = NULL;
    unsigned i, column;

    if (!columns) {
        return true;
    }
    names = g_strsplit(columns, ",", -1);
    g_array_set_size(table->shown, 0);
    for (i = 0; names[i]; i++) {
        if (!table_find(table, g_strstrip(names[i]), &column)) {
            g_autofree char *all = table_names(table);

            tool_fail(error, TOOL_USAGE, "there is no column '%s'; there are: "
                      "%s", names[i], all);
            return false;
        }
        g_array_append_val(table->shown, column);
    }
    return true;
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

/* The row whose first cell is @row */
static void table_line(const Table *table, unsigned row, const size_t *width,
                       GString *text)
{
    unsigned i;

    for (i = 0; i < table->shown->len; i++) {
        unsigned column = g_array_index(table->shown, unsigned, i);
        const char *cell = table->cells->pdata[row + column];
        size_t pad = width[column] - strlen(cell);
        bool last = i + 1 == table->shown->len;

        if (table->right[column]) {
            g_string_append_printf(text, "%*s%s", (int)pad, "", cell);
        } else {
            /* No blanks at the end of a line */
            g_string_append_printf(text, "%s%*s", cell, last ? 0 : (int)pad,
                                   "");
        }
        g_string_append(text, last ? "\n" : GAP);
    }
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
    for (i = first; i < table->cells->len; i += table->columns) {
        table_line(table, i, width, text);
    }
    return g_string_free(text, false);
}

void table_free(Table *table)
{
    if (table) {
        g_ptr_array_unref(table->cells);
        g_array_unref(table->shown);
        g_free(table->right);
        g_free(table);
    }
}
