/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm share: offer tagged capacity of other hosts to one more host */
#include "change-add.h"
#include "commands.h"
#include "options.h"
#include "parse.h"

int cmd_share(Tool *tool, int argc, char **argv, GError **error)
{
    ChangeOptions change = CHANGE_OPTIONS_INIT;
    const GOptionEntry entries[] = {
        CHANGE_OPTION_ENTRIES(change),
        { NULL }
    };
    struct cxlfm_add request = { .policy = CXLFM_POLICY_SHARED };
    Target target;

    if (!options_parse(tool, entries, 1, 1, &argc, &argv, error) ||
        !change_check_options(&change, error) ||
        !parse_tag(argv[1], request.tag, error)) {
        return -1;
    }
    request.region = change_region(&change);
    if (!reach_target(tool, change.host, &target, error)) {
        return -1;
    }
    request.host = change_host(&change, &target);
    return change_add(tool, &target, &request, &change, error);
}
