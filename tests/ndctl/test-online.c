// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daxctl/online.c and blocks.c of our ndctl: memory of a device comes and goes.
 *
 * libdaxctl and the kernel's files are made up here: eight memory blocks of
 * 128 MiB at address 0, of which some belong to the device.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <daxctl/libdaxctl.h>

#include "dcd.h"
#include "check.h"

#define NR_BLOCKS 8
#define BLOCK (128ULL << 20)

struct daxctl_mapping {
	unsigned long long start, end;
};

struct daxctl_dev {
	struct daxctl_mapping maps[3];
	int stolen; /* how often another driver is faster */
	bool enabled, ram, has_memory;
};

/* "" for a block that is not there; @stuck stays online. */
static char state[NR_BLOCKS][16], zone[NR_BLOCKS][16];
static int stuck, writes;

int dcd_read_setting(const char *path, char *buf, size_t len)
{
	unsigned int nr;
	char file[32];

	if (strstr(path, "block_size_bytes")) {
		snprintf(buf, len, "%llx", BLOCK);
		return 0;
	}
	if (sscanf(path, "/sys/devices/system/memory/memory%u/%31s", &nr,
		   file) != 2 || nr >= NR_BLOCKS || !*state[nr])
		return -ENOENT;
	snprintf(buf, len, "%s",
		 strcmp(file, "state") == 0 ? state[nr] : zone[nr]);
	return 0;
}

int dcd_write_setting(const char *path, const char *text)
{
	unsigned int nr;

	if (sscanf(path, "/sys/devices/system/memory/memory%u/state", &nr) !=
		    1 || nr >= NR_BLOCKS || !*state[nr])
		return -ENOENT;
	writes++;
	if (nr == stuck && strcmp(text, "offline") == 0)
		return -EBUSY;
	strcpy(state[nr], strcmp(text, "offline") == 0 ? text : "online");
	if (strcmp(text, "online_movable") == 0)
		strcpy(zone[nr], "Movable");
	else if (strcmp(text, "online_kernel") == 0)
		strcpy(zone[nr], "Normal");
	else
		strcpy(zone[nr], "Normal Movable");
	return 0;
}

int dcd_hold_begin(struct dcd_hold *hold, const char *policy)
{
	return 0;
}

void dcd_hold_end(struct dcd_hold *hold)
{
}

const char *daxctl_dev_get_devname(struct daxctl_dev *dev)
{
	return "dax0.1";
}

struct daxctl_region *daxctl_dev_get_region(struct daxctl_dev *dev)
{
	return NULL;
}

int daxctl_region_is_dynamic_capacity(struct daxctl_region *region)
{
	return 1;
}

int daxctl_region_is_shareable(struct daxctl_region *region)
{
	return 0;
}

int daxctl_region_get_id(struct daxctl_region *region)
{
	return 0;
}

struct daxctl_memory *daxctl_dev_get_memory(struct daxctl_dev *dev)
{
	return dev->has_memory ? (struct daxctl_memory *)dev : NULL;
}

unsigned long long daxctl_dev_get_size(struct daxctl_dev *dev)
{
	return 0;
}

unsigned long long daxctl_dev_get_resource(struct daxctl_dev *dev)
{
	return 0;
}

struct daxctl_mapping *daxctl_mapping_get_first(struct daxctl_dev *dev)
{
	return dev->maps[0].end ? dev->maps : NULL;
}

struct daxctl_mapping *daxctl_mapping_get_next(struct daxctl_mapping *mapping)
{
	return mapping[1].end ? mapping + 1 : NULL;
}

unsigned long long daxctl_mapping_get_start(struct daxctl_mapping *mapping)
{
	return mapping->start;
}

unsigned long long daxctl_mapping_get_end(struct daxctl_mapping *mapping)
{
	return mapping->end;
}

int daxctl_dev_enable_ram(struct daxctl_dev *dev)
{
	if (dev->enabled)
		return 0;
	dev->enabled = true;
	dev->ram = dev->stolen-- <= 0;
	return 0;
}

int daxctl_dev_disable(struct daxctl_dev *dev)
{
	dev->enabled = dev->ram = false;
	return 0;
}

int daxctl_dev_is_system_ram_capable(struct daxctl_dev *dev)
{
	return dev->ram;
}

/* Blocks 1, 2 and 5 are the device's; half of 6 is in it as well. */
static struct daxctl_dev ram_dev(void)
{
	int i;

	for (i = 0; i < NR_BLOCKS; i++) {
		strcpy(state[i], "online");
		strcpy(zone[i], i == 2 ? "Normal" : "Movable");
	}
	stuck = -1;
	writes = 0;
	return (struct daxctl_dev){
		.maps = { { BLOCK, 3 * BLOCK - 1 },
			  { 5 * BLOCK, 6 * BLOCK + BLOCK / 2 - 1 } },
		.has_memory = true,
	};
}

static void expect(const char *want)
{
	char have[NR_BLOCKS + 1] = "";
	int i;

	for (i = 0; i < NR_BLOCKS; i++)
		have[i] = !*state[i] ? '.' :
			  strcmp(state[i], "offline") == 0 ? '0' : '1';
	CHECK(strcmp(have, want) == 0, "blocks are %s, not %s", have, want);
}

static void test_offline(void)
{
	struct daxctl_dev dev = ram_dev();

	CHECK(dcd_offline_ram(&dev) == 0, "offline");
	expect("10011011");
	CHECK(dcd_offline_ram(&dev) == 0 && writes == 3, "again");

	/* Without memory there is nothing to do. */
	dev = ram_dev();
	dev.has_memory = false;
	CHECK(dcd_offline_ram(&dev) == 0, "devdax");
	expect("11111111");
}

/* All or nothing, and what was offline before stays so. */
static void test_stuck(void)
{
	struct daxctl_dev dev = ram_dev();

	strcpy(state[1], "offline");
	stuck = 5;
	CHECK(dcd_offline_ram(&dev) == -EBUSY, "block 5 stays online");
	expect("10111111");
	CHECK(strcmp(zone[2], "Normal") == 0, "block 2 is %s now", zone[2]);
	stuck = -1;
	CHECK(dcd_offline_ram(&dev) == 0, "then it does not");
	expect("10011011");
}

/* A block that goes meanwhile: ours, or that of a device beside it. */
static void test_gone(void)
{
	struct daxctl_dev dev = ram_dev();

	strcpy(state[0], "");
	strcpy(state[5], "");
	CHECK(dcd_offline_ram(&dev) == 0, "blocks 0 and 5 are gone");
	expect(".0011.11");
}

static void test_stolen(void)
{
	struct daxctl_dev dev = { .stolen = 2 };

	CHECK(dcd_enable_ram_as(&dev, "online") == 0 && dev.ram,
	      "another driver was faster twice");
	dev = (struct daxctl_dev){ .stolen = 1000 };
	CHECK(dcd_enable_ram_as(&dev, "online") == -EBUSY, "always");
	CHECK(!dev.enabled, "the other driver still has it");
}

int main(void)
{
	test_offline();
	test_stuck();
	test_gone();
	test_stolen();
	printf("test-online: %d failures\n", failures);
	return failures ? 1 : 0;
}
