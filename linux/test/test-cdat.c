// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases of cdat.c: what a device may say of itself in its CDAT.
 */
#include <stdio.h>

#include "../cdat.h"
#include "../judge.h"
#include "check.h"
#include "nasty.h"
#include "parts.h"

/* A table that ends anywhere, and one whose entries lie about their size. */
static void test_cdat(void)
{
	u8 table[16 + 24] = { 0 };
	struct cxl_dcd_part p[2] = { parts[0], parts[1] };
	size_t len;

	name = "cdat";
	p[0].dsmad = 3;
	p[0].known = false;
	p[1].dsmad = 4;
	p[1].known = false;
	table[16 + 2] = 24;
	table[16 + 4] = 3;
	table[16 + 5] = CXL_DCD_REGION_SHARABLE | CXL_DCD_REGION_READ_ONLY |
			CXL_DCD_REGION_NONVOLATILE;
	for (len = 0; len < sizeof(table); len++)
		cxl_dcd_cdat_flags(p, 2, table, len);
	CHECK(!p[0].shareable && !p[0].read_only && !p[0].known);
	cxl_dcd_cdat_flags(p, 2, table, sizeof(table));
	CHECK(p[0].shareable && p[0].read_only && p[0].known && !p[1].known);
	CHECK(p[1].shareable && !p[1].read_only);
	CHECK(p[0].nonvolatile && !p[1].nonvolatile);
	table[16 + 2] = 0;
	table[16 + 5] = 0;
	cxl_dcd_cdat_flags(p, 2, table, sizeof(table));
	CHECK(p[0].shareable);
	table[16 + 3] = 0xff;
	cxl_dcd_cdat_flags(p, 2, table, sizeof(table));
	CHECK(p[0].shareable);
}

static void put_dslbis(u8 *entry, u8 handle, u8 flags, u8 type, u16 value,
		       u64 unit)
{
	int i;

	memset(entry, 0, 24);
	entry[0] = 1;
	entry[2] = 24;
	entry[4] = handle;
	entry[5] = flags;
	entry[6] = type;
	for (i = 0; i < 8; i++)
		entry[8 + i] = unit >> 8 * i;
	entry[16] = value & 0xff;
	entry[17] = value >> 8;
}

/* Latencies are rounded up to ns, what says nothing or overflows is 0. */
static void test_cdat_perf(void)
{
	u8 table[16 + 6 * 24] = { 0 }, *at = table + 16;
	struct cxl_dcd_perf perf;

	name = "cdat perf";
	put_dslbis(at, 3, 0, 0, 150, 1001);
	put_dslbis(at + 24, 3, 0, 2, 200, 1000);
	put_dslbis(at + 48, 3, 0, 3, 16, 1000);
	put_dslbis(at + 72, 3, 0, 4, 0xffff, 1);
	put_dslbis(at + 96, 3, 1, 5, 1, 1);
	put_dslbis(at + 120, 4, 0, 5, 2, (u64)U32_MAX + 1);
	CHECK(cxl_dcd_cdat_perf(3, table, sizeof(table), &perf));
	CHECK(perf.read_latency == 151 && perf.write_latency == 200);
	CHECK(perf.read_bandwidth == 16000 && perf.write_bandwidth == 16000);
	CHECK(cxl_dcd_cdat_perf(3, table, sizeof(table) - 100, &perf));
	CHECK(perf.write_latency == 151 && !perf.read_bandwidth);
	CHECK(!cxl_dcd_cdat_perf(4, table, sizeof(table), &perf));
	CHECK(!perf.write_bandwidth);
	CHECK(!cxl_dcd_cdat_perf(3, table, 10, &perf));
	put_dslbis(at, 3, 0, 1, 1, U32_MAX);
	put_dslbis(at + 24, 3, 0, 2, 150, 0);
	CHECK(cxl_dcd_cdat_perf(3, table, 16 + 48, &perf));
	CHECK(perf.read_latency == U32_MAX / 1000 + 1 && !perf.write_latency);
}

/* A CDAT of any bytes and any length is never read beyond its end. */
static void test_cdat_of_any_bytes(void)
{
	struct cxl_dcd_part p[2];
	struct cxl_dcd_perf perf;
	u32 round, i;

	name = "cdat of any bytes";
	for (round = 0; round < 100000; round++) {
		size_t len = rand() % 120;
		u8 *table = malloc(len + !len);

		for (i = 0; i < len; i++)
			table[i] = rand() % 3 ? rand() % 32 : rand();
		memcpy(p, parts, sizeof(p));
		cxl_dcd_cdat_flags(p, 2, table, len);
		CHECK(p[0].base == parts[0].base && p[1].size == parts[1].size);
		cxl_dcd_cdat_perf(rand() % 32, table, len, &perf);
		free(table);
	}
}

int main(void)
{
	static void (* const tests[])(void) = {
		test_cdat, test_cdat_perf, test_cdat_of_any_bytes,
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
