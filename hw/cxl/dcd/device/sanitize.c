/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: Sanitize, 4400h (r3.2 8.2.10.9.5.1)
 *
 * The parent runs it in the background, and discards its own event logs when
 * that is over; its static memory and labels are cleared here. Until then the
 * media is disabled: here that means that no capacity answers. Then all dynamic
 * capacity is zero, whoever has it, and log 4 is empty; who has what does not
 * change. Of a pool it is what this head's host has to itself: the rest is
 * other hosts' data.
 *
 * What the operation is said to take may be over before the contents are gone,
 * which is done a few milliseconds at a time: then it takes longer. Capacity
 * that changes hands meanwhile is out of reach as well, and so stays clean.
 */
#include "qemu/osdep.h"
#include "exec/cpu-common.h"
#include "exec/ramblock.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/head.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "sanitize.h"
#include "qemu/cutils.h"
#include "qemu/timer.h"
#include "qemu/units.h"

#define OP_SANITIZE    0x4400

/* With QEMU's lock, in one go */
#define BUSY_NS   (5 * SCALE_MS)
#define STEP      (4 * MiB)
/* Of the machine's time until the next go; when others have the pool's lock */
#define PAUSE_MS  1
#define RETRY_MS  200

/* The next bytes of a region, from @dpa on; how many: 0, not now */
static uint64_t cxl_dcd_sanitize_piece(CXLDcdDevice *device, unsigned region,
                                       uint64_t dpa)
{
    const CXLDcdRegionConfig *config =
        &cxl_dcd_config(device->dcd)->regions[region];
    uint64_t step = device->pool ?
        MAX(STEP, cxl_dcd_pool_page(device->pool->pool)) : STEP;
    CXLDcdRange range = { dpa, MIN(config->base + config->length - dpa, step) };

    if (device->pool) {
        return cxl_dcd_head_clear(device, &range) ? range.len : 0;
    }
    /* Also of what is free, and may be prepared for somebody */
    device->claims++;
    cxl_dcd_sanitize_own_clean(device, dpa, range.len, true);
    cxl_dcd_backing_changed(device, &range);
    return range.len;
}

/* What the parent would clear at once; by number, NULL: there is none */
#define STATIC_MEMORIES 3

static HostMemoryBackend **cxl_dcd_sanitize_static(CXLType3Dev *ct3d,
                                                   unsigned number)
{
    HostMemoryBackend **memories[STATIC_MEMORIES] = {
        &ct3d->hostvmem, &ct3d->hostpmem, &ct3d->lsa,
    };

    return memories[number];
}

/*
 * To look at memory of a file may be to take it, so it is given back unseen if
 * it can be. A file that is mapped privately is not ours to make holes in.
 */
static uint64_t cxl_dcd_sanitize_static_piece(MemoryRegion *mr, uint64_t offset)
{
    HostMemoryBackend *memory = MEMORY_BACKEND(mr->owner);
    uint64_t len = MIN(memory_region_size(mr) - offset, STEP);
    uint8_t *bytes = (uint8_t *)memory_region_get_ram_ptr(mr) + offset;
    bool discard = !memory->prealloc &&
                   (memory->share || memory_region_get_fd(mr) < 0) &&
                   qemu_ram_pagesize(mr->ram_block) ==
                       qemu_real_host_page_size() &&
                   !ram_block_discard_is_disabled();

    if (!discard || ram_block_discard_range(mr->ram_block, offset, len)) {
        if (buffer_is_zero(bytes, len)) {
            return len;
        }
        memset(bytes, 0, len);
    }
    memory_region_set_dirty(mr, offset, len);
    return len;
}

/* Bytes of a region, or behind the last region of a static memory; 0: none */
static uint64_t cxl_dcd_sanitize_size(CXLDcdDevice *device, unsigned region,
                                      MemoryRegion **ret_static)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    HostMemoryBackend *memory;

    *ret_static = NULL;
    if (region < config->num_regions) {
        return config->regions[region].length;
    }
    memory = *cxl_dcd_sanitize_static(CXL_TYPE3(device),
                                      region - config->num_regions);
    if (!memory) {
        return 0;
    }
    *ret_static = host_memory_backend_get_memory(memory);
    return memory_region_size(*ret_static);
}

/* Some of what is left; ms until the next go, 0: nothing is left */
static unsigned cxl_dcd_sanitize_some(CXLDcdDevice *device)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int64_t until = get_clock() + BUSY_NS;
    MemoryRegion *mr;
    uint64_t len;

    while (device->sanitize_region < config->num_regions + STATIC_MEMORIES) {
        if (device->sanitize_offset ==
            cxl_dcd_sanitize_size(device, device->sanitize_region, &mr)) {
            device->sanitize_region++;
            device->sanitize_offset = 0;
            continue;
        }
        if (get_clock() >= until) {
            return PAUSE_MS;
        }
        len = mr ? cxl_dcd_sanitize_static_piece(mr, device->sanitize_offset) :
              cxl_dcd_sanitize_piece(device, device->sanitize_region,
                  config->regions[device->sanitize_region].base +
                  device->sanitize_offset);
        if (!len) {
            return RETRY_MS;
        }
        device->sanitize_offset += len;
    }
    return 0;
}

/* It clears what it finds: that has been done. */
static void cxl_dcd_sanitize_parent(CXLDcdDevice *device, void *opaque)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    HostMemoryBackend *kept[STATIC_MEMORIES];

    for (unsigned i = 0; i < STATIC_MEMORIES; i++) {
        kept[i] = *cxl_dcd_sanitize_static(ct3d, i);
        *cxl_dcd_sanitize_static(ct3d, i) = NULL;
    }
    device->parent_background(opaque);
    for (unsigned i = 0; i < STATIC_MEMORIES; i++) {
        *cxl_dcd_sanitize_static(ct3d, i) = kept[i];
    }
}

static void cxl_dcd_sanitize_end(CXLDcdDevice *device)
{
    cxl_dcd_event_log_reset(device->events);
    cxl_event_set_status(&CXL_TYPE3(device)->cxl_dstate,
                         CXL_EVENT_TYPE_DYNAMIC_CAP, false);
    trace_cxl_dcd_sanitized(device->path);
    cxl_dcd_reach_again(device, 0);
}

/* In place of the parent's, which is called when it is over */
static void cxl_dcd_sanitize_tick(void *opaque)
{
    CXLCCI *cci = opaque;
    CXLDcdDevice *device = CXL_DCD(cci->d);
    uint64_t now = qemu_clock_get_ms(QEMU_CLOCK_VIRTUAL);
    unsigned wait = 0;

    if (cci->bg.opcode == OP_SANITIZE && cci->bg.runtime &&
        now >= cci->bg.starttime + cci->bg.runtime) {
        wait = cxl_dcd_sanitize_some(device);
    }
    if (wait) {
        timer_mod(cci->bg.timer, now + wait);
        return;
    }
    cxl_dcd_sanitize_parent(device, opaque);
    if (!cci->bg.runtime && cci->bg.opcode == OP_SANITIZE) {
        cci->bg.timer->cb = device->parent_background;
        cxl_dcd_sanitize_end(device);
    }
}

void cxl_dcd_sanitize_begin(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;

    if (cci->bg.timer->cb != cxl_dcd_sanitize_tick) {
        device->parent_background = cci->bg.timer->cb;
        cci->bg.timer->cb = cxl_dcd_sanitize_tick;
    }
    device->sanitize_region = 0;
    device->sanitize_offset = 0;
    trace_cxl_dcd_sanitize(device->path);
    cxl_dcd_reach_again(device, 0);
}

void cxl_dcd_sanitize_resume(CXLDcdDevice *device)
{
    CXLCCI *cci = &CXL_TYPE3(device)->cci;

    if (cci->bg.runtime && cci->bg.opcode == OP_SANITIZE) {
        cxl_dcd_sanitize_begin(device);
    }
}
