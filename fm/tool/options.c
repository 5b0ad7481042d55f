/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that all commands have: where devices are, which of them, how to
 * print and how long to wait for one answer
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "machines.h"
#include "options.h"
#include "text.h"

static GOptionContext *options_context(Tool *tool, const GOptionEntry *entries)
{
    const GOptionEntry common[] = {
        { "address", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &tool->addresses,
          "Where devices are: qmp:, fm: or fmd:/PATH (may be repeated)",
          "ADDRESS" },
        { "device", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &tool->devices,
          "Only the device of this name (may be repeated)", "NAME" },
        { "config", 0, 0, G_OPTION_ARG_FILENAME, &tool->config,
          "Names of machines are in FILE (default ~/.config/cxl-fm.conf)",
          "FILE" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &tool->json,
          "Print JSON", NULL },
        { "answer-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &tool->answer_timeout,
          "Limit for one answer of a device (default 5)", "SECONDS" },
        { "bytes", 0, 0, G_OPTION_ARG_NONE, &tool->bytes,
          "Print sizes as bytes, without a unit", NULL },
        { "noheadings", 0, 0, G_OPTION_ARG_NONE, &tool->no_headings,
          "Print tables without headings", NULL },
        { "debug", 0, 0, G_OPTION_ARG_NONE, &tool->debug,
          "Tell on standard error what passes over the lines", NULL },
        { NULL }
    };
    const Command *command = tool->command;
    g_autofree char *words = g_strdup_printf("%s - %s", command->arguments,
                                             command->summary);
    GOptionContext *context = g_option_context_new(words);

    if (entries) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    g_option_context_add_main_entries(context, common, NULL);
    return context;
}

/*
 * Where dcd-vm listens. A machine with a name has a folder with two monitors,
 * and people's is the one that has the usual path: the other one is for us, so
 * that nobody holds it.
 */
static char *options_default_address(void)
{
    g_autofree char *target = realpath(OPTIONS_DEFAULT_SOCKET, NULL);
    g_autofree char *folder = target ? g_path_get_dirname(target) : NULL;
    g_autofree char *ours = folder ? g_build_filename(folder, "fm-qmp", NULL) :
                            NULL;

    return ours && g_str_has_suffix(target, "/qmp") &&
           !access(ours, R_OK | W_OK) ?
           g_strconcat("qmp:", ours, NULL) : g_strdup(OPTIONS_DEFAULT_ADDRESS);
}

/*
 * What --address says, else the environment, else all machines that have names,
 * else the daemon if one runs here, else where dcd-vm listens.
 */
static bool options_find_addresses(Tool *tool, GError **error)
{
    const char *variable = g_getenv(OPTIONS_ADDRESS_VARIABLE);

    if (!tool->addresses && variable && *variable) {
        tool->addresses = g_strsplit_set(variable, " \t\n", -1);
    }
    tool->addresses_given = tool->addresses != NULL;
    if (!machines_resolve(tool, error)) {
        return false;
    }
    if (!tool->addresses) {
        tool->addresses_guessed = true;
        tool->addresses = g_new0(char *, 2);
        tool->addresses[0] = !access(OPTIONS_DAEMON_SOCKET, R_OK | W_OK) ?
                             g_strdup("fmd:" OPTIONS_DAEMON_SOCKET) :
                             options_default_address();
    }
    return true;
}

bool options_parse(Tool *tool, const GOptionEntry *entries, int min, int max,
                   int *argc, char ***argv, GError **error)
{
    gboolean json = tool->json;   /* GOption forgets it when it fails */
    g_autoptr(GOptionContext) context = options_context(tool, entries);
    g_autoptr(GError) wrong = NULL;
    int words;

    if (!g_option_context_parse(context, argc, argv, &wrong)) {
        tool->json = json;
        tool_fail(error, TOOL_USAGE, "%s", wrong->message);
        return false;
    }
    words = *argc - 1;
    if (words && !strcmp((*argv)[1], "--")) {
        memmove(*argv + 1, *argv + 2, sizeof(**argv) * (*argc - 1));
        --*argc;
        words--;
    }
    if (words < min || words > max) {
        const Command *command = tool->command;

        tool_fail(error, TOOL_USAGE, "%s '%s'; usage: cxl-fm %s [OPTION]... %s",
                  words > max ? "too many words after" : "something is missing "
                  "after", words > max ? (*argv)[max] : command->name,
                  command->name, command->arguments);
        return false;
    }
    if (tool->answer_timeout <= 0 || tool->answer_timeout > 86400) {
        tool_fail(error, TOOL_USAGE,
                  "--answer-timeout is more than 0 and at most 86400 seconds");
        return false;
    }
    if (tool->bytes) {
        format_size_as_number();
    }
    return options_find_addresses(tool, error);
}
