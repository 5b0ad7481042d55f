/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal, or standard error when it is not started by systemd */
#ifndef CXL_FMD_LOG_H
#define CXL_FMD_LOG_H

#include <glib.h>

enum log_level {                  /* of syslog */
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7,
};

/* What is above @level is not told; the start is INFO. */
void log_begin(enum log_level level);
/* One line; control characters in it are told as such. */
void log_line(enum log_level level, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

#endif /* CXL_FMD_LOG_H */
