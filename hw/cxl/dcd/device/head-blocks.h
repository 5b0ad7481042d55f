/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a head's capacity as blocks of its pool
 */
#ifndef CXL_DCD_HEAD_BLOCKS_H
#define CXL_DCD_HEAD_BLOCKS_H

#include "hw/cxl/dcd/head.h"

static inline CXLDcdPool *cxl_dcd_head_pool_of(const CXLDcdDevice *device)
{
    return device->pool->pool;
}

static inline uint16_t cxl_dcd_head_host_of(const CXLDcdDevice *device)
{
    return device->host_id;
}

CXLDcdPoolRange cxl_dcd_head_blocks_of(CXLDcdDevice *device, uint64_t dpa,
                                       uint64_t len);
/* The region that has all of @range, -1 when none does; and its DPA */
int cxl_dcd_head_range_of(const CXLDcdDevice *device,
                          const CXLDcdPoolRange *range, CXLDcdRange *ret);
/* An error of the pool, taken, in the core's terms; false */
bool cxl_dcd_head_refuse(GError **error, GError *from);
/*
 * Have this process map @extents; all of them, or none: false with @error set.
 * The other way round, a negative errno says why it was not possible.
 */
bool cxl_dcd_head_show(CXLDcdDevice *device, const CXLDcdExtent *extents,
                       size_t count, GError **error);
int cxl_dcd_head_hide(CXLDcdDevice *device, uint64_t dpa, uint64_t len);

#endif /* CXL_DCD_HEAD_BLOCKS_H */
