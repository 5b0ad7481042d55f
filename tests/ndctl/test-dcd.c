// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * util/dcd-*.c of our ndctl: names of partitions, extents below a folder, tags,
 * sizes.
 *
 * The folder is a temporary one with the files that a DAX region has in sysfs;
 * the code under test is the one that reads sysfs, unchanged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <util/log.h>
#include <util/dcd-tag.h>
#include <util/dcd-size.h>
#include <util/dcd-names.h>
#include <util/dcd-extents.h>

#include "check.h"

static char *dir;

static void put(const char *extent, const char *attr, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, extent);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/%s/%s", dir, extent, attr);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	fputs(text, f);
	fclose(f);
}

static void expect_ident(const char *name, enum dcd_ident_kind kind, int index,
			 bool shareable, bool read_only)
{
	struct dcd_ident id = dcd_parse_ident(name);

	CHECK(id.kind == kind, "'%s' gives kind %d, not %d", name, id.kind,
	      kind);
	CHECK(id.index == index, "'%s' gives index %d, not %d", name, id.index,
	      index);
	CHECK(id.shareable == shareable, "'%s'", name);
	CHECK(id.read_only == read_only, "'%s'", name);
}

static void test_names(void)
{
	static const char *const none[] = {
		"", "d", "dc8", "dc00", "dc-1", "dcx", "dc0 ", "ram", "pmem",
		"dynamic", "dynamic_ram_", "dynamic_ram_0", "dynamic_ram_9",
		"dynamic_ram_i", "dynamic_ram_11", "dynamic_ram_A",
		"dynamic_ram_shared_", "dynamic_ram_ro_shared", "dynamic_ramx",
	};
	size_t i;

	expect_ident("dc", DCD_IDENT_INDEX, 0, false, false);
	expect_ident("dc0", DCD_IDENT_INDEX, 0, false, false);
	expect_ident("dc7", DCD_IDENT_INDEX, 7, false, false);
	expect_ident("dynamic_ram_a", DCD_IDENT_INDEX, 0, false, false);
	expect_ident("dynamic_ram_h", DCD_IDENT_INDEX, 7, false, false);
	expect_ident("dynamic_ram_1", DCD_IDENT_INDEX, 0, false, false);
	expect_ident("dynamic_ram_8", DCD_IDENT_INDEX, 7, false, false);
	expect_ident("dynamic_ram", DCD_IDENT_PROPERTIES, 0, false, false);
	expect_ident("dynamic_ram_shared", DCD_IDENT_PROPERTIES, 0, true, false);
	expect_ident("dynamic_ram_ro", DCD_IDENT_PROPERTIES, 0, false, true);
	expect_ident("dynamic_ram_shared_ro", DCD_IDENT_PROPERTIES, 0, true,
		     true);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		expect_ident(none[i], DCD_IDENT_NONE, 0, false, false);
}

static void test_tags(void)
{
	static const char text[] = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911";
	uuid_t tag, want, kept;

	uuid_parse(text, want);
	CHECK(dcd_parse_tag(text, tag) == 0 && !uuid_compare(tag, want), "tag");
	uuid_copy(kept, tag);
	CHECK(dcd_parse_tag("junk", tag) < 0, "junk accepted");
	CHECK(dcd_parse_tag("", tag) < 0, "empty text accepted");
	CHECK(dcd_parse_tag("00", tag) < 0, "00 accepted");
	CHECK(!uuid_compare(tag, kept), "a refused tag was written");
	CHECK(dcd_parse_tag("0", tag) == 0 && uuid_is_null(tag), "0");
}

static void test_sizes(void)
{
	static const struct {
		const char *text;
		unsigned long long size;
	} good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "0x1000", 4096 },
		{ "2k", 2048 }, { "64M", 64ULL << 20 }, { "1g", 1ULL << 30 },
		{ "1T", 1ULL << 40 }, { "8388607T", 8388607ULL << 40 },
		{ "9223372036854775807", 0x7fffffffffffffffULL },
	};
	static const char *const bad[] = {
		"", "junk", "1X", "1MB", "1M ", " 5", " -5", "-5", "+5", "-1",
		"M", "1.5G", "18446744073709551615", "99999999999999999999",
		"-18446744073709551611", "9223372036854775808", "8388608T",
		"16777217T", "1@",
	};
	unsigned long long size;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK(dcd_parse_size(good[i].text, &size) == 0 &&
		      size == good[i].size, "'%s'", good[i].text);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size = 77;
		CHECK(dcd_parse_size(bad[i], &size) < 0, "'%s'", bad[i]);
		CHECK(size == 77, "'%s' was refused, but written", bad[i]);
	}
}

static struct dcd_extents *all;
static char region[] = "a region";

static struct dcd_extent *first(void)
{
	static struct log_ctx log;

	log_init(&log, "test-dcd", "TEST_DCD_LOG");
	return dcd_extents_first(&all, &log, dir, region);
}

static void test_extents(void)
{
	static const char tag[] = "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911";
	struct dcd_extent *e;
	uuid_t want;

	CHECK(!first(), "empty folder");

	/* Made out of order; a prefix is no extent, nor is half of one. */
	put("extent0.2", "offset", "0x10000000\n");
	put("extent0.2", "length", "0x8000000\n");
	put("extent0.2", "uuid", "5ead4c2b-0f2c-4b50-9a6d-8c3cf8d7a911\n");
	put("extent0.2", "state", "releasing\n");
	put("extent0.1", "offset", "0x0\n");
	put("extent0.1", "length", "0x10000000\n");
	put("extent0.1", "state", "accepted\n");
	put("extent0.3", "offset", "0x20000000\n");
	put("extent0.4", "offset", "0x30000000 and more\n");
	put("extent0.4", "length", "0x1000\n");
	put("extent", "offset", "0\n");
	put("extent", "length", "1\n");
	put("dax0.0", "offset", "0\n");
	put("dax0.0", "length", "1\n");

	uuid_parse(tag, want);
	e = first();
	CHECK(e && strcmp(e->name, "extent0.1") == 0, "the first extent");
	if (!e)
		return;
	CHECK(e->offset == 0, "%#llx", e->offset);
	CHECK(e->length == 0x10000000, "%#llx", e->length);
	CHECK(uuid_is_null(e->uuid), "tag of an untagged one");
	CHECK(!dcd_extent_state(e), "accepted goes without saying");
	CHECK(dcd_extent_region(e) == region, "region");
	e = dcd_extents_next(e);
	CHECK(e && strcmp(e->name, "extent0.2") == 0, "the second extent");
	if (!e)
		return;
	CHECK(e->offset == 0x10000000, "%#llx", e->offset);
	CHECK(e->length == 0x8000000, "%#llx", e->length);
	CHECK(!uuid_compare(e->uuid, want), "tag");
	CHECK(dcd_extent_state(e) && !strcmp(dcd_extent_state(e), "releasing"),
	      "state");
	CHECK(!dcd_extents_next(e), "a third extent");
}

static void test_many(void)
{
	struct dcd_extent *e;
	int i, nr = 0, last = -1, number = 0;

	for (i = 999; i >= 0; i--) {
		char name[32], text[32];

		snprintf(name, sizeof(name), "extent7.%d", i);
		snprintf(text, sizeof(text), "%#llx\n", (i + 1) * 0x200000ULL);
		put(name, "offset", text);
		put(name, "length", "0x200000\n");
	}
	for (e = first(); e; e = dcd_extents_next(e)) {
		int parent, id;

		number++;
		if (sscanf(e->name, "extent%d.%d", &parent, &id) != 2 ||
		    parent != 7)
			continue;
		CHECK(id == last + 1 || nr == 0, "%s after %d", e->name, last);
		last = id;
		nr++;
	}
	CHECK(nr == 1000, "%d", nr);
	CHECK(number == 1002, "%d extents, not 1002", number);
}

static void test_no_folder(void)
{
	dir[strlen(dir) - 1] ^= 1;
	CHECK(!first(), "a missing folder has extents");
	dir[strlen(dir) - 1] ^= 1;
	CHECK(first(), "and then the folder has none");
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s EMPTY-FOLDER\n", argv[0]);
		return 2;
	}
	dir = strdup(argv[1]);
	test_names();
	test_tags();
	test_sizes();
	test_extents();
	test_many();
	test_no_folder();
	dcd_extents_free(all);
	dcd_extents_free(NULL);
	free(dir);
	printf("test-dcd: %d failures\n", failures);
	return failures ? 1 : 0;
}
