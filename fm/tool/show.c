/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame of commands that show something of every device */
#include <json-c/json.h>
#include <stdio.h>
#include "tool.h"

static int show_visit(Tool *tool, const Target *target, tool_visit_fn visit,
                      void *opaque, Table *table, struct json_object *list,
                      GError **error)
{
    struct cxlfm_snapshot *s;
    int ret = cxlfm_snapshot(target->fm, target->device, &s);

    if (ret < 0) {
        return tool_library_error(tool, target, ret, error);
    }
    json_object_array_add(list, visit(target, s, table, opaque));
    cxlfm_snapshot_free(s);
    return 0;
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
        text = table_text(table);
        fputs(text, stdout);
    }
}

int tool_show(Tool *tool, const char *const *headings, tool_visit_fn visit,
              void *opaque, const char *nothing, GError **error)
{
    g_autoptr(GArray) targets = tool_targets(tool, error);
    struct json_object *list;
    Table *table;
    unsigned i;
    int ret = 0;

    if (!targets) {
        return -1;
    }
    table = table_new(headings);
    list = json_object_new_array();
    for (i = 0; i < targets->len && ret >= 0; i++) {
        ret = show_visit(tool, &g_array_index(targets, Target, i), visit,
                         opaque, table, list, error);
    }
    if (ret >= 0) {
        show_print(tool, table, list, nothing);
    }
    json_object_put(list);
    table_free(table);
    return ret;
}
