// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the machine have room for what is in memory that is to go?
 *
 * The kernel moves it elsewhere, by whatever means: at last it ends the largest
 * program, which need not have any of that memory.  A device that only asks
 * must not bring that about.
 */
#include <stdio.h>
#include <errno.h>
#include <stdbool.h>
#include <daxctl/libdaxctl.h>

#include "dcd-blocks.h"
#include "dcd-room.h"

/**
 * dcd_room_left - what programs could still get
 * @meminfo: /proc/meminfo, or a file like it
 * @ret_bytes: memory that is free or can be had at once, and free swap
 *
 * Returns: 0 or -errno.
 */
int dcd_room_left(const char *meminfo, unsigned long long *ret_bytes)
{
	unsigned long long kib, available = 0, swap = 0;
	bool found = false;
	char line[128];
	FILE *file;

	file = fopen(meminfo, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) {
			available = kib;
			found = true;
		}
		if (sscanf(line, "SwapFree: %llu kB", &kib) == 1)
			swap = kib;
	}
	fclose(file);
	if (!found)
		return -EPROTO;
	*ret_bytes = (available + swap) << 10;
	return 0;
}

/**
 * dcd_check_room - may a device's memory go without harm to programs?
 * @dev: device whose memory the kernel has
 *
 * What is free of it is counted as available, and what is not goes where other
 * memory is: so afterwards there is less by all of it, whatever is in use.
 *
 * Returns: 0, also when nobody knows, or -ENOMEM after a message.
 */
int dcd_check_room(struct daxctl_dev *dev)
{
	unsigned long long size = dcd_online_size(dev), left;
	const char *devname = daxctl_dev_get_devname(dev);

	if (dcd_room_left("/proc/meminfo", &left) < 0 || size <= left)
		return 0;
	fprintf(stderr,
		"%s: stays: the machine would lose %llu MiB of memory and has %llu MiB to spare: end programs, or 'daxctl destroy-device -f %s'\n",
		devname, size >> 20, left >> 20, devname);
	return -ENOMEM;
}
