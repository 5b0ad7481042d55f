/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: pieces of a window that are memory to the guest
 *
 * A run is a piece of an address space of the owner's (the DPA of a device, a
 * set of devices) that can be one mapping. QEMU's memory map has room for a
 * limited number of mappings, which the largest runs get. A change costs
 * O(log n) in runs. BQL.
 */
#ifndef CXL_DCD_RUNS_H
#define CXL_DCD_RUNS_H

#include "exec/memory.h"
#include "qemu/interval-tree.h"

/* What is mapped, is mapped in pages of the guest */
#define CXL_DCD_PAGE_SHIFT    12
#define CXL_DCD_PAGE          (1ULL << CXL_DCD_PAGE_SHIFT)

/*
 * Of all owners. A mapping takes two sections of the memory map, and QEMU
 * aborts at 4096 of them.
 */
#define CXL_DCD_MAP_LIMIT_MAX 1900

typedef struct CXLDcdRuns CXLDcdRuns;

/* Where a run goes, and what it shows there */
typedef struct CXLDcdPlace {
    Object *owner;
    MemoryRegion *container;
    uint64_t at;                  /* in @container */
    MemoryRegion *target;
    uint64_t offset;              /* in @target */
} CXLDcdPlace;

typedef struct CXLDcdRunsOps {
    /* May [.., @at) and [@at, ..) be one run? */
    bool (*joins)(CXLDcdRuns *runs, uint64_t at);
    /* @start is a multiple of CXL_DCD_PAGE */
    void (*place)(CXLDcdRuns *runs, uint64_t start, CXLDcdPlace *ret);
    /* It was, or is about to be taken away */
    void (*mapped)(CXLDcdRuns *runs, uint64_t start, uint64_t len, bool mapped);
} CXLDcdRunsOps;

struct CXLDcdRuns {
    const CXLDcdRunsOps *ops;
    IntervalTreeRoot by_start;
    IntervalTreeRoot by_size[2];  /* not mapped, mapped */
    uint32_t limit;
    uint32_t mapped;
};

/*
 * [@start, @end) can be mapped from now on. It touches no run, but may have
 * neighbours that it becomes one with.
 */
void cxl_dcd_runs_add(CXLDcdRuns *runs, uint64_t start, uint64_t end);
/* Unmap [@start, @end) and forget it; in a transaction of the memory map. */
void cxl_dcd_runs_remove(CXLDcdRuns *runs, uint64_t start, uint64_t end);
/* Give the mappings that there may be to the largest; in a transaction. */
void cxl_dcd_runs_balance(CXLDcdRuns *runs);
/* The first run that ends above @start, mapped or not; false: none. */
bool cxl_dcd_runs_from(CXLDcdRuns *runs, uint64_t start, uint64_t *ret_start,
                       uint64_t *ret_end);
/* Is all of [@start, @start + @len) in one mapping? */
bool cxl_dcd_runs_mapped(CXLDcdRuns *runs, uint64_t start, uint64_t len);

#endif /* CXL_DCD_RUNS_H */
