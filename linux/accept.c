// SPDX-License-Identifier: GPL-2.0-only
/*
 * Offers as they come: each is judged, answered, and becomes extents.
 *
 * Every offer gets exactly one Add Dynamic Capacity Response, in the order in
 * which offers were logged.
 *
 * An offer for an interleave set is one offer per device. It waits ("parked",
 * and with it that device's log) until every member has one, and is then judged
 * as a whole.
 */
#include <linux/slab.h>

#include "accept.h"
#include "device.h"
#include "events.h"
#include "lock.h"
#include "match.h"
#include "offer.h"
#include "region.h"

/* Refuse all of the device's oldest offer. */
static void dcd_accept_nothing(struct cxl_dcd *dcd)
{
	struct cxl_dcd_offer none = { .dcd = dcd };

	cxl_dcd_offer_answer(&none);
}

/* The interleaved region that an offer is for, NULL when for none. */
static struct cxl_dcd_region *dcd_accept_set(struct cxl_dcd *dcd)
{
	u32 i;

	for (i = 0; i < dcd->chain.nr; i++) {
		struct cxl_dcd_region *rgn;
		u64 offset;

		rgn = cxl_dcd_region_at(dcd, dcd->chain.recs[i].dpa, &offset);
		if (rgn && rgn->ways > 1)
			return rgn;
	}
	return NULL;
}

/*
 * Answer every member of a set, or the one device. When a member does not take
 * its answer, what the others have, or may have, just accepted is released.
 */
static int dcd_accept_answer(struct cxl_dcd_offer *offers, unsigned int ways)
{
	unsigned int i;
	int rc = 0, err;

	for (i = 0; i < ways; i++) {
		err = cxl_dcd_offer_answer(&offers[i]);
		rc = rc ?: err;
	}
	for (i = 0; rc && ways > 1 && i < ways; i++)
		cxl_dcd_offer_release(&offers[i], true);
	return rc;
}

/*
 * Look whether long answers have arrived as a whole. Where a part of one is
 * missing, the same part is released on the other members of the set, and so is
 * the rest of its tag.
 *
 * Returns: 0, or -errno when a list cannot be read; nothing may be used then
 * before the devices' lists have been read.
 */
static int dcd_accept_confirm(struct cxl_dcd_offer *offers, unsigned int ways,
			      struct list_head *extents)
{
	bool lost = false;
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < ways; i++)
		rc = cxl_dcd_offer_confirm(&offers[i], &lost);
	if (rc) {
		dev_err(&offers[0].dcd->cxlmd->dev,
			"cannot read whether our reply has arrived: %d\n", rc);
		cxl_dcd_regions_stale(offers[0].dcd);
		return rc;
	}
	if (!lost)
		return 0;
	cxl_dcd_match(offers, ways);
	for (i = 0; i < ways; i++) {
		cxl_dcd_offer_explain(&offers[i]);
		cxl_dcd_offer_release(&offers[i], false);
	}
	cxl_dcd_offer_refuse(&offers[0], extents);
	return 0;
}

/* Judge the offers of a set, or of one device, answer them, publish extents. */
static void dcd_accept_decide(struct cxl_dcd_offer *offers, unsigned int ways)
{
	LIST_HEAD(extents);
	unsigned int i;
	u32 n;
	int rc;

	for (i = 0; i < ways; i++)
		cxl_dcd_offer_judge(&offers[i]);
	if (ways > 1)
		cxl_dcd_match(offers, ways);
	rc = cxl_dcd_offer_prepare(&offers[0], &extents);
	for (i = 0; rc && i < ways; i++)
		for (n = 0; n < offers[i].nr; n++)
			offers[i].recs[n].why = rc == -EBUSY ?
						CXL_DCD_TAG_LIVE :
						CXL_DCD_NO_MEMORY;
	for (i = 0; i < ways; i++)
		cxl_dcd_offer_explain(&offers[i]);
	if (dcd_accept_answer(offers, ways) ||
	    dcd_accept_confirm(offers, ways, &extents)) {
		cxl_dcd_extents_put(&extents);
		return;
	}
	cxl_dcd_extents_publish(&extents);
}

/* An offer has its answer: empty the chain, and let the log be read on. */
static void dcd_accept_chain_done(struct cxl_dcd *dcd)
{
	cxl_dcd_chain_reset(&dcd->chain);
	cancel_delayed_work(&dcd->stall_work);
	if (dcd->parked) {
		dcd->parked = false;
		cxl_dcd_events_kick(dcd);
	}
}

/* Judge and answer the offers of @nr devices together, and forget them. */
static void dcd_accept_together(struct cxl_dcd **dcds, unsigned int nr)
{
	struct cxl_dcd_offer *offers = kcalloc(nr, sizeof(*offers), GFP_KERNEL);
	unsigned int i, have = 0;

	for (i = 0; offers && i < nr; i++, have++)
		if (cxl_dcd_offer_init(&offers[i], dcds[i], dcds[i]->chain.recs,
				       dcds[i]->chain.nr))
			break;
	if (have == nr) {
		dcd_accept_decide(offers, nr);
	} else {
		dev_err(&dcds[0]->cxlmd->dev,
			"out of memory: an offer is refused\n");
		for (i = 0; i < nr; i++)
			dcd_accept_nothing(dcds[i]);
	}
	while (have--)
		cxl_dcd_offer_free(&offers[have]);
	kfree(offers);
	for (i = 0; i < nr; i++)
		dcd_accept_chain_done(dcds[i]);
}

/* Have all members of the set their offers? */
static bool dcd_accept_set_complete(const struct cxl_dcd_region *rgn)
{
	unsigned int i;

	for (i = 0; i < rgn->ways; i++)
		if (!rgn->member[i].dcd->parked ||
		    dcd_accept_set(rgn->member[i].dcd) != rgn)
			return false;
	return true;
}

/**
 * cxl_dcd_accept_offer - the last record of an offer has come
 * @dcd: device; its chain holds the offer and is empty afterwards, unless the
 *	 offer waits for the rest of an interleave set
 */
void cxl_dcd_accept_offer(struct cxl_dcd *dcd)
{
	struct cxl_dcd *dcds[CXL_DECODER_MAX_INTERLEAVE];
	struct cxl_dcd_region *rgn;
	unsigned int i;

	cxl_dcd_assert_held(dcd);
	if (dcd->chain.broken) {
		if (cxl_dcd_may_log())
			dev_warn(&dcd->cxlmd->dev,
				 "refused an offer of capacity that was cut off, too long or without memory to hold it\n");
		dcd_accept_nothing(dcd);
		dcd_accept_chain_done(dcd);
		return;
	}
	rgn = dcd_accept_set(dcd);
	if (!rgn) {
		dcd_accept_together(&dcd, 1);
		return;
	}
	dcd->parked = true;
	dcd->chain.open = true;
	cxl_dcd_stall_begin(dcd);
	if (!dcd_accept_set_complete(rgn))
		return;
	for (i = 0; i < rgn->ways; i++)
		dcds[i] = rgn->member[i].dcd;
	dcd_accept_together(dcds, rgn->ways);
}

/* Time is up for an offer that is not complete. */
void cxl_dcd_accept_expired(struct cxl_dcd *dcd)
{
	bool rest = !dcd->parked;

	if (cxl_dcd_may_log())
		dev_warn(&dcd->cxlmd->dev,
			 "refused an offer of %u extents: %s\n", dcd->chain.nr,
			 dcd->parked ?
			 "not all devices of the interleave set made one" :
			 "its last record did not come");
	dcd_accept_nothing(dcd);
	dcd_accept_chain_done(dcd);
	if (rest)
		cxl_dcd_rest_begin(dcd);
}
