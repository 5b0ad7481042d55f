/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the last reference on a shared tag leaves
 */
#ifndef CXL_DCD_HEAD_LEFT_H
#define CXL_DCD_HEAD_LEFT_H

#include "hw/cxl/dcd/device.h"
#include "hw/cxl/dcd/pool.h"

typedef struct CXLDcdHeadLeft CXLDcdHeadLeft;

void cxl_dcd_left_init(CXLDcdDevice *device);
void cxl_dcd_left_end(CXLDcdDevice *device);
/*
 * @ranges (CXLDcdPoolRange) are left to this host: they are freed, and before
 * that cleaned, or not; the sanitizer is poked then.
 */
void cxl_dcd_left_add(CXLDcdDevice *device, const GArray *ranges, bool clean);
/* Is that under way for this block? */
bool cxl_dcd_left_has(const CXLDcdDevice *device, uint64_t block);
/* Bytes within @within for which it is */
uint64_t cxl_dcd_left_bytes(const CXLDcdDevice *device,
                            const CXLDcdPoolRange *within);

#endif /* CXL_DCD_HEAD_LEFT_H */
