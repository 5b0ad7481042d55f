// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One command at a time makes devices out of a region, or destroys them; and
 * none sets memory online that another one is about to take away.
 */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <daxctl/libdaxctl.h>

#include "dcd-ram.h"
#include "dcd-lock.h"

/**
 * dcd_lock_region - keep other commands that make devices out of a region
 *
 * Returns: a file descriptor, whose closing ends it, or -errno after a message.
 */
int dcd_lock_region(struct daxctl_region *region)
{
	int fd, rc;

	fd = open(daxctl_region_get_path(region),
		  O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && flock(fd, LOCK_EX) == 0)
		return fd;
	rc = -errno;
	fprintf(stderr, "%s: cannot lock: %s\n", daxctl_region_get_path(region),
		strerror(-rc));
	if (fd >= 0)
		close(fd);
	return rc;
}

void dcd_unlock_memory(int lock)
{
	if (lock >= 0)
		close(lock);
}

/**
 * dcd_lock_new_memory - keep other commands off a device that becomes memory
 * @dev: any device that has lost its driver; only of dynamic capacity is locked
 * @lock: set; to be ended by dcd_unlock_memory() on success
 *
 * Returns: 0, or -errno after a message.
 */
int dcd_lock_new_memory(struct daxctl_dev *dev, int *lock)
{
	*lock = -1;
	if (!dcd_is_dynamic(dev))
		return 0;
	*lock = dcd_lock_region(daxctl_dev_get_region(dev));
	return *lock < 0 ? *lock : 0;
}

/**
 * dcd_lock_memory - keep other commands off the memory of a device
 * @dev: any device; what is no memory, or no dynamic capacity, is not locked:
 *       who takes a devdax away may wait for its users, and nobody for him
 * @lock: set; to be ended by dcd_unlock_memory() on success
 *
 * Returns: 0, or -errno after a message: also when the device was taken away
 * while we waited for the lock.
 */
int dcd_lock_memory(struct daxctl_dev *dev, int *lock)
{
	int rc;

	*lock = -1;
	if (!daxctl_dev_is_system_ram_capable(dev))
		return 0;
	rc = dcd_lock_new_memory(dev, lock);
	if (rc < 0 || *lock < 0 || daxctl_dev_is_system_ram_capable(dev))
		return rc;
	dcd_unlock_memory(*lock);
	fprintf(stderr, "%s: is no memory any more: another command has taken it away\n",
		daxctl_dev_get_devname(dev));
	return -ENODEV;
}
