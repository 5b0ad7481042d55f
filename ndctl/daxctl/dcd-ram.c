// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic capacity as system RAM.
 *
 * Distributions tell the kernel to online new memory at once, and then it goes
 * where the kernel may put things of its own and can hardly ever be taken
 * offline again.  For ordinary memory daxctl refuses to go on in that case.
 * Dynamic capacity must be able to leave, so it is added while that policy is
 * replaced, and onlined as the user wants it.
 */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <daxctl/libdaxctl.h>

#include "dcd-hold.h"
#include "dcd-blocks.h"
#include "dcd-ram.h"

#define BIND_TRIES 5

/* Does the device hold CXL dynamic capacity? */
bool dcd_is_dynamic(struct daxctl_dev *dev)
{
	return daxctl_region_is_dynamic_capacity(daxctl_dev_get_region(dev));
}

/* What the kernel never takes as memory, whoever asks, and why; else NULL. */
static const char *dcd_never_ram(struct daxctl_region *region)
{
	if (daxctl_region_is_shareable(region))
		return "shareable capacity, which other hosts may write to,";
	if (daxctl_region_is_read_only(region))
		return "read-only capacity, where stores are lost,";
	return NULL;
}

/**
 * dcd_refuse_shared - system RAM must be this host's alone, and take stores
 * @region: any DAX region
 * @advice: what to do instead
 *
 * Returns: 0, or -EPERM after a message where other hosts may have the same
 * capacity, or nobody may write to it.
 */
int dcd_refuse_shared(struct daxctl_region *region, const char *advice)
{
	const char *what = dcd_never_ram(region);

	if (!what)
		return 0;
	fprintf(stderr,
		"region%d: is over %s and does not become system-ram: %s\n",
		daxctl_region_get_id(region), what, advice);
	return -EPERM;
}

/*
 * When another process binds any device to the devdax driver, the kernel gives
 * that driver every device that has none, and ours has none for a moment.
 */
static int dcd_bind_ram(struct daxctl_dev *dev)
{
	int tries, rc = 0;

	for (tries = 0; tries < BIND_TRIES && rc == 0; tries++) {
		rc = daxctl_dev_enable_ram(dev);
		if (rc < 0 || daxctl_dev_is_system_ram_capable(dev))
			return rc;
		rc = daxctl_dev_disable(dev);
	}
	return rc < 0 ? rc : -EBUSY;
}

/**
 * dcd_enable_ram_as - hand a device to the kernel as memory
 * @dev: disabled device that holds dynamic capacity
 * @policy: "offline", or what the kernel shall online it as at once, which is
 *          faster than block by block: "online", "online_movable"
 *
 * Returns: 0 or -errno.
 */
int dcd_enable_ram_as(struct daxctl_dev *dev, const char *policy)
{
	struct dcd_hold hold;
	int rc;

	rc = dcd_hold_begin(&hold, policy);
	if (rc < 0) {
		fprintf(stderr,
			"%s: cannot hold the kernel's policy for new memory (%s): %s\n",
			daxctl_dev_get_devname(dev), DCD_ONLINE_FILE,
			strerror(-rc));
		return rc;
	}
	rc = dcd_bind_ram(dev);
	dcd_hold_end(&hold);
	if (rc != -EINVAL)
		return rc;
	/* Who was not stopped before has said --force. */
	if (dcd_refuse_shared(daxctl_dev_get_region(dev),
			      "the kernel refuses it, --force or not") == 0)
		fprintf(stderr,
			"%s: the kernel takes whole memory blocks of %llu MiB at multiples of that, and there is none: use devdax, or larger extents\n",
			daxctl_dev_get_devname(dev), dcd_block_size() >> 20);
	return rc;
}

/**
 * dcd_enable_ram - hand a device to the kernel as memory, offline
 * @dev: disabled device, of any region; the kernel's own policy for new memory
 *       holds where it is no dynamic capacity
 *
 * Returns: 0 or -errno; then one of dynamic capacity is devdax, as before.
 */
int dcd_enable_ram(struct daxctl_dev *dev)
{
	int rc;

	if (!dcd_is_dynamic(dev))
		return daxctl_dev_enable_ram(dev);
	rc = dcd_enable_ram_as(dev, "offline");
	if (rc < 0 && daxctl_dev_enable_devdax(dev) < 0)
		fprintf(stderr, "%s: cannot become devdax again either\n",
			daxctl_dev_get_devname(dev));
	return rc;
}

/**
 * dcd_offline_ram - take a device's memory offline before the device goes
 * @dev: any device
 *
 * Unbinding a device whose memory is online leaves that memory in use.  Dynamic
 * capacity would then go back to the CXL device while the kernel still uses it.
 * Of other devices upstream's daxctl does not check this, and neither do we.
 *
 * Returns: 0, or -errno after a message; then what was online is again.
 */
int dcd_offline_ram(struct daxctl_dev *dev)
{
	int rc;

	if (!dcd_is_dynamic(dev) || !daxctl_dev_get_memory(dev))
		return 0;
	rc = dcd_offline_blocks(dev);
	if (rc < 0)
		fprintf(stderr, "%s: its memory does not go offline: %s\n",
			daxctl_dev_get_devname(dev), strerror(-rc));
	return rc;
}

/*
 * The kernel hides a device's driver first, and has it let go of the memory
 * then, under the device's lock; so, too, when capacity was taken by force.  A
 * write to the driver's unbind waits for that lock, and does nothing behind it.
 */
static void dcd_wait_let_go(struct daxctl_dev *dev)
{
	const char *name = daxctl_dev_get_devname(dev);
	int fd;

	fd = open("/sys/bus/dax/drivers/device_dax/unbind",
		  O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* Refused, as that is not its driver, which is what is wanted */
	if (write(fd, name, strlen(name)) < 0)
		errno = 0;
	close(fd);
}

/**
 * dcd_check_removed - has the kernel let go of a device's memory?
 * @dev: any device that has just lost its driver, or is about to
 *
 * Between the moment at which all of it is offline and that at which the driver
 * goes, another program may have set a block online.  The kernel then keeps it,
 * without an error.
 *
 * Returns: 0, or -EBUSY after a message.
 */
int dcd_check_removed(struct daxctl_dev *dev)
{
	unsigned long long left;

	dcd_wait_let_go(dev);
	left = dcd_is_dynamic(dev) ? dcd_count_blocks(dev) : 0;
	if (!left)
		return 0;
	fprintf(stderr,
		"%s: another program set its memory online while it was taken away: the kernel keeps %llu of its memory blocks, and their capacity, until the next boot; find what sets memory online by itself, and stop it\n",
		daxctl_dev_get_devname(dev), left);
	return -EBUSY;
}

/**
 * dcd_check_online - after all was done to online a device's memory: is it?
 * @dev: any device; only of dynamic capacity anything is looked at
 * @movable: what was asked for
 * @rc: what the onlining said
 *
 * Returns: @rc, or -errno after a message when some of it is not online.
 */
int dcd_check_online(struct daxctl_dev *dev, bool movable, int rc)
{
	int err;

	if (!dcd_is_dynamic(dev))
		return rc;
	err = dcd_online_blocks(dev, movable);
	return err < 0 ? err : rc;
}
