/* SPDX-License-Identifier: GPL-2.0-only */
/* One device's offer: its verdicts, its answer, and the extents it becomes. */
#ifndef CXL_DCD_OFFER_H
#define CXL_DCD_OFFER_H

#include "match.h"

int cxl_dcd_offer_init(struct cxl_dcd_offer *offer, struct cxl_dcd *dcd,
		       struct cxl_dcd_rec *recs, u32 nr);
void cxl_dcd_offer_free(struct cxl_dcd_offer *offer);
void cxl_dcd_offer_judge(struct cxl_dcd_offer *offer);
void cxl_dcd_offer_explain(struct cxl_dcd_offer *offer);
int cxl_dcd_offer_answer(struct cxl_dcd_offer *offer);
int cxl_dcd_offer_confirm(struct cxl_dcd_offer *offer, bool *lost);
void cxl_dcd_offer_release(struct cxl_dcd_offer *offer, bool all);
int cxl_dcd_offer_prepare(struct cxl_dcd_offer *offer, struct list_head *list);
void cxl_dcd_offer_refuse(struct cxl_dcd_offer *offer, struct list_head *list);
void cxl_dcd_extents_put(struct list_head *list);
void cxl_dcd_extents_publish(struct list_head *list);

#endif /* CXL_DCD_OFFER_H */
