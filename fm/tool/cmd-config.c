/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm config: block size and sanitize-on-release of a region */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "show.h"
#include "text.h"

typedef struct ConfigOptions {
    int region;                       /* -1: not given */
    char *block_size;
    char *sanitize;
    gboolean dry_run;
} ConfigOptions;

static char *config_block_sizes(uint64_t mask)
{
    GString *text = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < 64; i++) {
        if (mask >> i & 1) {
            g_autofree char *size = format_size(1ull << i);

            g_string_append_printf(text, "%s%s", text->len ? ", " : "", size);
        }
    }
    if (!text->len) {
        g_string_append(text, "?");
    }
    return g_string_free(text, false);
}

/* A region's settings are the same for all hosts: the first one tells. */
static struct json_object *config_visit(const Target *target,
                                        const struct cxlfm_snapshot *s,
                                        Table *table, void *opaque)
{
    struct json_object *o = json_target(target);
    struct json_object *list = json_object_new_array();
    const ConfigOptions *options = opaque;
    unsigned i;

    for (i = 0; s->host_count && i < s->hosts[0].region_count; i++) {
        const struct cxlfm_region *r = &s->hosts[0].regions[i];

        if (options->region >= 0 && options->region != i) {
            continue;
        }
        table_row(table, g_strdup(target->name), g_strdup_printf("%u", i),
                  format_size(r->block_size),
                  config_block_sizes(r->block_sizes),
                  g_strdup(r->sanitize ? "on" : "off"), NULL);
        json_object_array_add(list, json_region(r));
    }
    json_object_object_add(o, "regions", list);
    return o;
}

static int config_show(Tool *tool, ConfigOptions *o, GError **error)
{
    static const char *const headings[] = {
        "DEVICE", ">REGION", ">BLOCK", "POSSIBLE BLOCKS", "SANITIZE", NULL
    };

    return show_devices(tool, headings, config_visit, o, "no such region",
                        error);
}

/* Whether @block_size may be set; a door that cannot tell says yes. */
static bool config_possible(const struct cxlfm_region *region,
                            uint64_t block_size)
{
    return !region->block_sizes || (!(block_size & (block_size - 1)) &&
                                    (region->block_sizes & block_size));
}

/*
 * What was not given stays: read it from the device. @wanted is the block size
 * that was given, or 0.
 */
static int config_current(Tool *tool, const Target *target, unsigned region,
                          uint64_t wanted, uint64_t *ret_block_size,
                          bool *ret_sanitize, GError **error)
{
    struct cxlfm_snapshot *s;
    int ret = cxlfm_snapshot(target->fm, target->device, &s);

    if (ret < 0) {
        return reach_fail(tool, target, ret, error);
    }
    if (!s->host_count || region >= s->hosts[0].region_count) {
        ret = tool_fail(error, TOOL_FAILED, "%s has no region %u",
                        target->name, region);
    } else if (wanted && !config_possible(&s->hosts[0].regions[region],
                                          wanted)) {
        g_autofree char *possible = config_block_sizes(
            s->hosts[0].regions[region].block_sizes);
        g_autofree char *size = format_size(wanted);

        ret = tool_fail(error, TOOL_USAGE, "region %u of %s cannot have blocks "
                        "of %s; possible: %s", region, target->name, size,
                        possible);
    } else {
        *ret_block_size = s->hosts[0].regions[region].block_size;
        *ret_sanitize = s->hosts[0].regions[region].sanitize;
    }
    cxlfm_snapshot_free(s);
    return ret;
}

static void config_tell(const Tool *tool, const Target *target,
                        const ConfigOptions *o, uint64_t block_size,
                        bool sanitize)
{
    g_autofree char *text = format_size(block_size);

    if (tool->json) {
        struct json_object *j = json_target(target);

        json_object_object_add(j, "action", json_object_new_string("config"));
        json_object_object_add(j, "region", json_object_new_int(o->region));
        json_object_object_add(j, "block-size",
                               json_object_new_uint64(block_size));
        json_object_object_add(j, "sanitize",
                               json_object_new_boolean(sanitize));
        json_object_object_add(j, "outcome", json_object_new_string(
                                   o->dry_run ? "dry-run" : "done"));
        json_print(j, true);
    } else {
        printf("%s: region %d %s blocks of %s, sanitize on release %s\n",
               target->name, o->region, o->dry_run ? "would have" : "now has",
               text, sanitize ? "on" : "off");
    }
}

static int config_set(Tool *tool, const ConfigOptions *o, GError **error)
{
    uint64_t block_size = 0, current_size = 0;
    bool sanitize = false, on = false;
    Target target;
    int ret;

    if (o->region < 0) {
        return tool_fail(error, TOOL_USAGE, "which region? Give --region N");
    }
    if (!parse_number("region", o->region, CXLFM_MAX_REGIONS - 1, error) ||
        (o->block_size && !parse_size(o->block_size, &block_size, error))) {
        return -1;
    }
    if (o->sanitize) {
        on = !strcmp(o->sanitize, "on");
        if (!on && strcmp(o->sanitize, "off")) {
            return tool_fail(error, TOOL_USAGE,
                             "--sanitize '%s'? There are on and off",
                             o->sanitize);
        }
    }
    if (!reach_target(tool, -1, &target, error) ||
        config_current(tool, &target, o->region, block_size, &current_size,
                       &sanitize, error) < 0) {
        return -1;
    }
    if (!o->block_size) {
        block_size = current_size;
    }
    if (o->sanitize) {
        sanitize = on;
    }
    if (!o->dry_run) {
        ret = cxlfm_set_region(target.fm, target.device, o->region,
                               block_size, sanitize);
        if (ret < 0) {
            return reach_fail(tool, &target, ret, error);
        }
    }
    config_tell(tool, &target, o, block_size, sanitize);
    return TOOL_OK;
}

int cmd_config(Tool *tool, int argc, char **argv, GError **error)
{
    ConfigOptions o = { .region = -1 };
    const GOptionEntry entries[] = {
        TABLE_OPTION_ENTRY(tool),
        { "region", 'r', 0, G_OPTION_ARG_INT, &o.region, "Region, 0 to 7",
          "N" },
        { "block-size", 'b', 0, G_OPTION_ARG_STRING, &o.block_size,
          "Set the size of a block", "SIZE" },
        { "sanitize", 's', 0, G_OPTION_ARG_STRING, &o.sanitize,
          "Set whether capacity is erased on release", "on|off" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &o.dry_run,
          "Say what would be asked of the device, and change nothing", NULL },
        { NULL }
    };
    int ret = -1;

    if (options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        ret = o.block_size || o.sanitize ? config_set(tool, &o, error) :
              config_show(tool, &o, error);
    }
    g_free(o.block_size);
    g_free(o.sanitize);
    return ret;
}
