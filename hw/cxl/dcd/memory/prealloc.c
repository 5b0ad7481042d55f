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

bool cxl_dcd_prealloc_claim(void *opaque, const CXLDcdExtent *extents,
                            size_t count, bool join, GError **error)
{
    CXLDcdDevice *device = opaque;
    size_t i;
    int ret;

    for (i = 0; i < count; i++) {
        ret = cxl_dcd_prealloc(device,
                               cxl_dcd_backing_of(device, extents[i].dpa),
                               extents[i].len);
        if (ret) {
            g_set_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                        "the memory backend has no room for 0x%" PRIx64
                        " bytes more: %s; make room, or ask for less",
                        extents[i].len, g_strerror(ret));
            return false;
        }
    }
    return true;
}
