/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm tags: the tags in use, who has them and who was offered them */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "reach.h"
#include "table.h"
#include "text.h"

static struct json_object *tags_target(const Target *target,
                                       const struct cxlfm_tag *tags,
                                       size_t count, Table *table)
{
    struct json_object *o = json_target(target);
    struct json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < count; i++) {
        table_row(table, g_strdup(target->name), format_tag(tags[i].tag),
                  format_hosts(tags[i].accepted),
                  format_hosts(tags[i].pending),
                  g_strdup(tags[i].fm_reference ? "held" : "-"), NULL);
        json_object_array_add(list, json_tag(&tags[i]));
    }
    json_object_object_add(o, "tags", list);
    return o;
}

/* Into @table and @list; false with @error. */
static bool tags_collect(Tool *tool, const GArray *targets, Table *table,
                         struct json_object *list, GError **error)
{
    unsigned i;

    for (i = 0; i < targets->len; i++) {
        const Target *target = &g_array_index(targets, Target, i);
        struct cxlfm_tag *tags;
        size_t count;
        int ret = cxlfm_tags(target->fm, target->device, &tags, &count);

        if (ret < 0) {
            reach_fail(tool, target, ret, error);
            return false;
        }
        json_object_array_add(list, tags_target(target, tags, count, table));
        free(tags);
    }
    return true;
}

int cmd_tags(Tool *tool, int argc, char **argv, GError **error)
{
    static const char *const headings[] = {
        "DEVICE", "TAG", "ACCEPTED BY HOSTS", "OFFERED TO HOSTS",
        "FM REFERENCE", NULL
    };
    const GOptionEntry entries[] = {
        TABLE_OPTION_ENTRY(tool),
        { NULL }
    };
    g_autoptr(GArray) targets = NULL;
    struct json_object *o, *list;
    Table *table;
    bool good;

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error) ||
        !(targets = reach_targets(tool, error))) {
        return -1;
    }
    o = json_object_new_object();
    list = json_object_new_array();
    json_object_object_add(o, "devices", list);
    table = table_new(headings);
    good = table_choose(table, tool->columns, error) &&
           tags_collect(tool, targets, table, list, error);
    if (good && tool->json) {
        json_print(json_object_get(o), true);
    } else if (good && !table_rows(table)) {
        puts("no tags");
    } else if (good) {
        g_autofree char *text = table_text(table, !tool->no_headings);

        fputs(text, stdout);
    }
    table_free(table);
    json_object_put(o);
    return good ? TOOL_OK : -1;
}
