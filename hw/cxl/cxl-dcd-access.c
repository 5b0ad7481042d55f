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
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_window.h"
#include "qemu/bswap.h"
#include "trace.h"

/* HDM Decoder Global Control, 8.2.4.20.2 */
#define POISON_ON_DECODE_ERROR 1

uint64_t cxl_dcd_backing_of(CXLDcdDevice *device, uint64_t dpa)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned i = 0;

    while (i + 1 < config->num_regions && dpa >= config->regions[i + 1].base) {
        i++;
    }
    return device->backing[i] + (dpa - config->regions[i].base);
}

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
    if (!is_write) {
        *data = ldn_le_p(device->dc_ram + cxl_dcd_backing_of(device, dpa),
                         size);
        return MEMTX_OK;
    }
    region = cxl_dcd_region_of(device->dcd, dpa, size);
    if (cxl_dcd_config(device->dcd)->regions[region].attributes &
        CXL_DCD_REGION_READ_ONLY) {
        trace_cxl_dcd_access_refused(device->path, dpa, size, is_write);
        return MEMTX_OK;
    }
    /* Not by pointer: translated code and dirty pages must hear of it */
    stn_le_p(data, size, *data);
    return address_space_write(&CXL_TYPE3(device)->dc.host_dc_as,
                               cxl_dcd_backing_of(device, dpa), attrs, data,
                               size);
}

bool cxl_dcd_span(CXLDcdDevice *device, uint64_t dpa, CXLDcdSpan *ret)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CXLDcdExtent extent;
    uint64_t end;
    int region;

    if (!device->reachable ||
        !cxl_dcd_extent_from(device->dcd, dpa, &extent) || extent.dpa > dpa ||
        (extent.state != CXL_DCD_ACCEPTED &&
         extent.state != CXL_DCD_RELEASING)) {
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
    region = cxl_dcd_region_of(device->dcd, extent.dpa, extent.len);
    ret->end = end;
    ret->backing = cxl_dcd_backing_of(device, ret->start);
    ret->writable = !(config->regions[region].attributes &
                      CXL_DCD_REGION_READ_ONLY);
    return true;
}
