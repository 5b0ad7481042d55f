/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the invariants, as code
 */
#ifndef CXL_DCD_CHECK_H
#define CXL_DCD_CHECK_H

#include "dcd.h"

/* What invariant does not hold (static text), NULL when all do. O(n). */
const char *cxl_dcd_fault(const CXLDcd *dcd);


/* At the door of every change: in debug and test builds only, O(n) */
#ifdef CXL_DCD_DEBUG
#define CXL_DCD_CHECK(dcd) cxl_dcd_assert_state(dcd)
#else
#define CXL_DCD_CHECK(dcd) ((void)0)
#endif

#endif
