/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-fm: give and take CXL dynamic capacity. The index of commands, and the
 * only place that prints errors.
 */
#include <errno.h>
#include <json-c/json.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "commands.h"
#include "cxlfm.h"
#include "json.h"
#include "options.h"

/*
 * A command also needs a man page, a line of the completion, and a test. True:
 * it shows something of all devices, so one that is missing matters.
 */
static const Command commands[] = {
    { "list", "", "show devices, hosts and regions", cmd_list, true },
    { "status", "", "is all well, and what waits?", cmd_status, true },
    { "extents", "", "show who has which extents", cmd_extents, true },
    { "add", "[SIZE]", "offer capacity to a host", cmd_add, false },
    { "release", "[SIZE]", "ask for capacity back, or take it", cmd_release,
      false },
    { "share", "TAG", "give one more host access to shared capacity",
      cmd_share, false },
    { "tags", "", "show tags and who has them", cmd_tags, true },
    { "reference", "add|remove TAG", "keep shared capacity without a host",
      cmd_reference, false },
    { "config", "", "show or set up a region", cmd_config, false },
    { "claim", "add|list|show|delete|wait [WORD]",
      "capacity that cxl-fmd keeps", cmd_claim, false },
    { "pool", "", "show a pool: which host has what", cmd_pool, false },
    { "move", "SIZE", "move capacity from one host to another", cmd_move, false },
    { "balance", "", "move capacity to where memory is short", cmd_balance,
      false },
    { "reclaim", "", "take back what a dead host has", cmd_reclaim, false },
    { "watch", "", "print events as they happen", cmd_watch, true },
    { "top", "", "live map of the capacity", cmd_top, true },
};

static const Command *find_command(const char *name)
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
          "monitor,\nthe CXL FM API, or the daemon cxl-fmd.\n\n", to);
    for (i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\nWhere the devices are: --address qmp:/PATH, fm:/PATH or fmd:/PATH "
          "(may be\nrepeated), or " OPTIONS_ADDRESS_VARIABLE
          ", or cxl-fmd if it runs, or " OPTIONS_DEFAULT_ADDRESS ".\n"
          "'cxl-fm COMMAND --help' tells more; so does the manual page "
          "cxl-fm(1).\n", to);
}

static int tool_exit;                 /* of main(), for tool_at_exit() */

static int tool_report(const Tool *tool, const GError *error)
{
    fprintf(stderr, "cxl-fm: %s\n", error->message);
    if (error->code == TOOL_USAGE) {
        fprintf(stderr, "cxl-fm: 'cxl-fm %s%s--help' tells what can be given\n",
                tool->command ? tool->command->name : "",
                tool->command ? " " : "");
    }
    return error->code;
}

/*
 * The one document of a command that has steps or an error; others have printed
 * their result.
 */
static void tool_document(const Tool *tool, const GError *error, int exit)
{
    struct json_object *o;

    if (!tool->json || (!tool->steps && !error)) {
        return;
    }
    o = error ? json_error(error, tool->return_code) :
        json_object_new_object();
    if (tool->steps) {
        json_object_object_add(o, "exit", json_object_new_int(exit));
        json_object_object_add(o, "steps", json_object_get(tool->steps));
    }
    json_print(o, true);
}

/*
 * What was printed may be lost: a full disk is known at the end, which GLib's
 * --help reaches by itself.
 */
static void tool_at_exit(void)
{
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "cxl-fm: standard output: %s\n", g_strerror(errno));
        _exit(tool_exit ? tool_exit : TOOL_FAILED);
    }
}

/*
 * Is JSON wanted, also when the words cannot be understood? -j may be among
 * others that take no value.
 */
static bool tool_wants_json(int argc, char **argv)
{
    int i;

    for (i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (!strcmp(argv[i], "--json") ||
            (argv[i][0] == '-' &&
             argv[i][1 + strspn(argv[i] + 1, "fnw")] == 'j')) {
            return true;
        }
    }
    return false;
}

/*
 * GOption does not know "-aqmp:/x" for "-a qmp:/x", which every other program
 * does: split such words, of the options that all commands have, up to "--".
 * "-ja" is left as it is. The words, and a NULL, belong to the array.
 */
static GPtrArray *tool_split_words(int argc, char **argv)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    bool more = true;
    int i;

    for (i = 0; i < argc; i++) {
        const char *word = argv[i];
        size_t flags = word[0] == '-' ? 1 + strspn(word + 1, "j") : 0;

        more &= strcmp(word, "--") != 0;
        if (i && more && flags && (word[flags] == 'a' || word[flags] == 'd') &&
            word[flags + 1]) {
            g_ptr_array_add(words, g_strndup(word, flags + 1));
            word += flags + 1;
        }
        g_ptr_array_add(words, g_strdup(word));
    }
    g_ptr_array_add(words, NULL);
    return words;
}

/*
 * How many words an option that all commands have takes, with its value; 0 when
 * @word is none. "-ja" is -j and -a.
 */
static int tool_option_words(const char *word)
{
    static const char *const with_value[] = { "--address", "--device",
                                              "--answer-timeout",
                                              "--config" };
    static const char *const alone[] = { "--json", "--debug", "--bytes",
                                         "--noheadings", NULL };
    size_t i;

    if (g_strv_contains(alone, word)) {
        return 1;
    }
    for (i = 0; i < G_N_ELEMENTS(with_value); i++) {
        size_t len = strlen(with_value[i]);

        if (!strncmp(word, with_value[i], len) &&
            (!word[len] || word[len] == '=')) {
            return word[len] ? 1 : 2;
        }
    }
    if (word[0] != '-' || !word[1] || word[1] == '-') {
        return 0;
    }
    word += 1 + strspn(word + 1, "j");
    return !*word ? 1 : (*word == 'a' || *word == 'd') && !word[1] ? 2 : 0;
}

/*
 * Common options may stand before the command: put the command first. False
 * when there is none, or what stands before it is not known.
 */
static bool tool_command_first(int argc, char **argv)
{
    char *command;
    int at = 1, words;

    while (at < argc && argv[at][0] == '-') {
        words = tool_option_words(argv[at]);
        if (!words) {
            return false;
        }
        at += words;
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

    tool->command = command;
    tool->connections = g_ptr_array_new_with_free_func(
        (GDestroyNotify)cxlfm_free);
    ret = command->run(tool, argc, argv, &error);
    if (ret < 0) {
        ret = tool_report(tool, error);
    } else if (!ret && command->shows_all && tool->some_missing) {
        ret = TOOL_UNREACHABLE;
    }
    tool_document(tool, error, ret);
    g_ptr_array_unref(tool->connections);
    json_object_put(tool->steps);
    g_free(tool->pool);
    g_free(tool->columns);
    g_free(tool->config);
    g_strfreev(tool->addresses);
    g_strfreev(tool->devices);
    return ret;
}

int main(int argc, char **argv)
{
    Tool tool = { .answer_timeout = 5 };
    g_autoptr(GError) error = NULL;
    g_autofree char *name = NULL;
    g_autoptr(GPtrArray) words = tool_split_words(argc, argv);
    g_autofree char **view = g_new(char *, words->len);
    const Command *command;

    setlocale(LC_ALL, "");
    atexit(tool_at_exit);
    /*
     * A reader of our output that leaves, as in "| head", ends us silently. The
     * library's sockets raise no such signal.
     */
    signal(SIGPIPE, SIG_DFL);
    g_set_prgname("cxl-fm");
    /* What is parsed is taken out of @view; the words stay. */
    argv = memcpy(view, words->pdata, words->len * sizeof(*view));
    argc = words->len - 1;
    tool.json = tool_wants_json(argc, argv);
    if (argc < 2) {
        print_usage(stderr);
        return TOOL_USAGE;
    }
    if (argc == 3 && !strcmp(argv[1], "help")) {
        argv[1] = argv[2];
        argv[2] = (char *)"--help";
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
        !strcmp(argv[1], "help")) {
        print_usage(stdout);
        return TOOL_OK;
    }
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
        puts("cxl-fm " TOOL_VERSION);
        return TOOL_OK;
    }
    command = tool_command_first(argc, argv) ? find_command(argv[1]) :
              NULL;
    if (!command) {
        g_autofree char *names = command_names();

        tool_fail(&error, TOOL_USAGE, "%s '%s'; there are: %s",
                  argv[1][0] == '-' ? "a command must follow, not" :
                  "there is no command", argv[1], names);
        tool_exit = tool_report(&tool, error);
        tool_document(&tool, error, tool_exit);
        return tool_exit;
    }
    /* What --help calls the program. */
    name = g_strdup_printf("cxl-fm %s", command->name);
    g_set_prgname(name);
    tool_exit = tool_run(&tool, command, argc - 1, argv + 1);
    return tool_exit;
}
