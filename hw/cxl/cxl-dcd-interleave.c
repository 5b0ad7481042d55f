/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: interleaved capacity as memory, page by page
 *
 * In a region over several devices whose granularity is a page or more, each
 * page of the guest lies in one device. No single mapping can show that, but a
 * processor that QEMU emulates asks for one page at a time and remembers the
 * answer: an IOMMU memory region over the window gives it. From then on the
 * page is RAM like any other. (KVM cannot do that; there, and with a finer
 * granularity, accesses come to cxl-dcd-window.c.)
 *
 * A run of a set is a number of whole stripes that every device of the set can
 * show without a gap. Only runs are put into the memory map, so translation
 * never has to refuse.
 *
 * Translation happens outside the BQL, so what it looks at (CXLDcdTable) is
 * never changed, only replaced; the memory map's old readers find what they
 * need in the table before.
 */
#include "qemu/osdep.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_window.h"
#include "qemu/host-utils.h"
#include "qemu/rcu.h"
#include "system/kvm.h"
#include "trace.h"

/* One set of devices behind a window. Runs are in bytes from its start. */
typedef struct CXLDcdSet {
    CXLDcdRuns runs;
    CXLDcdWindow *window;
    const CXLDcdRoute *route;
    bool changed;
} CXLDcdSet;

/* A run as translation wants it */
typedef struct CXLDcdTableRun {
    uint64_t start, end;          /* in the window */
    unsigned ways;
    unsigned shift;
    struct {
        AddressSpace *as;
        uint64_t backing;         /* in as, of the way's first byte */
    } way[CXL_DCD_WAYS_MAX];
} CXLDcdTableRun;

typedef struct CXLDcdTable CXLDcdTable;
struct CXLDcdTable {
    struct rcu_head rcu;
    CXLDcdTable *before;          /* what readers of the old map need */
    GPtrArray *devices;           /* referenced; they own the address spaces */
    unsigned count;
    CXLDcdTableRun run[];         /* ascending */
};

#define TYPE_CXL_DCD_PAGES "cxl-dcd-pages"
OBJECT_DECLARE_SIMPLE_TYPE(CXLDcdPages, CXL_DCD_PAGES)

struct CXLDcdPages {
    IOMMUMemoryRegion parent;
    CXLDcdTable *table;           /* RCU */
};

/* --- Translation --- */

static const CXLDcdTableRun *cxl_dcd_table_find(const CXLDcdTable *table,
                                                uint64_t at)
{
    unsigned low = 0, high = table->count;

    while (low < high) {
        unsigned middle = low + (high - low) / 2;
        const CXLDcdTableRun *run = &table->run[middle];

        if (at < run->start) {
            high = middle;
        } else if (at >= run->end) {
            low = middle + 1;
        } else {
            return run;
        }
    }
    return NULL;
}

static IOMMUTLBEntry cxl_dcd_pages_translate(IOMMUMemoryRegion *iommu,
                                             hwaddr addr,
                                             IOMMUAccessFlags flag, int index)
{
    const CXLDcdTable *table = qatomic_rcu_read(&CXL_DCD_PAGES(iommu)->table);
    const CXLDcdTableRun *run = NULL;
    uint64_t at, granule, inside;
    unsigned way;

    for (; table && !run; table = qatomic_rcu_read(&table->before)) {
        run = cxl_dcd_table_find(table, addr);
    }
    if (!run) {
        return (IOMMUTLBEntry) { .perm = IOMMU_NONE };
    }
    at = addr - run->start;
    granule = at >> run->shift;
    inside = at & ((1ULL << run->shift) - 1);
    way = granule % run->ways;
    return (IOMMUTLBEntry) {
        .target_as = run->way[way].as,
        .iova = addr & ~(CXL_DCD_PAGE - 1),
        .translated_addr = ROUND_DOWN(run->way[way].backing + inside +
                                      (granule / run->ways << run->shift),
                                      CXL_DCD_PAGE),
        .addr_mask = CXL_DCD_PAGE - 1,
        .perm = IOMMU_RW,
    };
}

static void cxl_dcd_table_free(CXLDcdTable *table)
{
    g_ptr_array_unref(table->devices);
    g_free(table);
}

/* Nobody uses the old memory map any more */
static void cxl_dcd_table_retire(CXLDcdTable *table)
{
    CXLDcdTable *before = table->before;

    qatomic_set(&table->before, NULL);
    call_rcu(before, cxl_dcd_table_free, rcu);
}

/*
 * Called with the BQL, so the command that published the table is through and
 * the memory map is the new one: from now on a grace period ends its readers.
 */
static void cxl_dcd_table_settle(CXLDcdTable *table)
{
    call_rcu(table, cxl_dcd_table_retire, rcu);
}

static void cxl_dcd_table_fill(CXLDcdTableRun *ret, const CXLDcdSet *set,
                               uint64_t start, uint64_t end)
{
    const CXLDcdRoute *route = set->route;
    unsigned i;

    ret->start = route->offset + start;
    ret->end = route->offset + end;
    ret->ways = route->ways;
    ret->shift = route->shift;
    for (i = 0; i < route->ways; i++) {
        const CXLDcdWay *way = &route->way[i];

        ret->way[i].as = &CXL_TYPE3(way->device)->dc.host_dc_as;
        ret->way[i].backing = cxl_dcd_backing_of(way->device, way->dpa +
                                                 start / route->ways);
    }
}

/* Replace what translation of a window looks at by what there is now */
static void cxl_dcd_table_publish(CXLDcdWindow *window)
{
    CXLDcdTable *table, *before = window->pages->table;
    uint64_t at, start, end;
    unsigned i, w, count = 0;

    for (i = 0; i < window->sets->len; i++) {
        CXLDcdSet *set = g_ptr_array_index(window->sets, i);

        for (at = 0; cxl_dcd_runs_from(&set->runs, at, &start, &end);
             at = end) {
            count++;
        }
    }
    table = g_malloc0(sizeof(*table) + count * sizeof(table->run[0]));
    table->devices = g_ptr_array_new_with_free_func(object_unref);
    for (i = 0; i < window->sets->len; i++) {
        CXLDcdSet *set = g_ptr_array_index(window->sets, i);

        if (!cxl_dcd_runs_from(&set->runs, 0, &start, &end)) {
            continue;             /* nothing holds on to its devices */
        }
        for (w = 0; w < set->route->ways; w++) {
            g_ptr_array_add(table->devices,
                            object_ref(OBJECT(set->route->way[w].device)));
        }
        for (at = 0; cxl_dcd_runs_from(&set->runs, at, &start, &end);
             at = end) {
            cxl_dcd_table_fill(&table->run[table->count++], set, start, end);
        }
    }
    table->before = before;
    qatomic_rcu_set(&window->pages->table, table);
    if (before) {
        call_rcu(table, cxl_dcd_table_settle, rcu);
    }
}

/* Who asks makes no difference; QEMU wants to be told */
static int cxl_dcd_pages_index(IOMMUMemoryRegion *iommu, MemTxAttrs attrs)
{
    return 0;
}

static void cxl_dcd_pages_class_init(ObjectClass *oc, void *data)
{
    IOMMUMemoryRegionClass *class = IOMMU_MEMORY_REGION_CLASS(oc);

    class->translate = cxl_dcd_pages_translate;
    class->attrs_to_index = cxl_dcd_pages_index;
}

static const TypeInfo cxl_dcd_pages_info = {
    .name = TYPE_CXL_DCD_PAGES,
    .parent = TYPE_IOMMU_MEMORY_REGION,
    .instance_size = sizeof(CXLDcdPages),
    .class_init = cxl_dcd_pages_class_init,
};

static void cxl_dcd_pages_register(void)
{
    type_register_static(&cxl_dcd_pages_info);
}
type_init(cxl_dcd_pages_register)

/* --- Sets --- */

static CXLDcdSet *cxl_dcd_set_of(CXLDcdRuns *runs)
{
    return container_of(runs, CXLDcdSet, runs);
}

static uint64_t cxl_dcd_set_stripe(const CXLDcdSet *set)
{
    return (uint64_t)set->route->ways << set->route->shift;
}

/* Each device's part must be in one piece in its backend */
static bool cxl_dcd_set_joins(CXLDcdRuns *runs, uint64_t at)
{
    const CXLDcdRoute *route = cxl_dcd_set_of(runs)->route;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        const CXLDcdWay *way = &route->way[i];

        if (cxl_dcd_region_of(way->device->dcd, way->dpa + at / route->ways - 1,
                              2) < 0) {
            return false;
        }
    }
    return true;
}

static void cxl_dcd_set_place(CXLDcdRuns *runs, uint64_t start,
                              CXLDcdPlace *ret)
{
    CXLDcdSet *set = cxl_dcd_set_of(runs);

    *ret = (CXLDcdPlace) {
        .owner = OBJECT(qdev_get_machine()),
        .container = &set->window->mr,
        .at = set->route->offset + start,
        .target = MEMORY_REGION(set->window->pages),
        .offset = set->route->offset + start,
    };
}

static void cxl_dcd_set_mapped(CXLDcdRuns *runs, uint64_t start, uint64_t len,
                               bool mapped)
{
    CXLDcdSet *set = cxl_dcd_set_of(runs);

    trace_cxl_dcd_interleave(set->route->hpa + start, len, set->route->ways,
                             mapped);
}

static const CXLDcdRunsOps cxl_dcd_set_ops = {
    .joins = cxl_dcd_set_joins,
    .place = cxl_dcd_set_place,
    .mapped = cxl_dcd_set_mapped,
};

void cxl_dcd_interleave_routes(CXLDcdWindow *window)
{
    unsigned i, w;

    /* Every device's part was taken away before */
    g_ptr_array_set_size(window->sets, 0);
    for (i = 0; i < window->routes->len; i++) {
        const CXLDcdRoute *route = &g_array_index(window->routes, CXLDcdRoute,
                                                  i);
        CXLDcdSet *set;

        if (route->ways == 1 || route->shift < CXL_DCD_PAGE_SHIFT ||
            kvm_enabled()) {
            continue;
        }
        set = g_new0(CXLDcdSet, 1);
        set->window = window;
        set->route = route;
        set->runs.ops = &cxl_dcd_set_ops;
        set->runs.limit = CXL_DCD_MAP_LIMIT_MAX;
        for (w = 0; w < route->ways; w++) {
            set->runs.limit = MIN(set->runs.limit,
                                  route->way[w].device->map_limit);
        }
        g_ptr_array_add(window->sets, set);
    }
    if (window->sets->len && !window->pages) {
        window->pages = g_new0(CXLDcdPages, 1);
        memory_region_init_iommu(window->pages, sizeof(CXLDcdPages),
                                 TYPE_CXL_DCD_PAGES,
                                 OBJECT(qdev_get_machine()), "cxl-dcd-pages",
                                 window->fw->size);
    }
}

/* The stripes that a device's [@start, @end) has part in, all or in part */
static bool cxl_dcd_set_stripes(const CXLDcdSet *set, unsigned way,
                                uint64_t start, uint64_t end,
                                uint64_t *ret_first, uint64_t *ret_last)
{
    const CXLDcdRoute *route = set->route;
    uint64_t from = route->way[way].dpa;
    uint64_t to = from + route->size / route->ways;

    start = MAX(start, from);
    end = MIN(end, to);
    if (start >= end) {
        return false;
    }
    *ret_first = (start - from) >> route->shift;
    *ret_last = ROUND_UP(end - from, 1ULL << route->shift) >> route->shift;
    return true;
}

/*
 * The first stripes at or after @at and below @end of which one device can
 * show all of its part.
 */
static bool cxl_dcd_way_next(const CXLDcdRoute *route, unsigned way,
                             uint64_t at, uint64_t end, uint64_t *ret_first,
                             uint64_t *ret_last)
{
    CXLDcdDevice *device = route->way[way].device;
    uint64_t base = route->way[way].dpa;
    uint64_t dpa = base + (at << route->shift);
    uint64_t limit = base + (end << route->shift);
    uint64_t start, stop;

    while (cxl_dcd_map_next(device, dpa, limit, &start, &stop)) {
        *ret_first = ROUND_UP(start - base, 1ULL << route->shift) >>
            route->shift;
        *ret_last = (stop - base) >> route->shift;
        if (*ret_last > *ret_first) {
            return true;
        }
        dpa = stop;
    }
    return false;
}

static void cxl_dcd_set_add(CXLDcdSet *set, uint64_t at, uint64_t end)
{
    const CXLDcdRoute *route = set->route;
    uint64_t stripe = cxl_dcd_set_stripe(set);
    uint64_t start, stop, first, last;
    unsigned i;

    for (i = 0; i < route->ways; i++) {
        if (!cxl_dcd_map_wanted(route->way[i].device)) {
            return;
        }
    }
    while (at < end) {
        start = at;
        stop = end;
        for (i = 0; i < route->ways; i++) {
            if (!cxl_dcd_way_next(route, i, at, end, &first, &last)) {
                return;
            }
            start = MAX(start, first);
            stop = MIN(stop, last);
        }
        if (start == at) {
            cxl_dcd_runs_add(&set->runs, at * stripe, stop * stripe);
            at = stop;
        } else {
            at = start;
        }
    }
}

typedef void CXLDcdSetFn(CXLDcdSet *set, unsigned way, void *opaque);

/* Every set that a device is part of, with its place in it */
static void cxl_dcd_set_foreach(CXLDcdDevice *device, CXLDcdSetFn *fn,
                                void *opaque)
{
    GPtrArray *windows = cxl_dcd_route_windows();
    unsigned i, n, w;

    for (i = 0; windows && i < windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, i);

        for (n = 0; n < window->sets->len; n++) {
            CXLDcdSet *set = g_ptr_array_index(window->sets, n);

            for (w = 0; w < set->route->ways; w++) {
                if (set->route->way[w].device == device) {
                    fn(set, w, opaque);
                }
            }
        }
    }
}

typedef struct CXLDcdSetQuery {
    uint64_t start, end;          /* DPA */
    uint32_t count;
    bool add;
    bool mapped;
} CXLDcdSetQuery;

static void cxl_dcd_set_update(CXLDcdSet *set, unsigned way, void *opaque)
{
    CXLDcdSetQuery *query = opaque;
    uint64_t first, last, stripe = cxl_dcd_set_stripe(set);

    if (!cxl_dcd_set_stripes(set, way, query->start, query->end, &first,
                             &last)) {
        return;
    }
    set->changed = true;
    cxl_dcd_runs_remove(&set->runs, first * stripe, last * stripe);
    if (query->add) {
        cxl_dcd_set_add(set, first, last);
    }
}

void cxl_dcd_interleave_remove(CXLDcdDevice *device, uint64_t start,
                               uint64_t end)
{
    CXLDcdSetQuery query = { .start = start, .end = end };

    cxl_dcd_set_foreach(device, cxl_dcd_set_update, &query);
}

void cxl_dcd_interleave_add(CXLDcdDevice *device, uint64_t start, uint64_t end)
{
    CXLDcdSetQuery query = { .start = start, .end = end, .add = true };

    cxl_dcd_set_foreach(device, cxl_dcd_set_update, &query);
}

void cxl_dcd_interleave_commit(void)
{
    GPtrArray *windows = cxl_dcd_route_windows();
    unsigned i, n;

    for (i = 0; windows && i < windows->len; i++) {
        CXLDcdWindow *window = g_ptr_array_index(windows, i);
        bool changed = false;

        for (n = 0; n < window->sets->len; n++) {
            CXLDcdSet *set = g_ptr_array_index(window->sets, n);

            if (set->changed) {
                cxl_dcd_runs_balance(&set->runs);
                set->changed = false;
                changed = true;
            }
        }
        if (changed) {
            cxl_dcd_table_publish(window);
        }
    }
}

static void cxl_dcd_set_ask(CXLDcdSet *set, unsigned way, void *opaque)
{
    CXLDcdSetQuery *query = opaque;
    uint64_t first, last, stripe = cxl_dcd_set_stripe(set);

    query->count += set->runs.mapped;
    if (cxl_dcd_set_stripes(set, way, query->start, query->end, &first,
                            &last) &&
        cxl_dcd_runs_mapped(&set->runs, first * stripe,
                            (last - first) * stripe)) {
        query->mapped = true;
    }
}

bool cxl_dcd_interleave_mapped(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    CXLDcdSetQuery query = { .start = dpa, .end = dpa + len };

    cxl_dcd_set_foreach(device, cxl_dcd_set_ask, &query);
    return query.mapped;
}

uint32_t cxl_dcd_interleave_count(CXLDcdDevice *device)
{
    CXLDcdSetQuery query = { 0 };

    cxl_dcd_set_foreach(device, cxl_dcd_set_ask, &query);
    return query.count;
}
