/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: 56xxh for hosts of the pool that are elsewhere
 */
#ifndef CXL_DCD_MULTI_HEAD_H
#define CXL_DCD_MULTI_HEAD_H

#include "hw/cxl/dcd/commands.h"

/* Is @host a host of the same pool, and not this device's? */
bool cxl_dcd_fm_elsewhere(const CXLDcdCommandContext *context, uint16_t host);
/* What the handlers of the same names do for hosts elsewhere, or all */
uint16_t cxl_dcd_fm_pool_region_config(CXLDcdCommandContext *context,
                                       const CXLDcdFmRegionConfigRequest *in,
                                       uint8_t *out, size_t out_max,
                                       size_t *ret_len);
uint16_t cxl_dcd_fm_pool_extent_lists(CXLDcdCommandContext *context,
                                      const CXLDcdFmExtentListRequest *in,
                                      uint8_t *out, size_t out_max,
                                      size_t *ret_len);
uint16_t cxl_dcd_fm_pool_list_tags(CXLDcdCommandContext *context,
                                   const CXLDcdFmListTagsRequest *in,
                                   uint8_t *out, size_t out_max,
                                   size_t *ret_len);
/* The LD's bit in the 256-bit maps of a tag entry */
static inline void cxl_dcd_fm_tag_host(uint8_t map[32], uint16_t host, bool set)
{
    if (set && host < 256) {
        map[host / 8] |= 1 << host % 8;
    }
}

#endif /* CXL_DCD_MULTI_HEAD_H */
