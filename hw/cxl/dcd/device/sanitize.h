/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Sanitize, 4400h
 */
#ifndef CXL_DCD_SANITIZE_H
#define CXL_DCD_SANITIZE_H

#include "hw/cxl/dcd/device.h"

/* The parent has started it in the background. */
void cxl_dcd_sanitize_begin(CXLDcdDevice *device);
/* State came from elsewhere, perhaps in the middle of one. */
void cxl_dcd_sanitize_resume(CXLDcdDevice *device);

#endif /* CXL_DCD_SANITIZE_H */
