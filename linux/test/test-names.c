// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases of names.c: what partitions are called, and what a user may call them.
 */
#include <stdio.h>

#include "../names.h"
#include "check.h"

/*
 * A plain partition, one that is absent, a shared one, a shared read-only one.
 */
static const struct cxl_dcd_part parts[] = {
	{ .size = 0x10000000 },
	{ },
	{ .size = 0x10000000, .shareable = true },
	{ .size = 0x10000000, .shareable = true, .read_only = true },
	{ .size = 0x10000000 },
};

#define NR ARRAY_SIZE(parts)

static int part_of(const char *text)
{
	return cxl_dcd_name_part(parts, NR, text);
}

static bool called(unsigned int slot, const char *slot_name, const char *kind)
{
	return !strcmp(cxl_dcd_slot_name(slot), slot_name) &&
	       !strcmp(cxl_dcd_slot_kind(slot), kind);
}

static void test_series(void)
{
	name = "each series has its names";
	CHECK(!cxl_dcd_names_choose("dc0"));
	CHECK(called(0, "dc0", "dc") && called(7, "dc7", "dc"));
	CHECK(!cxl_dcd_names_choose("dynamic_ram_a"));
	CHECK(called(0, "dynamic_ram_a", "dynamic_ram_a"));
	CHECK(called(7, "dynamic_ram_h", "dynamic_ram_h"));
	CHECK(!cxl_dcd_names_choose("dynamic_ram_1"));
	CHECK(called(0, "dynamic_ram_1", "dynamic_ram_1"));
	CHECK(called(7, "dynamic_ram_8", "dynamic_ram_8"));
	CHECK(cxl_dcd_slots() == 8 && !cxl_dcd_names_need_cdat());
	CHECK(!cxl_dcd_names_choose("dynamic_ram"));
	CHECK(called(0, "dynamic_ram", "dynamic_ram"));
	CHECK(called(3, "dynamic_ram_shared_ro", "dynamic_ram_shared_ro"));
	CHECK(cxl_dcd_slots() == 4 && cxl_dcd_names_need_cdat());
}

static void test_unknown_series(void)
{
	name = "a series that is not known changes nothing";
	CHECK(!cxl_dcd_names_choose("dc0"));
	CHECK(cxl_dcd_names_choose("dc1") == -EINVAL);
	CHECK(cxl_dcd_names_choose("") == -EINVAL);
	CHECK(cxl_dcd_names_choose("dynamic_ram_2") == -EINVAL);
	CHECK(called(0, "dc0", "dc"));
}

static void test_slots_by_position(void)
{
	unsigned int i;

	name = "a slot by position is the partition there";
	CHECK(!cxl_dcd_names_choose("dynamic_ram_1"));
	for (i = 0; i < NR; i++) {
		CHECK(cxl_dcd_slot_of(&parts[i], i) == i);
		CHECK(cxl_dcd_slot_part(parts, NR, i) ==
		      (parts[i].size ? (int)i : -ENXIO));
	}
	CHECK(cxl_dcd_slot_part(parts, NR, NR) == -ENXIO);
	CHECK(cxl_dcd_slot_part(parts, 0, 0) == -ENXIO);
}

static void test_slots_by_properties(void)
{
	name = "a slot by properties is the first partition that has them";
	CHECK(!cxl_dcd_names_choose("dynamic_ram"));
	CHECK(cxl_dcd_slot_of(&parts[0], 0) == 0);
	CHECK(cxl_dcd_slot_of(&parts[4], 4) == 0);
	CHECK(cxl_dcd_slot_of(&parts[3], 3) == 3);
	CHECK(cxl_dcd_slot_part(parts, NR, 0) == 0);
	CHECK(cxl_dcd_slot_part(parts, NR, 1) == 2);
	CHECK(cxl_dcd_slot_part(parts, NR, 2) == -ENXIO);
	CHECK(cxl_dcd_slot_part(parts, NR, 3) == 3);
}

static void test_any_name(void)
{
	static const char * const all[] = {
		"dc0", "dynamic_ram_a", "dynamic_ram_1", "dynamic_ram",
	};
	unsigned int i;

	name = "written, the names of every series are understood";
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		CHECK(!cxl_dcd_names_choose(all[i]));
		CHECK(part_of("dc") == 0 && part_of("dc0\n") == 0);
		CHECK(part_of("dynamic_ram") == 0);
		CHECK(part_of("dynamic_ram_1") == 0);
		CHECK(part_of(" dynamic_ram_c\n") == 2);
		CHECK(part_of("dynamic_ram_shared_ro") == 3);
		CHECK(part_of("dynamic_ram_5") == 4);
	}
}

static void test_absent(void)
{
	name = "a name of a partition that is not there is told from no name";
	CHECK(part_of("dc1") == -ENXIO);
	CHECK(part_of("dynamic_ram_h") == -ENXIO);
	CHECK(part_of("dynamic_ram_8") == -ENXIO);
	CHECK(part_of("dynamic_ram_ro") == -ENXIO);
	CHECK(part_of("dc8") == -EINVAL);
	CHECK(part_of("dc00") == -EINVAL);
	CHECK(part_of("dynamic_ram_0") == -EINVAL);
	CHECK(part_of("dynamic_ram_9") == -EINVAL);
	CHECK(part_of("dynamic_ram_i") == -EINVAL);
	CHECK(part_of("dynamic_ram_") == -EINVAL);
	CHECK(part_of("dynamic_ram_11") == -EINVAL);
	CHECK(part_of("ram") == -EINVAL);
	CHECK(part_of("") == -EINVAL);
	CHECK(part_of("dynamic_ram_shared_ro_and_more_of_it") == -EINVAL);
}

int main(void)
{
	static void (* const tests[])(void) = {
		test_series, test_unknown_series, test_slots_by_position,
		test_slots_by_properties, test_any_name, test_absent,
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
