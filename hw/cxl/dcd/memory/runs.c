/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: pieces of a window that are memory to the guest
 *
 * Runs are kept by address, and by size among those that are mapped and those
 * that are not. Only whole pages are mapped; what is left over at the ends is
 * served like what is not mapped.
 */
#include "qemu/osdep.h"
#include "hw/cxl/dcd/runs.h"
#include "slots.h"

typedef struct CXLDcdRun {
    IntervalTreeNode by_start;    /* start and last are addresses */
    IntervalTreeNode by_size;     /* in by_size[mapped] */
    bool mapped;
    MemoryRegion alias;           /* valid when mapped */
} CXLDcdRun;

#define RUN_OF(node, member) container_of(node, CXLDcdRun, member)

/* Mappings of all owners together */
static uint32_t cxl_dcd_mappings;

/* The pages of a run; 0 bytes when it has no whole one */
static uint64_t cxl_dcd_run_pages(const CXLDcdRun *run, uint64_t *ret_start)
{
    uint64_t start = ROUND_UP(run->by_start.start, CXL_DCD_PAGE);
    uint64_t end = ROUND_DOWN(run->by_start.last + 1, CXL_DCD_PAGE);

    *ret_start = start;
    return end > start ? end - start : 0;
}

/*
 * Mapped runs are sought smallest first, the others largest first: the tree
 * gives the lowest key, so the latter are kept by the complement.
 */
static void cxl_dcd_run_file(CXLDcdRuns *runs, CXLDcdRun *run)
{
    uint64_t start, len = cxl_dcd_run_pages(run, &start);

    run->by_size.start = run->by_size.last = run->mapped ? len : ~len;
    interval_tree_insert(&run->by_size, &runs->by_size[run->mapped]);
}

static void cxl_dcd_run_map(CXLDcdRuns *runs, CXLDcdRun *run)
{
    uint64_t start, len = cxl_dcd_run_pages(run, &start);
    g_autofree char *name = g_strdup_printf("cxl-dcd-0x%" PRIx64, start);
    CXLDcdPlace place;

    runs->ops->place(runs, start, &place);
    memory_region_init_alias(&run->alias, place.owner, name, place.target,
                             place.offset, len);
    memory_region_add_subregion_overlap(place.container, place.at, &run->alias,
                                        1);
    interval_tree_remove(&run->by_size, &runs->by_size[false]);
    run->mapped = true;
    cxl_dcd_run_file(runs, run);
    runs->mapped++;
    cxl_dcd_mappings++;
    runs->ops->mapped(runs, start, len, true);
}

static void cxl_dcd_run_unmap(CXLDcdRuns *runs, CXLDcdRun *run)
{
    uint64_t start, len = cxl_dcd_run_pages(run, &start);

    runs->ops->mapped(runs, start, len, false);
    memory_region_del_subregion(run->alias.container, &run->alias);
    object_unparent(OBJECT(&run->alias));
    interval_tree_remove(&run->by_size, &runs->by_size[true]);
    run->mapped = false;
    cxl_dcd_run_file(runs, run);
    runs->mapped--;
    cxl_dcd_mappings--;
}

/* Unmap if need be, and forget it */
static void cxl_dcd_run_drop(CXLDcdRuns *runs, CXLDcdRun *run)
{
    if (run->mapped) {
        cxl_dcd_run_unmap(runs, run);
    }
    interval_tree_remove(&run->by_size, &runs->by_size[false]);
    interval_tree_remove(&run->by_start, &runs->by_start);
    g_free(run);
}

static void cxl_dcd_run_new(CXLDcdRuns *runs, uint64_t start, uint64_t last)
{
    CXLDcdRun *run = g_new0(CXLDcdRun, 1);

    run->by_start.start = start;
    run->by_start.last = last;
    interval_tree_insert(&run->by_start, &runs->by_start);
    cxl_dcd_run_file(runs, run);
}

/* The run with @at in it, if one may be joined with what touches @boundary */
static CXLDcdRun *cxl_dcd_run_beside(CXLDcdRuns *runs, uint64_t at,
                                     uint64_t boundary)
{
    IntervalTreeNode *node = interval_tree_iter_first(&runs->by_start, at, at);

    return node && runs->ops->joins(runs, boundary) ? RUN_OF(node, by_start)
                                                    : NULL;
}

void cxl_dcd_runs_add(CXLDcdRuns *runs, uint64_t start, uint64_t end)
{
    CXLDcdRun *below = start ? cxl_dcd_run_beside(runs, start - 1, start)
                             : NULL;
    CXLDcdRun *above = cxl_dcd_run_beside(runs, end, end);
    uint64_t last = end - 1;

    if (below) {
        start = below->by_start.start;
        cxl_dcd_run_drop(runs, below);
    }
    if (above) {
        last = above->by_start.last;
        cxl_dcd_run_drop(runs, above);
    }
    cxl_dcd_run_new(runs, start, last);
}

void cxl_dcd_runs_remove(CXLDcdRuns *runs, uint64_t start, uint64_t end)
{
    IntervalTreeNode *node;

    while ((node = interval_tree_iter_first(&runs->by_start, start, end - 1))) {
        uint64_t from = node->start, last = node->last;

        cxl_dcd_run_drop(runs, RUN_OF(node, by_start));
        if (from < start) {
            cxl_dcd_run_new(runs, from, start - 1);
        }
        if (last >= end) {
            cxl_dcd_run_new(runs, end, last);
        }
    }
}

static CXLDcdRun *cxl_dcd_runs_first(CXLDcdRuns *runs, bool mapped)
{
    IntervalTreeNode *node =
        interval_tree_iter_first(&runs->by_size[mapped], 0, UINT64_MAX);

    return node ? RUN_OF(node, by_size) : NULL;
}

static bool cxl_dcd_runs_room(const CXLDcdRuns *runs)
{
    return runs->mapped < runs->limit &&
           cxl_dcd_mappings < CXL_DCD_MAP_LIMIT_MAX && cxl_dcd_slots_room();
}

void cxl_dcd_runs_balance(CXLDcdRuns *runs)
{
    CXLDcdRun *largest, *smallest;
    uint64_t start, len;

    cxl_dcd_slots_init(&cxl_dcd_mappings);
    while ((largest = cxl_dcd_runs_first(runs, false))) {
        len = cxl_dcd_run_pages(largest, &start);
        if (!len) {
            break;
        }
        if (!cxl_dcd_runs_room(runs)) {
            smallest = cxl_dcd_runs_first(runs, true);
            if (!smallest || cxl_dcd_run_pages(smallest, &start) >= len) {
                break;
            }
            cxl_dcd_run_unmap(runs, smallest);
        }
        cxl_dcd_run_map(runs, largest);
    }
}

bool cxl_dcd_runs_from(CXLDcdRuns *runs, uint64_t start, uint64_t *ret_start,
                       uint64_t *ret_end)
{
    IntervalTreeNode *node = interval_tree_iter_first(&runs->by_start, start,
                                                      UINT64_MAX);

    if (!node) {
        return false;
    }
    *ret_start = node->start;
    *ret_end = node->last + 1;
    return true;
}

bool cxl_dcd_runs_mapped(CXLDcdRuns *runs, uint64_t start, uint64_t len)
{
    IntervalTreeNode *node = interval_tree_iter_first(&runs->by_start, start,
                                                      start);
    uint64_t from, pages;

    if (!node || !RUN_OF(node, by_start)->mapped) {
        return false;
    }
    pages = cxl_dcd_run_pages(RUN_OF(node, by_start), &from);
    return from <= start && len <= pages && start - from <= pages - len;
}
