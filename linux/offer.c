// SPDX-License-Identifier: GPL-2.0-only
/*
 * One device's offer: its verdicts, its answer, and the extents that it
 * becomes.
 *
 * Memory for the extents is allocated before the answer is sent: once the
 * device has taken the answer, nothing of ours may fail.
 */
#include <linux/slab.h>

#include "device.h"
#include "extent.h"
#include "folder.h"
#include "judge.h"
#include "list.h"
#include "mailbox.h"
#include "match.h"
#include "offer.h"
#include "region.h"
#include "release.h"
#include "trace.h"

void cxl_dcd_offer_free(struct cxl_dcd_offer *offer)
{
	kvfree(offer->sorted);
	kvfree(offer->place);
	kvfree(offer->spans);
}

/**
 * cxl_dcd_offer_init - make room for judging @nr records
 * @offer: what is made; to be freed with cxl_dcd_offer_free()
 * @dcd: device
 * @recs: what it offers or lists; stays the caller's
 * @nr: length of @recs
 */
int cxl_dcd_offer_init(struct cxl_dcd_offer *offer, struct cxl_dcd *dcd,
		       struct cxl_dcd_rec *recs, u32 nr)
{
	u32 room = max(nr, 1);

	*offer = (struct cxl_dcd_offer) { .dcd = dcd, .recs = recs, .nr = nr };
	offer->sorted = kvcalloc(room, sizeof(*offer->sorted), GFP_KERNEL);
	offer->place = kvcalloc(room, sizeof(*offer->place), GFP_KERNEL);
	offer->spans = kvcalloc(room, sizeof(*offer->spans), GFP_KERNEL);
	if (offer->sorted && offer->place && offer->spans)
		return 0;
	cxl_dcd_offer_free(offer);
	return -ENOMEM;
}

static enum cxl_dcd_why dcd_offer_resolve(void *ctx, struct cxl_dcd_rec *rec)
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
	/*
	 * After a forced release it is not held: only its user keeps it here.
	 */
	if (ext->forced)
		return CXL_DCD_OVERLAP;
	if (!memcmp(ext->tag, rec->tag, CXL_DCD_TAG_SIZE) &&
	    cxl_dcd_range_within(ext->dpa, ext->len, offset, rec->len)) {
		rec->known = true;
		return CXL_DCD_OK;
	}
	return CXL_DCD_OVERLAP;
}

static bool dcd_offer_tag_live(void *ctx, const u8 *tag)
{
	return cxl_dcd_tag_live(tag);
}

/* Give every record its verdict, as far as this device goes. */
void cxl_dcd_offer_judge(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_judge outside = {
		.parts = offer->dcd->parts,
		.nr_parts = offer->dcd->nr_parts,
		.resolve = dcd_offer_resolve,
		.tag_live = dcd_offer_tag_live,
		.ctx = offer->dcd,
	};

	cxl_dcd_judge(&outside, offer->recs, offer->sorted, offer->nr);
}

/* One line that says what was refused and why, for the first of them. */
void cxl_dcd_offer_explain(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_rec *first = NULL;
	u32 i, refused = 0;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = offer->sorted[i];

		if (!rec->why)
			continue;
		refused++;
		/*
		 * Name the extent that is to blame, not one refused along with
		 * it.
		 */
		if (!first || first->why == CXL_DCD_GROUP)
			first = rec;
	}
	if (first && cxl_dcd_may_log())
		dev_warn(&offer->dcd->cxlmd->dev,
			 "refused %u of %u extents offered: [%#llx, +%#llx] tag %pUb: %s\n",
			 refused, offer->nr, first->dpa, first->len, first->tag,
			 cxl_dcd_why_text(first->why));
}

/* Free an extent that was prepared but not published: its tag is free again. */
static void dcd_offer_extent_put(struct cxl_dcd_extent *ext)
{
	list_del(&ext->node);
	cxl_dcd_tag_drop(ext);
	kobject_put(&ext->folder.kobj);
}

/* All of a list. */
void cxl_dcd_extents_put(struct list_head *list)
{
	struct cxl_dcd_extent *ext, *next;

	list_for_each_entry_safe(ext, next, list, node)
		dcd_offer_extent_put(ext);
}

/*
 * Prepare an extent for each record that is good and new; none on failure.
 *
 * Returns: 0; -ENOMEM; -EBUSY when a tag is another device's: that was offered
 * it at the same time, and nobody has looked at both.
 */
int cxl_dcd_offer_prepare(struct cxl_dcd_offer *offer, struct list_head *list)
{
	struct cxl_dcd_extent *ext;
	u32 i;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = offer->sorted[i];

		if (rec->why || rec->known)
			continue;
		ext = cxl_dcd_extent_alloc(rec, rec->offset);
		if (!ext) {
			cxl_dcd_extents_put(list);
			return -ENOMEM;
		}
		list_add_tail(&ext->node, list);
		if (!cxl_dcd_tag_take(ext)) {
			cxl_dcd_extents_put(list);
			return -EBUSY;
		}
		cond_resched();
	}
	return 0;
}

/*
 * Publish the extents that the device has taken our answer for: into the books,
 * into sysfs, open to DAX devices. One that cannot be published is released.
 */
void cxl_dcd_extents_publish(struct list_head *list)
{
	struct cxl_dcd_extent *ext, *next, *first = NULL;
	struct cxl_dcd_region *rgn = NULL;
	u8 tag[CXL_DCD_TAG_SIZE] = { };
	LIST_HEAD(failed);
	u64 sum = 0;

	list_for_each_entry_safe(ext, next, list, node) {
		struct cxl_dcd_region *to = ext->rgn;

		cond_resched();
		if (sum && (to != rgn || memcmp(tag, ext->tag, sizeof(tag)))) {
			cxl_dcd_uevent(rgn, CXL_DCD_NEWS_ADD, tag, sum);
			sum = 0;
		}
		if (first && to != rgn) {
			cxl_dcd_extents_settle(rgn, first);
			first = NULL;
		}
		rgn = to;
		list_del(&ext->node);
		if (cxl_dcd_extent_add(rgn, ext)) {
			ext->rgn = NULL;
			list_add_tail(&ext->node, &failed);
			cxl_dcd_release_extents(rgn, &failed);
			continue;
		}
		first = first ?: ext;
		memcpy(tag, ext->tag, sizeof(tag));
		sum += cxl_dcd_extent_size(ext);
	}
	if (first)
		cxl_dcd_extents_settle(rgn, first);
	if (sum)
		cxl_dcd_uevent(rgn, CXL_DCD_NEWS_ADD, tag, sum);
}

/*
 * Send the reply. A device compares it with its oldest offer. Where it does not
 * fit, the device answers with an error and goes on waiting, so that every
 * later reply would be compared with that same offer. It may have withdrawn the
 * offer that we answer, or its oldest offer may be one that we never heard of.
 * So send an empty reply, which refuses the oldest offer and is always taken,
 * and then the reply once more: it fits if an older offer was in the way.
 *
 * Not so when every extent was held before (@fresh is false): then this offer
 * may have been answered before, and the empty reply would refuse some other
 * offer.
 */
static int dcd_offer_reply(struct cxl_dcd_offer *offer, bool fresh)
{
	struct cxl_dcd *dcd = offer->dcd;
	int rc;

	rc = cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, offer->spans,
			    offer->accepted);
	if (rc != -EREMOTEIO || !fresh)
		return rc;
	if (cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, NULL, 0))
		return rc;
	return cxl_dcd_update(dcd, CXL_DCD_OP_ADD_RESPONSE, offer->spans,
			      offer->accepted);
}

/*
 * Has the device taken any of it, whatever it says? Its return code may be of
 * something that went wrong afterwards. When it cannot be asked, who knows.
 */
static bool dcd_offer_is_listed(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_span *listed;
	bool found = false;
	u32 nr, i;

	if (cxl_dcd_listed(offer->dcd, &listed, &nr))
		return true;
	for (i = 0; i < offer->nr && !found; i++) {
		const struct cxl_dcd_rec *rec = &offer->recs[i];

		found = rec->taken && !rec->known &&
			cxl_dcd_spans_cover(listed, nr, rec->dpa, rec->len);
	}
	kvfree(listed);
	return found;
}

/**
 * cxl_dcd_offer_answer - send the one answer that every offer gets
 * @offer: judged
 *
 * Returns: 0; -EREMOTEIO: the device has taken nothing; any other -errno:
 * nobody knows whether it has, so that its list will be read.
 */
int cxl_dcd_offer_answer(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd *dcd = offer->dcd;
	bool fresh = false;
	u32 i;
	int rc;

	offer->accepted = 0;
	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = &offer->recs[i];

		if (rec->why)
			continue;
		rec->taken = true;
		fresh = fresh || !rec->known;
		offer->spans[offer->accepted++] = (struct cxl_dcd_span) {
			.dpa = rec->dpa,
			.len = rec->len,
		};
	}
	rc = dcd_offer_reply(offer, fresh);
	trace_cxl_dcd_offer(&dcd->cxlmd->dev, offer->nr, offer->accepted, rc);
	if (!rc)
		return 0;
	if (cxl_dcd_may_log())
		dev_err(&dcd->cxlmd->dev,
			"the device did not take our reply to its offer of %u extents: %d\n",
			offer->nr, rc);
	if (rc == -EREMOTEIO && fresh && dcd_offer_is_listed(offer))
		rc = -EIO;
	if (rc != -EREMOTEIO && fresh)
		cxl_dcd_regions_stale(dcd);
	for (i = 0; rc == -EREMOTEIO && i < offer->nr; i++)
		offer->recs[i].taken = false;
	return rc;
}

/**
 * cxl_dcd_offer_confirm - did all of a long answer arrive?
 * @offer: answered
 * @lost: set when the device does not list all of it
 *
 * An answer that took several commands may have been cut in two by a command of
 * somebody else, without any return code that says so. What the device does not
 * list is refused here.
 *
 * Returns: 0, or -errno when the list could not be read.
 */
int cxl_dcd_offer_confirm(struct cxl_dcd_offer *offer, bool *lost)
{
	struct cxl_dcd_span *listed;
	u32 nr, i;
	int rc;

	if (offer->accepted <= cxl_dcd_update_room(offer->dcd))
		return 0;
	rc = cxl_dcd_listed(offer->dcd, &listed, &nr);
	if (rc)
		return rc;
	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = &offer->recs[i];

		if (!rec->taken || rec->known ||
		    cxl_dcd_spans_cover(listed, nr, rec->dpa, rec->len))
			continue;
		rec->why = CXL_DCD_CUT;
		*lost = true;
	}
	kvfree(listed);
	return 0;
}

/**
 * cxl_dcd_offer_release - release what the device was told that we accept
 * @offer: answered
 * @all: everything; else only what was refused since
 *
 * What was held before stays: that is in use.
 */
void cxl_dcd_offer_release(struct cxl_dcd_offer *offer, bool all)
{
	u32 i, nr = 0;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = &offer->recs[i];

		if (!rec->taken || rec->known || rec->why == CXL_DCD_CUT ||
		    (!all && !rec->why))
			continue;
		offer->spans[nr++] = (struct cxl_dcd_span) {
			.dpa = rec->dpa,
			.len = rec->len,
		};
	}
	if (nr)
		cxl_dcd_list_release(offer->dcd, offer->spans, nr);
}

/* Free the extents of @list, prepared for @offer, that were refused since. */
void cxl_dcd_offer_refuse(struct cxl_dcd_offer *offer, struct list_head *list)
{
	struct list_head *at = list->next;
	u32 i;

	for (i = 0; i < offer->nr; i++) {
		struct cxl_dcd_rec *rec = offer->sorted[i];
		struct cxl_dcd_extent *ext;

		if (!rec->taken || rec->known)
			continue;
		ext = list_entry(at, struct cxl_dcd_extent, node);
		at = at->next;
		if (rec->why)
			dcd_offer_extent_put(ext);
	}
}
