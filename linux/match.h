/* SPDX-License-Identifier: GPL-2.0-only */
/* One device's part of an offer, and what all devices of a set offer alike. */
#ifndef CXL_DCD_MATCH_H
#define CXL_DCD_MATCH_H

#include "judge.h"

struct cxl_dcd;

/**
 * struct cxl_dcd_offer - one device's part while it is being judged
 * @dcd: the device, opaque here
 * @recs: the records, in arrival order
 * @sorted: the same, grouped by tag
 * @place: those that are good by themselves, by region and offset
 * @spans: what is accepted
 * @nr: length of @recs
 * @good: length of @place
 * @accepted: length of @spans
 */
struct cxl_dcd_offer {
	struct cxl_dcd *dcd;
	struct cxl_dcd_rec *recs;
	struct cxl_dcd_rec **sorted;
	struct cxl_dcd_rec **place;
	struct cxl_dcd_span *spans;
	u32 nr;
	u32 good;
	u32 accepted;
};

void cxl_dcd_match(struct cxl_dcd_offer *offers, unsigned int ways);

#endif /* CXL_DCD_MATCH_H */
