/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device as one head of a pool
 *
 * -object cxl-dc-pool gives the pool's file (cxl_dcd_pool.h) as memory; a
 * device that has it as dc-pool is the head of host host-id. Every head has
 * the same regions, and what is at an offset of a region is at the same offset
 * of it for all: a region is a range of the pool's blocks.
 *
 * All of it runs under the BQL.
 */
#ifndef CXL_DCD_HEAD_H
#define CXL_DCD_HEAD_H

#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_pool.h"
#include "system/hostmem.h"

#define TYPE_CXL_DCD_POOL "cxl-dc-pool"
OBJECT_DECLARE_SIMPLE_TYPE(CXLDcdPoolObject, CXL_DCD_POOL)

struct CXLDcdPoolObject {
    HostMemoryBackend parent_obj;

    char *path;
    uint64_t block_size;
    uint32_t max_hosts;
    uint32_t max_extents;
    CXLDcdPool *pool;             /* NULL before the object is complete */
};

/*
 * Be the host: after the core was made, before the guest sees the device. What
 * the host had accepted in an earlier life is accepted again.
 */
bool cxl_dcd_head_attach(CXLDcdDevice *device, Error **errp);
/* What is to be cleaned has been; NULL pool allowed. */
void cxl_dcd_head_detach(CXLDcdDevice *device);
/* The callbacks by which the core takes and finds capacity of the pool */
void cxl_dcd_head_ops(CXLDcdOps *ops);
void cxl_dcd_head_outcome(CXLDcdDevice *device, CXLDcdOutcome outcome,
                          const CXLDcdExtent *extents, size_t count);
/* @range is about to be nobody's; then, when nobody reaches it, free. */
void cxl_dcd_head_leave(CXLDcdDevice *device, const CXLDcdRange *range);
void cxl_dcd_head_finish(CXLDcdDevice *device, const CXLDcdRange *range,
                         bool zero);
/* Sanitize: what the host has to itself becomes zero, and stays its own. */
void cxl_dcd_head_clear(CXLDcdDevice *device);
/* Why a request for @host cannot be made here; NULL when it can */
char *cxl_dcd_head_wrong_host(CXLDcdDevice *device, uint16_t host);

#endif /* CXL_DCD_HEAD_H */
