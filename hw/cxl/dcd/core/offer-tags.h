/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the tags of an offer
 *
 * @chosen is of CXLDcdExtent. False with @error set when they cannot be offered
 * like that.
 */
#ifndef CXL_DCD_OFFER_TAGS_H
#define CXL_DCD_OFFER_TAGS_H

#include "hw/cxl/dcd/core.h"

/* The extents of one shared tag: each number once; @code of the refusal */
bool cxl_dcd_offer_check_sequences(const GArray *chosen, uint16_t code,
                                   GError **error);
/* All tags that are new, or in use already, and whether there is room */
bool cxl_dcd_offer_check_tags(const CXLDcd *dcd,
                              const CXLDcdAddRequest *request,
                              const GArray *chosen, GError **error);

#endif
