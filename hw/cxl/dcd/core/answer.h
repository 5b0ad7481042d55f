/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the host's answers
 */
#ifndef CXL_DCD_ANSWER_H
#define CXL_DCD_ANSWER_H

#include "dcd.h"

/* The oldest offer is withdrawn; nobody answers it any more. */
void cxl_dcd_withdraw(CXLDcd *dcd);

#endif
