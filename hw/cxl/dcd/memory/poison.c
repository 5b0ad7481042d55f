/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: poison is injected or taken back
 *
 * A read of a poisoned line fails, so its page is not mapped. What a store made
 * good is mapped when the main loop comes round: whoever carries out the store
 * is on his way through the memory map.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/hooks.h"
#include "hw/cxl/dcd/memory.h"
#include "hw/cxl/dcd/trace.h"
#include "qapi/error.h"
#include "qemu/main-loop.h"

void cxl_dcd_poison_changed(CXLDcdDevice *device)
{
    memory_region_transaction_begin();
    cxl_dcd_map_clear(device);
    cxl_dcd_map_build(device);
    memory_region_transaction_commit();
}

static void cxl_dcd_poison_healed(void *opaque)
{
    CXLDcdDevice *device = opaque;

    if (!device->gone) {
        cxl_dcd_poison_changed(device);
    }
}

void cxl_dcd_poison_init(CXLDcdDevice *device)
{
    device->poison_bh = qemu_bh_new(cxl_dcd_poison_healed, device);
}

void cxl_dcd_poison_free(CXLDcdDevice *device)
{
    g_clear_pointer(&device->poison_bh, qemu_bh_delete);
}

bool cxl_dcd_poison_inject(CXLType3Dev *ct3d, uint64_t start, uint64_t length,
                           Error **errp)
{
    CXLDcdDevice *device = CXL_DCD(ct3d);

    if (!device->dcd) {
        return true;
    }
    if (cxl_dcd_migrated(device)) {
        error_setg(errp, "the machine has migrated: ask the one that it went "
                   "to");
        return false;
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
    cxl_dcd_poison_again(device, start, length);
    cxl_dcd_map_cut(device, ROUND_DOWN(start, CXL_DCD_PAGE),
                    ROUND_UP(start + length, CXL_DCD_PAGE));
    return true;
}
