/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: properties, and where regions lie
 */
#ifndef CXL_DCD_PROPS_H
#define CXL_DCD_PROPS_H

#include "hw/cxl/dcd/device.h"

void cxl_dcd_props_class_init(ObjectClass *oc);
/*
 * Lay the regions out in DPA from @base and over the backend of @backing bytes
 * (one after the other, without holes). Fills @config and device->backing.
 */
bool cxl_dcd_props_layout(CXLDcdDevice *device, uint64_t base, uint64_t backing,
                          CXLDcdConfig *config, Error **errp);
/* How many regions the properties ask for; 0: no dynamic capacity. */
unsigned cxl_dcd_props_regions(const CXLDcdDevice *device);

#endif /* CXL_DCD_PROPS_H */
