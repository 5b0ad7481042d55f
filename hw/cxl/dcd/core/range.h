/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: lists of ranges, as hosts and fabric managers send them
 */
#ifndef CXL_DCD_RANGE_H
#define CXL_DCD_RANGE_H

#include "dcd.h"

/* Sort and check ranges: alignment, length, overlap among themselves. */
bool cxl_dcd_check_ranges(const CXLDcd *dcd, GArray *ranges, GError **error);
/* Touching ranges of a sorted list become one. */
void cxl_dcd_join_ranges(const CXLDcd *dcd, GArray *ranges);
/* Every byte of each range is covered by extents for which @ok holds. */
bool cxl_dcd_covered(const CXLDcd *dcd, const CXLDcdRange *range,
                     bool (*ok)(const CXLDcdNode *node, const void *arg),
                     const void *arg);
/*
 * The parts of extents that @ranges cover, in their order, as an array of
 * CXLDcdExtent that the caller frees. @ranges are covered by extents.
 */
GArray *cxl_dcd_pieces(const CXLDcd *dcd, const GArray *ranges);
/* The extent that covers @dpa of @region, NULL when none does. */
CXLDcdNode *cxl_dcd_at(const CXLDcd *dcd, unsigned region, uint64_t dpa);


/* For g_array_sort(): ranges and extents by ascending address */
int cxl_dcd_by_dpa(gconstpointer a, gconstpointer b);

#endif
