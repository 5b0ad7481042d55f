// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The memory blocks of one device: taken offline together or not at all, and
 * all of them online.
 *
 * libdaxctl looks for a device's blocks among those of its NUMA node, where
 * other devices have theirs.  When one of those goes meanwhile it stops, and
 * when one block stays online it leaves those before it offline.  Here the
 * device's own addresses say which blocks are meant.
 */
#include <stdio.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <daxctl/libdaxctl.h>

#include "dcd-setting.h"
#include "dcd-blocks.h"

/* A block that was taken offline, and how it was online. */
struct dcd_block {
	unsigned long long nr;
	bool movable;
};

/**
 * struct dcd_blocks - the blocks of a device while something is done to them
 * @vec: those taken offline so far, @len of them
 * @size: bytes of any block
 * @state: what those shall be that are not online
 * @whole: how many there are
 * @online: how many of them are online
 * @error: of the last one that does not go online
 */
struct dcd_blocks {
	struct dcd_block *vec;
	size_t len, room;
	unsigned long long size;
	const char *state;
	unsigned long long whole, online;
	int error;
};

/* Seconds for one block: the kernel itself tries without end. */
unsigned int dcd_offline_seconds = 30;

/* Signals that end taking blocks offline, so that what was done can be undone. */
#define NR_STOPS 4
static const int dcd_stops[NR_STOPS] = { SIGALRM, SIGINT, SIGTERM, SIGHUP };

/* By which; 0: none came */
static atomic_int dcd_stopped;

/* The call that runs just now ends by it; or the next, should none run yet. */
static void dcd_stop(int number)
{
	if (!dcd_stopped)
		dcd_stopped = number;
	alarm(1);
}

/**
 * struct dcd_stopping - what was before signals were ours
 */
struct dcd_stopping {
	struct sigaction old[NR_STOPS];
	sigset_t mask;
};

static void dcd_stopping_begin(struct dcd_stopping *before)
{
	struct sigaction act = { .sa_handler = dcd_stop };
	sigset_t open;
	size_t i;

	dcd_stopped = 0;
	sigemptyset(&open);
	for (i = 0; i < NR_STOPS; i++) {
		sigaction(dcd_stops[i], &act, &before->old[i]);
		/* What is ignored, as by nohup, goes on being so. */
		if (before->old[i].sa_handler == SIG_IGN)
			sigaction(dcd_stops[i], &before->old[i], NULL);
		sigaddset(&open, dcd_stops[i]);
	}
	sigprocmask(SIG_UNBLOCK, &open, &before->mask);
}

/* As before; a signal that was meant for the program now comes to it. */
static void dcd_stopping_end(const struct dcd_stopping *before)
{
	size_t i;

	alarm(0);
	for (i = 0; i < NR_STOPS; i++)
		sigaction(dcd_stops[i], &before->old[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
	if (dcd_stopped && dcd_stopped != SIGALRM)
		raise(dcd_stopped);
}

static int dcd_block_read(unsigned long long nr, const char *file, char *buf,
			  size_t len)
{
	char path[96];

	snprintf(path, sizeof(path), DCD_MEMORY_DIR "/memory%llu/%s", nr, file);
	return dcd_read_setting(path, buf, len);
}

static int dcd_block_set_state(unsigned long long nr, const char *state)
{
	char path[96];

	snprintf(path, sizeof(path), DCD_MEMORY_DIR "/memory%llu/state", nr);
	return dcd_write_setting(path, state);
}

/* 1, 0, or -errno; a block that is not there is not online. */
static int dcd_block_is_online(unsigned long long nr)
{
	char buf[32];
	int rc = dcd_block_read(nr, "state", buf, sizeof(buf));

	if (rc == -ENOENT || rc == -ENODEV)
		return 0;
	if (rc < 0)
		return rc;
	return strncmp(buf, "online", 6) == 0;
}

static struct dcd_block *dcd_blocks_next_free(struct dcd_blocks *blocks)
{
	struct dcd_block *more;
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

static int dcd_offline_block(struct dcd_blocks *blocks, unsigned long long nr)
{
	struct dcd_block *block;
	char zone[64];
	int rc;

	rc = dcd_block_is_online(nr);
	if (rc <= 0)
		return rc;
	block = dcd_blocks_next_free(blocks);
	if (!block)
		return -ENOMEM;
	block->nr = nr;
	/* While a block is online this file names the zone that it is in. */
	block->movable = dcd_block_read(nr, "valid_zones", zone, sizeof(zone)) < 0 ||
			 strncmp(zone, "Movable", 7) == 0;
	if (!dcd_stopped)
		alarm(dcd_offline_seconds);
	rc = dcd_block_set_state(nr, "offline");
	if (!dcd_stopped)
		alarm(0);
	/* It does not matter if another program took it offline meanwhile. */
	if (rc < 0 && dcd_block_is_online(nr) == 0)
		return 0;
	if (rc < 0 && dcd_stopped == SIGALRM) {
		fprintf(stderr,
			"memory block %llu does not go offline in %u seconds: somebody holds pages of it that cannot be moved\n",
			nr, dcd_offline_seconds);
		return -ETIMEDOUT;
	}
	if (rc < 0) {
		fprintf(stderr,
			"memory block %llu does not go offline: %s\n", nr,
			strerror(-rc));
		return rc;
	}
	blocks->len++;
	return dcd_stopped ? -EINTR : 0;
}

/* All blocks that lie wholly in @start..@end, the last byte. */
static int dcd_offline_range(struct dcd_blocks *blocks,
			     unsigned long long start,
			     unsigned long long end)
{
	unsigned long long nr = start / blocks->size + !!(start % blocks->size);
	int rc = 0;

	for (; rc == 0 && nr < (end + 1) / blocks->size; nr++)
		rc = dcd_offline_block(blocks, nr);
	return rc;
}

/* Online again what we took offline, as it was. */
static void dcd_blocks_put_back(struct dcd_blocks *blocks)
{
	size_t i;
	int rc;

	for (i = 0; i < blocks->len; i++) {
		const char *state = blocks->vec[i].movable ?
			"online_movable" : "online_kernel";

		rc = dcd_block_set_state(blocks->vec[i].nr, state);
		if (rc < 0 && dcd_block_is_online(blocks->vec[i].nr) == 0)
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

	if (dcd_read_setting(DCD_MEMORY_DIR "/block_size_bytes", buf,
			     sizeof(buf)) < 0)
		return 0;
	return strtoull(buf, NULL, 16);
}

/* Call @act for each range of a device; 0, or the first error. */
static int dcd_each_range(struct daxctl_dev *dev, struct dcd_blocks *blocks,
			  int (*act)(struct dcd_blocks *blocks,
				     unsigned long long start,
				     unsigned long long end))
{
	struct daxctl_mapping *mapping;
	bool mapped = false;
	int rc = 0;

	daxctl_mapping_foreach(dev, mapping) {
		mapped = true;
		rc = act(blocks, daxctl_mapping_get_start(mapping),
			 daxctl_mapping_get_end(mapping));
		if (rc < 0)
			return rc;
	}
	/* Kernels before 5.10 show no mappings: a device is one range there. */
	if (!mapped && daxctl_dev_get_size(dev))
		rc = act(blocks, daxctl_dev_get_resource(dev),
			 daxctl_dev_get_resource(dev) +
			 daxctl_dev_get_size(dev) - 1);
	return rc;
}

/* Online the blocks of a range that are not yet; count both kinds. */
static int dcd_online_range(struct dcd_blocks *blocks,
			    unsigned long long start, unsigned long long end)
{
	unsigned long long nr = start / blocks->size + !!(start % blocks->size);
	int rc;

	for (; nr < (end + 1) / blocks->size; nr++) {
		blocks->whole++;
		if (dcd_block_is_online(nr) == 0) {
			rc = dcd_block_set_state(nr, blocks->state);
			if (rc < 0)
				blocks->error = rc;
		}
		if (dcd_block_is_online(nr) == 1)
			blocks->online++;
	}
	return 0;
}

/**
 * dcd_online_blocks - see to it that all memory of a device is online
 * @dev: device that the kernel has as memory
 * @movable: how what is not online yet is onlined
 *
 * Says what of the device fills no whole block, which the kernel leaves out.
 *
 * Returns: 0, or -errno after a message when some of it is not online.
 */
int dcd_online_blocks(struct daxctl_dev *dev, bool movable)
{
	struct dcd_blocks blocks = {
		.size = dcd_block_size(),
		.state = movable ? "online_movable" : "online",
	};
	const char *devname = daxctl_dev_get_devname(dev);
	unsigned long long used, size = daxctl_dev_get_size(dev);
	int rc;

	if (!blocks.size)
		return -ENXIO;
	rc = dcd_each_range(dev, &blocks, dcd_online_range);
	if (rc < 0)
		return rc;
	if (blocks.online < blocks.whole) {
		rc = blocks.error ? blocks.error : -EBUSY;
		fprintf(stderr,
			"%s: only %llu of %llu memory blocks are online: %s\n",
			devname, blocks.online, blocks.whole, strerror(-rc));
		return rc;
	}
	used = blocks.whole * blocks.size;
	if (used < size)
		fprintf(stderr,
			"%s: %llu of %llu MiB are memory: the kernel takes whole memory blocks of %llu MiB at multiples of that, the rest is left over\n",
			devname, used >> 20, size >> 20, blocks.size >> 20);
	return 0;
}

/**
 * dcd_offline_blocks - take all memory of a device offline
 * @dev: device whose memory the kernel has
 *
 * Each block has dcd_offline_seconds. A signal that would end the program ends
 * this first.
 *
 * Returns: 0, or -errno; then those blocks are online again that this call
 * took offline.
 */
int dcd_offline_blocks(struct daxctl_dev *dev)
{
	struct dcd_blocks blocks = { .size = dcd_block_size() };
	struct dcd_stopping before;
	int rc;

	if (!blocks.size)
		return -ENXIO;
	dcd_stopping_begin(&before);
	rc = dcd_each_range(dev, &blocks, dcd_offline_range);
	alarm(0);
	if (rc < 0)
		dcd_blocks_put_back(&blocks);
	free(blocks.vec);
	dcd_stopping_end(&before);
	return rc;
}

/* Count the blocks of a range, and those that the kernel has online. */
static int dcd_count_range(struct dcd_blocks *blocks, unsigned long long start,
			   unsigned long long end)
{
	unsigned long long nr = start / blocks->size + !!(start % blocks->size);
	char buf[32];

	for (; nr < (end + 1) / blocks->size; nr++) {
		blocks->whole += dcd_block_read(nr, "state", buf,
						sizeof(buf)) == 0;
		blocks->online += dcd_block_is_online(nr) == 1;
	}
	return 0;
}

/**
 * dcd_online_size - how much of a device is memory in use, or free to be used
 *
 * Returns: bytes, 0 also where the kernel has no memory blocks.
 */
unsigned long long dcd_online_size(struct daxctl_dev *dev)
{
	struct dcd_blocks blocks = { .size = dcd_block_size() };

	if (blocks.size)
		dcd_each_range(dev, &blocks, dcd_count_range);
	return blocks.online * blocks.size;
}

/**
 * dcd_count_blocks - memory blocks that the kernel has of a device
 *
 * Returns: how many, online or not.
 */
unsigned long long dcd_count_blocks(struct daxctl_dev *dev)
{
	struct dcd_blocks blocks = { .size = dcd_block_size() };

	if (blocks.size)
		dcd_each_range(dev, &blocks, dcd_count_range);
	return blocks.whole;
}
