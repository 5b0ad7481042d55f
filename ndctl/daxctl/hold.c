// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of the kernel that are ours while memory comes: read, replaced, put
 * back.
 */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>

#include "dcd.h"

#define MEMORY_DIR "/sys/devices/system/memory"

/* The first line of a file.  Returns: 0 or -errno. */
int dcd_read_setting(const char *path, char *buf, size_t len)
{
	ssize_t n;
	int fd, rc = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	if (n <= 0)
		rc = n < 0 ? -errno : -EIO;
	close(fd);
	if (rc < 0)
		return rc;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

/* Returns: 0 or -errno. */
int dcd_write_setting(const char *path, const char *text)
{
	ssize_t len = strlen(text);
	int fd, rc = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != len)
		rc = -errno;
	close(fd);
	return rc;
}

static int replace(struct dcd_setting *setting, const char *path,
		   const char *text)
{
	int rc;

	setting->path = NULL;
	rc = dcd_read_setting(path, setting->saved, sizeof(setting->saved));
	if (rc < 0 || strcmp(setting->saved, text) == 0)
		return rc;
	rc = dcd_write_setting(path, text);
	if (rc == 0)
		setting->path = path;
	return rc;
}

static void put_back(const struct dcd_setting *setting)
{
	int rc;

	if (!setting->path)
		return;
	rc = dcd_write_setting(setting->path, setting->saved);
	if (rc < 0)
		fprintf(stderr, "cannot put '%s' back into %s: %s\n",
			setting->saved, setting->path, strerror(-rc));
}

/**
 * dcd_hold_begin - make the kernel's settings fit for memory to come
 * @policy: what becomes of it: "offline", "online", "online_movable"
 *
 * While memory is added the kernel waits several times for all processors to
 * pass a quiet point, each time some scheduler ticks; it is told to ask them
 * instead.
 *
 * No signal comes before dcd_hold_end().  A kill that cannot be caught leaves
 * the settings as they are then: memory that waits for somebody to online it,
 * or that is onlined as dynamic capacity is, and more interrupts than needed.
 *
 * Returns: 0 or -errno; then nothing is held.
 */
int dcd_hold_begin(struct dcd_hold *hold, const char *policy)
{
	sigset_t all;
	int rc = 0;

	hold->lock = open(MEMORY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hold->lock < 0)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &hold->signals);
	if (flock(hold->lock, LOCK_EX) < 0)
		rc = -errno;
	if (rc == 0)
		rc = replace(&hold->policy, DCD_POLICY_FILE, policy);
	if (rc == 0) {
		/* Not every kernel has it, and it only saves time. */
		replace(&hold->hurry, "/sys/kernel/rcu_expedited", "1");
		return 0;
	}
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
	close(hold->lock);
	return rc;
}

void dcd_hold_end(struct dcd_hold *hold)
{
	put_back(&hold->hurry);
	put_back(&hold->policy);
	close(hold->lock);
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
}
