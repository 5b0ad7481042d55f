/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: injected poison
 *
 * The lists are the parent's: what QMP and the host's mailbox inject is in
 * poison_list, what did not fit there in poison_list_bkp until the host scans
 * the media. Both are honoured here: a read of a poisoned line fails, so its
 * page is not mapped. Poison belongs to capacity that the host has; it leaves
 * with it, because the next owner gets other media or the same after repair.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "hw/cxl/cxl_dcd_route.h"
#include "qapi/error.h"
#include "trace.h"

#define POISON_PAGE 4096ULL

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
    return first == end ? end : MAX(dpa, ROUND_DOWN(first, POISON_PAGE));
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

void cxl_dcd_poison_changed(CXLDcdDevice *device)
{
    memory_region_transaction_begin();
    cxl_dcd_map_clear(device);
    cxl_dcd_map_build(device);
    memory_region_transaction_commit();
}

/* Capacity that a range of DPA touches must be the host's, all of it */
bool cxl_dcd_poison_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    if (dpa < device->dc_base) {
        return len <= device->dc_base - dpa;
    }
    return cxl_dcd_reachable(device->dcd, dpa, len);
}

bool cxl_dcd_poison_inject(CXLType3Dev *ct3d, uint64_t start, uint64_t length,
                           Error **errp)
{
    CXLDcdDevice *device = CXL_DCD(ct3d);

    if (!device->dcd) {
        return true;
    }
    if (!length || !cxl_dcd_poison_possible(device, start, length)) {
        error_setg(errp, "poison [0x%" PRIx64 ", +0x%" PRIx64 "] is not inside "
                   "static memory, which ends at 0x%" PRIx64 ", nor inside "
                   "dynamic capacity that the host has accepted (see "
                   "query-cxl-dynamic-capacity)", start, length,
                   device->dc_base);
        return false;
    }
    trace_cxl_dcd_poison(device->path, start, length);
    cxl_dcd_map_cut(device, ROUND_DOWN(start, POISON_PAGE),
                    ROUND_UP(start + length, POISON_PAGE));
    return true;
}
