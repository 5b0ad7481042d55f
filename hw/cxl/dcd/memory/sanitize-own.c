/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the contents of a device's own memory go
 *
 * The pages are returned to the system, which makes them zero; where that is
 * impossible (a page that is part in, a backend that may not discard) they are
 * overwritten, if they must be zero. Memory that its backend has allocated in
 * advance stays allocated: a page that is given away might not be had again.
 */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "exec/ramblock.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "layout.h"
#include "qemu/cutils.h"
#include "system/hostmem.h"

static void cxl_dcd_sanitize_own_zero(CXLDcdDevice *device, uint64_t offset,
                                      uint64_t len, bool must)
{
    if (must && len) {
        memset(device->dc_ram + offset, 0, len);
    }
}

/* Whole pages only; huge ones would not come back if others took them. */
static bool cxl_dcd_sanitize_own_discard(CXLDcdDevice *device, uint64_t offset,
                                         uint64_t len)
{
    RAMBlock *block = device->dc_mr->ram_block;

    return len && !CXL_TYPE3(device)->dc.host_dc->prealloc &&
           qemu_ram_pagesize(block) == qemu_real_host_page_size() &&
           !ram_block_discard_is_disabled() &&
           !ram_block_discard_range(block, offset, len);
}

static void cxl_dcd_sanitize_own_plain(CXLDcdDevice *device, uint64_t offset,
                                       uint64_t len, bool must)
{
    uint64_t page = qemu_real_host_page_size(), end = offset + len;
    uint64_t first = MIN(ROUND_UP(offset, page), end);
    uint64_t last = MAX(ROUND_DOWN(end, page), first);
    bool discarded = cxl_dcd_sanitize_own_discard(device, first, last - first);

    trace_cxl_dcd_sanitized_own(device->path, offset, len, must, discarded);
    if (!discarded) {
        cxl_dcd_sanitize_own_zero(device, offset, len, must);
        return;
    }
    cxl_dcd_sanitize_own_zero(device, offset, first - offset, must);
    cxl_dcd_sanitize_own_zero(device, last, end - last, must);
}

/*
 * Between the bytes of one member of a set lie those of others. They are made
 * zero in any case, and the memory goes back when nobody has any of it (see
 * layout-move.c).
 */
void cxl_dcd_sanitize_own_clean(CXLDcdDevice *device, uint64_t dpa,
                                uint64_t len, bool must)
{
    uint64_t end = dpa + len;
    CXLDcdBytes bytes;
    uint8_t *at;

    for (; dpa < end; dpa += bytes.len) {
        if (!cxl_dcd_bytes_at(device, dpa, end - dpa, &bytes)) {
            cxl_dcd_sanitize_own_plain(device, bytes.offset, bytes.len, must);
            continue;
        }
        at = bytes.device->dc_ram + bytes.offset;
        /* Not touched, memory that was never used stays so */
        if (!buffer_is_zero(at, bytes.len)) {
            memset(at, 0, bytes.len);
        }
    }
}

/* Memory goes back to the system, files keep what nobody asked to clear */
static bool cxl_dcd_sanitize_own_begin(CXLDcdDevice *device,
                                       const CXLDcdRange *range, bool must,
                                       GArray *parts)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int region = cxl_dcd_region_of(device->dcd, range->dpa, range->len);
    CXLDcdPart part = {
        .offset = cxl_dcd_backing_of(device, range->dpa),
        .len = range->len,
    };

    if (must ||
        !(config->regions[region].attributes & CXL_DCD_REGION_NONVOLATILE)) {
        g_array_append_val(parts, part);
    }
    return true;
}

static CXLDcdSanitizeEnd
cxl_dcd_sanitize_own_end(CXLDcdDevice *device, const CXLDcdRange *range,
                         bool must, const GArray *parts)
{
    return CXL_DCD_END_DONE;
}

static bool cxl_dcd_sanitize_own_part(CXLDcdDevice *device,
                                      const CXLDcdPart *piece, bool must)
{
    CXLDcdRange range;

    cxl_dcd_backing_region(device, piece->offset, piece->len, &range);
    cxl_dcd_sanitize_own_clean(device, range.dpa, piece->len, must);
    return true;
}

const CXLDcdSanitizeOps cxl_dcd_sanitize_own_ops = {
    .begin = cxl_dcd_sanitize_own_begin,
    .clean = cxl_dcd_sanitize_own_part,
    .end = cxl_dcd_sanitize_own_end,
};

static void cxl_dcd_sanitize_gap(CXLDcdDevice *device,
                                 const CXLDcdRegionConfig *region,
                                 uint64_t start, uint64_t end)
{
    CXLDcdRange gap = { start, end - start };

    if (start < end) {
        cxl_dcd_sanitize_own_clean(device, start, end - start,
                                   region->sanitize);
        cxl_dcd_backing_changed(device, &gap);
    }
}

void cxl_dcd_sanitize_gaps(CXLDcdDevice *device)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *region = &config->regions[i];
        uint64_t at = region->base, end = region->base + region->length;
        CXLDcdExtent extent;

        if ((region->attributes & CXL_DCD_REGION_NONVOLATILE) &&
            !region->sanitize) {
            continue;
        }
        while (cxl_dcd_extent_from(device->dcd, at, &extent) &&
               extent.dpa < end) {
            cxl_dcd_sanitize_gap(device, region, at, extent.dpa);
            at = extent.dpa + extent.len;
        }
        cxl_dcd_sanitize_gap(device, region, at, end);
    }
}
