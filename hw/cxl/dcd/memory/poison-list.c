/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which lines are poisoned
 *
 * The lists are the parent's: what QMP and the host's mailbox inject is in
 * poison_list, what did not fit there in poison_list_bkp until the host scans
 * the media. Both count. Poison belongs to capacity that the host has; it
 * leaves with it, because the next owner gets other media or the same after
 * repair.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"

static bool cxl_dcd_poison_in(const CXLPoisonList *list, uint64_t dpa,
                              uint64_t len)
{
    const CXLPoison *poison;

    QLIST_FOREACH(poison, list, node) {
        if (dpa < poison->start ? len > poison->start - dpa
                                : dpa - poison->start < poison->length) {
            return true;
        }
    }
    return false;
}

bool cxl_dcd_poisoned(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    return cxl_dcd_poison_in(&ct3d->poison_list, dpa, len) ||
           cxl_dcd_poison_in(&ct3d->poison_list_bkp, dpa, len);
}

/* The lowest poisoned byte from @dpa on, or @end if there is none below it */
static uint64_t cxl_dcd_poison_first(const CXLPoisonList *list, uint64_t dpa,
                                     uint64_t end)
{
    const CXLPoison *poison;

    QLIST_FOREACH(poison, list, node) {
        uint64_t start = MAX(poison->start, dpa);

        if (poison->length && start < end &&
            start - poison->start < poison->length) {
            end = start;
        }
    }
    return end;
}

uint64_t cxl_dcd_poison_page(CXLDcdDevice *device, uint64_t dpa, uint64_t end)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);
    uint64_t first = cxl_dcd_poison_first(&ct3d->poison_list, dpa, end);

    first = cxl_dcd_poison_first(&ct3d->poison_list_bkp, dpa, first);
    return first == end ? end : MAX(dpa, ROUND_DOWN(first, CXL_DCD_PAGE));
}

/* Take [@start, @end) out of a list. Returns how many entries it grew by. */
static int cxl_dcd_poison_cut(CXLPoisonList *list, uint64_t start, uint64_t end)
{
    CXLPoison *poison, *next, *above;
    int grown = 0;

    QLIST_FOREACH_SAFE(poison, list, node, next) {
        uint64_t from = poison->start, to = from + poison->length;

        if (from >= end || to <= start) {
            continue;
        }
        if (to > end) {
            above = g_memdup2(poison, sizeof(*poison));
            above->start = end;
            above->length = to - end;
            QLIST_INSERT_HEAD(list, above, node);
            grown++;
        }
        if (from < start) {
            poison->length = start - from;
        } else {
            QLIST_REMOVE(poison, node);
            g_free(poison);
            grown--;
        }
    }
    return grown;
}

void cxl_dcd_poison_drop(CXLDcdDevice *device, const CXLDcdRange *range)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    if (!cxl_dcd_poisoned(device, range->dpa, range->len)) {
        return;
    }
    trace_cxl_dcd_poison_dropped(device->path, range->dpa, range->len);
    ct3d->poison_list_cnt += cxl_dcd_poison_cut(&ct3d->poison_list, range->dpa,
                                                range->dpa + range->len);
    cxl_dcd_poison_cut(&ct3d->poison_list_bkp, range->dpa,
                       range->dpa + range->len);
}

/* Capacity that a range of DPA touches must be the host's, all of it */
bool cxl_dcd_poison_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    if (dpa < device->dc_base) {
        return len <= device->dc_base - dpa;
    }
    return cxl_dcd_reachable(device->dcd, dpa, len);
}
