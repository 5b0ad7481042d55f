/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: from "given back" to "clean"
 *
 * When a mapping is removed, KVM takes it away at once, TCG flushes the TLB of
 * every virtual CPU by its work queue. Until a CPU has come to that work it may
 * still write. So capacity that was given back is not cleared before every CPU
 * has run one more item of work, queued behind the flush ("ticket"). Nothing
 * waits for that, except a request that would offer capacity again.
 *
 * Clearing returns the pages to the system, which makes them zero; where that
 * cannot be done (a page that is part in, a backend that may not discard) they
 * are overwritten, if they must be zero.
 */
#include "qemu/osdep.h"
#include "exec/ramblock.h"
#include "exec/cpu-common.h"
#include "hw/core/cpu.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_head.h"
#include "qemu/main-loop.h"
#include "system/runstate.h"
#include "system/tcg.h"
#include "trace.h"

/* One per removal; CPUs count it down */
typedef struct Ticket {
    CXLDcdDevice *device;
    uint64_t number;
    unsigned cpus;
} Ticket;

static uint64_t cxl_dcd_last_ticket;

static void cxl_dcd_scrub_bytes(CXLDcdDevice *device, uint64_t offset,
                                uint64_t len, bool must)
{
    if (must && len) {
        memset(device->dc_ram + offset, 0, len);
    }
}

static void cxl_dcd_scrub_now(CXLDcdDevice *device, const CXLDcdScrub *scrub)
{
    RAMBlock *block = device->dc_mr->ram_block;
    uint64_t page = qemu_ram_pagesize(block);
    uint64_t start = cxl_dcd_backing_of(device, scrub->range.dpa);
    uint64_t end = start + scrub->range.len;
    uint64_t first = MIN(ROUND_UP(start, page), end);
    uint64_t last = MAX(ROUND_DOWN(end, page), first);
    bool discarded = false;

    cxl_dcd_vmstate_memory_changed(device, &scrub->range);
    if (device->pool) {
        cxl_dcd_head_finish(device, &scrub->range, scrub->must);
        return;
    }

    if (first < last && !ram_block_discard_is_disabled()) {
        discarded = !ram_block_discard_range(block, first, last - first);
    }
    trace_cxl_dcd_scrubbed(device->path, scrub->range.dpa, scrub->range.len,
                           scrub->must, discarded);
    if (!discarded) {
        cxl_dcd_scrub_bytes(device, start, end - start, scrub->must);
        return;
    }
    cxl_dcd_scrub_bytes(device, start, first - start, scrub->must);
    cxl_dcd_scrub_bytes(device, last, end - last, scrub->must);
}

/* Clear what was given back up to a ticket */
static void cxl_dcd_scrub_until(CXLDcdDevice *device, uint64_t ticket)
{
    CXLDcdScrub *scrub;

    while ((scrub = QSIMPLEQ_FIRST(&device->scrubs)) &&
           scrub->ticket <= ticket) {
        QSIMPLEQ_REMOVE_HEAD(&device->scrubs, next);
        cxl_dcd_scrub_now(device, scrub);
        g_free(scrub);
    }
}

static void cxl_dcd_scrub_acknowledge(CPUState *cpu, run_on_cpu_data data)
{
    Ticket *ticket = data.host_ptr;

    if (--ticket->cpus) {
        return;
    }
    ticket->device->scrub_open = false;
    if (ticket->device->dc_mr) {
        cxl_dcd_scrub_until(ticket->device, ticket->number);
    }
    object_unref(OBJECT(ticket->device));
    g_free(ticket);
}

/* Have every CPU acknowledge; true if there is nobody to wait for */
static bool cxl_dcd_scrub_ticket(CXLDcdDevice *device, uint64_t number)
{
    Ticket *ticket;
    CPUState *cpu;
    unsigned cpus = 0;

    /* A machine that is stopped, perhaps to be saved, does not wait either */
    if (!tcg_enabled() || !runstate_is_running()) {
        return true;
    }
    CPU_FOREACH(cpu) {
        cpus++;
    }
    if (!cpus) {
        return true;
    }
    ticket = g_new0(Ticket, 1);
    ticket->device = CXL_DCD(object_ref(OBJECT(device)));
    ticket->number = number;
    ticket->cpus = cpus;
    CPU_FOREACH(cpu) {
        async_run_on_cpu(cpu, cxl_dcd_scrub_acknowledge,
                         RUN_ON_CPU_HOST_PTR(ticket));
    }
    return false;
}

void cxl_dcd_scrub_add(CXLDcdDevice *device, const CXLDcdRange *range,
                       bool must)
{
    CXLDcdScrub *last = QSIMPLEQ_LAST(&device->scrubs, CXLDcdScrub, next);
    CXLDcdScrub *scrub = g_new0(CXLDcdScrub, 1);

    scrub->range = *range;
    scrub->must = must;
    if (last && device->scrub_open) {
        /* Another piece of the same removal: no CPU ran since, we have BQL */
        scrub->ticket = last->ticket;
        QSIMPLEQ_INSERT_TAIL(&device->scrubs, scrub, next);
        return;
    }
    scrub->ticket = ++cxl_dcd_last_ticket;
    QSIMPLEQ_INSERT_TAIL(&device->scrubs, scrub, next);
    device->scrub_open = true;
    if (cxl_dcd_scrub_ticket(device, scrub->ticket)) {
        cxl_dcd_scrub_fence(device);
        cxl_dcd_scrub_until(device, scrub->ticket);
    }
}

void cxl_dcd_scrub_fence(CXLDcdDevice *device)
{
    device->scrub_open = false;
}

static void cxl_dcd_scrub_nothing(CPUState *cpu, run_on_cpu_data data)
{
}

void cxl_dcd_scrub_drain(CXLDcdDevice *device)
{
    uint64_t ticket = cxl_dcd_last_ticket;
    CPUState *cpu;

    if (QSIMPLEQ_EMPTY(&device->scrubs)) {
        return;
    }
    /* Work is done in order: after this one, so is what was before it */
    CPU_FOREACH(cpu) {
        run_on_cpu(cpu, cxl_dcd_scrub_nothing, RUN_ON_CPU_NULL);
    }
    cxl_dcd_scrub_until(device, ticket);
}

void cxl_dcd_scrub_finish(CXLDcdDevice *device)
{
    cxl_dcd_scrub_until(device, UINT64_MAX);
}

static void cxl_dcd_scrub_gap(CXLDcdDevice *device,
                              const CXLDcdRegionConfig *region,
                              uint64_t start, uint64_t end)
{
    CXLDcdScrub gap = {
        .range = { start, end - start },
        .must = region->sanitize,
    };

    if (start < end) {
        cxl_dcd_scrub_now(device, &gap);
    }
}

void cxl_dcd_scrub_free(CXLDcdDevice *device)
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
            cxl_dcd_scrub_gap(device, region, at, extent.dpa);
            at = extent.dpa + extent.len;
        }
        cxl_dcd_scrub_gap(device, region, at, end);
    }
}
