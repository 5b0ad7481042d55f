/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm extents: every extent, whose it is, and in which state */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "show.h"
#include "text.h"

typedef struct Filter {
    int host;                         /* -1: all */
    int region;                       /* -1: all */
    char *tag_text;
    uint8_t tag[CXLFM_TAG_SIZE];      /* zeros: all */
} Filter;

static bool extents_match(const Filter *filter, const struct cxlfm_extent *e)
{
    if (!cxlfm_tag_is_zero(filter->tag) &&
        memcmp(e->tag, filter->tag, CXLFM_TAG_SIZE)) {
        return false;
    }
    return (filter->host < 0 || e->host == filter->host) &&
           (filter->region < 0 || e->region == filter->region);
}

static void extents_row(Table *table, const char *name,
                        const struct cxlfm_extent *e)
{
    table_row(table, g_strdup(name), g_strdup_printf("%u", e->host),
              g_strdup_printf("%u", e->region),
              g_strdup_printf("0x%" PRIx64, e->offset),
              format_size(e->length), g_strdup_printf("0x%" PRIx64, e->dpa),
              g_strdup(extent_state_name(e->state)),
              g_strdup(e->mapping == CXLFM_MAPPING_UNKNOWN ? "-" :
                       mapping_name(e->mapping)),
              g_strdup_printf("%u", e->sequence), format_tag(e->tag), NULL);
}

static struct json_object *extents_visit(const Target *target,
                                         const struct cxlfm_snapshot *s,
                                         Table *table, void *opaque)
{
    struct json_object *o = json_target(target);
    struct json_object *list = json_object_new_array();
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        if (extents_match(opaque, &s->extents[i])) {
            extents_row(table, target->name, &s->extents[i]);
            json_object_array_add(list, json_extent(&s->extents[i]));
        }
    }
    json_object_object_add(o, "pending-listed",
                           json_object_new_boolean(s->pending_listed));
    json_object_object_add(o, "extents", list);
    return o;
}

int cmd_extents(Tool *tool, int argc, char **argv, GError **error)
{
    static const char *const headings[] = {
        "DEVICE", ">HOST", ">REGION", ">OFFSET", ">SIZE", ">DPA", "STATE",
        "MAPPING", ">SEQ", "TAG", NULL
    };
    Filter filter = { .host = -1, .region = -1 };
    const GOptionEntry entries[] = {
        TABLE_OPTION_ENTRY(tool),
        { "host", 'H', 0, G_OPTION_ARG_INT, &filter.host,
          "Only those of this host", "ID" },
        { "region", 'r', 0, G_OPTION_ARG_INT, &filter.region,
          "Only those of this region", "N" },
        { "tag", 't', 0, G_OPTION_ARG_STRING, &filter.tag_text,
          "Only those with this tag", "TAG" },
        { NULL }
    };
    bool good = options_parse(tool, entries, 0, 0, &argc, &argv, error) &&
                parse_tag(filter.tag_text, filter.tag, error);

    g_free(filter.tag_text);
    return good ? show_devices(tool, headings, extents_visit, &filter,
                               "no extents", error) : -1;
}
