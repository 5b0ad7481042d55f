/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what a run of accesses can rely on
 */
#ifndef CXL_DCD_ACCESS_H
#define CXL_DCD_ACCESS_H

#include "window.h"

/*
 * What a run of accesses can rely on, until the epoch changes: a piece around
 * @dpa that is in one region, reachable and without poison. False: none.
 */
bool cxl_dcd_span(CXLDcdDevice *device, uint64_t dpa, CXLDcdSpan *ret);

#endif /* CXL_DCD_ACCESS_H */
