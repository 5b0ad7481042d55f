/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which capacity may be mapped
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"
#include "layout.h"
#include "mappable.h"

/*
 * A read-only alias would not do for read-only regions: DMA does not look at
 * it.
 */
bool cxl_dcd_map_next(CXLDcdDevice *device, uint64_t dpa, uint64_t end,
                      const CXLDcdRoute *laid, uint64_t *ret_start,
                      uint64_t *ret_end)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    CXLDcdExtent extent;

    while (dpa < end && cxl_dcd_extent_from(device->dcd, dpa, &extent) &&
           extent.dpa < end) {
        uint64_t start = MAX(dpa, extent.dpa);
        uint64_t stop = MIN(end, extent.dpa + extent.len);
        int region = cxl_dcd_region_of(device->dcd, extent.dpa, extent.len);
        uint64_t poison;

        if (!cxl_dcd_state_listed(extent.state) ||
            (config->regions[region].attributes & CXL_DCD_REGION_READ_ONLY) ||
            !cxl_dcd_layout_next(device, start, stop, laid, &start, &stop)) {
            dpa = stop;
            continue;
        }
        poison = cxl_dcd_poison_page(device, start, stop);
        if (poison > start) {
            *ret_start = start;
            *ret_end = poison;
            return true;
        }
        dpa = ROUND_DOWN(start, CXL_DCD_PAGE) + CXL_DCD_PAGE;
    }
    return false;
}

bool cxl_dcd_map_wanted(CXLDcdDevice *device)
{
    uint16_t command = pci_get_word(PCI_DEVICE(device)->config + PCI_COMMAND);

    return device->dcd && device->map_enabled && device->reachable &&
           (command & PCI_COMMAND_MASTER);
}
