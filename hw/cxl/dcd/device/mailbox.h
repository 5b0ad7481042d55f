/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's mailbox
 */
#ifndef CXL_DCD_MAILBOX_H
#define CXL_DCD_MAILBOX_H

#include "hw/cxl/dcd/device.h"

/* Put our handlers into the table that the parent's reset has just rebuilt. */
void cxl_dcd_mailbox_install(CXLDcdDevice *device);
void cxl_dcd_mailbox_free(CXLDcdDevice *device);
/* Get Poison List, in as many answers as it takes */
CXLRetCode cxl_dcd_poison_report(const struct cxl_cmd *cmd,
                                 uint8_t *in, size_t in_len,
                                 uint8_t *out, size_t *out_len, CXLCCI *cci);
/* Nobody asks for the rest of a list any more. */
void cxl_dcd_poison_report_reset(CXLDcdDevice *device);
/* An interrupt for log 4, if the host wants one. */
void cxl_dcd_mailbox_interrupt(CXLDcdDevice *device);

#endif /* CXL_DCD_MAILBOX_H */
