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

#include "chardev/char-fe.h"
#include "hw/cxl/cxl_dcd_device.h"

typedef struct CXLDcdFm CXLDcdFm;

/*
 * Serve @device, whose core exists, on @chr. @eid is a static MCTP endpoint
 * id (8..254), 0 for one that the fabric manager assigns. Free before the
 * core; NULL is allowed.
 */
CXLDcdFm *cxl_dcd_fm_new(CXLDcdDevice *device, CharBackend *chr, uint8_t eid);
void cxl_dcd_fm_free(CXLDcdFm *fm);

/* A record of type 4 or 5. @fm may be NULL: nobody listens. */
void cxl_dcd_fm_event(CXLDcdFm *fm, const CXLDcdEvent *event);

#endif /* CXL_DCD_FM_H */
