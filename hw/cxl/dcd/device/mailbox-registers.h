/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the registers of the host's mailbox (r3.2 8.2.8.4)
 */
#ifndef CXL_DCD_MAILBOX_REGISTERS_H
#define CXL_DCD_MAILBOX_REGISTERS_H

#include "hw/cxl/dcd/device.h"

/* In place of the parent's; after it was realized */
void cxl_dcd_mailbox_registers_init(CXLDcdDevice *device);
void cxl_dcd_mailbox_registers_free(CXLDcdDevice *device);
/* The command that is being carried out is not waited for: a reset. */
void cxl_dcd_mailbox_registers_reset(CXLDcdDevice *device);
/*
 * The machine has stopped: processors are out of everything, what was to be
 * written has been, and a copy of the machine does not wait for what goes on
 * here. So the command is complete.
 */
void cxl_dcd_mailbox_registers_stopped(CXLDcdDevice *device);

#endif /* CXL_DCD_MAILBOX_REGISTERS_H */
