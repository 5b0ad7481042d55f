/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm add: offer capacity to a host */
#include <json-c/json.h>
#include "change-add.h"
#include "commands.h"
#include "options.h"
#include "parse.h"
#include "signals.h"

typedef struct AddOptions {
    ChangeOptions change;
    char *policy;
    char *tag;
    char **extents;
    gboolean no_chain;
} AddOptions;

static void add_options_clear(AddOptions *o)
{
    g_free(o->policy);
    g_free(o->tag);
    g_strfreev(o->extents);
}

/* SIZE and --extent, --policy and --extent: what goes together? */
static bool add_check(const AddOptions *o, const char *size, GError **error)
{
    if (!o->extents && !size) {
        tool_fail(error, TOOL_USAGE,
                  "how much? Give a SIZE such as 1G, or --extent "
                  "OFFSET+LENGTH");
    } else if (o->extents && size) {
        tool_fail(error, TOOL_USAGE,
                  "SIZE lets the device choose, --extent chooses: give one of "
                  "them");
    } else if (o->no_chain && !o->extents) {
        tool_fail(error, TOOL_USAGE,
                  "--no-chain is for several --extent");
    } else {
        return true;
    }
    return false;
}

static bool add_request(const AddOptions *o, const char *size,
                        struct cxlfm_add *request, GError **error)
{
    request->region = change_region(&o->change);
    request->policy = o->extents ? CXLFM_POLICY_PRESCRIPTIVE :
                      CXLFM_POLICY_FREE;
    if (!parse_tag(o->tag, request->tag, error) ||
        (o->policy && !parse_policy(o->policy, &request->policy, error)) ||
        (size && !parse_size(size, &request->length, error))) {
        return false;
    }
    if ((request->policy == CXLFM_POLICY_PRESCRIPTIVE) !=
        (o->extents != NULL)) {
        tool_fail(error, TOOL_USAGE,
                  "the prescriptive policy and --extent go together");
        return false;
    }
    return true;
}

/* Each extent as an offer of its own; stops at the first that fails. */
static int add_one_by_one(Tool *tool, const Target *target,
                          struct cxlfm_add request, const AddOptions *o,
                          GError **error)
{
    const struct cxlfm_extent *extents = request.extents;
    size_t count = request.extent_count, i;
    int ret = TOOL_OK;

    tool->steps = json_object_new_array();
    for (i = 0; i < count && ret == TOOL_OK && !signals_stop; i++) {
        request.extents = &extents[i];
        request.extent_count = 1;
        ret = change_add(tool, target, &request, &o->change, error);
    }
    if (ret < 0 && i > 1) {
        g_prefix_error(error, "extent %zu of %zu, those before it stand: ", i,
                       count);
        (*error)->code = TOOL_PARTIAL;
    }
    if (!ret && i < count) {
        return tool_fail(error, TOOL_PARTIAL, "stopped by a signal: %zu of %zu "
                         "extents were offered, which stands", i, count);
    }
    return ret > TOOL_OK && i > 1 ? TOOL_PARTIAL : ret;
}

static int add_run(Tool *tool, const AddOptions *o, const char *size,
                   GError **error)
{
    g_autofree struct cxlfm_extent *extents = NULL;
    struct cxlfm_add request = { .host = 0 };
    Target target;

    if (!change_check_options(&o->change, error) ||
        !add_check(o, size, error) ||
        !add_request(o, size, &request, error) ||
        !parse_extents(o->extents, request.region, &extents,
                       &request.extent_count, error) ||
        !reach_target(tool, o->change.host, &target, error)) {
        return -1;
    }
    request.extents = extents;
    request.host = change_host(&o->change, &target);
    if (o->no_chain) {
        return add_one_by_one(tool, &target, request, o, error);
    }
    return change_add(tool, &target, &request, &o->change, error);
}

int cmd_add(Tool *tool, int argc, char **argv, GError **error)
{
    AddOptions o = { .change = CHANGE_OPTIONS_INIT };
    gboolean chain = false;
    const GOptionEntry entries[] = {
        CHANGE_OPTION_ENTRIES(o.change),
        { "policy", 'p', 0, G_OPTION_ARG_STRING, &o.policy,
          "free (default): any blocks; contiguous: one extent", "POLICY" },
        { "tag", 't', 0, G_OPTION_ARG_STRING, &o.tag,
          "Tag: a UUID, or 'random'", "TAG" },
        { "extent", 'e', 0, G_OPTION_ARG_STRING_ARRAY, &o.extents,
          "Just this piece of the region (may be repeated)",
          "OFFSET+LENGTH" },
        { "chain", 0, 0, G_OPTION_ARG_NONE, &chain,
          "Several --extent are one offer, answered as one (default)", NULL },
        { "no-chain", 0, 0, G_OPTION_ARG_NONE, &o.no_chain,
          "Each --extent is an offer of its own", NULL },
        { NULL }
    };
    int ret = -1;

    if (options_parse(tool, entries, 0, 1, &argc, &argv, error)) {
        if (chain && o.no_chain) {
            tool_fail(error, TOOL_USAGE,
                      "--chain and --no-chain contradict each other");
        } else {
            ret = add_run(tool, &o, argc > 1 ? argv[1] : NULL, error);
        }
    }
    add_options_clear(&o);
    return ret;
}
