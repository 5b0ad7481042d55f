/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors of cxl-fm: GErrors of TOOL_ERROR, whose code is the exit status. Only
 * main() prints them.
 */
#ifndef CXL_FM_FAIL_H
#define CXL_FM_FAIL_H

#include <glib.h>

/* Documented in cxl-fm(1); never renumber. */
typedef enum ToolExit {
    TOOL_OK          = 0,
    TOOL_FAILED      = 1,
    TOOL_USAGE       = 2,
    TOOL_REFUSED     = 3,
    TOOL_TIMEOUT     = 4,
    TOOL_UNREACHABLE = 5,
    TOOL_REJECTED    = 6,             /* by the host, all or a part */
    TOOL_UNKNOWN     = 7,             /* asked for, no answer: maybe done */
    TOOL_PARTIAL     = 8,             /* a part was done, then it failed */
} ToolExit;

#define TOOL_ERROR (tool_error_quark())
GQuark tool_error_quark(void);

/* Set @error; always returns -1, for `return tool_fail(...)`. */
int tool_fail(GError **error, ToolExit code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

#endif /* CXL_FM_FAIL_H */
