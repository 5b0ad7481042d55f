/* SPDX-License-Identifier: GPL-2.0-only */
/* Offers as they come: each gets one answer, those of a set get it together. */
#ifndef CXL_DCD_ACCEPT_H
#define CXL_DCD_ACCEPT_H

#include "device.h"

void cxl_dcd_accept_offer(struct cxl_dcd *dcd);
void cxl_dcd_accept_expired(struct cxl_dcd *dcd);

#endif /* CXL_DCD_ACCEPT_H */
