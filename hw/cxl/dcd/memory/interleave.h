/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: interleaved capacity as memory
 */
#ifndef CXL_DCD_INTERLEAVE_H
#define CXL_DCD_INTERLEAVE_H

#include "window.h"

/* Sets follow routes: call when those of a window were replaced. */
void cxl_dcd_interleave_routes(CXLDcdWindow *window);
/* Forget what sets show of [@start, @end) of a device's DPA. */
void cxl_dcd_interleave_remove(CXLDcdDevice *device, uint64_t start,
                               uint64_t end);
/* Map what can be mapped of the same. */
void cxl_dcd_interleave_add(CXLDcdDevice *device, uint64_t start, uint64_t end);
/* The last one of a transaction was called. */
void cxl_dcd_interleave_commit(void);
/* Is all of [@dpa, @dpa + @len) mapped as part of a set? */
bool cxl_dcd_interleave_mapped(CXLDcdDevice *device, uint64_t dpa,
                               uint64_t len);
/* Mappings that sets with this device have */
uint32_t cxl_dcd_interleave_count(CXLDcdDevice *device);

#endif /* CXL_DCD_INTERLEAVE_H */
