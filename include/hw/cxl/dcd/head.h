/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a device as one head of a pool
 *
 * -object cxl-dc-pool gives the pool's file (dcd/pool.h) as memory; a
 * device that has it as dc-pool is the head of host host-id. Every head has
 * the same regions, and what is at an offset of a region is at the same offset
 * of it for all: a region is a range of the pool's blocks.
 *
 * All of it runs under the BQL.
 */
#ifndef CXL_DCD_HEAD_H
#define CXL_DCD_HEAD_H

#include "hw/cxl/dcd/device.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/pool.h"
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
/* Nobody reaches the device any more; what holds on to it may. */
void cxl_dcd_head_unplug(CXLDcdDevice *device);
/* What is to be cleaned has been; NULL pool allowed. */
void cxl_dcd_head_detach(CXLDcdDevice *device);
/* Extents that a head can have at most: this process has to map each alone. */
uint32_t cxl_dcd_head_extents_max(void);
/* The callbacks by which the core takes and finds capacity of the pool */
void cxl_dcd_head_ops(CXLDcdOps *ops);
/* How its capacity is cleaned and given back to the pool */
extern const CXLDcdSanitizeOps cxl_dcd_head_sanitize_ops;
extern const CXLDcdPrepareOps cxl_dcd_head_prepare_ops;
/*
 * Sanitize: what the host has to itself of @range becomes zero, and stays its
 * own. False: others have the pool's lock, try again.
 */
bool cxl_dcd_head_clear(CXLDcdDevice *device, const CXLDcdRange *range);
/* Has all been cleaned that shared tags left? True without a pool. */
bool cxl_dcd_head_clean(const CXLDcdDevice *device);
/* Why a request for @host cannot be made here; NULL when it can */
char *cxl_dcd_head_wrong_host(CXLDcdDevice *device, uint16_t host);

#endif /* CXL_DCD_HEAD_H */
