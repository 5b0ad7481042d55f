/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: dc-prealloc=on
 *
 * A file system that is full, or has no more huge pages, is noticed when a page
 * is touched for the first time: the process gets SIGBUS and ends. Here it is
 * noticed when the capacity is offered, which can be refused. So it is on where
 * that can happen, if nothing else was asked for.
 */
#include "qemu/osdep.h"
#include <sys/statvfs.h>
#include "exec/ramblock.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "qemu/madvise.h"
#include "system/hostmem.h"

/*
 * The system's own memory never is full, in this sense. Huge pages that were
 * reserved when they were mapped are there; nor are they given back meanwhile.
 */
bool cxl_dcd_prealloc_advised(HostMemoryBackend *backend)
{
    MemoryRegion *mr = host_memory_backend_get_memory(backend);
    int fd = memory_region_get_fd(mr);
    struct statvfs fs;
    struct stat st;

    if (fd < 0 || backend->prealloc) {
        return false;
    }
    if (qemu_ram_pagesize(mr->ram_block) > qemu_real_host_page_size()) {
        return !backend->reserve;
    }
    return backend->share && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
           !fstatvfs(fd, &fs) && fs.f_blocks;
}

/* 0 or an errno */
static int cxl_dcd_prealloc(CXLDcdDevice *device, uint64_t offset, uint64_t len)
{
    RAMBlock *block = device->dc_mr->ram_block;
    size_t page = qemu_ram_pagesize(block);
    uint64_t start = ROUND_DOWN(offset, page);
    uint64_t end = MIN(ROUND_UP(offset + len, page),
                       memory_region_size(device->dc_mr));
    int fd = memory_region_get_fd(device->dc_mr);
    int ret = -1;

    errno = EOPNOTSUPP;
    if (fd >= 0 && qemu_ram_is_shared(block)) {
        do {
            ret = fallocate(fd, 0, block->fd_offset + start, end - start);
        } while (ret < 0 && errno == EINTR);
    }
    /* Memory of this process alone, or a file system that cannot do that */
    if (ret < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
        ret = qemu_madvise(device->dc_ram + start, end - start,
                           QEMU_MADV_POPULATE_WRITE);
    }
    return ret < 0 ? errno : 0;
}

static bool cxl_dcd_prealloc_no_room(uint64_t bytes, int error,
                                     GError **ret_error)
{
    g_set_error(ret_error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED,
                "the memory backend has no room for 0x%" PRIx64 " bytes more: "
                "%s; make room, or ask for less", bytes, g_strerror(error));
    return false;
}

bool cxl_dcd_prealloc_listed(CXLDcdDevice *device, GError **error)
{
    CXLDcdExtent extent;
    uint64_t dpa = 0;
    int ret;

    for (; device->prealloc && cxl_dcd_extent_from(device->dcd, dpa, &extent);
         dpa = extent.dpa + extent.len) {
        if (!cxl_dcd_state_listed(extent.state)) {
            continue;
        }
        ret = cxl_dcd_prealloc(device, cxl_dcd_backing_of(device, extent.dpa),
                               extent.len);
        if (ret) {
            return cxl_dcd_prealloc_no_room(extent.len, ret, error);
        }
    }
    return true;
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
            return cxl_dcd_prealloc_no_room(extents[i].len, ret, error);
        }
    }
    device->claims++;
    return true;
}
