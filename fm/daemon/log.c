/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal, or standard error
 *
 * Lines with the level in front, as systemd reads them from standard error, and
 * nothing in front when a person does.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "log.h"

static enum log_level log_limit = LOG_LEVEL_INFO;

void log_begin(enum log_level level)
{
    log_limit = level;
}

void log_line(enum log_level level, const char *format, ...)
{
    g_autofree char *text = NULL, *line = NULL;
    va_list args;
    char *at;

    if (level > log_limit) {
        return;
    }
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    /* Names come from clients: no line of theirs looks like one of ours. */
    for (at = text; *at; at++) {
        if (g_ascii_iscntrl(*at)) {
            *at = '?';
        }
    }
    line = getenv("JOURNAL_STREAM") ?
           g_strdup_printf("<%d>%s\n", level, text) :
           g_strdup_printf("cxl-fmd: %s\n", text);
    /* One write: lines of several threads stay whole. */
    if (write(STDERR_FILENO, line, strlen(line)) < 0) {
        return;
    }
}
