/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm reference: keep a tag's capacity though no host may have it */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "parse.h"
#include "reach.h"
#include "text.h"

static void reference_tell(const Tool *tool, const Target *target,
                           const uint8_t *tag, bool held, bool dry_run)
{
    g_autofree char *text = format_tag(tag);

    if (tool->json) {
        struct json_object *o = json_target(target);

        json_object_object_add(o, "action", json_object_new_string(
                                   "reference"));
        json_object_object_add(o, "tag", json_tag_text(tag));
        json_object_object_add(o, "fm-reference",
                               json_object_new_boolean(held));
        json_object_object_add(o, "outcome", json_object_new_string(
                                   dry_run ? "dry-run" : "done"));
        json_print(o, true);
        return;
    }
    printf("%s: %s%s the reference on tag %s\n", target->name,
           dry_run ? "would " : "",
           held ? dry_run ? "take" : "took" : dry_run ? "drop" : "dropped",
           text);
}

int cmd_reference(Tool *tool, int argc, char **argv, GError **error)
{
    gboolean dry_run = false;
    const GOptionEntry entries[] = {
        { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
          "Say what would be asked of the device, and change nothing", NULL },
        { NULL }
    };
    uint8_t tag[CXLFM_TAG_SIZE];
    Target target;
    bool held;

    if (!options_parse(tool, entries, 2, 2, &argc, &argv, error)) {
        return -1;
    }
    held = !strcmp(argv[1], "add");
    if (!held && strcmp(argv[1], "remove")) {
        return tool_fail(error, TOOL_USAGE,
                         "'%s' a reference? There are add and remove",
                         argv[1]);
    }
    if (!parse_tag(argv[2], tag, error) ||
        !reach_target(tool, -1, &target, error)) {
        return -1;
    }
    if (!dry_run) {
        int ret = cxlfm_reference(target.fm, target.device, tag, held);

        if (ret < 0) {
            reach_fail(tool, &target, ret, error);
            if (ret == CXLFM_ERROR_REFUSED && cxlfm_return_code(target.fm)) {
                g_prefix_error(error, "no sharable capacity has this tag "
                               "('cxl-fm tags' shows them): ");
            }
            return -1;
        }
    }
    reference_tell(tool, &target, tag, held, dry_run);
    return TOOL_OK;
}
