/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of commands that show something of every device */
#include <json-c/json.h>
#include <stdio.h>
#include "json.h"
#include "show.h"

/* A device that fails is a warning: the others are of use without it. */
static bool show_one(Tool *tool, const Target *target, show_visit_fn visit,
                     void *opaque, Table *table, struct json_object *list,
                     GError **error)
{
    struct cxlfm_snapshot *s;
    int ret = cxlfm_snapshot(target->fm, target->device, &s);

    if (ret < 0) {
        if (*error) {
            fprintf(stderr, "cxl-fm: %s\n", (*error)->message);
            g_clear_error(error);
        }
        reach_fail(tool, target, ret, error);
        return false;
    }
    json_object_array_add(list, visit(target, s, table, opaque));
    cxlfm_snapshot_free(s);
    return true;
}

static void show_print(const Tool *tool, const Table *table,
                       struct json_object *list, const char *nothing)
{
    g_autofree char *text = NULL;

    if (tool->json) {
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "devices", json_object_get(list));
        json_print(o, true);
    } else if (!table_rows(table)) {
        puts(nothing);
    } else {
        text = table_text(table, !tool->no_headings);
        fputs(text, stdout);
    }
}

int show_devices(Tool *tool, const char *const *headings, show_visit_fn visit,
                 void *opaque, const char *nothing, GError **error)
{
    g_autoptr(GArray) targets = reach_targets(tool, error);
    g_autoptr(GError) wrong = NULL;
    Table *table = table_new(headings);
    struct json_object *list;
    unsigned i, good = 0;

    if (!targets || !table_choose(table, tool->columns, error)) {
        table_free(table);
        return -1;
    }
    list = json_object_new_array();
    for (i = 0; i < targets->len; i++) {
        good += show_one(tool, &g_array_index(targets, Target, i), visit,
                         opaque, table, list, &wrong);
    }
    if (wrong && !good) {
        g_propagate_error(error, g_steal_pointer(&wrong));
    } else {
        if (wrong) {
            fprintf(stderr, "cxl-fm: %s\n", wrong->message);
            tool->some_missing = true;
        }
        show_print(tool, table, list, nothing);
    }
    json_object_put(list);
    table_free(table);
    return good || !targets->len ? TOOL_OK : -1;
}
