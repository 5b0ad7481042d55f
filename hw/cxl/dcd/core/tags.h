/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: tags
 */
#ifndef CXL_DCD_TAGS_H
#define CXL_DCD_TAGS_H

#include "dcd.h"

void cxl_dcd_tags_init(CXLDcd *dcd);
CXLDcdTagEntry *cxl_dcd_tag_find(const CXLDcd *dcd, const CXLDcdTag *tag);
/* What the list of tags says of this one is no longer so. */
void cxl_dcd_tag_changed(CXLDcd *dcd, const CXLDcdTagEntry *entry);
/* @node carries @tag from now on (not when it is null). */
void cxl_dcd_tag_link(CXLDcd *dcd, CXLDcdNode *node, const CXLDcdTag *tag,
                      bool sharable);
/* The tag is forgotten with the last extent that carries it. */
void cxl_dcd_tag_unlink(CXLDcd *dcd, CXLDcdNode *node);
/*
 * @ranges, disjoint and covered by extents, hold every sharable tag that they
 * touch as a whole. False with @code otherwise.
 */
bool cxl_dcd_check_whole_tags(const CXLDcd *dcd, const GArray *ranges,
                              uint16_t code, GError **error);

#endif
