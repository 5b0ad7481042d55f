/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm release: ask a host for capacity, or take it by force */
#include "change-release.h"
#include "commands.h"
#include "options.h"
#include "parse.h"
#include "release-choose.h"

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

static int release_run(Tool *tool, const ReleaseOptions *o, const char *size,
                       GError **error)
{
    g_autofree struct cxlfm_extent *extents = NULL;
    struct cxlfm_release request = {
        .region = change_region(&o->change),
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
        !reach_target(tool, o->change.host, &target, error)) {
        return -1;
    }
    request.extents = extents;
    request.host = change_host(&o->change, &target);
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

    if (options_parse(tool, entries, 0, 1, &argc, &argv, error)) {
        ret = release_run(tool, &o, argc > 1 ? argv[1] : NULL, error);
    }
    release_options_clear(&o);
    return ret;
}
