/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: from "nobody's" to "clean and free"
 */
#ifndef CXL_DCD_LEAVE_H
#define CXL_DCD_LEAVE_H

#include "dcd.h"

/*
 * @pieces, which are copied, are in no tree any more (those in state referenced
 * are) and nobody reaches them: have their contents go. @must: also where
 * neither the region nor the request asks for it. The caller says what comes
 * first, then calls cxl_dcd_leave_started().
 */
CXLDcdLeave *cxl_dcd_leave_begin(CXLDcd *dcd, const GArray *pieces, bool must,
                                 int outcome);
/* Says how it ended, if it has; otherwise that follows when all is clean. */
void cxl_dcd_leave_started(CXLDcd *dcd, CXLDcdLeave *leave);
void cxl_dcd_leave_free(CXLDcdLeave *leave);
/* State came from elsewhere: begin again with what was being sanitized. */
void cxl_dcd_leave_resume(CXLDcd *dcd);

#endif
