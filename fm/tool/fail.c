/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors whose code is the exit status */
#include <stdarg.h>
#include "fail.h"

G_DEFINE_QUARK(cxl-fm-error, tool_error)

int tool_fail(GError **error, ToolExit code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (error) {
        *error = g_error_new_valist(TOOL_ERROR, code, format, args);
    }
    va_end(args);
    return -1;
}
