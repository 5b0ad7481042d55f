/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How short of memory a host is, as a command of its operator says */
#ifndef CXL_FM_PRESSURE_COMMAND_H
#define CXL_FM_PRESSURE_COMMAND_H

#include <signal.h>
#include <glib.h>

#define PRESSURE_COMMAND_LIMIT 10     /* seconds */

/*
 * "some avg10=1.5 ..." of /proc/pressure/memory, or a plain number, as percent;
 * negative: neither
 */
double pressure_parse(const char *text);
/*
 * Run @command by /bin/sh, for at most PRESSURE_COMMAND_LIMIT and a little, or
 * until *@stop (may be NULL), which another thread or a signal may set. Negative
 * with *ret_error, the caller's, that says why it is not known. What it prints
 * may be a guest's words: of much, only the beginning is read, and then it is
 * ended. What it leaves behind in the background is not waited for.
 */
double pressure_command_run(const char *command,
                            const volatile sig_atomic_t *stop,
                            char **ret_error);

#endif /* CXL_FM_PRESSURE_COMMAND_H */
