/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm reclaim: free what a host has whose process ended */
#include <json-c/json.h>
#include <stdio.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "pool.h"
#include "text.h"

static int reclaim_run(Tool *tool, const PoolView *view, int host, bool dry_run,
                       GError **error)
{
    const struct cxlfm_pool_host *known = pool_find_host(view, host);
    const Target any = { view->fm, 0, view->pool->name };
    g_autofree char *size = NULL;
    uint64_t freed;
    int ret = 0;

    if (!known) {
        return tool_fail(error, TOOL_REFUSED, "pool %s has no host %d; 'cxl-fm "
                         "pool' shows those it has", view->pool->name, host);
    }
    freed = known->owned;
    if (known->alive) {
        return tool_fail(error, TOOL_REFUSED, "host %d of pool %s is alive: "
                         "release its capacity, or end its process first",
                         host, view->pool->name);
    }
    if (!dry_run) {
        ret = cxlfm_pool_reclaim(view->fm, view->pool->name, host, &freed);
    }
    if (ret < 0) {
        return reach_fail(tool, &any, ret, error);
    }
    size = format_size(freed);
    if (tool->json) {
        struct json_object *o = json_object_new_object();

        json_object_object_add(o, "pool",
                               json_object_new_string(view->pool->name));
        json_object_object_add(o, "action", json_object_new_string("reclaim"));
        json_object_object_add(o, "host", json_object_new_int(host));
        json_object_object_add(o, "freed", json_object_new_uint64(freed));
        json_object_object_add(o, "outcome", json_object_new_string(
                                   dry_run ? "dry-run" : "done"));
        json_print(o, true);
    } else {
        printf("%s: %s back %s that host %d had\n", view->pool->name,
               dry_run ? "would take" : "took", size, host);
    }
    return TOOL_OK;
}

int cmd_reclaim(Tool *tool, int argc, char **argv, GError **error)
{
    gboolean dry_run = false;
    int host = -1, ret;
    const GOptionEntry entries[] = {
        POOL_OPTION_ENTRY(tool),
        { "host", 'H', 0, G_OPTION_ARG_INT, &host,
          "The host whose process ended", "ID" },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
          "Say what would be taken, and change nothing", NULL },
        { NULL }
    };
    PoolView view;

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error)) {
        return -1;
    }
    if (host < 0) {
        return tool_fail(error, TOOL_USAGE, "which host? Give --host ID");
    }
    if (!parse_number("host", host, UINT16_MAX, error) ||
        !pool_view(tool, &view, error)) {
        return -1;
    }
    ret = reclaim_run(tool, &view, host, dry_run, error);
    pool_view_free(&view);
    return ret;
}
