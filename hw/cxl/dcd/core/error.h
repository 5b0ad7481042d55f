/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: errors of the core
 */
#ifndef CXL_DCD_ERROR_H
#define CXL_DCD_ERROR_H

#include "hw/cxl/dcd/core.h"

#define CXL_DCD_HEX "0x%" G_GINT64_MODIFIER "x"
#define CXL_DCD_EXTENT_FMT "extent [" CXL_DCD_HEX ", +" CXL_DCD_HEX "]"

/* Set @error to one with a CCI return code. Always false. */
G_GNUC_PRINTF(3, 4)
bool cxl_dcd_fail(GError **error, uint16_t code, const char *format, ...);

#endif
