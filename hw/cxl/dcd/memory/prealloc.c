/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: dc-prealloc=on
 *
 * A file system that is full, or has no more huge pages, is noticed when a page
 * is touched for the first time: the process gets SIGBUS and ends. Here it is
 * noticed when the capacity is offered, which can be refused.
 */
#include "qemu/osdep.h"
#include "exec/ramblock.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "qemu/madvise.h"

/* 0 or an errno */
static int cxl_dcd_prealloc(CXLDcdDevice *device, uint64_t offset, uint64_t len)
{
    RAMBlock *block = device->dc_mr->ram_block;
    size_t page = qemu_ram_pagesize(block);
    uint64_t start = ROUND_DOWN(offset, page);
    uint64_t end = MIN(ROUND_UP(offset + len, page),
                       memory_region_size(device->dc_mr));
    int fd = memory_region_get_fd(device->dc_mr);
    int ret;

    if (fd >= 0) {
        do {
            ret = fallocate(fd, 0, block->fd_offset + start, end - start);
        } while (ret < 0 && errno == EINTR);
    } else {
        ret = qemu_madvise(device->dc_ram + start, end - start,
                           QEMU_MADV_POPULATE_WRITE);
    }
    return ret < 0 ? errno : 0;
}

static bool cxl_dcd_prealloc_claims(CXLDcdDevice *device,
                                    const CXLDcdExtent *extents, size_t count,
                                    uint64_t *ret)
{
    *ret = device->claims;
    return true;
}

static bool cxl_dcd_prealloc_take(CXLDcdDevice *device, uint64_t offset,
                                  uint64_t len)
{
    return !cxl_dcd_prealloc(device, offset, len);
}

/*
 * What was taken for nothing goes back, if nobody has any of it; but a region
 * that is nonvolatile may keep what was in it for whoever has it next.
 */
static void cxl_dcd_prealloc_undo(CXLDcdDevice *device,
                                  const CXLDcdRange *range)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int region = cxl_dcd_region_of(device->dcd, range->dpa, range->len);
    CXLDcdExtent extent;

    if (region < 0 ||
        config->regions[region].attributes & CXL_DCD_REGION_NONVOLATILE ||
        (cxl_dcd_extent_from(device->dcd, range->dpa, &extent) &&
         extent.dpa < range->dpa + range->len)) {
        return;
    }
    /* It may be prepared for somebody else as well */
    device->claims++;
    cxl_dcd_sanitize_own_clean(device, range->dpa, range->len, false);
}

const CXLDcdPrepareOps cxl_dcd_prealloc_ops = {
    .claims = cxl_dcd_prealloc_claims,
    .take = cxl_dcd_prealloc_take,
    .undo = cxl_dcd_prealloc_undo,
};

bool cxl_dcd_prealloc_claim(void *opaque, const CXLDcdExtent *extents,
                            size_t count, bool join, GError **error)
{
    CXLDcdDevice *device = opaque;
    uint64_t claims;
    size_t i;
    int ret;

    switch (cxl_dcd_prepare(device, extents, count, &claims, error)) {
    case CXL_DCD_PREPARE_REFUSED:
        return false;
    case CXL_DCD_PREPARED:
        device->claims++;
        return true;
    case CXL_DCD_PREPARE_NOT:
        break;
    }
    for (i = 0; i < count; i++) {
        ret = cxl_dcd_prealloc(device,
                               cxl_dcd_backing_of(device, extents[i].dpa),
                               extents[i].len);
        if (ret) {
            cxl_dcd_prepare_undo(device, extents, count);
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                        "the memory backend has no room for 0x%" PRIx64
                        " bytes more: %s; make room, or ask for less",
                        extents[i].len, g_strerror(ret));
            return false;
        }
    }
    device->claims++;
    return true;
}
