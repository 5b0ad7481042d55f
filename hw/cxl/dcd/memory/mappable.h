/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: which capacity may be mapped
 */
#ifndef CXL_DCD_MAPPABLE_H
#define CXL_DCD_MAPPABLE_H

#include "window.h"

/*
 * The first piece at or above @dpa and below @end that the host may reach by
 * pages; false if there is none. Poisoned pages and read-only regions are not.
 * Its bytes are laid out for @laid, or plainly if that is NULL.
 */
bool cxl_dcd_map_next(CXLDcdDevice *device, uint64_t dpa, uint64_t end,
                      const CXLDcdRoute *laid, uint64_t *ret_start,
                      uint64_t *ret_end);
/* May capacity of this device be mapped at all, as it is now? */
bool cxl_dcd_map_wanted(CXLDcdDevice *device);

#endif /* CXL_DCD_MAPPABLE_H */
