/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the memory behind a device
 *
 * Regions follow each other in it without holes.
 */
#include "qemu/osdep.h"
#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/memory.h"

uint64_t cxl_dcd_epoch = 1;

uint64_t cxl_dcd_backing_of(CXLDcdDevice *device, uint64_t dpa)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned i = 0;

    while (i + 1 < config->num_regions && dpa >= config->regions[i + 1].base) {
        i++;
    }
    return device->backing[i] + (dpa - config->regions[i].base);
}

int cxl_dcd_backing_region(const CXLDcdDevice *device, uint64_t offset,
                           uint64_t len, CXLDcdRange *ret)
{
    const CXLDcdConfig *config = cxl_dcd_config(device->dcd);
    unsigned i;

    for (i = 0; i < config->num_regions; i++) {
        const CXLDcdRegionConfig *region = &config->regions[i];
        uint64_t at = offset - device->backing[i];

        if (offset >= device->backing[i] && at < region->length &&
            len <= region->length - at) {
            *ret = (CXLDcdRange) { region->base + at, len };
            return i;
        }
    }
    return -1;
}
