/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that all commands have, and where devices are without them */
#ifndef CXL_FM_OPTIONS_H
#define CXL_FM_OPTIONS_H

#include <stdbool.h>
#include "tool.h"

#define OPTIONS_DEFAULT_SOCKET "/tmp/qmp-sock"
#define OPTIONS_DEFAULT_ADDRESS "qmp:" OPTIONS_DEFAULT_SOCKET
/* Where there is a daemon, it has the monitors. */
#define OPTIONS_DAEMON_SOCKET "/run/cxl-fmd/api"
#define OPTIONS_ADDRESS_VARIABLE "CXL_FM_ADDRESS"

/* -o, for the entries of a command that prints a table */
#define TABLE_OPTION_ENTRY(tool) \
    { "output", 'o', 0, G_OPTION_ARG_STRING, &(tool)->columns, \
      "Only these columns of the table, in this order", "COLUMN,..." }

/*
 * Parse @entries and the options all commands have. Leaves the words that are
 * no options in @argv from index 1 on; fewer than @min or more than @max of
 * them are an error.
 */
bool options_parse(Tool *tool, const GOptionEntry *entries, int min, int max,
                   int *argc, char ***argv, GError **error);

#endif /* CXL_FM_OPTIONS_H */
