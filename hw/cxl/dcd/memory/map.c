/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: accepted capacity as memory
 *
 * What the host has accepted and a window shows uninterrupted is mapped: an
 * alias of the backend's RAM over the window, so that accesses, code, page
 * tables and DMA work as with any RAM. Everything else is served access by
 * access.
 *
 * A run is accepted capacity that touches, in one region, one segment of a
 * window and without poison; neighbours are one run whatever their extents.
 * All changes of one command are one transaction of the memory map. Where the
 * device is one of a set, the set's runs follow in the same transaction.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "interleave.h"
#include "mappable.h"
#include "window.h"

static CXLDcdDevice *cxl_dcd_map_device(CXLDcdRuns *runs)
{
    return container_of(runs, CXLDcdDevice, runs);
}

static const CXLDcdSegment *cxl_dcd_segment_at(CXLDcdDevice *device,
                                               uint64_t dpa)
{
    unsigned i;

    for (i = 0; i < device->segment_count; i++) {
        const CXLDcdSegment *segment = &device->segment[i];

        if (dpa >= segment->dpa && dpa - segment->dpa < segment->len) {
            return segment;
        }
    }
    return NULL;
}

static void cxl_dcd_map_place(CXLDcdRuns *runs, uint64_t start,
                              CXLDcdPlace *ret)
{
    CXLDcdDevice *device = cxl_dcd_map_device(runs);
    const CXLDcdSegment *segment = cxl_dcd_segment_at(device, start);

    *ret = (CXLDcdPlace) {
        .owner = OBJECT(device),
        .container = &segment->window->mr,
        .at = segment->offset + (start - segment->dpa),
        .target = device->dc_mr,
        .offset = cxl_dcd_backing_of(device, start),
    };
}

static bool cxl_dcd_map_joins(CXLDcdRuns *runs, uint64_t at)
{
    CXLDcdDevice *device = cxl_dcd_map_device(runs);

    return cxl_dcd_segment_at(device, at - 1) ==
               cxl_dcd_segment_at(device, at) &&
           cxl_dcd_region_of(device->dcd, at - 1, 2) >= 0;
}

static void cxl_dcd_map_mapped(CXLDcdRuns *runs, uint64_t start, uint64_t len,
                               bool mapped)
{
    CXLDcdDevice *device = cxl_dcd_map_device(runs);

    if (mapped) {
        trace_cxl_dcd_map(device->path, start, len);
    } else {
        trace_cxl_dcd_unmap(device->path, start, len);
    }
}

static const CXLDcdRunsOps cxl_dcd_map_ops = {
    .joins = cxl_dcd_map_joins,
    .place = cxl_dcd_map_place,
    .mapped = cxl_dcd_map_mapped,
};

void cxl_dcd_map_init(CXLDcdDevice *device)
{
    device->runs.ops = &cxl_dcd_map_ops;
    device->runs.limit = device->map_limit;
    device->map_sets = g_array_new(false, false, sizeof(CXLDcdRange));
}

void cxl_dcd_map_free(CXLDcdDevice *device)
{
    g_clear_pointer(&device->map_sets, g_array_unref);
}

/* All changes from the first to cxl_dcd_map_commit() are one transaction */
static void cxl_dcd_map_open(CXLDcdDevice *device)
{
    cxl_dcd_epoch++;
    if (!device->map_open) {
        memory_region_transaction_begin();
        device->map_open = true;
    }
}

/* Sets that the device is part of look at [@start, @end) when all is said */
static void cxl_dcd_map_tell_sets(CXLDcdDevice *device, uint64_t start,
                                  uint64_t end)
{
    GArray *ranges = device->map_sets;
    CXLDcdRange range = { start, end - start };
    CXLDcdRange *last = ranges->len ? &g_array_index(ranges, CXLDcdRange,
                                                     ranges->len - 1) : NULL;

    if (last && last->dpa + last->len == start) {
        last->len += range.len;
    } else {
        g_array_append_val(ranges, range);
    }
}

/* Cut [start, end) into what can be runs */
static void cxl_dcd_map_add_range(CXLDcdDevice *device, uint64_t start,
                                  uint64_t end)
{
    unsigned i;

    for (i = 0; i < device->segment_count; i++) {
        const CXLDcdSegment *segment = &device->segment[i];
        uint64_t from = MAX(start, segment->dpa);
        uint64_t to = MIN(end, segment->dpa + segment->len);
        uint64_t first, last;

        while (from < to && cxl_dcd_map_next(device, from, to, NULL,
                                              &first, &last)) {
            cxl_dcd_runs_add(&device->runs, first, last);
            from = last;
        }
    }
    cxl_dcd_map_tell_sets(device, start, end);
}

void cxl_dcd_map_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                       bool reachable)
{
    uint64_t end = range->dpa + range->len;

    trace_cxl_dcd_reach(device->path, range->dpa, range->len, reachable);
    cxl_dcd_map_open(device);
    if (!reachable) {
        cxl_dcd_runs_remove(&device->runs, range->dpa, end);
        cxl_dcd_interleave_remove(device, range->dpa, end);
        return;
    }
    if (cxl_dcd_map_wanted(device)) {
        cxl_dcd_map_add_range(device, range->dpa, end);
    }
}

void cxl_dcd_map_commit(CXLDcdDevice *device)
{
    unsigned i;

    if (!device->map_open) {
        return;
    }
    for (i = 0; i < device->map_sets->len; i++) {
        const CXLDcdRange *range = &g_array_index(device->map_sets,
                                                  CXLDcdRange, i);

        cxl_dcd_interleave_add(device, range->dpa, range->dpa + range->len);
    }
    g_array_set_size(device->map_sets, 0);
    cxl_dcd_runs_balance(&device->runs);
    cxl_dcd_interleave_commit();
    device->map_open = false;
    cxl_dcd_epoch++;
    memory_region_transaction_commit();
    trace_cxl_dcd_map_commit(device->path, device->runs.mapped);
}

void cxl_dcd_map_cut(CXLDcdDevice *device, uint64_t start, uint64_t end)
{
    cxl_dcd_map_open(device);
    cxl_dcd_runs_remove(&device->runs, start, end);
    cxl_dcd_interleave_remove(device, start, end);
    cxl_dcd_map_commit(device);
}

void cxl_dcd_map_clear(CXLDcdDevice *device)
{
    if (!device->dcd) {
        return;
    }
    cxl_dcd_map_open(device);
    cxl_dcd_runs_remove(&device->runs, 0, UINT64_MAX);
    cxl_dcd_interleave_remove(device, 0, UINT64_MAX);
    g_array_set_size(device->map_sets, 0);
    cxl_dcd_map_commit(device);
}

/* The next extent from @dpa on that the host has */
static bool cxl_dcd_map_extent(CXLDcdDevice *device, uint64_t dpa,
                               uint64_t *ret_start, uint64_t *ret_end)
{
    CXLDcdExtent extent;

    while (cxl_dcd_extent_from(device->dcd, dpa, &extent)) {
        dpa = extent.dpa + extent.len;
        if (cxl_dcd_state_listed(extent.state)) {
            *ret_start = extent.dpa;
            *ret_end = dpa;
            return true;
        }
    }
    return false;
}

void cxl_dcd_map_build(CXLDcdDevice *device)
{
    uint64_t start, end, dpa = 0;

    if (!cxl_dcd_map_wanted(device)) {
        return;
    }
    cxl_dcd_map_open(device);
    while (cxl_dcd_map_extent(device, dpa, &start, &end)) {
        cxl_dcd_map_add_range(device, start, end);
        dpa = end;
    }
    cxl_dcd_map_commit(device);
}

void cxl_dcd_map_again(CXLDcdDevice *device, uint64_t start, uint64_t len)
{
    cxl_dcd_map_open(device);
    cxl_dcd_runs_remove(&device->runs, start, start + len);
    cxl_dcd_interleave_remove(device, start, start + len);
    if (cxl_dcd_map_wanted(device)) {
        cxl_dcd_map_add_range(device, start, start + len);
    }
    cxl_dcd_map_commit(device);
}

uint32_t cxl_dcd_map_count(CXLDcdDevice *device)
{
    return device->runs.mapped + cxl_dcd_interleave_count(device);
}
