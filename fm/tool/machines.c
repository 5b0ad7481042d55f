/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for addresses, from a file
 *
 *     [machines]
 *     vm1 = qmp:/run/vm1/qmp
 *
 * The user's file, else the one of the whole machine.
 */
#include <string.h>
#include "fail.h"
#include "machines.h"

#define GROUP "machines"

/* NULL without @error: there is no file. One that is named must be there. */
static GKeyFile *machines_load(const Tool *tool, GError **error)
{
    g_autofree char *own = g_build_filename(g_get_user_config_dir(),
                                            MACHINES_FILE, NULL);
    const char *const usual[] = { own, "/etc/" MACHINES_FILE, NULL };
    const char *const named[] = { tool->config, NULL };
    const char *const *paths = tool->config ? named : usual;
    size_t i;

    for (i = 0; paths[i]; i++) {
        g_autoptr(GKeyFile) file = g_key_file_new();
        g_autoptr(GError) wrong = NULL;

        if (g_key_file_load_from_file(file, paths[i], G_KEY_FILE_NONE,
                                      &wrong)) {
            return g_steal_pointer(&file);
        }
        if (tool->config ||
            !g_error_matches(wrong, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            tool_fail(error, TOOL_USAGE, "%s: %s", paths[i], wrong->message);
            return NULL;
        }
    }
    return NULL;
}

/* Addresses of all machines */
static char **machines_all(GKeyFile *file)
{
    g_auto(GStrv) names = g_key_file_get_keys(file, GROUP, NULL, NULL);
    unsigned i;

    for (i = 0; names && names[i]; i++) {
        char *address = g_key_file_get_string(file, GROUP, names[i], NULL);

        g_free(names[i]);
        names[i] = address ? g_strstrip(address) : g_strdup("");
    }
    return names && names[0] ? g_steal_pointer(&names) : NULL;
}

char *machines_address(const Tool *tool, const char *name)
{
    g_autoptr(GKeyFile) file = machines_load(tool, NULL);
    char *address = file ? g_key_file_get_string(file, GROUP, name, NULL) :
                    NULL;

    return address ? g_strstrip(address) : NULL;
}

bool machines_resolve(Tool *tool, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GKeyFile) file = machines_load(tool, &wrong);
    unsigned i;

    if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
        return false;
    }
    if (!file) {
        return true;
    }
    if (!tool->addresses) {
        tool->addresses = machines_all(file);
        return true;
    }
    for (i = 0; tool->addresses[i]; i++) {
        char *address = g_key_file_get_string(file, GROUP, tool->addresses[i],
                                              NULL);

        if (address) {
            g_free(tool->addresses[i]);
            tool->addresses[i] = g_strstrip(address);
        }
    }
    return true;
}
