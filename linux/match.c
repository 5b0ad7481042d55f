// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interleave sets: what every device of the set offers alike.
 *
 * The lists may be long (10,000 records on each of 16 devices, or whatever a
 * device of ill will says), so each is put into the order of addresses once, and
 * two of them are compared by walking along both.
 */
#ifdef __KERNEL__
#include <linux/sched.h>
#include <linux/sort.h>
#endif

#include "extent.h"

static int place_cmp(const struct cxl_dcd_rec *a, const struct cxl_dcd_rec *b)
{
	if (a->region != b->region)
		return (uintptr_t)a->region < (uintptr_t)b->region ? -1 : 1;
	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return 0;
}

static int by_place(const void *a, const void *b)
{
	return place_cmp(*(struct cxl_dcd_rec * const *)a,
			 *(struct cxl_dcd_rec * const *)b);
}

/* Good ones of one offer overlap nowhere, so that no two have one place. */
static void put_in_place(struct cxl_dcd_offer *offer)
{
	u32 i;

	offer->good = 0;
	for (i = 0; i < offer->nr; i++)
		if (!offer->recs[i].why)
			offer->place[offer->good++] = &offer->recs[i];
	sort(offer->place, offer->good, sizeof(*offer->place), by_place, NULL);
}

static bool same(const struct cxl_dcd_rec *a, const struct cxl_dcd_rec *b)
{
	return !b->why && !place_cmp(a, b) && a->len == b->len &&
	       a->seq == b->seq && !memcmp(a->tag, b->tag, CXL_DCD_TAG_SIZE);
}

/* What @b does not offer as well falls in @a. True when anything fell. */
static bool keep_matched(struct cxl_dcd_offer *a, const struct cxl_dcd_offer *b)
{
	bool fell = false;
	u32 i, k = 0;

	for (i = 0; i < a->good; i++) {
		struct cxl_dcd_rec *rec = a->place[i];

		while (k < b->good && place_cmp(b->place[k], rec) < 0)
			k++;
		if (rec->why || (k < b->good && same(rec, b->place[k])))
			continue;
		rec->why = CXL_DCD_PARTNER;
		fell = true;
	}
	return fell;
}

/* A tag that lost one loses all. True when anything fell. */
static bool groups_fall(struct cxl_dcd_offer *offer)
{
	struct cxl_dcd_rec **sorted = offer->sorted;
	bool fell = false, bad;
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
			fell = true;
		}
	}
	return fell;
}

/**
 * cxl_dcd_match - keep what every member offers alike, and whole tags
 * @offers: of each device of the set; judged, with room in @place
 * @ways: number of devices; for one, only tags are looked at
 *
 * Every device is compared with the first, in both directions: what is the same
 * as the first one's is the same everywhere. A record falls with its like on any
 * device and with its tag, so that three rounds see the end of it.
 */
void cxl_dcd_match(struct cxl_dcd_offer *offers, unsigned int ways)
{
	unsigned int i;
	bool again;

	for (i = 0; i < ways; i++)
		put_in_place(&offers[i]);
	do {
		again = false;
		for (i = 1; i < ways; i++) {
			again |= keep_matched(&offers[0], &offers[i]);
			again |= keep_matched(&offers[i], &offers[0]);
			cond_resched();
		}
		for (i = 0; i < ways; i++)
			again |= groups_fall(&offers[i]);
	} while (again);
}
