/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which memory of the backend holds anything
 *
 * A device may have far more capacity than anybody uses. A migration asks here
 * what need not be looked at: everything but what the host has and what is
 * kept for a reference. What comes to the host after the migration asked is
 * marked dirty (see state/vmstate.c). Devices that pin guest memory (VFIO)
 * are told of the same, so that they pin what is in use only.
 *
 * Postcopy is the exception: there all memory is said to be in use. The target
 * would wait for ever for a page that the source thinks nobody needs, when
 * capacity is added while memory still arrives.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "qapi/qapi-types-migration.h"
#include "migration/client-options.h"
#include "qemu/error-report.h"
#include "compat.h"
#include "layout.h"

/* Called for ascending pieces of a section; not 0 ends the walk */
typedef int (*WalkFn)(MemoryRegionSection *section, void *opaque);

static bool cxl_dcd_discard_in_use(const CXLDcdExtent *extent)
{
    return cxl_dcd_state_listed(extent->state) ||
           extent->state == CXL_DCD_REFERENCED;
}

/* [@start, @end) of the backend, as far as it lies in @whole */
static int cxl_dcd_discard_piece(const MemoryRegionSection *whole,
                                 uint64_t start, uint64_t end, WalkFn fn,
                                 void *opaque)
{
    uint64_t from = whole->offset_within_region;
    uint64_t to = from + int128_get64(whole->size);
    MemoryRegionSection part = *whole;

    start = MAX(start, from);
    end = MIN(end, to);
    if (start >= end) {
        return 0;
    }
    part.offset_within_region = start;
    part.offset_within_address_space += start - from;
    part.size = int128_make64(end - start);
    return fn(&part, opaque);
}

/*
 * The next piece of DPA at or above @dpa that is in use: what is laid out for a
 * set is so as a whole, because it holds bytes of all members.
 */
static bool cxl_dcd_discard_next(CXLDcdDevice *device, uint64_t dpa,
                                 CXLDcdRange *ret)
{
    CXLDcdUnitWay *laid = cxl_dcd_laid_from(device, dpa, UINT64_MAX);
    uint64_t before = laid ? laid->node.start : UINT64_MAX, start, end;
    CXLDcdExtent extent;

    for (end = dpa; end < before &&
         cxl_dcd_extent_from(device->dcd, end, &extent) &&
         extent.dpa < before; end = extent.dpa + extent.len) {
        if (cxl_dcd_discard_in_use(&extent)) {
            start = MAX(dpa, extent.dpa);
            end = MIN(before, extent.dpa + extent.len);
            *ret = (CXLDcdRange) { start, end - start };
            return true;
        }
    }
    if (!laid) {
        return false;
    }
    start = MAX(dpa, before);
    *ret = (CXLDcdRange) { start, laid->node.last + 1 - start };
    return true;
}

/* Pieces of @whole that are in use, or those that are not */
static int cxl_dcd_discard_walk(CXLDcdDevice *device,
                                const MemoryRegionSection *whole, bool used,
                                WalkFn fn, void *opaque)
{
    CXLDcdRange range = { 0 };
    uint64_t at = 0;
    int ret = 0;

    if (migrate_postcopy_ram()) {
        return used ? cxl_dcd_discard_piece(whole, 0, UINT64_MAX, fn, opaque) :
                      0;
    }
    while (!ret &&
           cxl_dcd_discard_next(device, range.dpa + range.len, &range)) {
        uint64_t start = cxl_dcd_backing_of(device, range.dpa);

        ret = used ? cxl_dcd_discard_piece(whole, start, start + range.len, fn,
                                           opaque) :
                     cxl_dcd_discard_piece(whole, at, start, fn, opaque);
        at = start + range.len;
    }
    return used || ret ?
               ret :
               cxl_dcd_discard_piece(whole, at, UINT64_MAX, fn, opaque);
}

static uint64_t cxl_dcd_discard_min_granularity(const RamDiscardManager *rdm,
                                                const MemoryRegion *mr)
{
    const CXLDcdConfig *config = cxl_dcd_config(CXL_DCD(rdm)->dcd);
    uint64_t least = cxl_dcd_layout_plain_why(CXL_DCD(rdm)) ?
                     UINT64_MAX : CXL_DCD_CHUNK_MIN;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        least = MIN(least, config->regions[i].block_size);
    }
    /* Blocks may be smaller, but what is mapped is pages: VFIO relies on it */
    return MAX(least, qemu_real_host_page_size());
}

static int cxl_dcd_discard_found(MemoryRegionSection *section, void *opaque)
{
    return 1;
}

static bool cxl_dcd_discard_is_populated(const RamDiscardManager *rdm,
                                         const MemoryRegionSection *section)
{
    return !cxl_dcd_discard_walk(CXL_DCD(rdm), section, false,
                                 cxl_dcd_discard_found, NULL);
}

typedef struct Replay {
    ReplayRamPopulate populate;
    ReplayRamDiscard discard;
    void *opaque;
} Replay;

static int cxl_dcd_discard_replay_one(MemoryRegionSection *section,
                                      void *opaque)
{
    Replay *replay = opaque;

    if (replay->populate) {
        return replay->populate(section, replay->opaque);
    }
    replay->discard(section, replay->opaque);
    return 0;
}

static int cxl_dcd_discard_replay_populated(const RamDiscardManager *rdm,
                                            MemoryRegionSection *section,
                                            ReplayRamPopulate fn,
                                            void *opaque)
{
    Replay replay = { .populate = fn, .opaque = opaque };

    return cxl_dcd_discard_walk(CXL_DCD(rdm), section, true,
                                cxl_dcd_discard_replay_one, &replay);
}

static CXLDcdReplayed cxl_dcd_discard_replay_discarded(
    const RamDiscardManager *rdm, MemoryRegionSection *section,
    ReplayRamDiscard fn, void *opaque)
{
    Replay replay = { .discard = fn, .opaque = opaque };

    return CXL_DCD_REPLAYED(
        cxl_dcd_discard_walk(CXL_DCD(rdm), section, false,
                             cxl_dcd_discard_replay_one, &replay));
}

static int cxl_dcd_discard_tell_populated(MemoryRegionSection *section,
                                          void *opaque)
{
    RamDiscardListener *rdl = opaque;
    int ret = rdl->notify_populate(rdl, section);

    if (ret) {
        error_report("capacity at 0x%" HWADDR_PRIx " of a CXL device cannot "
                     "be mapped for other devices: %s",
                     section->offset_within_region, strerror(-ret));
    }
    return ret;
}

static int cxl_dcd_discard_tell_discarded(MemoryRegionSection *section,
                                          void *opaque)
{
    RamDiscardListener *rdl = opaque;

    rdl->notify_discard(rdl, section);
    return 0;
}

static void cxl_dcd_discard_register_listener(RamDiscardManager *rdm,
                                              RamDiscardListener *rdl,
                                              MemoryRegionSection *section)
{
    CXLDcdDevice *device = CXL_DCD(rdm);

    rdl->section = memory_region_section_new_copy(section);
    QLIST_INSERT_HEAD(&device->discard_listeners, rdl, next);
    cxl_dcd_discard_walk(device, rdl->section, true,
                         cxl_dcd_discard_tell_populated, rdl);
}

static void cxl_dcd_discard_unregister_listener(RamDiscardManager *rdm,
                                                RamDiscardListener *rdl)
{
    if (rdl->double_discard_supported) {
        rdl->notify_discard(rdl, rdl->section);
    } else {
        cxl_dcd_discard_walk(CXL_DCD(rdm), rdl->section, true,
                             cxl_dcd_discard_tell_discarded, rdl);
    }
    memory_region_section_free_copy(rdl->section);
    rdl->section = NULL;
    QLIST_REMOVE(rdl, next);
}

static void cxl_dcd_discard_tell(CXLDcdDevice *device, uint64_t dpa,
                                 uint64_t len, bool used)
{
    RamDiscardListener *rdl;
    uint64_t start = cxl_dcd_backing_of(device, dpa);

    QLIST_FOREACH(rdl, &device->discard_listeners, next) {
        cxl_dcd_discard_piece(rdl->section, start, start + len,
                              used ? cxl_dcd_discard_tell_populated :
                                     cxl_dcd_discard_tell_discarded,
                              rdl);
    }
}

void cxl_dcd_discard_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool reachable)
{
    uint64_t dpa = range->dpa, end = range->dpa + range->len;
    CXLDcdUnitWay *laid;

    while (dpa < end) {
        laid = cxl_dcd_laid_from(device, dpa, end);
        if (!laid || laid->node.start > dpa) {
            uint64_t stop = laid ? laid->node.start : end;

            cxl_dcd_discard_tell(device, dpa, stop - dpa, reachable);
        }
        dpa = laid ? laid->node.last + 1 : end;
    }
}

void cxl_dcd_discard_layout(CXLDcdDevice *device, const CXLDcdRange *range,
                            bool laid)
{
    uint64_t dpa = range->dpa, end = range->dpa + range->len;
    CXLDcdExtent extent;

    if (QLIST_EMPTY(&device->discard_listeners)) {
        return;
    }
    if (!laid) {
        cxl_dcd_discard_tell(device, range->dpa, range->len, false);
    }
    while (dpa < end && cxl_dcd_extent_from(device->dcd, dpa, &extent) &&
           extent.dpa < end) {
        uint64_t start = MAX(dpa, extent.dpa);

        dpa = MIN(end, extent.dpa + extent.len);
        if (cxl_dcd_discard_in_use(&extent)) {
            cxl_dcd_discard_tell(device, start, dpa - start, !laid);
        }
    }
    if (laid) {
        cxl_dcd_discard_tell(device, range->dpa, range->len, true);
    }
}

void cxl_dcd_discard_attach(CXLDcdDevice *device, bool attach)
{
    if (device->dc_mr) {
        memory_region_set_ram_discard_manager(device->dc_mr,
            attach ? RAM_DISCARD_MANAGER(device) : NULL);
    }
}

void cxl_dcd_discard_class_init(ObjectClass *oc)
{
    RamDiscardManagerClass *rdmc = RAM_DISCARD_MANAGER_CLASS(oc);

    rdmc->get_min_granularity = cxl_dcd_discard_min_granularity;
    rdmc->is_populated = cxl_dcd_discard_is_populated;
    rdmc->replay_populated = cxl_dcd_discard_replay_populated;
    rdmc->replay_discarded = cxl_dcd_discard_replay_discarded;
    rdmc->register_listener = cxl_dcd_discard_register_listener;
    rdmc->unregister_listener = cxl_dcd_discard_unregister_listener;
}
