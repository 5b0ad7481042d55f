/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a head finds, takes and shares blocks of its pool
 */
#ifndef CXL_DCD_HEAD_CLAIM_H
#define CXL_DCD_HEAD_CLAIM_H

#include "hw/cxl/dcd/core.h"

void cxl_dcd_head_claim_ops(CXLDcdOps *ops);

#endif /* CXL_DCD_HEAD_CLAIM_H */
