/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm release: ask a host for capacity, or take it */
#include <string.h>
#include "tool.h"

typedef struct ReleaseOptions {
    ChangeOptions change;
    char *tag;
    char **extents;
    gboolean all;
    gboolean force;
    gboolean sanitize;
} ReleaseOptions;

static void release_options_clear(ReleaseOptions *o)
{
    g_free(o->tag);
    g_strfreev(o->extents);
}

static bool release_check(const ReleaseOptions *o, const char *size,
                          GError **error)
{
    int ways = (o->extents != NULL) + (o->all != false) +
               (o->tag || size ? 1 : 0);

    if (ways == 1) {
        return true;
    }
    tool_fail(error, TOOL_USAGE, ways ?
              "--extent, --all, and SIZE or --tag exclude each other" :
              "what? Give a SIZE such as 1G, --tag TAG, --extent "
              "OFFSET+LENGTH, or --all");
    return false;
}

/*
 * Extents of the host and region that can be asked for: with force all that
 * it was ever offered, else what it has and was not asked for yet.
 */
static GArray *release_candidates(const struct cxlfm_snapshot *s,
                                  uint16_t host, uint8_t region, bool force,
                                  bool shared)
{
    GArray *found = g_array_new(false, false, sizeof(struct cxlfm_extent));
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];
        bool held = e->state == CXLFM_EXTENT_ACCEPTED ||
                    (force && (e->state == CXLFM_EXTENT_RELEASING ||
                               e->state == CXLFM_EXTENT_PENDING));

        if (e->host == host && e->region == region && held &&
            (shared || cxlfm_tag_is_zero(e->tag))) {
            g_array_append_val(found, *e);
        }
    }
    return found;
}

static uint64_t release_block_size(const struct cxlfm_snapshot *s,
                                   uint16_t host, uint8_t region)
{
    size_t i;

    for (i = 0; i < s->host_count; i++) {
        if (s->hosts[i].id == host) {
            return s->hosts[i].regions[region].block_size;
        }
    }
    return 0;
}

/* Tagged capacity belongs together and is left alone by a size. */
int release_choose(Tool *tool, const Target *target,
                          struct cxlfm_release *request, bool all,
                          struct cxlfm_extent **ret_extents, GError **error)
{
    g_autoptr(GArray) held = NULL;
    struct cxlfm_snapshot *s;
    int ret = cxlfm_snapshot(target->fm, target->device, &s);

    if (ret < 0) {
        return tool_library_error(tool, target, ret, error);
    }
    held = release_candidates(s, request->host, request->region,
                              request->force, all);
    request->removal = CXLFM_REMOVE_PRESCRIPTIVE;
    if (!all && !pick_extents((const struct cxlfm_extent *)held->data,
                              held->len, request->length,
                              release_block_size(s, request->host,
                                                 request->region),
                              ret_extents, &request->extent_count, error)) {
        g_prefix_error(error, "%s, region %u: ", target->name,
                       request->region);
        ret = -1;
    } else if (all) {
        request->extent_count = held->len;
        *ret_extents = (struct cxlfm_extent *)g_array_free(
            g_steal_pointer(&held), false);
    }
    cxlfm_snapshot_free(s);
    request->extents = *ret_extents;
    if (ret >= 0 && !request->extent_count) {
        return tool_fail(error, TOOL_FAILED,
                         "%s: host %u has nothing in region %u that can be "
                         "asked for%s", target->name, request->host,
                         request->region, request->force ? "" :
                         " (again)");
    }
    return ret;
}

static int release_run(Tool *tool, const ReleaseOptions *o, const char *size,
                       GError **error)
{
    g_autofree struct cxlfm_extent *extents = NULL;
    struct cxlfm_release request = {
        .host = o->change.host,
        .region = o->change.region < 0 ? 0 : o->change.region,
        .force = o->force,
        .sanitize = o->sanitize,
        .removal = o->tag ? CXLFM_REMOVE_TAG : CXLFM_REMOVE_PRESCRIPTIVE,
    };
    Target target;

    if (!change_check_options(&o->change, error) ||
        !release_check(o, size, error) ||
        !parse_tag(o->tag, request.tag, error) ||
        (size && !parse_size(size, &request.length, error)) ||
        !parse_extents(o->extents, request.region, &extents,
                       &request.extent_count, error) ||
        !tool_target(tool, &target, error)) {
        return -1;
    }
    request.extents = extents;
    if (!o->tag && !o->extents) {
        g_free(g_steal_pointer(&extents));
        if (release_choose(tool, &target, &request, o->all, &extents,
                           error) < 0) {
            return -1;
        }
    }
    return change_release(tool, &target, &request, &o->change, error);
}

int cmd_release(Tool *tool, int argc, char **argv, GError **error)
{
    ReleaseOptions o = { .change = CHANGE_OPTIONS_INIT };
    const GOptionEntry entries[] = {
        CHANGE_OPTION_ENTRIES(o.change),
        { "tag", 't', 0, G_OPTION_ARG_STRING, &o.tag,
          "What has this tag; with SIZE so much of it", "TAG" },
        { "extent", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &o.extents,
          "Just this piece of the region (may be repeated)",
          "OFFSET+LENGTH" },
        { "all", 0, 0, G_OPTION_ARG_NONE, &o.all,
          "All the host has in the region", NULL },
        { "force", 'f', 0, G_OPTION_ARG_NONE, &o.force,
          "Take it at once; the host loses the contents", NULL },
        { "sanitize", 's', 0, G_OPTION_ARG_NONE, &o.sanitize,
          "Erase it before anybody gets it", NULL },
        { NULL }
    };
    int ret = -1;

    if (tool_parse(tool, entries, 0, 1, &argc, &argv, error)) {
        ret = release_run(tool, &o, argc > 1 ? argv[1] : NULL, error);
    }
    release_options_clear(&o);
    return ret;
}
