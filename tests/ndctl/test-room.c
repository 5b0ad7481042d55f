// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daxctl/dcd-room.c of our ndctl: is there room for memory that is to go?
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <daxctl/libdaxctl.h>

#include "dcd-blocks.h"
#include "dcd-room.h"
#include "check.h"

static unsigned long long online;

const char *daxctl_dev_get_devname(struct daxctl_dev *dev)
{
	return "dax0.1";
}

unsigned long long dcd_online_size(struct daxctl_dev *dev)
{
	return online;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	unsigned long long left = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: test-room FILE\n");
		return 2;
	}
	put(argv[1], "MemTotal: 4096 kB\nMemFree: 1000 kB\n"
	    "MemAvailable:    2000 kB\nSwapTotal: 9 kB\nSwapFree:  48 kB\n");
	CHECK(dcd_room_left(argv[1], &left) == 0 && left == 2048 << 10,
	      "%llu bytes", left);
	put(argv[1], "MemTotal: 4096 kB\nMemAvailable: 1 kB\n");
	CHECK(dcd_room_left(argv[1], &left) == 0 && left == 1024,
	      "without swap: %llu", left);
	/* Nobody knows, so nobody is kept from anything. */
	put(argv[1], "MemTotal: 4096 kB\n");
	CHECK(dcd_room_left(argv[1], &left) == -EPROTO, "not said");
	CHECK(dcd_room_left("/nonexistent", &left) == -ENOENT, "no file");

	CHECK(dcd_check_room(NULL) == 0, "none of it is online");
	online = 1ULL << 60;
	CHECK(dcd_check_room(NULL) == -ENOMEM, "no machine has so much");
	printf("test-room: %d failures\n", failures);
	return failures ? 1 : 0;
}
