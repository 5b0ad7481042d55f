/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the one call that QEMU's own files make
 *
 * Kept apart from cxl_dcd_device.h so that the hook pulls in nothing else.
 */
#ifndef CXL_DCD_ROUTE_H
#define CXL_DCD_ROUTE_H

/*
 * An HDM decoder on the way to a device changed, or a device came or went.
 * Works out anew what the fixed windows lead to and takes away mappings that
 * no longer hold before it returns. Nothing to do: costs a comparison. BQL.
 */
void cxl_dcd_route_changed(void);

#endif /* CXL_DCD_ROUTE_H */
