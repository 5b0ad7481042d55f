/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm share: offer capacity that others have to one more host, by its tag */
#include "tool.h"

int cmd_share(Tool *tool, int argc, char **argv, GError **error)
{
    ChangeOptions change = CHANGE_OPTIONS_INIT;
    const GOptionEntry entries[] = {
        CHANGE_OPTION_ENTRIES(change),
        { NULL }
    };
    struct cxlfm_add request = { .policy = CXLFM_POLICY_SHARED };
    Target target;

    if (!tool_parse(tool, entries, 1, 1, &argc, &argv, error) ||
        !change_check_options(&change, error) ||
        !parse_tag(argv[1], request.tag, error)) {
        return -1;
    }
    request.host = change.host;
    request.region = change.region < 0 ? 0 : change.region;
    if (!tool_target(tool, &target, error)) {
        return -1;
    }
    return change_add(tool, &target, &request, &change, error);
}
