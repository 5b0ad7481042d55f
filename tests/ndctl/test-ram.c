// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daxctl/dcd-ram.c and dcd-blocks.c of our ndctl: memory of a device comes and goes.
 *
 * libdaxctl and the kernel's files are made up here: eight memory blocks of
 * 128 MiB at address 0, of which some belong to the device.
 */
#include <stdio.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <daxctl/libdaxctl.h>

#include "dcd-hold.h"
#include "dcd-ram.h"
#include "dcd-blocks.h"
#include "check.h"

#define NR_BLOCKS 8
#define BLOCK (128ULL << 20)

static volatile sig_atomic_t caught;

struct daxctl_mapping {
	unsigned long long start, end;
};

struct daxctl_dev {
	struct daxctl_mapping maps[3];
	int stolen; /* how often another driver is faster */
	bool enabled, ram, devdax, has_memory, refused;
};

/*
 * "" for a block that is not there; @stuck stays online, @lame offline;
 * @endless does not go offline before a signal comes.
 */
static char state[NR_BLOCKS][16], zone[NR_BLOCKS][16];
static int stuck, lame, endless, writes;

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
	if (nr == endless && strcmp(text, "offline") == 0) {
		pause();
		return -EINTR;
	}
	if (nr == lame && strcmp(text, "offline") != 0)
		return -ENOMEM;
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

/* Of the one region that there is */
static bool shareable, read_only;

int daxctl_region_is_shareable(struct daxctl_region *region)
{
	return shareable;
}

int daxctl_region_is_read_only(struct daxctl_region *region)
{
	return read_only;
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
	if (dev->refused)
		return -EINVAL;
	dev->enabled = true;
	dev->ram = dev->stolen-- <= 0;
	return 0;
}

int daxctl_dev_disable(struct daxctl_dev *dev)
{
	dev->enabled = dev->ram = false;
	return 0;
}

int daxctl_dev_enable_devdax(struct daxctl_dev *dev)
{
	dev->enabled = dev->devdax = true;
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
	stuck = lame = endless = -1;
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

static void on_signal(int number)
{
	caught = number;
}

/* The kernel tries without end, we do not; and what was done is undone. */
static void test_endless(void)
{
	struct daxctl_dev dev = ram_dev();
	pid_t other;

	dcd_offline_seconds = 1;
	endless = 5;
	CHECK(dcd_offline_ram(&dev) == -ETIMEDOUT, "block 5 has a second");
	expect("11111111");

	/* Ctrl-C */
	dcd_offline_seconds = 30;
	signal(SIGINT, on_signal);
	fflush(NULL);
	other = fork();
	if (other == 0) {
		usleep(300000);
		kill(getppid(), SIGINT);
		_exit(0);
	}
	CHECK(dcd_offline_ram(&dev) == -EINTR, "interrupted");
	waitpid(other, NULL, 0);
	expect("11111111");
	CHECK(caught == SIGINT, "the program hears of it");
	CHECK(alarm(0) == 0, "no alarm is left");
	signal(SIGINT, SIG_DFL);
}

/* Success means that all of it is online. */
static void test_online(void)
{
	struct daxctl_dev dev = ram_dev();

	strcpy(state[5], "offline");
	CHECK(dcd_online_blocks(&dev, true) == 0 && writes == 1, "one is not");
	expect("11111111");
	CHECK(strcmp(zone[5], "Movable") == 0, "block 5 is %s", zone[5]);

	dev = ram_dev();
	strcpy(state[2], "offline");
	lame = 2;
	CHECK(dcd_check_online(&dev, true, 0) == -ENOMEM, "block 2 refuses");
	expect("11011111");
	CHECK(dcd_check_online(&dev, true, 1) == -ENOMEM, "whatever was said");
	lame = -1;
	CHECK(dcd_check_online(&dev, true, 1) == 1, "then it does not");

	/* One that went meanwhile is not online either. */
	strcpy(state[1], "");
	CHECK(dcd_check_online(&dev, true, 0) < 0, "block 1 is gone");
}

/* What is no memory is devdax, as it was. */
static void test_refused(void)
{
	struct daxctl_dev dev = { .refused = true };

	CHECK(dcd_enable_ram(&dev) == -EINVAL && dev.devdax, "too small");
}

/* What is said on stderr when the kernel takes a device for no memory */
static void said_when_refused(char *buf, size_t len)
{
	struct daxctl_dev dev = { .refused = true };
	int ends[2], before = dup(STDERR_FILENO);
	ssize_t n;

	CHECK(pipe(ends) == 0, "a pipe");
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	CHECK(dcd_enable_ram_as(&dev, "offline") == -EINVAL, "refused");
	dup2(before, STDERR_FILENO);
	close(before);
	n = read(ends[0], buf, len - 1);
	close(ends[0]);
	buf[n > 0 ? n : 0] = '\0';
}

/* The reason that is told is the one that there is. */
static void test_never_ram(void)
{
	char said[256];

	CHECK(dcd_refuse_shared(NULL, "x") == 0, "ordinary capacity");
	said_when_refused(said, sizeof(said));
	CHECK(strstr(said, "larger extents"), "its size: %s", said);
	read_only = true;
	CHECK(dcd_refuse_shared(NULL, "x") == -EPERM, "read-only");
	said_when_refused(said, sizeof(said));
	CHECK(strstr(said, "read-only") && !strstr(said, "larger extents"),
	      "not its size: %s", said);
	read_only = false;
	shareable = true;
	CHECK(dcd_refuse_shared(NULL, "x") == -EPERM, "shareable");
	said_when_refused(said, sizeof(said));
	CHECK(strstr(said, "other hosts"), "others: %s", said);
	shareable = false;
}

/* Somebody set a block online just before the driver went. */
static void test_kept(void)
{
	struct daxctl_dev dev = ram_dev();

	strcpy(state[1], "offline");
	CHECK(dcd_online_size(&dev) == 2 * BLOCK, "two are online");
	strcpy(state[1], "");
	strcpy(state[2], "");
	CHECK(dcd_check_removed(&dev) == -EBUSY, "block 5 is still there");
	strcpy(state[5], "");
	CHECK(dcd_check_removed(&dev) == 0, "none is");
}

int main(void)
{
	test_refused();
	test_never_ram();
	test_kept();
	test_endless();
	test_online();
	test_offline();
	test_stuck();
	test_gone();
	test_stolen();
	printf("test-ram: %d failures\n", failures);
	return failures ? 1 : 0;
}
