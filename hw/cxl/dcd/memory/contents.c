/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: contents change behind the processors' back
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"

static void cxl_dcd_backing_dirty_bytes(const CXLDcdBytes *bytes, void *opaque)
{
    memory_region_set_dirty(bytes->device->dc_mr, bytes->offset, bytes->len);
}

void cxl_dcd_backing_dirty(CXLDcdDevice *device, const CXLDcdRange *range)
{
    cxl_dcd_bytes_around(device, range->dpa, range->len,
                         cxl_dcd_backing_dirty_bytes, NULL);
}

/* Memory that changes behind the processors' back, while it is being copied */
void cxl_dcd_backing_changed(CXLDcdDevice *device, const CXLDcdRange *range)
{
    if (global_dirty_tracking && device->dc_mr) {
        cxl_dcd_backing_dirty(device, range);
    }
}

void cxl_dcd_backing_write(CXLDcdDevice *device, uint64_t dpa,
                           const uint8_t *data, uint64_t len)
{
    CXLDcdBytes bytes;
    uint64_t at;

    for (at = 0; at < len; at += bytes.len) {
        cxl_dcd_bytes_at(device, dpa + at, len - at, &bytes);
        memcpy(bytes.device->dc_ram + bytes.offset, data + at, bytes.len);
        /* Translated code and dirty pages must hear of it */
        address_space_cache_invalidate(&bytes.device->dc_cache, bytes.offset,
                                       bytes.len);
    }
}
