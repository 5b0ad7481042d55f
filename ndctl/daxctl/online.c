// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Dynamic capacity as system RAM.
 *
 * Distributions tell the kernel to online new memory at once, and then it goes
 * where the kernel may put things of its own and can hardly ever be taken
 * offline again.  For ordinary memory daxctl refuses to go on in that case.
 * Dynamic capacity is there to be given back, so it is added while that policy
 * is held, and then onlined as the user wants it.
 */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <daxctl/libdaxctl.h>

#include "dcd.h"

#define MEMORY_DIR "/sys/devices/system/memory"
#define POLICY_FILE MEMORY_DIR "/auto_online_blocks"

/**
 * struct policy_hold - the auto-online policy while it is "offline"
 * @lock: keeps other holders out: the second would save "offline" as the
 *        policy to restore
 * @signals: those that were blocked before
 * @saved: what to put back, "" if there is nothing to put back
 */
struct policy_hold {
	int lock;
	sigset_t signals;
	char saved[32];
};

static int read_policy(char *buf, size_t len)
{
	ssize_t n = -1;
	int fd;

	fd = open(POLICY_FILE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int write_policy(const char *text)
{
	ssize_t len = strlen(text);
	int fd, rc = 0;

	fd = open(POLICY_FILE, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		rc = -errno;
	close(fd);
	return rc;
}

/*
 * No signal may come between holding and releasing the policy.  A kill that
 * cannot be caught leaves it "offline": memory then waits for somebody to
 * online it, which is the harmless side.
 */
static int hold_policy(struct policy_hold *hold)
{
	sigset_t all;
	int rc;

	hold->saved[0] = '\0';
	hold->lock = open(MEMORY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hold->lock < 0)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &hold->signals);
	if (flock(hold->lock, LOCK_EX) < 0) {
		rc = -errno;
		goto err;
	}

	rc = read_policy(hold->saved, sizeof(hold->saved));
	if (rc == 0 && strcmp(hold->saved, "offline") != 0)
		rc = write_policy("offline");
	if (rc == 0)
		return 0;
err:
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
	close(hold->lock);
	return rc;
}

static void release_policy(struct policy_hold *hold)
{
	int rc = 0;

	if (strcmp(hold->saved, "offline") != 0)
		rc = write_policy(hold->saved);
	if (rc < 0)
		fprintf(stderr, "cannot put '%s' back into %s: %s\n",
			hold->saved, POLICY_FILE, strerror(-rc));
	close(hold->lock);
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
}

/* Does the device hold CXL dynamic capacity? */
bool dcd_is_dynamic(struct daxctl_dev *dev)
{
	return daxctl_region_is_dynamic_capacity(daxctl_dev_get_region(dev));
}

/**
 * dcd_enable_ram - hand a device to the kernel as memory
 * @dev: disabled device, of any region
 *
 * Where it holds dynamic capacity its memory is offline afterwards, whatever
 * the kernel's policy for new memory is.
 *
 * Returns: 0 or -errno.
 */
int dcd_enable_ram(struct daxctl_dev *dev)
{
	struct policy_hold hold;
	int rc;

	if (!dcd_is_dynamic(dev))
		return daxctl_dev_enable_ram(dev);

	rc = hold_policy(&hold);
	if (rc < 0) {
		fprintf(stderr,
			"%s: cannot hold the kernel's policy for new memory (%s): %s\n",
			daxctl_dev_get_devname(dev), POLICY_FILE,
			strerror(-rc));
		return rc;
	}
	rc = daxctl_dev_enable_ram(dev);
	release_policy(&hold);
	return rc;
}

/**
 * dcd_offline_ram - take a device's memory offline before the device goes
 * @dev: any device
 *
 * Unbinding a device whose memory is online leaves the memory in use, for good.
 * Dynamic capacity would then be given back, and pulled from under the kernel.
 * Other devices are left to the user's judgement, as they always were.
 *
 * Returns: 0, or -errno after a message; then some of it may be offline.
 */
int dcd_offline_ram(struct daxctl_dev *dev)
{
	const char *devname = daxctl_dev_get_devname(dev);
	struct daxctl_memory *mem;
	int rc;

	if (!dcd_is_dynamic(dev))
		return 0;
	mem = daxctl_dev_get_memory(dev);
	if (!mem)
		return 0;
	rc = daxctl_memory_is_online(mem);
	/* After a forced removal its NUMA node may be gone with it. */
	if (rc == -ENOENT)
		return 0;
	if (rc > 0) {
		rc = daxctl_memory_offline(mem);
		if (rc >= 0 && daxctl_memory_is_online(mem) != 0)
			rc = -EBUSY;
	}
	if (rc < 0) {
		fprintf(stderr, "%s: its memory does not go offline: %s\n",
			devname, strerror(-rc));
		return rc;
	}
	return 0;
}
