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
 * Runs are kept by DPA, and by size among those that are mapped and those that
 * are not: QEMU's memory map has room for a limited number, which the largest
 * get. A change costs O(log n) in runs, and all changes of one command are one
 * transaction of the memory map.
 *
 * Only whole pages are mapped. What is left over at the ends is served like
 * what is not mapped.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "trace.h"

#define PAGE 4096ULL
#define RUN_OF(node, member) container_of(node, CXLDcdRun, member)

/* The pages of a run; 0 bytes when it has no whole one */
static uint64_t cxl_dcd_run_pages(const CXLDcdRun *run, uint64_t *ret_start)
{
    uint64_t start = ROUND_UP(run->by_dpa.start, PAGE);
    uint64_t end = ROUND_DOWN(run->by_dpa.last + 1, PAGE);

    *ret_start = start;
    return end > start ? end - start : 0;
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

/*
 * Mapped runs are sought smallest first, the others largest first: the tree
 * gives the lowest key, so the latter are kept by the complement.
 */
static uint64_t cxl_dcd_run_key(const CXLDcdRun *run)
{
    uint64_t start, len = cxl_dcd_run_pages(run, &start);

    return run->mapped ? len : ~len;
}

static void cxl_dcd_run_file(CXLDcdDevice *device, CXLDcdRun *run)
{
    run->by_size.start = run->by_size.last = cxl_dcd_run_key(run);
    interval_tree_insert(&run->by_size, &device->map_sizes[run->mapped]);
}

static void cxl_dcd_run_map(CXLDcdDevice *device, CXLDcdRun *run)
{
    const CXLDcdSegment *segment;
    uint64_t start, len = cxl_dcd_run_pages(run, &start);
    g_autofree char *name = NULL;
    MemoryRegion *window;

    segment = cxl_dcd_segment_at(device, start);
    window = cxl_dcd_window_region(segment->window);
    name = g_strdup_printf("cxl-dcd-0x%" PRIx64, start);
    memory_region_init_alias(&run->alias, OBJECT(device), name, device->dc_mr,
                             cxl_dcd_backing_of(device, start), len);
    memory_region_add_subregion_overlap(window, segment->offset +
                                        (start - segment->dpa), &run->alias, 1);
    interval_tree_remove(&run->by_size, &device->map_sizes[false]);
    run->mapped = true;
    cxl_dcd_run_file(device, run);
    device->mapped_count++;
    trace_cxl_dcd_map(device->path, start, len);
}

static void cxl_dcd_run_unmap(CXLDcdDevice *device, CXLDcdRun *run)
{
    uint64_t start, len = cxl_dcd_run_pages(run, &start);

    trace_cxl_dcd_unmap(device->path, start, len);
    memory_region_del_subregion(run->alias.container, &run->alias);
    object_unparent(OBJECT(&run->alias));
    interval_tree_remove(&run->by_size, &device->map_sizes[true]);
    run->mapped = false;
    cxl_dcd_run_file(device, run);
    device->mapped_count--;
}

/* Unmap if need be, and forget it */
static void cxl_dcd_run_drop(CXLDcdDevice *device, CXLDcdRun *run)
{
    if (run->mapped) {
        cxl_dcd_run_unmap(device, run);
    }
    interval_tree_remove(&run->by_size, &device->map_sizes[false]);
    interval_tree_remove(&run->by_dpa, &device->runs);
    g_free(run);
}

static void cxl_dcd_run_new(CXLDcdDevice *device, uint64_t start, uint64_t last)
{
    CXLDcdRun *run = g_new0(CXLDcdRun, 1);

    run->by_dpa.start = start;
    run->by_dpa.last = last;
    interval_tree_insert(&run->by_dpa, &device->runs);
    cxl_dcd_run_file(device, run);
}

/* All changes from the first to cxl_dcd_map_commit() are one transaction */
static void cxl_dcd_map_open(CXLDcdDevice *device)
{
    if (!device->map_open) {
        memory_region_transaction_begin();
        device->map_open = true;
    }
}

/* May two touching ranges, [.., at) and [at, ..), be one run? */
static bool cxl_dcd_map_joins(CXLDcdDevice *device, uint64_t at)
{
    return cxl_dcd_segment_at(device, at - 1) ==
               cxl_dcd_segment_at(device, at) &&
           cxl_dcd_region_of(device->dcd, at - 1, 2) >= 0;
}

/* [start, end): accepted, in one segment, without poison */
static void cxl_dcd_map_add(CXLDcdDevice *device, uint64_t start, uint64_t end)
{
    IntervalTreeNode *node;
    uint64_t last = end - 1;

    if (start && cxl_dcd_map_joins(device, start)) {
        node = interval_tree_iter_first(&device->runs, start - 1, start - 1);
        if (node) {
            start = node->start;
            cxl_dcd_run_drop(device, RUN_OF(node, by_dpa));
        }
    }
    if (cxl_dcd_map_joins(device, end)) {
        node = interval_tree_iter_first(&device->runs, end, end);
        if (node) {
            last = node->last;
            cxl_dcd_run_drop(device, RUN_OF(node, by_dpa));
        }
    }
    cxl_dcd_run_new(device, start, last);
}

/*
 * Cut [start, end) into what can be runs. A read-only alias would not do for
 * read-only regions: DMA does not look at it.
 */
static void cxl_dcd_map_add_range(CXLDcdDevice *device, uint64_t start,
                                  uint64_t end)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    int region = cxl_dcd_region_of(device->dcd, start, end - start);
    unsigned i;

    if (config->regions[region].attributes & CXL_DCD_REGION_READ_ONLY) {
        return;
    }
    for (i = 0; i < device->segment_count; i++) {
        const CXLDcdSegment *segment = &device->segment[i];
        uint64_t from = MAX(start, segment->dpa);
        uint64_t to = MIN(end, segment->dpa + segment->len);

        while (from < to) {
            uint64_t poison = cxl_dcd_poison_page(device, from, to);

            if (poison > from) {
                cxl_dcd_map_add(device, from, poison);
            }
            from = poison + PAGE;
        }
    }
}

static void cxl_dcd_map_remove_range(CXLDcdDevice *device, uint64_t start,
                                     uint64_t end)
{
    IntervalTreeNode *node;

    while ((node = interval_tree_iter_first(&device->runs, start, end - 1))) {
        uint64_t from = node->start, last = node->last;

        cxl_dcd_run_drop(device, RUN_OF(node, by_dpa));
        if (from < start) {
            cxl_dcd_run_new(device, from, start - 1);
        }
        if (last >= end) {
            cxl_dcd_run_new(device, end, last);
        }
    }
}

static bool cxl_dcd_map_wanted(CXLDcdDevice *device)
{
    uint16_t command = pci_get_word(PCI_DEVICE(device)->config + PCI_COMMAND);

    return device->map_enabled && device->reachable &&
           (command & PCI_COMMAND_MASTER);
}

void cxl_dcd_map_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                       bool reachable)
{
    trace_cxl_dcd_reach(device->path, range->dpa, range->len, reachable);
    cxl_dcd_map_open(device);
    if (!reachable) {
        cxl_dcd_map_remove_range(device, range->dpa, range->dpa + range->len);
    } else if (cxl_dcd_map_wanted(device)) {
        cxl_dcd_map_add_range(device, range->dpa, range->dpa + range->len);
    }
}

static CXLDcdRun *cxl_dcd_map_first(CXLDcdDevice *device, bool mapped)
{
    IntervalTreeNode *node =
        interval_tree_iter_first(&device->map_sizes[mapped], 0, UINT64_MAX);

    return node ? RUN_OF(node, by_size) : NULL;
}

/* Give the mappings that there may be to the largest runs */
static void cxl_dcd_map_balance(CXLDcdDevice *device)
{
    CXLDcdRun *largest, *smallest;
    uint64_t start, len;

    while ((largest = cxl_dcd_map_first(device, false))) {
        len = cxl_dcd_run_pages(largest, &start);
        if (!len) {
            break;
        }
        if (device->mapped_count >= device->map_limit) {
            smallest = cxl_dcd_map_first(device, true);
            if (!smallest || cxl_dcd_run_pages(smallest, &start) >= len) {
                break;
            }
            cxl_dcd_run_unmap(device, smallest);
        }
        cxl_dcd_run_map(device, largest);
    }
}

void cxl_dcd_map_commit(CXLDcdDevice *device)
{
    if (!device->map_open) {
        return;
    }
    cxl_dcd_map_balance(device);
    device->map_open = false;
    memory_region_transaction_commit();
    cxl_dcd_scrub_fence(device);
    trace_cxl_dcd_map_commit(device->path, device->mapped_count);
}

void cxl_dcd_map_cut(CXLDcdDevice *device, uint64_t start, uint64_t end)
{
    cxl_dcd_map_open(device);
    cxl_dcd_map_remove_range(device, start, end);
    cxl_dcd_map_commit(device);
}

void cxl_dcd_map_clear(CXLDcdDevice *device)
{
    IntervalTreeNode *node;

    if (!device->dcd) {
        return;
    }
    cxl_dcd_map_open(device);
    while ((node = interval_tree_iter_first(&device->runs, 0, UINT64_MAX))) {
        cxl_dcd_run_drop(device, RUN_OF(node, by_dpa));
    }
    cxl_dcd_map_commit(device);
}

void cxl_dcd_map_build(CXLDcdDevice *device)
{
    CXLDcdExtent extent;
    uint64_t dpa = 0;

    if (!device->dcd || !cxl_dcd_map_wanted(device)) {
        return;
    }
    cxl_dcd_map_open(device);
    while (cxl_dcd_extent_from(device->dcd, dpa, &extent)) {
        dpa = extent.dpa + extent.len;
        if (extent.state == CXL_DCD_ACCEPTED ||
            extent.state == CXL_DCD_RELEASING) {
            cxl_dcd_map_add_range(device, extent.dpa, dpa);
        }
    }
    cxl_dcd_map_commit(device);
}

CxlDynamicCapacityMapping cxl_dcd_map_kind(CXLDcdDevice *device, uint64_t dpa,
                                           uint64_t len)
{
    IntervalTreeNode *node = interval_tree_iter_first(&device->runs, dpa, dpa);
    uint64_t start, pages;

    if (!device->reachable || !cxl_dcd_route_covers(device, dpa, len)) {
        return CXL_DYNAMIC_CAPACITY_MAPPING_NONE;
    }
    if (node && RUN_OF(node, by_dpa)->mapped) {
        pages = cxl_dcd_run_pages(RUN_OF(node, by_dpa), &start);
        if (start <= dpa && len <= pages && dpa - start <= pages - len) {
            return CXL_DYNAMIC_CAPACITY_MAPPING_DIRECT;
        }
    }
    return CXL_DYNAMIC_CAPACITY_MAPPING_TRAPPED;
}
