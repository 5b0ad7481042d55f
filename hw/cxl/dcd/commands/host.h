/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: host order to wire, for hosts and fabric managers
 */
#ifndef CXL_DCD_HOST_H
#define CXL_DCD_HOST_H

#include "hw/cxl/dcd/commands.h"

void cxl_dcd_wire_counters(const CXLDcd *dcd, CXLDcdWireCounters *ret);
void cxl_dcd_wire_extent(const CXLDcdExtent *extent, CXLDcdWireExtent *ret);
/*
 * Up to @count listed extents from @start (<= the total) that fit in @room
 * bytes at @out. Returns how many.
 */
uint32_t cxl_dcd_wire_listed(const CXLDcd *dcd, uint32_t start, uint32_t count,
                             size_t room, CXLDcdWireExtent *out);

#endif /* CXL_DCD_HOST_H */
