/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From addresses and names to devices
 */
#include <stdio.h>
#include <string.h>
#include "tool.h"

static ToolExit reach_exit_code(int ret)
{
    switch (ret) {
    case CXLFM_ERROR_INVALID:
        return TOOL_USAGE;
    case CXLFM_ERROR_UNREACHABLE:
    case CXLFM_ERROR_TIMEOUT:
        return TOOL_UNREACHABLE;
    case CXLFM_ERROR_REFUSED:
        return TOOL_REFUSED;
    default:
        return TOOL_FAILED;
    }
}

int tool_library_error(Tool *tool, const Target *target, int ret,
                       GError **error)
{
    tool->return_code = cxlfm_return_code(target->fm);
    return tool_fail(error, reach_exit_code(ret), "%s: %s", target->name,
                     cxlfm_error_text(target->fm));
}

/* Connect to one address. Failure is an error only for the sole address. */
static bool reach_address(Tool *tool, const char *address, bool sole,
                          GError **error)
{
    cxlfm *fm = cxlfm_new();
    int ret;

    cxlfm_set_timeout(fm, tool->answer_timeout * 1000);
    ret = cxlfm_connect(fm, address);
    if (ret >= 0) {
        g_ptr_array_add(tool->connections, fm);
        return true;
    }
    if (sole || ret == CXLFM_ERROR_INVALID) {
        tool->return_code = cxlfm_return_code(fm);
        tool_fail(error, reach_exit_code(ret), "%s", cxlfm_error_text(fm));
    } else {
        fprintf(stderr, "cxl-fm: %s\n", cxlfm_error_text(fm));
        tool->partial = reach_exit_code(ret);
    }
    cxlfm_free(fm);
    return !(sole || ret == CXLFM_ERROR_INVALID);
}

static bool reach_wanted(const Tool *tool, const Target *target)
{
    const char *path = cxlfm_device_path(target->fm, target->device);
    unsigned i;

    for (i = 0; tool->devices && tool->devices[i]; i++) {
        if (!strcmp(tool->devices[i], target->name) ||
            (*path && !strcmp(tool->devices[i], path))) {
            return true;
        }
    }
    return !tool->devices;
}

/* Names of all devices that were found, for an error message */
static char *reach_names(const Tool *tool)
{
    GString *names = g_string_new(NULL);
    unsigned i;
    size_t j;

    for (i = 0; i < tool->connections->len; i++) {
        cxlfm *fm = tool->connections->pdata[i];

        for (j = 0; j < cxlfm_device_count(fm); j++) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   cxlfm_device_name(fm, j));
        }
    }
    return g_string_free(names, false);
}

/* Every --device must have named something. */
static bool reach_check_names(const Tool *tool, const GArray *targets,
                              GError **error)
{
    unsigned i, j;

    for (i = 0; tool->devices && tool->devices[i]; i++) {
        const Tool one = { .devices = (char *[]) { tool->devices[i], NULL } };
        bool found = false;

        for (j = 0; j < targets->len && !found; j++) {
            found = reach_wanted(&one, &g_array_index(targets, Target, j));
        }
        if (!found) {
            g_autofree char *names = reach_names(tool);

            tool_fail(error, TOOL_USAGE, "there is no device '%s'; there %s %s",
                      tool->devices[i], *names ? "are:" : "are none", names);
            return false;
        }
    }
    return true;
}

GArray *tool_targets(Tool *tool, GError **error)
{
    bool sole = g_strv_length(tool->addresses) == 1;
    g_autoptr(GArray) targets = g_array_new(false, false, sizeof(Target));
    unsigned i;
    size_t j;

    for (i = 0; tool->addresses[i]; i++) {
        if (*tool->addresses[i] &&
            !reach_address(tool, tool->addresses[i], sole, error)) {
            return NULL;
        }
    }
    if (!tool->connections->len) {
        tool_fail(error, TOOL_UNREACHABLE, "none of the addresses answers");
        return NULL;
    }
    for (i = 0; i < tool->connections->len; i++) {
        cxlfm *fm = tool->connections->pdata[i];

        for (j = 0; j < cxlfm_device_count(fm); j++) {
            const Target target = { fm, j, cxlfm_device_name(fm, j) };

            if (reach_wanted(tool, &target)) {
                g_array_append_val(targets, target);
            }
        }
    }
    if (!reach_check_names(tool, targets, error)) {
        return NULL;
    }
    return g_steal_pointer(&targets);
}

bool tool_target(Tool *tool, Target *ret_target, GError **error)
{
    g_autoptr(GArray) targets = tool_targets(tool, error);

    if (!targets) {
        return false;
    }
    if (!targets->len) {
        tool_fail(error, TOOL_FAILED, "%s has no dynamic capacity device",
                  tool->addresses[0]);
        return false;
    }
    if (targets->len > 1) {
        g_autofree char *names = reach_names(tool);

        tool_fail(error, TOOL_USAGE,
                  "there are %u devices, say which with --device: %s",
                  targets->len, names);
        return false;
    }
    *ret_target = g_array_index(targets, Target, 0);
    return true;
}
