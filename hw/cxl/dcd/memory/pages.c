/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: of a pool's file, a process maps what its host has
 *
 * The addresses of all of a pool are reserved. Behind them is memory of the
 * process alone, which nobody uses and which is empty, but where the host has
 * capacity. A pointer that is used too late meets that, not another host's
 * data.
 *
 * The host's kernel joins mappings that follow each other in memory and in the
 * file; each piece that stands alone costs two of those that it allows a
 * process (vm.max_map_count).
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/memory.h"
#include "qapi/error.h"
#include "qemu/madvise.h"
#include "system/hostmem.h"
#include "system/qtest.h"
#include <sys/mman.h>

static int cxl_dcd_pages_map(HostMemoryBackend *backend, uint64_t offset,
                             uint64_t len, bool of_file)
{
    MemoryRegion *mr = &backend->mr;
    char *at = (char *)memory_region_get_ram_ptr(mr) + offset;
    int fd = of_file ? memory_region_get_fd(mr) : -1;
    int flags = MAP_FIXED | MAP_NORESERVE |
                (of_file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS);

    if (mmap(at, len, PROT_READ | PROT_WRITE, flags, fd,
             of_file ? offset : 0) == MAP_FAILED) {
        return -errno;
    }
    /* What QEMU says of its memory when it makes it; all of it is advice */
    if (!backend->dump || !of_file) {
        qemu_madvise(at, len, QEMU_MADV_DONTDUMP);
    }
    if (!qtest_enabled()) {
        qemu_madvise(at, len, QEMU_MADV_DONTFORK);
    }
    return 0;
}

int cxl_dcd_pages_show(HostMemoryBackend *backend, uint64_t offset,
                       uint64_t len)
{
    return cxl_dcd_pages_map(backend, offset, len, true);
}

int cxl_dcd_pages_hide(HostMemoryBackend *backend, uint64_t offset,
                       uint64_t len)
{
    return cxl_dcd_pages_map(backend, offset, len, false);
}

void cxl_dcd_pages_let_go(HostMemoryBackend *backend, uint64_t offset,
                          uint64_t len)
{
    /* Of a file that is shared, the contents stay */
    qemu_madvise((char *)memory_region_get_ram_ptr(&backend->mr) + offset, len,
                 QEMU_MADV_DONTNEED);
}
