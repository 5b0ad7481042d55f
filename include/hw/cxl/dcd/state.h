/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what outlives the process
 */
#ifndef CXL_DCD_STATE_H_PUBLIC
#define CXL_DCD_STATE_H_PUBLIC

#include "hw/cxl/dcd/device.h"

/* --- persist --- */

/*
 * Take up what property dc-state names, if it is set; at the end of realize.
 * Nothing is changed, and the file is left alone, when it cannot be used.
 */
bool cxl_dcd_persist_init(CXLDcdDevice *device, Error **errp);
/* Writes what is still to be written. */
void cxl_dcd_persist_free(CXLDcdDevice *device);
/* Something may have changed; it is written when the main loop comes round. */
void cxl_dcd_persist_changed(CXLDcdDevice *device);
/*
 * @range is the host's now, or no longer. If it is nonvolatile, the host is not
 * answered before the file has that (cxl_dcd_persist_durable()).
 */
void cxl_dcd_persist_reach(CXLDcdDevice *device, const CXLDcdRange *range);
/* Has all been written that was to be? Only with property dc-state. */
bool cxl_dcd_persist_current(const CXLDcdDevice *device);
/*
 * Is nothing being written, or to be? Also when it cannot be: a disk that is
 * full must not stop the machine. settle_bh is scheduled when it becomes so.
 */
bool cxl_dcd_persist_settled(const CXLDcdDevice *device);
/*
 * Has the file all that the host has of nonvolatile capacity? Not while the
 * disk is full.
 */
bool cxl_dcd_persist_durable(const CXLDcdDevice *device);
/* errno of the last write, if it failed; it is tried again. */
int cxl_dcd_persist_failed(const CXLDcdDevice *device);

/* --- vmstate --- */

/*
 * Have the memory of the device's backends migrated under the device's name.
 * At the end of realize, and before the backends are let go.
 */
void cxl_dcd_vmstate_attach(CXLDcdDevice *device);
void cxl_dcd_vmstate_detach(CXLDcdDevice *device);

/* Give a DC device's class its description. */
void cxl_dcd_vmstate_class_init(DeviceClass *dc);

#endif /* CXL_DCD_STATE_H_PUBLIC */
