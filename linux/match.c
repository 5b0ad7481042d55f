// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interleave sets: what every device of the set offers alike.
 *
 * The lists may be long (10,000 records on each of 16 devices, or whatever a
 * device of ill will says), so each is put into the order of addresses once,
 * and two of them are compared by walking along both.
 */
#ifdef __KERNEL__
#include <linux/sched.h>
#include <linux/sort.h>
#endif

#include "judge.h"
#include "match.h"

static int dcd_match_place_cmp(const struct cxl_dcd_rec *a,
			       const struct cxl_dcd_rec *b)
{
	if (a->region != b->region)
		return (uintptr_t)a->region < (uintptr_t)b->region ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return 0;
}

static int dcd_match_by_place(const void *a, const void *b)
{
	return dcd_match_place_cmp(*(struct cxl_dcd_rec *const *)a,
				   *(struct cxl_dcd_rec *const *)b);
}

/*
 * Put the good extents of an offer into the order of addresses. None of them
 * overlap, so that no two have the same place.
 */
static void dcd_match_sort(struct cxl_dcd_offer *offer)
{
	u32 i;

	offer->good = 0;
	for (i = 0; i < offer->nr; i++)
		if (!offer->recs[i].why)
			offer->place[offer->good++] = &offer->recs[i];
	sort(offer->place, offer->good, sizeof(*offer->place),
	     dcd_match_by_place, NULL);
}

static bool dcd_match_same(const struct cxl_dcd_rec *a,
			   const struct cxl_dcd_rec *b)
{
	return !b->why && !dcd_match_place_cmp(a, b) && a->len == b->len &&
	       a->seq == b->seq && !memcmp(a->tag, b->tag, CXL_DCD_TAG_SIZE);
}

/*
 * Refuse in @a what @b does not offer as well. True when anything was refused.
 */
static bool dcd_match_keep(struct cxl_dcd_offer *a,
			   const struct cxl_dcd_offer *b)
{
	bool refused = false;
	u32 i, k = 0;

	for (i = 0; i < a->good; i++) {
		struct cxl_dcd_rec *rec = a->place[i];

		while (k < b->good && dcd_match_place_cmp(b->place[k], rec) < 0)
			k++;
		if (rec->why ||
		    (k < b->good && dcd_match_same(rec, b->place[k])))
			continue;
		rec->why = CXL_DCD_PARTNER;
		refused = true;
	}
	return refused;
}

/*
 * Refuse all extents of a tag of which one was refused. True when any was
 * refused here.
 */
static bool dcd_match_groups_fall(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_rec **sorted = offer->sorted;
	bool refused = false, bad;
	u32 i, n, k;

	for (i = 0; i < offer->nr; i += n) {
		bad = false;
		for (n = 0; i + n < offer->nr; n++) {
			if (memcmp(sorted[i]->tag, sorted[i + n]->tag,
				   CXL_DCD_TAG_SIZE))
				break;
			bad = bad || sorted[i + n]->why;
		}
		if (!bad || cxl_dcd_tag_null(sorted[i]->tag))
			continue;
		for (k = i; k < i + n; k++) {
			if (sorted[k]->why)
				continue;
			sorted[k]->why = CXL_DCD_GROUP;
			refused = true;
		}
	}
	return refused;
}

/**
 * cxl_dcd_match - keep what every member offers alike, and whole tags
 * @offers: of each device of the set; judged, with room in @place
 * @ways: number of devices; for one, only tags are looked at
 *
 * Every device is compared with the first, in both directions: what equals the
 * first one's is equal everywhere. A refusal spreads to the same extent of all
 * devices and to all extents of its tag, so that it ends after three rounds.
 */
void cxl_dcd_match(struct cxl_dcd_offer *offers, unsigned int ways)
{
	unsigned int i;
	bool again;

	for (i = 0; i < ways; i++)
		dcd_match_sort(&offers[i]);
	do {
		again = false;
		for (i = 1; i < ways; i++) {
			again |= dcd_match_keep(&offers[0], &offers[i]);
			again |= dcd_match_keep(&offers[i], &offers[0]);
			cond_resched();
		}
		for (i = 0; i < ways; i++)
			again |= dcd_match_groups_fall(&offers[i]);
	} while (again);
}
