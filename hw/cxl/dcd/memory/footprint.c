/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what capacity that nobody has costs the host
 *
 * The memory itself costs nothing before it is touched. QEMU's dirty bitmaps
 * do: three bits a page, all set when a backend is made, 96 MiB for 1 TiB.
 * Nobody has looked at this memory yet, so nobody waits to hear of a change in
 * it: clean is as true as dirty, and bits that are clear need no memory. Only
 * emulated processors write slowly where a bit is clear: to them it says that
 * the page may have code that was translated. Nobody sets it again but for
 * pages that have, so it is set for the capacity that comes into use.
 */
#include "qemu/osdep.h"
#include "qemu/madvise.h"
#include "qemu/rcu.h"
#include "exec/ramlist.h"
#include "exec/target_page.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"

/* Zero whole host pages of [@from, @to) by giving them back. */
static void cxl_dcd_drop_pages(char *from, char *to)
{
    uintptr_t page = qemu_real_host_page_size();
    uintptr_t start = ROUND_UP((uintptr_t)from, page);
    uintptr_t end = ROUND_DOWN((uintptr_t)to, page);

    if (start < end) {
        /* A failure leaves the bits set, which is how it was */
        qemu_madvise((void *)start, end - start, QEMU_MADV_DONTNEED);
    }
}

static void cxl_dcd_drop_bits(unsigned long **blocks, uint64_t first,
                              uint64_t end)
{
    while (first < end) {
        uint64_t bit = first % DIRTY_MEMORY_BLOCK_SIZE;
        uint64_t count = MIN(end - first, DIRTY_MEMORY_BLOCK_SIZE - bit);
        char *block = (char *)blocks[first / DIRTY_MEMORY_BLOCK_SIZE];

        cxl_dcd_drop_pages(block + DIV_ROUND_UP(bit, BITS_PER_BYTE),
                           block + (bit + count) / BITS_PER_BYTE);
        first += count;
    }
}

void cxl_dcd_footprint_trim(CXLDcdDevice *device)
{
    uint64_t pages = memory_region_size(device->dc_mr) >>
                     qemu_target_page_bits();
    uint64_t first = memory_region_get_ram_addr(device->dc_mr) >>
                     qemu_target_page_bits();
    int client;

    RCU_READ_LOCK_GUARD();
    for (client = 0; client < DIRTY_MEMORY_NUM; client++) {
        DirtyMemoryBlocks *bits =
            qatomic_rcu_read(&ram_list.dirty_memory[client]);

        cxl_dcd_drop_bits(bits->blocks, first, first + pages);
    }
}

void cxl_dcd_footprint_use(CXLDcdDevice *device, const CXLDcdRange *range)
{
    /* Which bits: those that a write by a processor would find missing */
    cxl_dcd_backing_dirty(device, range);
}
