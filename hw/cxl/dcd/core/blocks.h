/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one bit a block, "the host can reach it"
 */
#ifndef CXL_DCD_BLOCKS_H
#define CXL_DCD_BLOCKS_H

#include "dcd.h"

/* Empty block bits for the region's block size; nothing of it is out. */
void cxl_dcd_blocks_layout(CXLDcd *dcd, unsigned region);
void cxl_dcd_blocks_clear(CXLDcdRegion *region);
/* Number of bits set; O(blocks), for checks. */
uint64_t cxl_dcd_blocks_count(const CXLDcdRegion *region);
/* Whole blocks of one region; tells the owner. */
void cxl_dcd_set_reach(CXLDcd *dcd, unsigned region, uint64_t dpa,
                       uint64_t len, bool reachable);

#endif
