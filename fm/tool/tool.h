/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-fm inside: one run of the program, and what a command is
 *
 * One command is one file cmd-NAME.c with one entry function (commands.h), one
 * man page cxl-fm-NAME.1, one test, and one word in completion/cxl-fm. The
 * table in main.c is the index.
 *
 * Results go to stdout (one JSON document with --json), progress and warnings
 * to stderr.
 */
#ifndef CXL_FM_TOOL_H
#define CXL_FM_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "fail.h"

struct json_object;

typedef struct Command Command;

typedef struct Tool {
    const Command *command;
    char **addresses;
    bool addresses_given;             /* by --address or the environment */
    bool addresses_guessed;           /* nobody has named them */
    char **devices;                   /* names; NULL: any */
    gboolean json;
    gboolean debug;
    gboolean no_headings;
    gboolean bytes;                   /* sizes as plain numbers */
    double answer_timeout;            /* seconds */
    GPtrArray *connections;           /* cxlfm *, in the order given */
    uint16_t return_code;             /* of the last refusal, for --json */
    bool some_missing;                /* an address did not answer */
    bool keep_missing;                /* such addresses are connections, too */
    char *config;                     /* --config: names of machines */
    char *columns;                    /* -o: of a table, those to show */
    char *pool;                       /* --pool: name, file or identity */
    /*
     * The steps of a command that has several, as JSON objects; NULL: the
     * result is printed at once.
     */
    struct json_object *steps;
} Tool;

struct Command {
    const char *name;
    const char *arguments;            /* after the options, for --help */
    const char *summary;
    /* Exit status, or -1 with @error set. */
    int (*run)(Tool *tool, int argc, char **argv, GError **error);
    bool shows_all;                   /* an address that is missing matters */
};

#endif /* CXL_FM_TOOL_H */
