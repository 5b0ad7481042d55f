/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: errors of the pool
 */
#ifndef CXL_DCD_POOL_ERROR_H
#define CXL_DCD_POOL_ERROR_H

#include "hw/cxl/dcd/pool.h"

/* Set @error, unless it is set already, to an errno value. Always false. */
G_GNUC_PRINTF(3, 4)
bool cxl_dcd_pool_fail(GError **error, int code, const char *format, ...);

#endif
