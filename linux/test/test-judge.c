// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases of judge.c: what a device may offer, good and bad.
 */
#include <stdio.h>

#include "../judge.h"
#include "check.h"
#include "nasty.h"

/* Three partitions: ordinary, shareable, unknown; a gap after the first. */
static const struct cxl_dcd_part parts[] = {
	{ .base = GIB, .size = 4 * GIB, .decode = 4 * GIB, .block = 2 * MIB,
	  .known = true },
	{ .base = 8 * GIB, .size = GIB, .decode = GIB, .block = 2 * MIB,
	  .known = true, .shareable = true },
	{ .base = 9 * GIB, .size = GIB, .decode = GIB, .block = 2 * MIB },
};

static u8 live_tag;
static int the_region;

/* The host's region covers the lower half of each partition. */
static enum cxl_dcd_why resolve(void *ctx, struct cxl_dcd_rec *rec)
{
	const struct cxl_dcd_part *part = &parts[rec->part];

	if (rec->dpa - part->base >= part->size / 2)
		return CXL_DCD_NO_REGION;
	if (!cxl_dcd_range_within(part->base, part->size / 2, rec->dpa,
				  rec->len))
		return CXL_DCD_STRADDLES;
	rec->region = &the_region;
	return CXL_DCD_OK;
}

static bool tag_live(void *ctx, const u8 *tag)
{
	return live_tag && tag[0] == live_tag;
}

static struct cxl_dcd_rec rec(u64 dpa, u64 len, u8 tag, u16 seq, u32 order)
{
	struct cxl_dcd_rec r = {
		.dpa = dpa, .len = len, .seq = seq, .order = order,
		.part = CXL_DCD_PART_NONE,
	};

	r.tag[0] = tag;
	return r;
}

static void judge(struct cxl_dcd_rec *recs, struct cxl_dcd_rec **sorted, u32 nr)
{
	struct cxl_dcd_judge outside = {
		.parts = parts, .nr_parts = 3,
		.resolve = resolve, .tag_live = tag_live,
	};

	cxl_dcd_judge(&outside, recs, sorted, nr);
}

/* One record by itself: the verdict. */
static enum cxl_dcd_why alone(u64 dpa, u64 len, u8 tag, u16 seq)
{
	struct cxl_dcd_rec r = rec(dpa, len, tag, seq, 0), *sorted[1];

	judge(&r, sorted, 1);
	return r.why;
}

static void test_single(void)
{
	name = "single";
	CHECK(alone(GIB, 2 * MIB, 0, 0) == CXL_DCD_OK);
	CHECK(alone(GIB, 2 * GIB, 7, 0) == CXL_DCD_OK);
	CHECK(alone(GIB, 0, 0, 0) == CXL_DCD_EMPTY);
	CHECK(alone(UINT64_MAX - 2 * MIB + 1, 4 * MIB, 0, 0) == CXL_DCD_WRAPS);
	CHECK(alone(GIB, UINT64_MAX - 2 * MIB, 0, 0) == CXL_DCD_WRAPS);
	CHECK(alone(0, 2 * MIB, 0, 0) == CXL_DCD_NO_PART);
	CHECK(alone(6 * GIB, 2 * MIB, 0, 0) == CXL_DCD_NO_PART);
	CHECK(alone(GIB, 5 * GIB, 0, 0) == CXL_DCD_NO_PART);
	CHECK(alone(GIB + MIB, 2 * MIB, 0, 0) == CXL_DCD_BLOCK);
	CHECK(alone(GIB, 3 * MIB, 0, 0) == CXL_DCD_BLOCK);
	CHECK(alone(4 * GIB, 2 * MIB, 0, 0) == CXL_DCD_NO_REGION);
	CHECK(alone(GIB, 3 * GIB, 0, 0) == CXL_DCD_STRADDLES);
	CHECK(alone(GIB, 2 * MIB, 7, 1) == CXL_DCD_SEQ_SET);
	CHECK(alone(8 * GIB, 2 * MIB, 0, 0) == CXL_DCD_NULL_TAG);
	CHECK(alone(8 * GIB, 2 * MIB, 7, 0) == CXL_DCD_OK);
	CHECK(alone(8 * GIB, 2 * MIB, 7, 1) == CXL_DCD_SEQ_GAP);
}

/* What may be shared with other hosts is not taken as if it were ours alone. */
static void test_unknown(void)
{
	name = "the CDAT says nothing";
	CHECK(alone(9 * GIB, 2 * MIB, 0, 0) == CXL_DCD_UNKNOWN);
	CHECK(alone(9 * GIB, 2 * MIB, 7, 1) == CXL_DCD_UNKNOWN);
	CHECK(alone(9 * GIB, 2 * MIB, 7, 0) == CXL_DCD_OK);
	CHECK(alone(9 * GIB + GIB / 2, 2 * MIB, 0, 0) == CXL_DCD_NO_REGION);
}

/* A device may list in any order what it has offered in another. */
static void test_order_of_a_tag(void)
{
	struct cxl_dcd_rec r[] = {
		rec(GIB + 4 * MIB, 2 * MIB, 7, 0, 0),
		rec(GIB + 6 * MIB, 2 * MIB, 0, 0, 1),
		rec(GIB, 2 * MIB, 7, 0, 2),
		rec(GIB + 2 * MIB, 2 * MIB, 7, 0, 3),
		rec(GIB + 8 * MIB, 2 * MIB, 0, 0, 4),
	}, *sorted[5];
	u32 i;

	name = "order of a tag";
	judge(r, sorted, 5);
	for (i = 0; i < 5; i++)
		CHECK(!r[i].why);
	CHECK(sorted[0] == &r[1] && sorted[1] == &r[4]);
	CHECK(sorted[2] == &r[2] && sorted[3] == &r[3] && sorted[4] == &r[0]);
	CHECK(r[2].order == 0 && r[3].order == 1 && r[0].order == 2);
}

static void test_group_falls_together(void)
{
	struct cxl_dcd_rec r[] = {
		rec(GIB, 2 * MIB, 7, 0, 0),
		rec(GIB + 2 * MIB, 2 * MIB, 0, 0, 1),
		rec(GIB + 5 * MIB, 2 * MIB, 7, 0, 2),
		rec(GIB + 8 * MIB, 2 * MIB, 9, 0, 3),
	}, *sorted[4];

	name = "group falls together";
	judge(r, sorted, 4);
	CHECK(r[0].why == CXL_DCD_GROUP);
	CHECK(r[1].why == CXL_DCD_OK);
	CHECK(r[2].why == CXL_DCD_BLOCK);
	CHECK(r[3].why == CXL_DCD_OK);
}

static void test_live_tag(void)
{
	struct cxl_dcd_rec r[] = {
		rec(GIB, 2 * MIB, 7, 0, 0),
		rec(GIB + 2 * MIB, 2 * MIB, 9, 0, 1),
	}, *sorted[2];

	name = "live tag";
	live_tag = 7;
	judge(r, sorted, 2);
	CHECK(r[0].why == CXL_DCD_TAG_LIVE);
	CHECK(r[1].why == CXL_DCD_OK);
	live_tag = 0;
}

static void test_sequence(void)
{
	struct cxl_dcd_rec good[] = {
		rec(8 * GIB + 4 * MIB, 2 * MIB, 7, 2, 0),
		rec(8 * GIB, 2 * MIB, 7, 0, 1),
		rec(8 * GIB + 2 * MIB, 2 * MIB, 7, 1, 2),
	}, gap[] = {
		rec(8 * GIB, 2 * MIB, 7, 0, 0),
		rec(8 * GIB + 2 * MIB, 2 * MIB, 7, 2, 1),
	}, twice[] = {
		rec(8 * GIB, 2 * MIB, 7, 0, 0),
		rec(8 * GIB + 2 * MIB, 2 * MIB, 7, 0, 1),
	}, *sorted[3];

	name = "sequence";
	judge(good, sorted, 3);
	CHECK(!good[0].why && !good[1].why && !good[2].why);
	CHECK(sorted[0] == &good[1] && sorted[1] == &good[2] &&
	      sorted[2] == &good[0]);
	judge(gap, sorted, 2);
	CHECK(gap[0].why && gap[1].why);
	judge(twice, sorted, 2);
	CHECK(twice[0].why && twice[1].why);
}

static void test_overlap_in_chain(void)
{
	struct cxl_dcd_rec r[] = {
		rec(GIB + 4 * MIB, 2 * MIB, 0, 0, 0),
		rec(GIB, 6 * MIB, 0, 0, 1),
		rec(GIB + 6 * MIB, 2 * MIB, 0, 0, 2),
		rec(GIB + 4 * MIB, 0, 0, 0, 3),
	}, *sorted[4];

	name = "overlap in chain";
	judge(r, sorted, 4);
	CHECK(r[0].why == CXL_DCD_CHAIN_OVERLAP);
	CHECK(r[1].why == CXL_DCD_CHAIN_OVERLAP);
	CHECK(r[2].why == CXL_DCD_OK);
	CHECK(r[3].why == CXL_DCD_EMPTY);
}

static void test_parts_mixed(void)
{
	struct cxl_dcd_rec r[] = {
		rec(8 * GIB, 2 * MIB, 7, 0, 0),
		rec(GIB, 2 * MIB, 7, 0, 1),
	}, *sorted[2];

	name = "parts mixed";
	judge(r, sorted, 2);
	CHECK(r[0].why && r[1].why);
}

/* Whatever a device sends, what is accepted obeys the rules. */
static void test_random(void)
{
	enum { NR = 64, ROUNDS = 2000 };
	struct cxl_dcd_rec r[NR], *sorted[NR];
	u32 i, k, round;

	name = "random";
	srand(20260101);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < NR; i++) {
			u64 dpa = (u64)(rand() % 5000) * 2 * MIB;

			if (rand() % 40 == 0)
				dpa = UINT64_MAX - rand();
			r[i] = rec(dpa, (u64)(rand() % 6) * 2 * MIB,
				   rand() % 16, rand() % 8 ? 0 : rand() % 3, i);
		}
		judge(r, sorted, NR);
		for (i = 0; i < NR; i++) {
			if (r[i].why)
				continue;
			CHECK(r[i].len && r[i].region == &the_region);
			for (k = 0; k < i; k++) {
				if (!r[k].why)
					CHECK(!cxl_dcd_ranges_overlap(r[i].dpa,
								      r[i].len,
								      r[k].dpa,
								      r[k].len));
				if (r[i].tag[0] && r[i].tag[0] == r[k].tag[0])
					CHECK(!r[k].why);
			}
		}
	}
}

/* Records of any bytes: nothing outside of a partition, nothing twice. */
static void test_records_of_any_bytes(void)
{
	enum { NR = 16 };
	struct cxl_dcd_rec r[NR], *sorted[NR];
	u32 round, i, k;

	name = "records of any bytes";
	for (round = 0; round < 50000; round++) {
		for (i = 0; i < NR; i++) {
			CXLDcdWireExtent wire = {
				.start_dpa = cxl_dcd_put64(nasty()),
				.length = cxl_dcd_put64(nasty()),
				.sequence = cxl_dcd_put16(rand() % 3),
			};

			wire.tag[15] = rand() % 3;
			cxl_dcd_rec_decode(&r[i], &wire, i);
		}
		judge(r, sorted, NR);
		for (i = 0; i < NR; i++) {
			const struct cxl_dcd_part *part;

			if (r[i].why)
				continue;
			CHECK(r[i].part < 2);
			part = &parts[r[i].part & 1];
			CHECK(cxl_dcd_range_within(part->base, part->size,
						   r[i].dpa, r[i].len));
			CHECK((r[i].dpa - part->base) % part->block == 0);
			for (k = 0; k < i; k++)
				CHECK(r[k].why ||
				      !cxl_dcd_ranges_overlap(r[i].dpa,
							      r[i].len,
							      r[k].dpa,
							      r[k].len));
		}
	}
}

/* The longest offer that is taken, all of one tag, or all the same. */
static void test_long_offer(void)
{
	enum { NR = 16384 };
	struct cxl_dcd_rec *r = calloc(NR, sizeof(*r));
	struct cxl_dcd_rec **sorted = calloc(NR, sizeof(*sorted));
	u32 i, taken = 0;

	name = "long offer";
	for (i = 0; i < NR; i++)
		r[i] = rec(GIB + (i % 512) * 2 * MIB, 2 * MIB, 0, 0, i);
	judge(r, sorted, NR);
	for (i = 0; i < NR; i++)
		taken += !r[i].why;
	CHECK(!taken);
	for (i = 0; i < 512; i++)
		r[i] = rec(GIB + (511 - i) * 2 * MIB, 2 * MIB, 7, 0, i);
	judge(r, sorted, 512);
	for (i = 0; i < 512; i++)
		CHECK(!r[i].why && sorted[i] == &r[511 - i]);
	r[300].len = UINT64_MAX;
	judge(r, sorted, 512);
	for (i = 0; i < 512; i++)
		CHECK(r[i].why);
	free(r);
	free(sorted);
}

/* What a device lists of what is to leave, whatever it says. */
static void test_spans_clip(void)
{
	struct cxl_dcd_span want[] = {
		{ .dpa = 10, .len = 10 }, { .dpa = 30, .len = 10 },
		{ .dpa = 50, .len = 10 },
	}, out[4];
	struct cxl_dcd_rec r = rec(15, 20, 0, 0, 0);

	name = "spans clip";
	CHECK(cxl_dcd_spans_clip(want, 3, &r, out, 4) == 2);
	CHECK(out[0].dpa == 15 && out[0].len == 5);
	CHECK(out[1].dpa == 30 && out[1].len == 5);
	CHECK(cxl_dcd_spans_clip(want, 3, &r, out, 1) == 1);
	r = rec(0, 1000, 0, 0, 0);
	CHECK(cxl_dcd_spans_clip(want, 3, &r, out, 4) == 3);
	CHECK(out[2].dpa == 50 && out[2].len == 10);
	r = rec(20, 10, 0, 0, 0);
	CHECK(!cxl_dcd_spans_clip(want, 3, &r, out, 4));
	r = rec(60, 10, 0, 0, 0);
	CHECK(!cxl_dcd_spans_clip(want, 3, &r, out, 4));
	r = rec(15, 0, 0, 0, 0);
	CHECK(!cxl_dcd_spans_clip(want, 3, &r, out, 4));
	r = rec(15, UINT64_MAX, 0, 0, 0);
	CHECK(!cxl_dcd_spans_clip(want, 3, &r, out, 4));
	CHECK(!cxl_dcd_spans_clip(want, 0, &r, out, 4));
}

static void test_texts(void)
{
	u32 i;

	name = "texts";
	for (i = 0; i < CXL_DCD_WHY_MAX; i++)
		CHECK(cxl_dcd_why_text(i) && *cxl_dcd_why_text(i));
	CHECK(cxl_dcd_why_text(CXL_DCD_WHY_MAX));
}

int main(void)
{
	static void (* const tests[])(void) = {
		test_single, test_group_falls_together, test_live_tag,
		test_sequence, test_overlap_in_chain, test_parts_mixed,
		test_unknown, test_order_of_a_tag, test_random,
		test_records_of_any_bytes, test_long_offer, test_spans_clip,
		test_texts,
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
