/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for addresses, from a file */
#ifndef CXL_FM_MACHINES_H
#define CXL_FM_MACHINES_H

#include <stdbool.h>
#include "tool.h"

#define MACHINES_FILE "cxl-fm.conf"

/*
 * Names come from tool->config, else from the user's file, else from the one of
 * the whole machine. Put addresses in the place of names in tool->addresses;
 * when there are no addresses, those of all machines that have a name, if any.
 * False with @error when the file is wrong.
 */
bool machines_resolve(Tool *tool, GError **error);
/* The address of machine @name, for g_free(); NULL when it has none. */
char *machines_address(const Tool *tool, const char *name);

#endif /* CXL_FM_MACHINES_H */
