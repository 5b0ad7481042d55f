/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: answers that no device should give
 */
#ifndef CXL_DCD_FAULT_ANSWER_H
#define CXL_DCD_FAULT_ANSWER_H

#include "hw/cxl/dcd/fault.h"

/* Has an answer of @opcode what a fault of @kind spoils? */
bool cxl_dcd_fault_fits(CXLDcdFaultKind kind, uint16_t opcode);
/*
 * Make the answer to @opcode of that kind. False: there is nothing in it that
 * could be, and it is as it was.
 */
bool cxl_dcd_fault_spoil(const CXLDcdFault *fault, CXLDcdFaultAnswer *answer);

#endif
