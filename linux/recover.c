// SPDX-License-Identifier: GPL-2.0-only
/*
 * What devices have accepted for us though our books do not have it.
 *
 * A device's list of accepted extents (4801h) is read when a region comes into
 * being, when its event log overflowed, and when it is not known what became of
 * a reply. A list that cannot be read is asked for again later (events.c).
 */
#include <linux/slab.h>

#include "accept.h"
#include "device.h"
#include "extent.h"
#include "force.h"
#include "judge.h"
#include "list.h"
#include "lock.h"
#include "mailbox.h"
#include "match.h"
#include "offer.h"
#include "recover.h"
#include "region.h"

/* Read what one member of a region lists, as if it were offered just now. */
static int dcd_recover_member(struct cxl_dcd_region *rgn, unsigned int pos,
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
	rc = cxl_dcd_offer_init(offer, dcd, recs, here);
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
 * Returns: 0 or -errno when a device's list could not be read; the region is
 * marked then, so that it is tried again.
 */
int cxl_dcd_recover(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_offer *offers;
	unsigned int i, have = 0;
	LIST_HEAD(extents);
	int rc;

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	if (rgn->closing)
		return -ENXIO;
	offers = kcalloc(rgn->ways, sizeof(*offers), GFP_KERNEL);
	rc = offers ? 0 : -ENOMEM;
	for (i = 0; !rc && i < rgn->ways; i++) {
		rc = dcd_recover_member(rgn, i, &offers[i]);
		if (!rc)
			have++;
	}
	if (!rc) {
		for (i = 0; i < rgn->ways; i++)
			cxl_dcd_offer_judge(&offers[i]);
		if (rgn->ways > 1)
			cxl_dcd_match(offers, rgn->ways);
		for (i = 0; i < rgn->ways; i++)
			cxl_dcd_offer_explain(&offers[i]);
		rc = cxl_dcd_offer_prepare(&offers[0], &extents);
	}
	if (!rc)
		cxl_dcd_extents_publish(&extents);
	while (have--) {
		kvfree(offers[have].recs);
		cxl_dcd_offer_free(&offers[have]);
	}
	kfree(offers);
	rgn->stale = rc;
	return rc;
}

/*
 * Extents that a member no longer lists were taken away: cut off their users.
 */
static void dcd_recover_unlisted(struct cxl_dcd_region *rgn, unsigned int pos,
				 const struct cxl_dcd_span *listed, u32 nr)
{
	struct cxl_dcd_extent *ext, *next;
	u64 dpa = rgn->member[pos].dpa;

	list_for_each_entry_safe(ext, next, &rgn->extents, node)
		if (!ext->forced &&
		    !cxl_dcd_spans_cover(listed, nr, dpa + ext->dpa, ext->len))
			cxl_dcd_extent_forced(ext);
}

/* Events were lost, so extents may have gone without a word. */
static int dcd_recover_overflow(struct cxl_dcd *dcd)
{
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_span *listed;
	u32 nr;
	int rc;

	/* The rest of an open offer is lost, and so may be its last record. */
	if (dcd->chain.open && !dcd->parked) {
		dcd->chain.broken = true;
		cxl_dcd_accept_offer(dcd);
	}
	dcd->chain.refused = false;
	rc = cxl_dcd_listed(dcd, &listed, &nr);
	if (rc)
		return rc;
	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node) {
		int pos = cxl_dcd_member_pos(rgn, dcd);

		if (pos < 0)
			continue;
		dcd_recover_unlisted(rgn, pos, listed, nr);
		rgn->stale = true;
	}
	kvfree(listed);
	return 0;
}

/**
 * cxl_dcd_reconcile - compare our books with the device's where they may differ
 * @dcd: device
 * @emptied: its log has been read to the end
 *
 * Returns: 0, or -errno when it has to be tried again.
 */
int cxl_dcd_reconcile(struct cxl_dcd *dcd, bool emptied)
{
	struct cxl_dcd_region *rgn;
	int rc = 0, err;

	cxl_dcd_assert_held(dcd);
	/* The rest of an open offer may be in the log still. */
	if (dcd->overflow && (emptied || !dcd->chain.open)) {
		rc = dcd_recover_overflow(dcd);
		dcd->overflow = rc;
	}
	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		if (rgn->stale && !rgn->closing &&
		    cxl_dcd_member_pos(rgn, dcd) >= 0) {
			err = cxl_dcd_recover(rgn);
			rc = rc ?: err;
		}
	return rc;
}
