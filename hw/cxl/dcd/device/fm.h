/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door of a device
 *
 * An MCTP endpoint (dcd/commands.h) on a character device. It has an event
 * log and a response limit of its own (CXL r3.2 9.20); capacity is the
 * device's, so QMP and the fabric manager see each other's work.
 */
#ifndef CXL_DCD_FM_H
#define CXL_DCD_FM_H

#include "hw/cxl/dcd/device.h"

/*
 * Serve @device, whose core exists, on the line of character device @chardev;
 * goes to @device->fm. @eid is a static MCTP endpoint id (8..254), 0 for one
 * that the fabric manager assigns. False with @errp set when there is no such
 * line, or another device on it has @eid. Free before the core; NULL is
 * allowed.
 */
bool cxl_dcd_fm_new(CXLDcdDevice *device, const char *chardev, uint8_t eid,
                    Error **errp);
void cxl_dcd_fm_free(CXLDcdFm *fm);

/* CXLDcdDeviceClass.fm_save, .fm_load */
void cxl_dcd_fm_save(CXLDcdDevice *device, GByteArray **ret_endpoint,
                     GByteArray **ret_events);
bool cxl_dcd_fm_load(CXLDcdDevice *device, const GByteArray *endpoint,
                     const GByteArray *events, const char **ret_why);

/* A record of type 4 or 5. @fm may be NULL: nobody listens. */
void cxl_dcd_fm_event(CXLDcdFm *fm, const CXLDcdEvent *event);

#endif /* CXL_DCD_FM_H */
