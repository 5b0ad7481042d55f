// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory blocks of one device, taken offline together or not at all.
 *
 * libdaxctl walks the blocks of a NUMA node, which other devices share: one of
 * theirs that goes meanwhile ends the walk, and a block that stays online
 * leaves those before it offline.  Here the device's own addresses say which
 * blocks are meant.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <daxctl/libdaxctl.h>

#include "dcd.h"

#define MEMORY_DIR "/sys/devices/system/memory"

/* A block that was taken offline, and how it was online. */
struct block {
	unsigned long long nr;
	bool movable;
};

/**
 * struct blocks - those taken offline so far
 * @size: bytes of any block
 */
struct blocks {
	struct block *vec;
	size_t len, room;
	unsigned long long size;
};

static int block_file(unsigned long long nr, const char *file, char *buf,
		      size_t len)
{
	char path[96];

	snprintf(path, sizeof(path), MEMORY_DIR "/memory%llu/%s", nr, file);
	return dcd_read_setting(path, buf, len);
}

static int set_state(unsigned long long nr, const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), MEMORY_DIR "/memory%llu/state", nr);
	return dcd_write_setting(path, state);
}

/* 1, 0, or -errno; a block that is not there is not online. */
static int is_online(unsigned long long nr)
{
	char buf[32];
	int rc = block_file(nr, "state", buf, sizeof(buf));

	if (rc == -ENOENT || rc == -ENODEV)
		return 0;
	if (rc < 0)
		return rc;
	return strncmp(buf, "online", 6) == 0;
}

static struct block *next_block(struct blocks *blocks)
{
	struct block *more;
	size_t room;

	if (blocks->len == blocks->room) {
		room = blocks->room ? 2 * blocks->room : 16;
		more = realloc(blocks->vec, room * sizeof(*more));
		if (!more)
			return NULL;
		blocks->vec = more;
		blocks->room = room;
	}
	return &blocks->vec[blocks->len];
}

static int offline_one(struct blocks *blocks, unsigned long long nr)
{
	struct block *block;
	char zone[64];
	int rc;

	rc = is_online(nr);
	if (rc <= 0)
		return rc;
	block = next_block(blocks);
	if (!block)
		return -ENOMEM;
	block->nr = nr;
	/* Of a block that is online this names the zone it is in. */
	block->movable = block_file(nr, "valid_zones", zone, sizeof(zone)) < 0 ||
			 strncmp(zone, "Movable", 7) == 0;
	rc = set_state(nr, "offline");
	/* Somebody else may have been faster. */
	if (rc < 0 && is_online(nr) == 0)
		return 0;
	if (rc < 0) {
		fprintf(stderr,
			"memory block %llu does not go offline: %s\n", nr,
			strerror(-rc));
		return rc;
	}
	blocks->len++;
	return 0;
}

/* All blocks that lie wholly in @start..@end, the last byte. */
static int offline_range(struct blocks *blocks, unsigned long long start,
			 unsigned long long end)
{
	unsigned long long nr = start / blocks->size + !!(start % blocks->size);
	int rc = 0;

	for (; rc == 0 && nr < (end + 1) / blocks->size; nr++)
		rc = offline_one(blocks, nr);
	return rc;
}

/* Online again what we took offline, as it was. */
static void put_back(struct blocks *blocks)
{
	size_t i;
	int rc;

	for (i = 0; i < blocks->len; i++) {
		rc = set_state(blocks->vec[i].nr,
			       blocks->vec[i].movable ? "online_movable" :
							"online_kernel");
		if (rc < 0 && is_online(blocks->vec[i].nr) == 0)
			fprintf(stderr,
				"memory block %llu cannot be onlined again: %s\n",
				blocks->vec[i].nr, strerror(-rc));
	}
}

/**
 * dcd_block_size - bytes of a memory block, 0 where the kernel has none
 */
unsigned long long dcd_block_size(void)
{
	char buf[32];

	if (dcd_read_setting(MEMORY_DIR "/block_size_bytes", buf,
			     sizeof(buf)) < 0)
		return 0;
	return strtoull(buf, NULL, 16);
}

/**
 * dcd_offline_blocks - take all memory of a device offline
 * @dev: device whose memory the kernel has
 *
 * Returns: 0, or -errno; then those blocks are online again that this call
 * took offline.
 */
int dcd_offline_blocks(struct daxctl_dev *dev)
{
	struct blocks blocks = { .size = dcd_block_size() };
	struct daxctl_mapping *mapping;
	bool mapped = false;
	int rc = 0;

	if (!blocks.size)
		return -ENXIO;
	daxctl_mapping_foreach(dev, mapping) {
		mapped = true;
		rc = offline_range(&blocks, daxctl_mapping_get_start(mapping),
				   daxctl_mapping_get_end(mapping));
		if (rc < 0)
			break;
	}
	/* Kernels before 5.10 show no mappings, and have one. */
	if (!mapped && daxctl_dev_get_size(dev))
		rc = offline_range(&blocks, daxctl_dev_get_resource(dev),
				   daxctl_dev_get_resource(dev) +
				   daxctl_dev_get_size(dev) - 1);
	if (rc < 0)
		put_back(&blocks);
	free(blocks.vec);
	return rc;
}
