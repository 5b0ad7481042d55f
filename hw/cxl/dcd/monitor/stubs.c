/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: for builds without the device
 *
 * Commands say so instead of succeeding.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/hooks.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-cxl.h"

#define NOT_BUILT "this QEMU was built without CXL memory devices"

void cxl_dcd_route_changed(void)
{
}

void cxl_dcd_dma_begin(MemoryRegion *mr, uint64_t offset, uint64_t len)
{
}

void cxl_dcd_dma_end(MemoryRegion *mr, uint64_t offset, uint64_t len)
{
}

void cxl_dcd_dump_append(GuestPhysBlockList *list)
{
}

void coroutine_fn qmp_cxl_add_dynamic_capacity(
    const char *path, bool has_host_id, uint16_t host_id, bool has_policy,
    CxlExtentSelectionPolicy policy, bool has_region, uint8_t region,
    bool has_region_id, uint8_t region_id, const char *tag, bool has_length,
    uint64_t length, bool has_extents, CxlDynamicCapacityExtentList *extents,
    Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void coroutine_fn qmp_cxl_release_dynamic_capacity(
    const char *path, bool has_host_id, uint16_t host_id, bool has_policy,
    CxlExtentRemovalPolicy policy, bool has_forced, bool forced,
    bool has_sanitize, bool sanitize, bool has_region, uint8_t region,
    bool has_region_id, uint8_t region_id, const char *tag, bool has_length,
    uint64_t length, bool has_extents, CxlDynamicCapacityExtentList *extents,
    Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void coroutine_fn qmp_cxl_set_dynamic_capacity_region(
    const char *path, uint8_t region, bool has_block_size, uint64_t block_size,
    bool has_sanitize, bool sanitize, Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void coroutine_fn qmp_cxl_add_dynamic_capacity_reference(const char *path,
                                                         const char *tag,
                                                         Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void coroutine_fn qmp_cxl_remove_dynamic_capacity_reference(const char *path,
                                                            const char *tag,
                                                            Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void coroutine_fn qmp_cxl_dynamic_capacity_reference(const char *path,
                                                     const char *tag, bool held,
                                                     Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

CxlDynamicCapacityInfoList *
qmp_query_cxl_dynamic_capacity(const char *path, bool has_region,
                               uint8_t region, bool has_state,
                               CxlDynamicCapacityState state, const char *tag,
                               Error **errp)
{
    if (path) {
        error_setg(errp, NOT_BUILT);
    }
    return NULL;
}

CxlDcPoolInfoList *qmp_query_cxl_dc_pool(const char *pool, Error **errp)
{
    if (pool) {
        error_setg(errp, NOT_BUILT);
    }
    return NULL;
}

CxlDcPoolReclaimed *coroutine_fn qmp_cxl_reclaim_dc_pool(const char *pool,
                                                         uint16_t host_id,
                                                         Error **errp)
{
    error_setg(errp, NOT_BUILT);
    return NULL;
}

CxlDcPoolReclaimed *coroutine_fn qmp_cxl_dc_pool_reclaim(const char *pool,
                                                         uint16_t host_id,
                                                         Error **errp)
{
    error_setg(errp, NOT_BUILT);
    return NULL;
}

void qmp_cxl_dcd_fault(CxlDcdFaultRequest *request, Error **errp)
{
    error_setg(errp, NOT_BUILT);
}

void qmp_cxl_dcd_fault_clear(const char *path, Error **errp)
{
    error_setg(errp, NOT_BUILT);
}
