/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the only code that changes extents
 *
 * Each function keeps the tree, the counts, the tag and the block bits in step;
 * the caller commits and announces.
 */
#ifndef CXL_DCD_STATE_H
#define CXL_DCD_STATE_H

#include "dcd.h"

/* Put an extent into its tree; reaches it when its state is listed. */
CXLDcdNode *cxl_dcd_insert(CXLDcd *dcd, const CXLDcdExtent *extent,
                           CXLDcdGroup *group);
/* Take an extent out of its tree and free the node. */
void cxl_dcd_erase(CXLDcd *dcd, unsigned region, CXLDcdNode *node);
/* Same extent, other state; keeps reachability in step. */
void cxl_dcd_transit(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                     CXLDcdExtentState state);
/*
 * Take @piece, a part or all, out of an extent; the rest stays. A part above
 * the piece is a new extent in no group.
 */
void cxl_dcd_cut(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                 const CXLDcdRange *piece);
/*
 * Put what nobody has any more into its tree, and take it out again when it is
 * clean. It has no tag: that is free for other capacity.
 */
void cxl_dcd_insert_sanitizing(CXLDcd *dcd, const CXLDcdExtent *extent,
                               CXLDcdLeave *leave);
void cxl_dcd_erase_sanitizing(CXLDcd *dcd, unsigned region, CXLDcdNode *node);
void cxl_dcd_copy_out(unsigned region, const CXLDcdNode *node,
                      CXLDcdExtent *ret);
void cxl_dcd_commit(CXLDcd *dcd);
void cxl_dcd_tell(CXLDcd *dcd, CXLDcdOutcome outcome, const GArray *extents);
/* One group of event records of @type, chained by More. */
void cxl_dcd_emit(CXLDcd *dcd, uint8_t type, const GArray *extents);
/* Records that the host's log has room for; UINT32_MAX when it is not known */
uint32_t cxl_dcd_event_room(const CXLDcd *dcd);
void cxl_dcd_listed_changed(CXLDcd *dcd);
CXLDcdGroup *cxl_dcd_group_new(void);
void cxl_dcd_group_free(CXLDcdGroup *group);

const char *cxl_dcd_state_name(uint8_t state);

#endif
