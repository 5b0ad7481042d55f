// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases of judge.c: what a device may say of its partitions and commands.
 */
#include <stdio.h>

#include "../judge.h"
#include "check.h"
#include "nasty.h"
#include "parts.h"

static void test_part_decode(void)
{
	CXLDcdWireRegion wire = {
		.base = cxl_dcd_put64(GIB),
		.decode_length = cxl_dcd_put64(4),
		.length = cxl_dcd_put64(GIB),
		.block_size = cxl_dcd_put64(2 * MIB),
	}, w;
	struct cxl_dcd_part p;

	name = "part decode";
	CHECK(!cxl_dcd_part_decode(&p, &wire));
	CHECK(p.base == GIB && p.decode == GIB && p.size == GIB);
	w = wire;
	w.block_size = 0;
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = wire;
	w.block_size = cxl_dcd_put64(3 * MIB);
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = wire;
	w.decode_length = cxl_dcd_put64(3);
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = wire;
	w.decode_length = cxl_dcd_put64(UINT64_MAX);
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = wire;
	w.base = cxl_dcd_put64(UINT64_MAX & ~(256 * MIB - 1));
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = wire;
	w.base = cxl_dcd_put64(MIB);
	CHECK(cxl_dcd_part_decode(&p, &w) == -EINVAL);
	w = (CXLDcdWireRegion) { 0 };
	CHECK(!cxl_dcd_part_decode(&p, &w) && !p.size);
}

static void test_parts_check(void)
{
	struct cxl_dcd_part swapped[] = { parts[1], parts[0] };

	name = "parts check";
	CHECK(!cxl_dcd_parts_check(parts, 2));
	CHECK(cxl_dcd_parts_check(swapped, 2) == -EINVAL);
	CHECK(cxl_dcd_part_find(parts, 2, GIB) == 0);
	CHECK(cxl_dcd_part_find(parts, 2, 5 * GIB - 1) == 0);
	CHECK(cxl_dcd_part_find(parts, 2, 5 * GIB) == CXL_DCD_PART_NONE);
	CHECK(cxl_dcd_part_find(parts, 2, UINT64_MAX) == CXL_DCD_PART_NONE);
}

/* A configuration of any bytes is refused, or obeys the rules. */
static void test_config_of_any_bytes(void)
{
	CXLDcdWireRegion wire;
	struct cxl_dcd_part p[3];
	u32 round, good = 0, i;

	name = "configuration of any bytes";
	for (round = 0; round < 200000; round++) {
		int bad = 0;

		for (i = 0; i < 3; i++) {
			wire = (CXLDcdWireRegion) {
				.base = cxl_dcd_put64(nasty()),
				.decode_length = cxl_dcd_put64(nasty()),
				.length = cxl_dcd_put64(nasty()),
				.block_size = cxl_dcd_put64(nasty()),
			};
			bad |= cxl_dcd_part_decode(&p[i], &wire);
			if (bad || !p[i].size)
				continue;
			CHECK(p[i].size <= p[i].decode);
			CHECK(p[i].base + p[i].decode >= p[i].base);
			CHECK(p[i].block >= 64 && p[i].size % p[i].block == 0);
		}
		if (bad || cxl_dcd_parts_check(p, 3))
			continue;
		good++;
		for (i = 1; i < 3; i++)
			if (p[i].size && p[i - 1].size)
				CHECK(p[i].base >=
				      p[i - 1].base + p[i - 1].decode);
	}
	CHECK(good);
}

/* A 4800h answer: of so many regions, these; room for more than there are. */
static CXLDcdGetConfigResponse *answer(u8 available, u8 returned, u64 base)
{
	CXLDcdGetConfigResponse *resp =
		calloc(1, sizeof(*resp) + 102 * sizeof(resp->regions[0]));
	u32 i;

	resp->available_regions = available;
	resp->returned_regions = returned;
	for (i = 0; i < returned && i < 102; i++)
		resp->regions[i] = (CXLDcdWireRegion) {
			.base = cxl_dcd_put64(base + i * GIB),
			.decode_length = cxl_dcd_put64(4),
			.length = cxl_dcd_put64(GIB),
			.block_size = cxl_dcd_put64(2 * MIB),
		};
	return resp;
}

/* A configuration in several answers, each in a list of exactly its length. */
static int take(const u8 (*says)[2], u32 nr_says, unsigned int *nr)
{
	struct cxl_dcd_part *p = calloc(CXL_DCD_MAX_REGIONS, sizeof(*p));
	unsigned int total = 0;
	int rc = 0;
	u32 i;

	*nr = 0;
	for (i = 0; !rc && i < nr_says; i++) {
		CXLDcdGetConfigResponse *resp =
			answer(says[i][0], says[i][1], *nr * GIB);

		rc = cxl_dcd_parts_take(p, nr, &total, resp, sizeof(*resp) +
					102 * sizeof(resp->regions[0]));
		free(resp);
	}
	free(p);
	return rc;
}

/* No answer may add more regions than the first one left room for. */
static void test_config_in_parts(void)
{
	static const u8 good[][2] = { { 8, 4 }, { 8, 3 }, { 8, 1 } };
	static const u8 fewer[][2] = { { 8, 4 }, { 3, 102 } };
	static const u8 other[][2] = { { 6, 4 }, { 8, 4 } };
	static const u8 beyond[][2] = { { 8, 8 }, { 8, 1 } };
	static const u8 none[][2] = { { 8, 0 } }, many[][2] = { { 9, 1 } };
	CXLDcdGetConfigResponse *resp = answer(2, 2, 0);
	struct cxl_dcd_part p[CXL_DCD_MAX_REGIONS];
	unsigned int nr, total = 0;

	name = "a configuration in several answers";
	CHECK(!take(good, 3, &nr) && nr == 8);
	CHECK(take(fewer, 2, &nr) == -EPROTO && nr == 4);
	CHECK(take(other, 2, &nr) == -EPROTO && nr == 4);
	CHECK(take(beyond, 2, &nr) == -EPROTO && nr == 8);
	CHECK(take(none, 1, &nr) == -EPROTO && take(many, 1, &nr) == -EPROTO);
	nr = 0;
	CHECK(cxl_dcd_parts_take(p, &nr, &total, resp, sizeof(*resp) +
				 2 * sizeof(resp->regions[0]) - 1) == -EPROTO);
	CHECK(cxl_dcd_parts_take(p, &nr, &total, resp, 7) == -EPROTO);
	free(resp);
}

static void test_effects(void)
{
	static const u8 log[] = {
		0x00, 0x40, 1, 2, 0x00, 0x48, 0, 0, 0x01, 0x48, 0, 0, 0x02, 0x48,
	};

	name = "command effects";
	CHECK(cxl_dcd_effects_have(log, sizeof(log), 0x4800));
	CHECK(cxl_dcd_effects_have(log, sizeof(log), 0x4801));
	CHECK(!cxl_dcd_effects_have(log, sizeof(log), 0x4802));
	CHECK(!cxl_dcd_effects_have(log, 7, 0x4800));
	CHECK(cxl_dcd_effects_have(log, 8, 0x4800));
	CHECK(!cxl_dcd_effects_have(log, 0, 0x4000));
}

int main(void)
{
	static void (* const tests[])(void) = {
		test_part_decode, test_parts_check, test_config_of_any_bytes,
		test_config_in_parts, test_effects,
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
