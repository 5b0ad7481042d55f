/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which memory of the backend holds anything
 *
 * A device may have far more capacity than anybody uses. A migration asks here
 * what need not be looked at: everything but what the host has and what is
 * kept for a reference. What comes to the host after the migration asked is
 * marked dirty (see cxl-dcd-vmstate.c). Devices that pin guest memory (VFIO)
 * are told of the same, so that they pin what is in use only.
 *
 * Postcopy is the exception: there all memory is said to be in use. The target
 * would wait for ever for a page that the source thinks nobody needs, when
 * capacity is added while memory still arrives.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/cxl_dcd_device.h"
#include "qapi/qapi-types-migration.h"
#include "migration/client-options.h"
#include "qemu/error-report.h"

/* Called for ascending pieces of a section; not 0 ends the walk */
typedef int (*WalkFn)(MemoryRegionSection *section, void *opaque);

static bool in_use(const CXLDcdExtent *extent)
{
    return extent->state == CXL_DCD_ACCEPTED ||
           extent->state == CXL_DCD_RELEASING ||
           extent->state == CXL_DCD_REFERENCED;
}

/* [@start, @end) of the backend, as far as it lies in @whole */
static int piece(const MemoryRegionSection *whole, uint64_t start, uint64_t end,
                 WalkFn fn, void *opaque)
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

/* Pieces of @whole that are in use, or those that are not */
static int walk(CXLDcdDevice *device, const MemoryRegionSection *whole,
                bool used, WalkFn fn, void *opaque)
{
    CXLDcdExtent extent;
    uint64_t dpa = 0, at = 0;
    int ret = 0;

    if (migrate_postcopy_ram()) {
        return used ? piece(whole, 0, UINT64_MAX, fn, opaque) : 0;
    }
    while (!ret && cxl_dcd_extent_from(device->dcd, dpa, &extent)) {
        uint64_t start = cxl_dcd_backing_of(device, extent.dpa);

        dpa = extent.dpa + extent.len;
        if (!in_use(&extent)) {
            continue;
        }
        ret = used ? piece(whole, start, start + extent.len, fn, opaque)
                   : piece(whole, at, start, fn, opaque);
        at = start + extent.len;
    }
    return used || ret ? ret : piece(whole, at, UINT64_MAX, fn, opaque);
}

static uint64_t min_granularity(const RamDiscardManager *rdm,
                                const MemoryRegion *mr)
{
    const CXLDcdConfig *config = cxl_dcd_config(CXL_DCD(rdm)->dcd);
    uint64_t least = UINT64_MAX;
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        least = MIN(least, config->regions[i].block_size);
    }
    return least;
}

static int found(MemoryRegionSection *section, void *opaque)
{
    return 1;
}

static bool is_populated(const RamDiscardManager *rdm,
                         const MemoryRegionSection *section)
{
    return !walk(CXL_DCD(rdm), section, false, found, NULL);
}

typedef struct Replay {
    ReplayRamPopulate populate;
    ReplayRamDiscard discard;
    void *opaque;
} Replay;

static int replay_one(MemoryRegionSection *section, void *opaque)
{
    Replay *replay = opaque;

    if (replay->populate) {
        return replay->populate(section, replay->opaque);
    }
    replay->discard(section, replay->opaque);
    return 0;
}

static int replay_populated(const RamDiscardManager *rdm,
                            MemoryRegionSection *section,
                            ReplayRamPopulate fn, void *opaque)
{
    Replay replay = { .populate = fn, .opaque = opaque };

    return walk(CXL_DCD(rdm), section, true, replay_one, &replay);
}

/* QEMU 10.2 wants to know how it went: scripts/assemble-qemu */
typedef void Replayed;
#define REPLAYED(result) ((void)(result))

static Replayed replay_discarded(const RamDiscardManager *rdm,
                                 MemoryRegionSection *section,
                                 ReplayRamDiscard fn, void *opaque)
{
    Replay replay = { .discard = fn, .opaque = opaque };

    return REPLAYED(walk(CXL_DCD(rdm), section, false, replay_one, &replay));
}

static int tell_populated(MemoryRegionSection *section, void *opaque)
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

static int tell_discarded(MemoryRegionSection *section, void *opaque)
{
    RamDiscardListener *rdl = opaque;

    rdl->notify_discard(rdl, section);
    return 0;
}

static void register_listener(RamDiscardManager *rdm, RamDiscardListener *rdl,
                              MemoryRegionSection *section)
{
    CXLDcdDevice *device = CXL_DCD(rdm);

    rdl->section = memory_region_section_new_copy(section);
    QLIST_INSERT_HEAD(&device->discard_listeners, rdl, next);
    walk(device, rdl->section, true, tell_populated, rdl);
}

static void unregister_listener(RamDiscardManager *rdm, RamDiscardListener *rdl)
{
    if (rdl->double_discard_supported) {
        rdl->notify_discard(rdl, rdl->section);
    } else {
        walk(CXL_DCD(rdm), rdl->section, true, tell_discarded, rdl);
    }
    memory_region_section_free_copy(rdl->section);
    rdl->section = NULL;
    QLIST_REMOVE(rdl, next);
}

void cxl_dcd_discard_reach(CXLDcdDevice *device, const CXLDcdRange *range,
                           bool reachable)
{
    RamDiscardListener *rdl;
    uint64_t start = cxl_dcd_backing_of(device, range->dpa);

    QLIST_FOREACH(rdl, &device->discard_listeners, next) {
        piece(rdl->section, start, start + range->len,
              reachable ? tell_populated : tell_discarded, rdl);
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

    rdmc->get_min_granularity = min_granularity;
    rdmc->is_populated = is_populated;
    rdmc->replay_populated = replay_populated;
    rdmc->replay_discarded = replay_discarded;
    rdmc->register_listener = register_listener;
    rdmc->unregister_listener = unregister_listener;
}
