/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: where regions lie, and how much room is left
 */
#ifndef CXL_DCD_GEOMETRY_H
#define CXL_DCD_GEOMETRY_H

#include "dcd.h"
#include "error.h"

static inline const CXLDcdRegionConfig *
cxl_dcd_region_config(const CXLDcd *dcd, unsigned region)
{
    return &dcd->config.regions[region];
}

static inline bool cxl_dcd_sharable(const CXLDcd *dcd, unsigned region)
{
    return cxl_dcd_region_config(dcd, region)->attributes &
           CXL_DCD_REGION_SHARABLE;
}

/* Bits of block sizes that a region may support, Table 8-180 */
#define CXL_DCD_BLOCK_SIZES ((1ULL << 52) - CXL_DCD_MIN_BLOCK)

/* Can a device be made like this? Invalid Input when not (9.13.3). */
bool cxl_dcd_check_config(const CXLDcdConfig *config, GError **error);

/*
 * Are [@offset, @offset + @len) of region @number whole blocks of it, one at
 * least? @shown is @offset as its sender counts; @beyond: the return code of
 * what goes past the region's end. Overflow-safe.
 */
bool cxl_dcd_check_blocks(const CXLDcdRegionConfig *region, int number,
                          uint64_t offset, uint64_t len, uint64_t shown,
                          uint16_t beyond, GError **error);

/* Pieces of capacity in one answer, or in sanitizing, that are not too many */
uint64_t cxl_dcd_pieces_limit(const CXLDcd *dcd);

#endif
