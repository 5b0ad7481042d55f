/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From addresses and names to devices
 */
#include <stdio.h>
#include <string.h>
#include "reach.h"

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
    case CXLFM_ERROR_UNKNOWN:
        return TOOL_UNKNOWN;
    default:
        return TOOL_FAILED;
    }
}

int reach_fail(Tool *tool, const Target *target, int ret, GError **error)
{
    tool->return_code = cxlfm_return_code(target->fm);
    return tool_fail(error, reach_exit_code(ret), "%s: %s", target->name,
                     cxlfm_error_text(target->fm));
}

static void reach_log(const char *line, void *opaque)
{
    fprintf(stderr, "cxl-fm: %s\n", line);
}

/* Connect to one address. Failure is an error only for the sole address. */
static bool reach_address(Tool *tool, const char *address, bool sole,
                          GError **error)
{
    cxlfm *fm = cxlfm_new();
    int ret;

    cxlfm_set_timeout(fm, tool->answer_timeout * 1000);
    cxlfm_set_own(fm, tool->addresses_guessed);
    cxlfm_set_log(fm, tool->debug ? reach_log : NULL, NULL);
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
        tool->some_missing = true;
        if (tool->keep_missing) {
            g_ptr_array_add(tool->connections, fm);
            return true;
        }
    }
    cxlfm_free(fm);
    return !(sole || ret == CXLFM_ERROR_INVALID);
}

bool reach_wanted(const Tool *tool, const Target *target)
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

/* Is there a connection? */
static bool reach_any(const Tool *tool)
{
    unsigned i;

    for (i = 0; i < tool->connections->len; i++) {
        if (cxlfm_fd(tool->connections->pdata[i]) >= 0) {
            return true;
        }
    }
    return false;
}

GArray *reach_targets(Tool *tool, GError **error)
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
    if (!reach_any(tool)) {
        tool_fail(error, TOOL_UNREACHABLE, "none of the addresses answers");
        return NULL;
    }
    for (i = 0; i < tool->connections->len; i++) {
        cxlfm *fm = tool->connections->pdata[i];

        for (j = 0; j < cxlfm_device_count(fm); j++) {
            /* A name outlives the connection, which may be made anew. */
            const Target target = {
                fm, j, g_intern_string(cxlfm_device_name(fm, j)),
            };

            if (reach_wanted(tool, &target)) {
                g_array_append_val(targets, target);
            }
        }
    }
    /* Those that are missing may have the device that is. */
    if (!(tool->keep_missing && tool->some_missing) &&
        !reach_check_names(tool, targets, error)) {
        return NULL;
    }
    return g_steal_pointer(&targets);
}

/* Whether @target is a device of @host. */
static bool reach_is_host(const Target *target, int host)
{
    struct cxlfm_snapshot *s;
    bool found = false;
    size_t i;

    if (cxlfm_snapshot(target->fm, target->device, &s) < 0) {
        return false;
    }
    for (i = 0; i < s->host_count; i++) {
        found |= s->hosts[i].id == host;
    }
    cxlfm_snapshot_free(s);
    return found;
}

/* As two machines may have: a name does not tell them apart. */
static bool reach_same_name(const GArray *targets)
{
    unsigned i, j;

    for (i = 0; i < targets->len; i++) {
        for (j = 0; j < i; j++) {
            if (!strcmp(g_array_index(targets, Target, i).name,
                        g_array_index(targets, Target, j).name)) {
                return true;
            }
        }
    }
    return false;
}

/* The one of @targets that is @host's */
static bool reach_choose(const Tool *tool, const GArray *targets, int host,
                         Target *ret_target, GError **error)
{
    g_autofree char *names = reach_names(tool);
    unsigned i, found = 0;

    for (i = 0; host >= 0 && i < targets->len; i++) {
        const Target *t = &g_array_index(targets, Target, i);

        if (reach_is_host(t, host)) {
            *ret_target = *t;
            found++;
        }
    }
    if (found == 1) {
        return true;
    }
    if (host >= 0 && !found) {
        tool_fail(error, TOOL_USAGE, "there are %u devices, and none of them "
                  "is host %d's: %s", targets->len, host, names);
    } else {
        tool_fail(error, TOOL_USAGE, "there are %u devices, say which with "
                  "%s: %s", targets->len, reach_same_name(targets) ?
                  "--host, or by a single --address" : "--device", names);
    }
    return false;
}

bool reach_target(Tool *tool, int host, Target *ret_target, GError **error)
{
    g_autoptr(GArray) targets = reach_targets(tool, error);

    if (!targets) {
        return false;
    }
    if (!targets->len) {
        tool_fail(error, TOOL_FAILED, "%s has no dynamic capacity device",
                  tool->addresses[0]);
        return false;
    }
    if (targets->len > 1) {
        return reach_choose(tool, targets, host, ret_target, error);
    }
    *ret_target = g_array_index(targets, Target, 0);
    return true;
}

void reach_leave(Tool *tool)
{
    g_ptr_array_set_size(tool->connections, 0);
}
