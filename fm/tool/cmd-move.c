/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm move: capacity of a pool from one host to another */
#include "tool.h"

int cmd_move(Tool *tool, int argc, char **argv, GError **error)
{
    ChangeOptions options = CHANGE_OPTIONS_INIT;
    gboolean force = false;
    int from = -1, to = -1, ret;
    const GOptionEntry entries[] = {
        { "from", 0, 0, G_OPTION_ARG_INT, &from, "Host that gives", "ID" },
        { "to", 0, 0, G_OPTION_ARG_INT, &to, "Host that gets", "ID" },
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
    uint64_t bytes;
    PoolView view;

    if (!tool_parse(tool, entries, 1, 1, &argc, &argv, error)) {
        return -1;
    }
    options.wait = true;
    if (from < 0 || to < 0 || from == to) {
        return tool_fail(error, TOOL_USAGE, from == to && from >= 0 ?
                         "--from and --to are the same host" :
                         "from where to where? Give --from ID and --to ID");
    }
    if (!parse_number("host", from, UINT16_MAX, error) ||
        !parse_number("host", to, UINT16_MAX, error) ||
        !change_check_options(&options, error) ||
        !parse_size(argv[1], &bytes, error) ||
        !pool_view(tool, &view, error)) {
        return -1;
    }
    ret = pool_move(tool, &view, from, to, bytes, force, &options, error);
    pool_view_free(&view);
    return ret;
}
