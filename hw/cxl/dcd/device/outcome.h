/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: operators are told what became of a request
 */
#ifndef CXL_DCD_OUTCOME_H
#define CXL_DCD_OUTCOME_H

#include "hw/cxl/dcd/device.h"

/* As events of QMP; @opaque is the device. */
void cxl_dcd_outcome_tell(void *opaque, CXLDcdOutcome outcome,
                          const CXLDcdExtent *extents, size_t count);

#endif /* CXL_DCD_OUTCOME_H */
