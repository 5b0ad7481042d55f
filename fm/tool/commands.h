/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands: cmd_NAME() is in cmd-NAME.c. Exit status, or -1 with @error. */
#ifndef CXL_FM_COMMANDS_H
#define CXL_FM_COMMANDS_H

#include "tool.h"

int cmd_add(Tool *tool, int argc, char **argv, GError **error);
int cmd_balance(Tool *tool, int argc, char **argv, GError **error);
int cmd_claim(Tool *tool, int argc, char **argv, GError **error);
int cmd_config(Tool *tool, int argc, char **argv, GError **error);
int cmd_extents(Tool *tool, int argc, char **argv, GError **error);
int cmd_list(Tool *tool, int argc, char **argv, GError **error);
int cmd_move(Tool *tool, int argc, char **argv, GError **error);
int cmd_pool(Tool *tool, int argc, char **argv, GError **error);
int cmd_reclaim(Tool *tool, int argc, char **argv, GError **error);
int cmd_reference(Tool *tool, int argc, char **argv, GError **error);
int cmd_release(Tool *tool, int argc, char **argv, GError **error);
int cmd_share(Tool *tool, int argc, char **argv, GError **error);
int cmd_status(Tool *tool, int argc, char **argv, GError **error);
int cmd_tags(Tool *tool, int argc, char **argv, GError **error);
int cmd_top(Tool *tool, int argc, char **argv, GError **error);
int cmd_watch(Tool *tool, int argc, char **argv, GError **error);

#endif /* CXL_FM_COMMANDS_H */
