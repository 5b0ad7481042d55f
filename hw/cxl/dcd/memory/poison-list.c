/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which lines are poisoned
 *
 * The lists are the parent's: what QMP and the host's mailbox inject is in
 * poison_list, what did not fit there in poison_list_bkp until the host scans
 * the media. Both count. Poison belongs to capacity that the host has; it
 * leaves with it, because the next owner gets other media or the same after
 * repair.
 *
 * A line that the host writes all of is good again, as after Clear Poison
 * (8.2.10.9.4.3). A store has 8 bytes at the most when it comes here; so it is
 * remembered of a few lines which bytes were written, in whatever order.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "qemu/main-loop.h"

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

void cxl_dcd_poison_again(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    unsigned i;

    for (i = 0; i < CXL_DCD_HEALING; i++) {
        CXLDcdHealing *healing = &device->healing[i];

        if (healing->line >= ROUND_DOWN(dpa, CXL_CACHE_LINE_SIZE) &&
            healing->line < dpa + len) {
            healing->written = 0;
        }
    }
}

void cxl_dcd_poison_drop(CXLDcdDevice *device, const CXLDcdRange *range)
{
    CXLType3Dev *ct3d = CXL_TYPE3(device);

    cxl_dcd_poison_again(device, range->dpa, range->len);
    if (!cxl_dcd_poisoned(device, range->dpa, range->len)) {
        return;
    }
    trace_cxl_dcd_poison_dropped(device->path, range->dpa, range->len);
    ct3d->poison_list_cnt += cxl_dcd_poison_cut(&ct3d->poison_list, range->dpa,
                                                range->dpa + range->len);
    cxl_dcd_poison_cut(&ct3d->poison_list_bkp, range->dpa,
                       range->dpa + range->len);
}

static CXLDcdHealing *cxl_dcd_poison_healing(CXLDcdDevice *device,
                                             uint64_t line)
{
    CXLDcdHealing *healing;
    unsigned i;

    for (i = 0; i < CXL_DCD_HEALING; i++) {
        healing = &device->healing[i];
        if (healing->written && healing->line == line) {
            return healing;
        }
    }
    healing = &device->healing[device->healing_next++ % CXL_DCD_HEALING];
    *healing = (CXLDcdHealing) { .line = line };
    return healing;
}

static void cxl_dcd_poison_written_line(CXLDcdDevice *device, uint64_t line,
                                        uint64_t bytes)
{
    CXLDcdRange range = { line, CXL_CACHE_LINE_SIZE };
    CXLDcdHealing *healing;

    if (!cxl_dcd_poisoned(device, line, CXL_CACHE_LINE_SIZE)) {
        return;
    }
    healing = cxl_dcd_poison_healing(device, line);
    healing->written |= bytes;
    if (healing->written == UINT64_MAX) {
        cxl_dcd_poison_drop(device, &range);
        qemu_bh_schedule(device->poison_bh);
    }
}

void cxl_dcd_poison_written(CXLDcdDevice *device, uint64_t dpa, unsigned size)
{
    while (size) {
        uint64_t line = ROUND_DOWN(dpa, CXL_CACHE_LINE_SIZE);
        unsigned from = dpa - line, len = MIN(size, CXL_CACHE_LINE_SIZE - from);

        cxl_dcd_poison_written_line(device, line, MAKE_64BIT_MASK(from, len));
        dpa += len;
        size -= len;
    }
}

/* Capacity that a range of DPA touches must be the host's, all of it */
bool cxl_dcd_poison_possible(CXLDcdDevice *device, uint64_t dpa, uint64_t len)
{
    if (dpa < device->dc_base) {
        return len <= device->dc_base - dpa;
    }
    return cxl_dcd_reachable(device->dcd, dpa, len);
}
