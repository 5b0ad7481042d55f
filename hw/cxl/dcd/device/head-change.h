/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what a head takes and gives, its pool knows first
 */
#ifndef CXL_DCD_HEAD_CHANGE_H
#define CXL_DCD_HEAD_CHANGE_H

#include "hw/cxl/dcd/core.h"

void cxl_dcd_head_change_ops(CXLDcdOps *ops);

#endif /* CXL_DCD_HEAD_CHANGE_H */
