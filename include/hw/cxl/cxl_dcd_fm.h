/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the fabric manager's door of a device
 *
 * An MCTP endpoint (cxl_dcd_command.h) on a character device. It has an event
 * log and a response limit of its own (CXL r3.2 9.20); capacity is the
 * device's, so QMP and the fabric manager see each other's work.
 */
#ifndef CXL_DCD_FM_H
#define CXL_DCD_FM_H

#include "hw/cxl/cxl_dcd_device.h"

typedef struct CXLDcdFm CXLDcdFm;
typedef struct CXLDcdLine CXLDcdLine;

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

/* A record of type 4 or 5. @fm may be NULL: nobody listens. */
void cxl_dcd_fm_event(CXLDcdFm *fm, const CXLDcdEvent *event);

/* --- For the line --- */

CXLDcdMctp *cxl_dcd_fm_mctp(CXLDcdFm *fm);
/*
 * Before commands, as before a request of QMP: what is offered again must be
 * clean. Waits; other devices, and this one, may be gone afterwards.
 */
void cxl_dcd_fm_settle(CXLDcdFm *fm);
/* A fabric manager is there now, or left. */
void cxl_dcd_fm_line_event(CXLDcdFm *fm, bool open);

/* --- The line --- */

/*
 * Attach @fm to the line of character device @label. NULL with @errp set when
 * that cannot be. Every join is ended by a leave.
 */
CXLDcdLine *cxl_dcd_line_join(const char *label, CXLDcdFm *fm, Error **errp);
void cxl_dcd_line_leave(CXLDcdLine *line, CXLDcdFm *fm);
/* Send, or keep to be sent; dropped when nobody is there. */
void cxl_dcd_line_send(CXLDcdLine *line, const uint8_t *bytes, size_t len);

#endif /* CXL_DCD_FM_H */
