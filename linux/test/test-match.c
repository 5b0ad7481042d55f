// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases of match.c, and of the lists that are compared with what we hold.
 */
#include <stdio.h>
#include <time.h>

#include "../match.h"
#include "check.h"

#define MIB 0x100000ULL
#define WAYS 8

static int the_region;

/* Every record of a set, as it is once judged: device k begins at k TiB. */
static void offers_init(struct cxl_dcd_offer *offers, unsigned int ways, u32 nr)
{
	unsigned int k;
	u32 i;

	for (k = 0; k < ways; k++) {
		offers[k] = (struct cxl_dcd_offer) { .nr = nr };
		offers[k].recs = calloc(nr, sizeof(*offers[k].recs));
		offers[k].sorted = calloc(nr, sizeof(*offers[k].sorted));
		offers[k].place = calloc(nr, sizeof(*offers[k].place));
		for (i = 0; i < nr; i++) {
			offers[k].recs[i] = (struct cxl_dcd_rec) {
				.dpa = ((u64)k << 40) + i * 4 * MIB,
				.offset = i * 4 * MIB, .len = 2 * MIB,
				.order = i, .region = &the_region,
			};
			offers[k].sorted[i] = &offers[k].recs[i];
		}
	}
}

static void offers_free(struct cxl_dcd_offer *offers, unsigned int ways)
{
	while (ways--) {
		free(offers[ways].recs);
		free(offers[ways].sorted);
		free(offers[ways].place);
	}
}

/* Give the last @n records of every device a tag, one for all of them. */
static void tag_last(struct cxl_dcd_offer *offers, unsigned int ways, u32 n)
{
	unsigned int k;
	u32 i;

	for (k = 0; k < ways; k++)
		for (i = offers[k].nr - n; i < offers[k].nr; i++)
			offers[k].recs[i].tag[0] = 7;
}

static void test_alike(void)
{
	struct cxl_dcd_offer o[3];
	unsigned int k;
	u32 i;

	name = "what all offer alike is kept, in any order of arrival";
	offers_init(o, 3, 5);
	for (i = 0; i < 5; i++) {
		struct cxl_dcd_rec *r = &o[1].recs[i];

		r->offset = (4 - i) * 4 * MIB;
		r->dpa = (1ULL << 40) + r->offset;
	}
	cxl_dcd_match(o, 3);
	for (k = 0; k < 3; k++)
		for (i = 0; i < 5; i++)
			CHECK(!o[k].recs[i].why);
	offers_free(o, 3);
}

static void test_one_misses(void)
{
	struct cxl_dcd_offer o[3];
	unsigned int k;

	name = "what one device does not offer falls everywhere";
	offers_init(o, 3, 5);
	o[2].recs[1].len = 4 * MIB;
	o[1].recs[3].why = CXL_DCD_OVERLAP;
	o[0].recs[4].tag[3] = 1;
	cxl_dcd_match(o, 3);
	for (k = 0; k < 3; k++) {
		CHECK(!o[k].recs[0].why && !o[k].recs[2].why);
		CHECK(o[k].recs[1].why == CXL_DCD_PARTNER);
		CHECK(o[k].recs[3].why ==
		      (k == 1 ? CXL_DCD_OVERLAP : CXL_DCD_PARTNER));
		CHECK(o[k].recs[4].why == CXL_DCD_PARTNER);
	}
	offers_free(o, 3);
}

static void test_more_on_one(void)
{
	struct cxl_dcd_offer o[2];

	name = "lists of different lengths";
	offers_init(o, 2, 5);
	o[0].nr = 2;
	cxl_dcd_match(o, 2);
	CHECK(!o[0].recs[0].why && !o[1].recs[1].why);
	CHECK(o[1].recs[2].why == CXL_DCD_PARTNER);
	CHECK(o[1].recs[4].why == CXL_DCD_PARTNER);
	o[0].nr = 0;
	cxl_dcd_match(o, 2);
	CHECK(o[1].recs[0].why == CXL_DCD_PARTNER);
	offers_free(o, 2);
}

static void test_tag_falls(void)
{
	struct cxl_dcd_offer o[3];
	unsigned int k;

	name = "a tag falls with one of its records, on all devices";
	offers_init(o, 3, 5);
	tag_last(o, 3, 3);
	o[2].recs[3].seq = 9;
	cxl_dcd_match(o, 3);
	for (k = 0; k < 3; k++) {
		CHECK(!o[k].recs[0].why && !o[k].recs[1].why);
		CHECK(o[k].recs[2].why && o[k].recs[3].why && o[k].recs[4].why);
	}
	CHECK(o[0].recs[3].why == CXL_DCD_PARTNER);
	CHECK(o[0].recs[2].why == CXL_DCD_GROUP);
	offers_free(o, 3);
}

static void test_tag_alone(void)
{
	struct cxl_dcd_offer o[1];

	name = "a tag of one device";
	offers_init(o, 1, 5);
	tag_last(o, 1, 3);
	o[0].recs[4].why = CXL_DCD_CUT;
	cxl_dcd_match(o, 1);
	CHECK(!o[0].recs[1].why && o[0].recs[2].why == CXL_DCD_GROUP);
	offers_free(o, 1);
}

/* The obvious way, for comparison: a record and its like, tag by tag. */
static bool has_like(const struct cxl_dcd_offer *o, const struct cxl_dcd_rec *r)
{
	u32 i;

	for (i = 0; i < o->nr; i++)
		if (!o->recs[i].why && o->recs[i].offset == r->offset &&
		    o->recs[i].len == r->len && o->recs[i].seq == r->seq &&
		    !memcmp(o->recs[i].tag, r->tag, CXL_DCD_TAG_SIZE))
			return true;
	return false;
}

static void obvious(struct cxl_dcd_offer *o, unsigned int ways)
{
	bool again = true;
	unsigned int i, k;
	u32 n, m;

	while (again) {
		again = false;
		for (i = 0; i < ways; i++)
			for (n = 0; n < o[i].nr; n++) {
				struct cxl_dcd_rec *r = &o[i].recs[n];
				bool good = !r->why;

				for (k = 0; k < ways; k++)
					good = good && has_like(&o[k], r);
				for (m = 0; m < o[i].nr; m++)
					if (r->tag[0] && o[i].recs[m].why &&
					    o[i].recs[m].tag[0] == r->tag[0])
						good = false;
				if (good || r->why)
					continue;
				r->why = CXL_DCD_PARTNER;
				again = true;
			}
	}
}

static void test_random(void)
{
	struct cxl_dcd_offer a[3], b[3];
	u32 round, i, k;

	name = "the same verdicts as by comparing all with all";
	for (round = 0; round < 3000; round++) {
		u32 nr = 1 + rand() % 20;

		offers_init(a, 3, nr);
		offers_init(b, 3, nr);
		for (k = 0; k < 3; k++) {
			for (i = 0; i < nr; i++) {
				struct cxl_dcd_rec *r = &a[k].recs[i];

				r->tag[0] = i * 4 / nr;
				if (!(rand() % 30))
					r->seq = 1;
				if (!(rand() % 30))
					r->why = CXL_DCD_OVERLAP;
				b[k].recs[i] = *r;
			}
		}
		cxl_dcd_match(a, 3);
		obvious(b, 3);
		for (k = 0; k < 3; k++)
			for (i = 0; i < nr; i++)
				CHECK(!a[k].recs[i].why == !b[k].recs[i].why);
		offers_free(a, 3);
		offers_free(b, 3);
	}
}

/* Ten thousand records on each of eight devices, and a set that nobody gets. */
static void test_long(void)
{
	static const u32 lengths[] = { 10000, 100000 };
	struct cxl_dcd_offer o[WAYS];
	unsigned int k, l;
	clock_t start;
	u32 i, fell;

	name = "long lists take no time";
	for (l = 0; l < ARRAY_SIZE(lengths); l++) {
		offers_init(o, WAYS, lengths[l]);
		tag_last(o, WAYS, lengths[l] / 2);
		o[WAYS - 1].recs[lengths[l] - 1].len = 4 * MIB;
		for (i = 0; i < lengths[l] / 4; i++)
			o[i % WAYS].recs[i].seq = 3;
		start = clock();
		cxl_dcd_match(o, WAYS);
		CHECK((clock() - start) / CLOCKS_PER_SEC < 10);
		for (k = 0; k < WAYS; k++) {
			fell = 0;
			for (i = 0; i < lengths[l]; i++)
				fell += !!o[k].recs[i].why;
			CHECK(fell == lengths[l] / 2 + lengths[l] / 4);
		}
		offers_free(o, WAYS);
	}
}

static void test_spans(void)
{
	struct cxl_dcd_span s[] = {
		{ 10 * MIB, 2 * MIB }, { 0, 2 * MIB }, { 2 * MIB, 2 * MIB },
		{ 5 * MIB, 0 }, { U64_MAX - 1, 2 }, { 10 * MIB, 4 * MIB },
		{ 11 * MIB, MIB }, { 20 * MIB, 2 * MIB },
	};
	u32 nr;

	name = "ranges in other pieces";
	nr = cxl_dcd_spans_join(s, ARRAY_SIZE(s));
	CHECK(nr == 3);
	CHECK(s[0].dpa == 0 && s[0].len == 4 * MIB);
	CHECK(s[1].dpa == 10 * MIB && s[1].len == 4 * MIB);
	CHECK(cxl_dcd_spans_cover(s, nr, 0, 4 * MIB));
	CHECK(cxl_dcd_spans_cover(s, nr, MIB, 2 * MIB));
	CHECK(cxl_dcd_spans_cover(s, nr, 12 * MIB, 2 * MIB));
	CHECK(!cxl_dcd_spans_cover(s, nr, 12 * MIB, 4 * MIB));
	CHECK(!cxl_dcd_spans_cover(s, nr, 4 * MIB, 2 * MIB));
	CHECK(!cxl_dcd_spans_cover(s, nr, 3 * MIB, 8 * MIB));
	CHECK(!cxl_dcd_spans_cover(s, nr, 18 * MIB, 4 * MIB));
	CHECK(cxl_dcd_spans_cover(s, nr, 20 * MIB, 2 * MIB));
	CHECK(!cxl_dcd_spans_cover(s, nr, U64_MAX - 1, 2));
	CHECK(!cxl_dcd_spans_cover(s, 0, 0, 1));
	CHECK(cxl_dcd_spans_join(s, 0) == 0);
}

int main(void)
{
	static void (* const tests[])(void) = {
		test_alike, test_one_misses, test_more_on_one, test_tag_falls,
		test_tag_alone, test_random, test_long, test_spans,
	};
	unsigned int i, before;

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		before = failures;
		tests[i]();
		if (failures == before)
			printf("ok - %s\n", name);
	}
	return failures ? 1 : 0;
}
