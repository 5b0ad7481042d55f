/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: errors of the core
 */
#include "error.h"

GQuark cxl_dcd_error_quark(void)
{
    return g_quark_from_static_string("cxl-dcd-error");
}

bool cxl_dcd_fail(GError **error, uint16_t code, const char *format, ...)
{
    va_list args;

    if (error) {
        va_start(args, format);
        *error = g_error_new_valist(CXL_DCD_ERROR, code, format, args);
        va_end(args);
    }
    return false;
}
