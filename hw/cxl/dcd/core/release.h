/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: capacity leaves the host
 */
#ifndef CXL_DCD_RELEASE_H
#define CXL_DCD_RELEASE_H

#include "dcd.h"

/*
 * Listed capacity leaves the host, whole extents or pieces. @ranges are sorted,
 * disjoint, joined, and covered by listed extents. False, and nothing taken,
 * when splitting extents would pass the tracking limit, or when whoever keeps
 * a record of its own (the pool) cannot take it down now.
 */
bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error);
/*
 * The same for a reset, which cannot be refused: @ranges are whole extents, and
 * what must be taken down elsewhere is owed.
 */
void cxl_dcd_take_unasked(CXLDcd *dcd, const GArray *ranges);

#endif
