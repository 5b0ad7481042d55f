/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one load or store, for what is not mapped
 *
 * The rules are those of r3.1 Table 8-27: a read of what the host has not got
 * gives all ones, or poison when the host asked for that; a write to it, or to
 * a read-only region, completes and changes nothing.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "access.h"
#include "layout.h"
#include "qemu/bswap.h"

/* HDM Decoder Global Control, 8.2.4.20.2 */
#define POISON_ON_DECODE_ERROR 1

static bool cxl_dcd_poison_on_error(CXLDcdDevice *device)
{
    uint32_t *registers =
        CXL_TYPE3(device)->cxl_cstate.crb.cache_mem_registers;

    return ldl_le_p(&registers[R_CXL_HDM_DECODER_GLOBAL_CONTROL]) &
           POISON_ON_DECODE_ERROR;
}

MemTxResult cxl_dcd_access(CXLDcdDevice *device, uint64_t dpa, uint64_t *data,
                           unsigned size, bool is_write, MemTxAttrs attrs)
{
    CXLDcdBytes bytes;
    int region;

    if (!device->reachable || !cxl_dcd_reachable(device->dcd, dpa, size)) {
        trace_cxl_dcd_access_refused(device->path, dpa, size, is_write);
        if (is_write) {
            return MEMTX_OK;
        }
        *data = UINT64_MAX;
        return cxl_dcd_poison_on_error(device) ? MEMTX_ERROR : MEMTX_OK;
    }
    if (!is_write && cxl_dcd_poisoned(device, dpa, size)) {
        trace_cxl_dcd_access_poisoned(device->path, dpa, size);
        *data = UINT64_MAX;
        return MEMTX_ERROR;
    }
    cxl_dcd_bytes_at(device, dpa, size, &bytes);
    if (!is_write) {
        *data = ldn_le_p(bytes.device->dc_ram + bytes.offset, size);
        return MEMTX_OK;
    }
    region = cxl_dcd_region_of(device->dcd, dpa, size);
    if (cxl_dcd_config(device->dcd)->regions[region].attributes &
        CXL_DCD_REGION_READ_ONLY) {
        trace_cxl_dcd_access_refused(device->path, dpa, size, is_write);
        return MEMTX_OK;
    }
    stn_le_p(bytes.device->dc_ram + bytes.offset, size, *data);
    cxl_dcd_poison_written(device, dpa, size);
    /* Translated code and dirty pages must hear of it */
    address_space_cache_invalidate(&bytes.device->dc_cache, bytes.offset, size);
    return MEMTX_OK;
}

bool cxl_dcd_span(CXLDcdDevice *device, uint64_t dpa, CXLDcdSpan *ret)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CXLDcdExtent extent;
    CXLDcdBytes bytes;
    uint64_t end;
    int region;

    if (!device->reachable ||
        !cxl_dcd_extent_from(device->dcd, dpa, &extent) || extent.dpa > dpa ||
        !cxl_dcd_state_listed(extent.state)) {
        return false;
    }
    ret->start = extent.dpa;
    end = extent.dpa + extent.len;
    if (cxl_dcd_poisoned(device, extent.dpa, extent.len)) {
        ret->start = MAX(extent.dpa, ROUND_DOWN(dpa, CXL_DCD_PAGE));
        end = cxl_dcd_poison_page(device, ret->start, end);
        if (end <= dpa) {
            return false;
        }
    }
    if (cxl_dcd_bytes_at(device, dpa, end - dpa, &bytes)) {
        ret->start = dpa;
    } else if (cxl_dcd_laid_from(device, ret->start, dpa)) {
        ret->start = dpa;
    } else {
        bytes.len += dpa - ret->start;
        bytes.offset -= dpa - ret->start;
    }
    region = cxl_dcd_region_of(device->dcd, extent.dpa, extent.len);
    ret->end = ret->start + bytes.len;
    ret->holder = bytes.device;
    ret->backing = bytes.offset;
    ret->writable = !(config->regions[region].attributes &
                      CXL_DCD_REGION_READ_ONLY);
    return true;
}
