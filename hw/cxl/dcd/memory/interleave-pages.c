/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: interleaved capacity as memory, page by page
 *
 * In a region over several devices whose granularity is a page or more, each
 * page of the guest lies in one device. No single mapping can show that, but a
 * processor that QEMU emulates asks for one page at a time and remembers the
 * answer: an IOMMU memory region over the window gives it. From then on the
 * page is RAM like any other. Only runs of a set are put into the memory map,
 * so translation never has to refuse. (KVM cannot do that.)
 *
 * Translation happens outside the BQL, so what it looks at (CXLDcdTable) is
 * never changed, only replaced; the memory map's old readers find what they
 * need in the table before.
 */
#include "qemu/osdep.h"
#include "hw/boards.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "qemu/rcu.h"
#include "sets.h"

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
static void cxl_dcd_table_await(CXLDcdTable *table)
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

void cxl_dcd_pages_publish(CXLDcdWindow *window)
{
    CXLDcdTable *table, *before = window->pages->table;
    uint64_t at, start, end;
    unsigned i, w, count = 0;

    for (i = 0; i < window->sets->len; i++) {
        CXLDcdSet *set = g_ptr_array_index(window->sets, i);

        for (at = 0; !set->chunk &&
             cxl_dcd_runs_from(&set->runs, at, &start, &end); at = end) {
            count++;
        }
    }
    table = g_malloc0(sizeof(*table) + count * sizeof(table->run[0]));
    table->devices = g_ptr_array_new_with_free_func(object_unref);
    for (i = 0; i < window->sets->len; i++) {
        CXLDcdSet *set = g_ptr_array_index(window->sets, i);

        if (set->chunk ||
            !cxl_dcd_runs_from(&set->runs, 0, &start, &end)) {
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
        call_rcu(table, cxl_dcd_table_await, rcu);
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

/* --- For a window --- */

void cxl_dcd_pages_new(CXLDcdWindow *window)
{
    window->pages = g_new0(CXLDcdPages, 1);
    memory_region_init_iommu(window->pages, sizeof(CXLDcdPages),
                             TYPE_CXL_DCD_PAGES, OBJECT(qdev_get_machine()),
                             "cxl-dcd-pages", window->fw->size);
}

MemoryRegion *cxl_dcd_pages_region(CXLDcdWindow *window)
{
    return MEMORY_REGION(window->pages);
}
