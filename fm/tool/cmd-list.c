/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm list: devices, the hosts they serve, and their regions */
#include <json-c/json.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "show.h"
#include "text.h"

static struct json_object *list_json(const Target *target,
                                     const struct cxlfm_snapshot *s)
{
    struct json_object *o = json_target(target);
    struct json_object *hosts = json_object_new_array();
    struct json_object *policies = json_object_new_array();
    unsigned i;

    json_object_object_add(o, "path", json_object_new_string(
                               cxlfm_device_path(target->fm, target->device)));
    json_object_object_add(o, "serial", s->serial == CXLFM_UNKNOWN ? NULL :
                           json_object_new_uint64(s->serial));
    json_object_object_add(o, "total-capacity",
                           json_object_new_uint64(s->total_capacity));
    for (i = 0; i < 16; i++) {
        if (s->add_policies >> i & 1) {
            json_object_array_add(policies,
                                  json_object_new_string(policy_name(i)));
        }
    }
    json_object_object_add(o, "add-policies", policies);
    for (i = 0; i < s->host_count; i++) {
        json_object_array_add(hosts, json_host(&s->hosts[i]));
    }
    json_object_object_add(o, "hosts", hosts);
    return o;
}

static void list_rows(Table *table, const Target *target,
                      const struct cxlfm_snapshot *s)
{
    size_t h, r;

    for (h = 0; h < s->host_count; h++) {
        const struct cxlfm_host *host = &s->hosts[h];

        for (r = 0; r < host->region_count; r++) {
            const struct cxlfm_region *region = &host->regions[r];

            table_row(table, g_strdup(target->name),
                      g_strdup_printf("%u", host->id),
                      g_strdup_printf("%u", region->index),
                      format_size(region->length),
                      region->available == CXLFM_UNKNOWN ? g_strdup("?") :
                      format_size(region->available),
                      format_size(region->block_size),
                      g_strdup_printf("0x%" PRIx64, region->base),
                      g_strdup(region->sanitize ? "erase" : "-"),
                      format_attributes(region->attributes), NULL);
        }
    }
}

static struct json_object *list_visit(const Target *target,
                                      const struct cxlfm_snapshot *s,
                                      Table *table, void *opaque)
{
    list_rows(table, target, s);
    return list_json(target, s);
}

int cmd_list(Tool *tool, int argc, char **argv, GError **error)
{
    static const char *const headings[] = {
        "DEVICE", ">HOST", ">REGION", ">SIZE", ">AVAILABLE", ">BLOCK",
        ">BASE", "ON RELEASE", "ATTRIBUTES", NULL
    };

    const GOptionEntry entries[] = {
        TABLE_OPTION_ENTRY(tool),
        { NULL }
    };

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        return -1;
    }
    return show_devices(tool, headings, list_visit, NULL,
                        "no dynamic capacity device", error);
}
