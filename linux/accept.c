// SPDX-License-Identifier: GPL-2.0-only
/*
 * From an offer to extents: judge, answer, take.
 *
 * Every offer gets exactly one Add Dynamic Capacity Response, in the order in
 * which offers were logged. Memory for what is accepted is had before the
 * answer, since nothing may fail between the device's yes and our own books.
 *
 * An offer for an interleave set is one offer per device. It waits ("parked",
 * and with it that device's log) until every member has one, and is then judged
 * as a whole.
 */
#include <linux/slab.h>

#include "cxl_dcd.h"
#include "trace.h"

static enum cxl_dcd_why resolve(void *ctx, struct cxl_dcd_rec *rec)
{
	struct cxl_dcd *dcd = ctx;
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_extent *ext;
	u64 offset;

	rgn = cxl_dcd_region_at(dcd, rec->dpa, &offset);
	if (!rgn)
		return CXL_DCD_NO_REGION;
	rec->region = rgn;
	rec->offset = offset;
	if (!cxl_dcd_range_within(0, rgn->dpa_size, offset, rec->len))
		return CXL_DCD_STRADDLES;
	if (!IS_ALIGNED(offset * rgn->ways, CXL_DCD_EXTENT_ALIGN) ||
	    !IS_ALIGNED(rec->len * rgn->ways, CXL_DCD_EXTENT_ALIGN) ||
	    (rgn->ways > 1 && !IS_ALIGNED(offset | rec->len, rgn->granularity)))
		return CXL_DCD_ALIGN;

	ext = cxl_dcd_extent_find(rgn, offset, rec->len);
	if (!ext)
		return CXL_DCD_OK;
	if (!memcmp(ext->tag, rec->tag, CXL_DCD_TAG_SIZE) &&
	    cxl_dcd_range_within(ext->dpa, ext->len, offset, rec->len)) {
		rec->known = true;
		return CXL_DCD_OK;
	}
	return CXL_DCD_OVERLAP;
}

static bool tag_live(void *ctx, const u8 *tag)
{
	return cxl_dcd_tag_live(tag);
}

static void judge(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_judge outside = {
		.parts = offer->dcd->parts,
		.nr_parts = offer->dcd->nr_parts,
		.resolve = resolve,
		.tag_live = tag_live,
		.ctx = offer->dcd,
	};

	cxl_dcd_judge(&outside, offer->recs, offer->sorted, offer->nr);
}

/* One line that says what was refused and why, for the first of them. */
static void explain(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_rec *first = NULL;
	u32 i, refused = 0;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = offer->sorted[i];

		if (!rec->why)
			continue;
		refused++;
		/* The reason is worth more than its consequence. */
		if (!first || first->why == CXL_DCD_GROUP)
			first = rec;
	}
	if (first)
		dev_warn(&offer->dcd->cxlmd->dev,
			 "refused %u of %u extents offered: [%#llx, +%#llx] tag %pUb: %s\n",
			 refused, offer->nr, first->dpa, first->len, first->tag,
			 cxl_dcd_why_text(first->why));
}

static void extents_discard(struct list_head *list)
{
	struct cxl_dcd_extent *ext, *next;

	list_for_each_entry_safe(ext, next, list, node) {
		list_del(&ext->node);
		kobject_put(&ext->kobj);
	}
}

/* Make the objects for all that is new and good; none on failure. */
static int extents_prepare(struct cxl_dcd_offer *offer, struct list_head *list)
{
	struct cxl_dcd_extent *ext;
	u32 i;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = offer->sorted[i];

		if (rec->why || rec->known)
			continue;
		ext = cxl_dcd_extent_alloc(rec, rec->offset);
		if (!ext) {
			extents_discard(list);
			return -ENOMEM;
		}
		list_add_tail(&ext->node, list);
	}
	return 0;
}

/* Show and open what the device has given. What cannot be had goes back. */
static void extents_publish(struct list_head *list)
{
	struct cxl_dcd_extent *ext, *next;
	struct cxl_dcd_region *rgn = NULL;
	u8 tag[CXL_DCD_TAG_SIZE] = { };
	LIST_HEAD(failed);
	u64 sum = 0;

	list_for_each_entry_safe(ext, next, list, node) {
		struct cxl_dcd_region *to = ext->rgn;

		if (sum && (to != rgn || memcmp(tag, ext->tag, sizeof(tag)))) {
			cxl_dcd_uevent(rgn, "add", tag, sum);
			sum = 0;
		}
		rgn = to;
		list_del(&ext->node);
		if (cxl_dcd_extent_add(rgn, ext)) {
			ext->rgn = NULL;
			list_add_tail(&ext->node, &failed);
			cxl_dcd_return(rgn, &failed);
			continue;
		}
		memcpy(tag, ext->tag, sizeof(tag));
		sum += cxl_dcd_extent_size(ext);
	}
	if (sum)
		cxl_dcd_uevent(rgn, "add", tag, sum);
}

/* Send the one answer. Nothing of a broken offer is accepted. */
static int answer(struct cxl_dcd_offer *offer)
{
	u32 i;
	int rc;

	offer->accepted = 0;
	for (i = 0; i < offer->nr; i++)
		if (!offer->recs[i].why)
			offer->spans[offer->accepted++] = (struct cxl_dcd_span) {
				.dpa = offer->recs[i].dpa,
				.len = offer->recs[i].len,
			};
	rc = cxl_dcd_update(offer->dcd, CXL_DCD_OP_ADD_RESPONSE, offer->spans,
			    offer->accepted);
	trace_cxl_dcd_offer(&offer->dcd->cxlmd->dev, offer->nr,
			    offer->accepted, rc);
	if (rc)
		dev_err(&offer->dcd->cxlmd->dev,
			"the device did not take our reply to its offer of %u extents: %d\n",
			offer->nr, rc);
	return rc;
}

static void refuse_all(struct cxl_dcd *dcd)
{
	struct cxl_dcd_offer none = { .dcd = dcd };

	answer(&none);
}

static void offer_free(struct cxl_dcd_offer *offer)
{
	kvfree(offer->sorted);
	kvfree(offer->place);
	kvfree(offer->spans);
}

static int offer_init(struct cxl_dcd_offer *offer, struct cxl_dcd *dcd,
		      struct cxl_dcd_rec *recs, u32 nr)
{
	u32 room = max(nr, 1);

	*offer = (struct cxl_dcd_offer) { .dcd = dcd, .recs = recs, .nr = nr };
	offer->sorted = kvcalloc(room, sizeof(*offer->sorted), GFP_KERNEL);
	offer->place = kvcalloc(room, sizeof(*offer->place), GFP_KERNEL);
	offer->spans = kvcalloc(room, sizeof(*offer->spans), GFP_KERNEL);
	if (offer->sorted && offer->place && offer->spans)
		return 0;
	offer_free(offer);
	return -ENOMEM;
}

/* The interleaved region that an offer is for, NULL when for none. */
static struct cxl_dcd_region *offer_set(struct cxl_dcd *dcd)
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
 * Answer every member. When one of them does not take its answer, the others
 * give back what they had just accepted.
 */
static int answer_all(struct cxl_dcd_offer *offers, unsigned int ways)
{
	unsigned int i, k;
	int rc = 0, err;

	for (i = 0; i < ways; i++) {
		err = answer(&offers[i]);
		if (err) {
			offers[i].accepted = 0;
			rc = err;
		}
	}
	for (k = 0; rc && k < ways; k++)
		if (offers[k].accepted)
			cxl_dcd_update(offers[k].dcd, CXL_DCD_OP_RELEASE,
				       offers[k].spans, offers[k].accepted);
	return rc;
}

static void take(struct cxl_dcd_offer *offers, unsigned int ways)
{
	LIST_HEAD(extents);
	unsigned int i;
	u32 n;

	for (i = 0; i < ways; i++)
		judge(&offers[i]);
	if (ways > 1)
		cxl_dcd_match(offers, ways);
	if (extents_prepare(&offers[0], &extents)) {
		for (i = 0; i < ways; i++)
			for (n = 0; n < offers[i].nr; n++)
				offers[i].recs[n].why = CXL_DCD_NO_MEMORY;
	}
	for (i = 0; i < ways; i++)
		explain(&offers[i]);
	if (answer_all(offers, ways)) {
		extents_discard(&extents);
		return;
	}
	extents_publish(&extents);
}

static void chain_done(struct cxl_dcd *dcd)
{
	cxl_dcd_chain_reset(&dcd->chain);
	cancel_delayed_work(&dcd->stall_work);
	if (dcd->parked) {
		dcd->parked = false;
		cxl_dcd_kick(dcd);
	}
}

/* Judge and answer the offers of @nr devices together, and forget them. */
static void settle(struct cxl_dcd **dcds, unsigned int nr)
{
	struct cxl_dcd_offer *offers = kcalloc(nr, sizeof(*offers), GFP_KERNEL);
	unsigned int i, have = 0;

	for (i = 0; offers && i < nr; i++, have++)
		if (offer_init(&offers[i], dcds[i], dcds[i]->chain.recs,
			       dcds[i]->chain.nr))
			break;
	if (have == nr) {
		take(offers, nr);
	} else {
		dev_err(&dcds[0]->cxlmd->dev,
			"out of memory: an offer is refused\n");
		for (i = 0; i < nr; i++)
			refuse_all(dcds[i]);
	}
	while (have--)
		offer_free(&offers[have]);
	kfree(offers);
	for (i = 0; i < nr; i++)
		chain_done(dcds[i]);
}

/* Have all members of the set their offers? */
static bool set_complete(const struct cxl_dcd_region *rgn)
{
	unsigned int i;

	for (i = 0; i < rgn->ways; i++)
		if (!rgn->member[i].dcd->parked ||
		    offer_set(rgn->member[i].dcd) != rgn)
			return false;
	return true;
}

/**
 * cxl_dcd_offer - the last record of an offer has come
 * @dcd: device; its chain holds the offer and is empty afterwards, unless the
 *	 offer waits for the rest of an interleave set
 */
void cxl_dcd_offer(struct cxl_dcd *dcd)
{
	struct cxl_dcd *dcds[CXL_DECODER_MAX_INTERLEAVE];
	struct cxl_dcd_region *rgn;
	unsigned int i;

	lockdep_assert_held(&cxl_dcd_mutex);
	if (dcd->chain.broken) {
		dev_warn(&dcd->cxlmd->dev,
			 "refused an offer of capacity that was cut off, too long or without memory to hold it\n");
		refuse_all(dcd);
		chain_done(dcd);
		return;
	}
	rgn = offer_set(dcd);
	if (!rgn) {
		settle(&dcd, 1);
		return;
	}
	dcd->parked = true;
	dcd->chain.open = true;
	cxl_dcd_stall_begin(dcd);
	if (!set_complete(rgn))
		return;
	for (i = 0; i < rgn->ways; i++)
		dcds[i] = rgn->member[i].dcd;
	settle(dcds, rgn->ways);
}

/* Time is up for an offer that is not complete. */
void cxl_dcd_offer_expired(struct cxl_dcd *dcd)
{
	dev_warn(&dcd->cxlmd->dev, "refused an offer of %u extents: %s\n",
		 dcd->chain.nr,
		 dcd->parked ? "not all devices of the interleave set made one" :
			       "its last record did not come");
	refuse_all(dcd);
	chain_done(dcd);
}

/* Take into a new region what its devices already hold for us. */
static int recover_member(struct cxl_dcd_region *rgn, unsigned int pos,
			  struct cxl_dcd_offer *offer)
{
	struct cxl_dcd *dcd = rgn->member[pos].dcd;
	struct cxl_dcd_rec *recs;
	u32 nr, i, here = 0;
	int rc;

	rc = cxl_dcd_read_extents(dcd, &recs, &nr);
	if (rc)
		return rc;
	for (i = 0; i < nr; i++) {
		u64 at = recs[i].dpa - rgn->member[pos].dpa;

		if (recs[i].dpa < rgn->member[pos].dpa || at >= rgn->dpa_size)
			continue;
		recs[here] = recs[i];
		recs[here].order = here;
		here++;
	}
	rc = offer_init(offer, dcd, recs, here);
	if (rc)
		kvfree(recs);
	return rc;
}

/**
 * cxl_dcd_recover - bring back extents that were accepted before
 * @rgn: region, listed, without extents or with the known ones
 *
 * Extents that break a rule stay with the device and are named in the log.
 *
 * Returns: 0 or -errno when the device's list could not be read.
 */
int cxl_dcd_recover(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_offer *offers;
	unsigned int i, have = 0;
	LIST_HEAD(extents);
	int rc;

	lockdep_assert_held(&cxl_dcd_mutex);
	offers = kcalloc(rgn->ways, sizeof(*offers), GFP_KERNEL);
	rc = offers ? 0 : -ENOMEM;
	for (i = 0; !rc && i < rgn->ways; i++) {
		rc = recover_member(rgn, i, &offers[i]);
		if (!rc)
			have++;
	}
	if (!rc) {
		for (i = 0; i < rgn->ways; i++)
			judge(&offers[i]);
		if (rgn->ways > 1)
			cxl_dcd_match(offers, rgn->ways);
		for (i = 0; i < rgn->ways; i++)
			explain(&offers[i]);
		rc = extents_prepare(&offers[0], &extents);
	}
	if (!rc)
		extents_publish(&extents);
	while (have--) {
		kvfree(offers[have].recs);
		offer_free(&offers[have]);
	}
	kfree(offers);
	return rc;
}

/* Extents of @rgn that member @pos no longer lists are gone for good. */
static void drop_unlisted(struct cxl_dcd_region *rgn, unsigned int pos,
			  const struct cxl_dcd_rec *recs, u32 nr)
{
	struct cxl_dcd_extent *ext, *next;
	u32 i;

	list_for_each_entry_safe(ext, next, &rgn->extents, node) {
		for (i = 0; i < nr; i++)
			if (cxl_dcd_range_within(recs[i].dpa, recs[i].len,
						 rgn->member[pos].dpa + ext->dpa,
						 ext->len))
				break;
		if (i == nr && !ext->forced)
			cxl_dcd_extent_forced(ext);
	}
}

/**
 * cxl_dcd_reconcile - the log overflowed: compare our books with the device's
 * @dcd: device, whose log has been emptied
 */
void cxl_dcd_reconcile(struct cxl_dcd *dcd)
{
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_rec *recs;
	unsigned int i;
	u32 nr;
	int rc;

	dev_warn(&dcd->cxlmd->dev,
		 "the dynamic capacity log overflowed: reading the extent list anew\n");
	if (dcd->chain.open && !dcd->parked) {
		dcd->chain.broken = true;
		cxl_dcd_offer(dcd);
	}
	rc = cxl_dcd_read_extents(dcd, &recs, &nr);
	if (rc) {
		dev_err(&dcd->cxlmd->dev, "cannot read the extent list: %d\n",
			rc);
		return;
	}
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		for (i = 0; i < rgn->ways; i++)
			if (rgn->member[i].dcd == dcd) {
				drop_unlisted(rgn, i, recs, nr);
				cxl_dcd_recover(rgn);
				break;
			}
	kvfree(recs);
}
