/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm move: capacity of a pool from one host to another */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "machines.h"
#include "options.h"
#include "parse.h"
#include "pool-move.h"

/* The host that @text means: a number, or a machine whose head is its. */
static bool move_host(const Tool *tool, const PoolView *view,
                      const char *text, int *ret_host, GError **error)
{
    g_autofree char *address = NULL;
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    unsigned i;

    if (g_ascii_isdigit(*text) && !*end && number <= UINT16_MAX) {
        *ret_host = number;
        return true;
    }
    address = machines_address(tool, text);
    for (i = 0; address && i < view->heads->len; i++) {
        const PoolHead *head = &g_array_index(view->heads, PoolHead, i);

        if (!strcmp(cxlfm_address(head->target.fm), address)) {
            *ret_host = head->host;
            return true;
        }
    }
    tool_fail(error, TOOL_USAGE, address ? "machine '%s' is not among the "
              "addresses, or has no host of the pool" : "'%s' is no host: a "
              "number from 0 to 65535, or a machine of " MACHINES_FILE, text);
    return false;
}

static int move_run(Tool *tool, const ChangeOptions *options, const char *size,
                    const char *from, const char *to, bool force,
                    GError **error)
{
    int giver, taker, ret = -1;
    uint64_t bytes;
    PoolView view;

    if (!from || !to) {
        return tool_fail(error, TOOL_USAGE, "from where to where? Give --from "
                         "ID and --to ID");
    }
    if (!change_check_options(options, error) ||
        !parse_size(size, &bytes, error) || !pool_view(tool, &view, error)) {
        return -1;
    }
    if (move_host(tool, &view, from, &giver, error) &&
        move_host(tool, &view, to, &taker, error)) {
        if (giver == taker) {
            tool_fail(error, TOOL_USAGE, "--from and --to are the same host");
        } else {
            tool->steps = json_object_new_array();
            ret = pool_move(tool, &view, giver, taker, bytes, force, options,
                            error);
        }
    }
    pool_view_free(&view);
    return ret;
}

int cmd_move(Tool *tool, int argc, char **argv, GError **error)
{
    ChangeOptions options = CHANGE_OPTIONS_INIT;
    gboolean force = false;
    char *from = NULL, *to = NULL;
    int ret = -1;
    const GOptionEntry entries[] = {
        POOL_OPTION_ENTRY(tool),
        { "from", 0, 0, G_OPTION_ARG_STRING, &from,
          "Host that gives, or its machine's name", "ID" },
        { "to", 0, 0, G_OPTION_ARG_STRING, &to,
          "Host that gets, or its machine's name", "ID" },
        { "region", 'r', 0, G_OPTION_ARG_INT, &options.region,
          "Region, 0 to 7 (default 0)", "N" },
        { "timeout", 'T', 0, G_OPTION_ARG_DOUBLE, &options.timeout,
          "For each of the two hosts (default 30)", "SECONDS" },
        { "force", 'f', 0, G_OPTION_ARG_NONE, &force,
          "Take it at once; the host loses the contents", NULL },
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &options.dry_run,
          "Say what would be asked of the devices, and change nothing", NULL },
        { NULL }
    };

    if (options_parse(tool, entries, 1, 1, &argc, &argv, error)) {
        options.wait = true;
        ret = move_run(tool, &options, argv[1], from, to, force, error);
    }
    g_free(from);
    g_free(to);
    return ret;
}
