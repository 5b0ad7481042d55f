/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-fm: give and take CXL dynamic capacity. The index of commands, and the
 * only place that prints errors.
 */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "tool.h"

#define DEFAULT_ADDRESS "qmp:/tmp/qmp-sock"
#define TOOL_VERSION "1.0.0"
#define ADDRESS_VARIABLE "CXL_FM_ADDRESS"

/* Remember: man page, completion, test. */
static const Command commands[] = {
    { "list", "", "show devices, hosts and regions", cmd_list },
    { "extents", "", "show who has which extents", cmd_extents },
    { "add", "[SIZE]", "offer capacity to a host", cmd_add },
    { "release", "[SIZE]", "ask for capacity back, or take it", cmd_release },
    { "share", "TAG", "give one more host access to shared capacity",
      cmd_share },
    { "tags", "", "show tags and who has them", cmd_tags },
    { "reference", "add|remove TAG", "keep shared capacity without a host",
      cmd_reference },
    { "config", "", "show or set up a region", cmd_config },
    { "pool", "", "show a pool: which host has what", cmd_pool },
    { "move", "SIZE", "move capacity from one host to another", cmd_move },
    { "balance", "", "move capacity to where memory is short", cmd_balance },
    { "reclaim", "", "take back what a dead host has", cmd_reclaim },
    { "watch", "", "print events as they happen", cmd_watch },
    { "top", "", "live map of the capacity", cmd_top },
};

const Command *tool_find_command(const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (!strcmp(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void print_usage(FILE *to)
{
    size_t i;

    fputs("usage: cxl-fm COMMAND [OPTION]...\n\n"
          "Gives CXL dynamic capacity to hosts and takes it back, over QEMU's "
          "monitor or\nthe CXL FM API.\n\n", to);
    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nWhere the devices are: --address qmp:/PATH or fm:/PATH (may be "
          "repeated), or\n" ADDRESS_VARIABLE ", or " DEFAULT_ADDRESS ".\n"
          "'cxl-fm COMMAND --help' tells more; so does the manual page "
          "cxl-fm(1).\n", to);
}

static GOptionContext *tool_context(Tool *tool, const GOptionEntry *entries)
{
    const GOptionEntry common[] = {
        { "address", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &tool->addresses,
          "Where devices are: qmp:/PATH, fm:/PATH ... (may be repeated)",
          "ADDRESS" },
        { "device", 'd', 0, G_OPTION_ARG_STRING_ARRAY, &tool->devices,
          "Only the device of this name (may be repeated)", "NAME" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &tool->json,
          "Print JSON", NULL },
        { "answer-timeout", 0, 0, G_OPTION_ARG_DOUBLE, &tool->answer_timeout,
          "Limit for one answer of a device (default 5)", "SECONDS" },
        { NULL }
    };
    const Command *command = tool_find_command(tool->command);
    g_autofree char *words = g_strdup_printf("%s - %s", command->arguments,
                                             command->summary);
    GOptionContext *context = g_option_context_new(words);

    if (entries) {
        g_option_context_add_main_entries(context, entries, NULL);
    }
    g_option_context_add_main_entries(context, common, NULL);
    return context;
}

/* What --address says, else the environment, else where dcd-vm listens. */
static void tool_default_addresses(Tool *tool)
{
    const char *variable = g_getenv(ADDRESS_VARIABLE);

    if (tool->addresses) {
        return;
    }
    if (variable && *variable) {
        tool->addresses = g_strsplit_set(variable, " \t\n", -1);
    } else {
        tool->addresses = g_strsplit(DEFAULT_ADDRESS, " ", -1);
    }
}

bool tool_parse(Tool *tool, const GOptionEntry *entries, int min, int max,
                int *argc, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = tool_context(tool, entries);
    g_autoptr(GError) wrong = NULL;
    int words;

    if (!g_option_context_parse(context, argc, argv, &wrong)) {
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
        const Command *command = tool_find_command(tool->command);

        tool_fail(error, TOOL_USAGE, "%s '%s'; usage: cxl-fm %s [OPTION]... %s",
                  words > max ? "too many words after" : "something is missing "
                  "after", words > max ? (*argv)[max] : tool->command,
                  tool->command, command->arguments);
        return false;
    }
    if (tool->answer_timeout <= 0 || tool->answer_timeout > 86400) {
        tool_fail(error, TOOL_USAGE,
                  "--answer-timeout is more than 0 and at most 86400 seconds");
        return false;
    }
    tool_default_addresses(tool);
    return true;
}

static int tool_report(const Tool *tool, const GError *error)
{
    fprintf(stderr, "cxl-fm: %s\n", error->message);
    if (error->code == TOOL_USAGE) {
        fprintf(stderr, "cxl-fm: 'cxl-fm %s%s--help' tells what can be given\n",
                tool->command ? tool->command : "",
                tool->command ? " " : "");
    }
    if (tool->json) {
        json_print(json_error(error, tool->return_code), true);
    }
    return error->code;
}

/*
 * Common options may stand before the command: put the command first. False
 * when there is none, or what stands before it is not known.
 */
static bool tool_command_first(int argc, char **argv)
{
    static const char *const with_value[] = {
        "-a", "-d", "--address", "--device", "--answer-timeout", NULL
    };
    static const char *const alone[] = { "-j", "--json", NULL };
    char *command;
    int at = 1;

    while (at < argc && argv[at][0] == '-') {
        if (g_strv_contains(with_value, argv[at])) {
            at += 2;
        } else if (g_strv_contains(alone, argv[at]) ||
                   g_str_has_prefix(argv[at], "--address=") ||
                   g_str_has_prefix(argv[at], "--device=") ||
                   g_str_has_prefix(argv[at], "--answer-timeout=")) {
            at++;
        } else {
            return false;
        }
    }
    if (at >= argc) {
        return false;
    }
    command = argv[at];
    memmove(argv + 2, argv + 1, (at - 1) * sizeof(*argv));
    argv[1] = command;
    return true;
}

/* "list, extents, ..." */
static char *command_names(void)
{
    GString *names = g_string_new(NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_string_append_printf(names, "%s%s", i ? ", " : "", commands[i].name);
    }
    return g_string_free(names, false);
}

static int tool_run(Tool *tool, const Command *command, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int ret;

    tool->command = command->name;
    tool->connections = g_ptr_array_new_with_free_func(
        (GDestroyNotify)cxlfm_free);
    ret = command->run(tool, argc, argv, &error);
    if (ret < 0) {
        ret = tool_report(tool, error);
    } else if (!ret) {
        ret = tool->partial;
    }
    g_ptr_array_unref(tool->connections);
    g_strfreev(tool->addresses);
    g_strfreev(tool->devices);
    return ret;
}

int main(int argc, char **argv)
{
    Tool tool = { .answer_timeout = 5 };
    g_autoptr(GError) error = NULL;
    g_autofree char *name = NULL;
    const Command *command;

    setlocale(LC_ALL, "");
    /* A reader that leaves is no disaster; sockets have MSG_NOSIGNAL. */
    signal(SIGPIPE, SIG_DFL);
    g_set_prgname("cxl-fm");
    if (argc < 2) {
        print_usage(stderr);
        return TOOL_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        print_usage(stdout);
        return TOOL_OK;
    }
    if (!strcmp(argv[1], "--version")) {
        puts("cxl-fm " TOOL_VERSION);
        return TOOL_OK;
    }
    command = tool_command_first(argc, argv) ? tool_find_command(argv[1]) :
              NULL;
    if (!command) {
        g_autofree char *names = command_names();

        tool_fail(&error, TOOL_USAGE, "%s '%s'; there are: %s",
                  argv[1][0] == '-' ? "a command must follow, not" :
                  "there is no command", argv[1], names);
        return tool_report(&tool, error);
    }
    /* What --help calls the program. */
    name = g_strdup_printf("cxl-fm %s", command->name);
    g_set_prgname(name);
    return tool_run(&tool, command, argc - 1, argv + 1);
}
