/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: errors of the pool
 */
#include <stdarg.h>
#include "error.h"

GQuark cxl_dcd_pool_error_quark(void)
{
    return g_quark_from_static_string("cxl-dcd-pool-error");
}

bool cxl_dcd_pool_fail(GError **error, int code, const char *format, ...)
{
    va_list args;

    if (error && !*error) {
        va_start(args, format);
        *error = g_error_new_valist(CXL_DCD_POOL_ERROR, code, format, args);
        va_end(args);
    }
    return false;
}
