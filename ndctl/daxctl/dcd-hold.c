// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of the kernel that are replaced while memory comes, and put back.
 *
 * They are the machine's, so they must not stay replaced when this program is
 * killed. A child of it, the guard, waits for its end and puts them back.
 */
#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "dcd-hold.h"

/* What a setting is, and whether that must be replaced.  Returns: 0, -errno. */
static int dcd_setting_save(struct dcd_setting *setting, const char *path,
			    const char *text)
{
	int rc;

	setting->path = NULL;
	rc = dcd_read_setting(path, setting->saved, sizeof(setting->saved));
	if (rc == 0 && strcmp(setting->saved, text) != 0)
		setting->path = path;
	return rc;
}

static int dcd_setting_replace(struct dcd_setting *setting, const char *text)
{
	int rc = setting->path ? dcd_write_setting(setting->path, text) : 0;

	if (rc < 0)
		setting->path = NULL;
	return rc;
}

static int dcd_setting_put_back(const struct dcd_setting *setting)
{
	int rc;

	if (!setting->path)
		return 0;
	rc = dcd_write_setting(setting->path, setting->saved);
	if (rc < 0)
		fprintf(stderr, "cannot put '%s' back into %s: %s\n",
			setting->saved, setting->path, strerror(-rc));
	return rc;
}

static int dcd_hold_put_back(const struct dcd_hold *hold)
{
	int rc = dcd_setting_put_back(&hold->hurry);

	return dcd_setting_put_back(&hold->policy) ?: rc;
}

/*
 * The guard: has the lock with us, and puts the settings back as soon as our end
 * of the line is closed, by us or because we are no more. When this returns it
 * is in a session of its own: the end of ours, or of a terminal, is not its end.
 */
static int dcd_guard_start(struct dcd_hold *hold)
{
	int ends[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	fflush(NULL);
	hold->guard = fork();
	if (hold->guard < 0) {
		close(ends[0]);
		close(ends[1]);
		return -errno;
	}
	if (hold->guard == 0) {
		setsid();
		close(ends[1]);
		if (send(ends[0], "", 1, MSG_NOSIGNAL) < 0)
			_exit(EXIT_SUCCESS);
		while (read(ends[0], &byte, 1) < 0 && errno == EINTR)
			;
		_exit(dcd_hold_put_back(hold) ? EXIT_FAILURE : EXIT_SUCCESS);
	}
	close(ends[0]);
	hold->line = ends[1];
	/* A guard that is gone already has nothing to put back. */
	if (read(hold->line, &byte, 1) == 1)
		return 0;
	close(hold->line);
	waitpid(hold->guard, NULL, 0);
	return -ECHILD;
}

/* Let the guard put the settings back; do it ourselves where it is gone. */
static void dcd_guard_end(struct dcd_hold *hold)
{
	int status = 0;

	close(hold->line);
	while (waitpid(hold->guard, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status))
		dcd_hold_put_back(hold);
}

/**
 * dcd_hold_begin - make the kernel's settings fit for memory to come
 * @policy: what becomes of it: "offline", "online", "online_movable"
 *
 * While memory is added the kernel waits several times for an RCU grace period,
 * each time for some scheduler ticks.  rcu_expedited makes it interrupt all
 * processors instead of waiting for them.
 *
 * Signals are blocked until dcd_hold_end().  After SIGKILL the settings are put
 * back by the guard.
 *
 * Returns: 0 or -errno; then nothing is held.
 */
int dcd_hold_begin(struct dcd_hold *hold, const char *policy)
{
	sigset_t all;
	int rc = 0;

	hold->lock = open(DCD_MEMORY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (hold->lock < 0)
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &hold->signals);
	if (flock(hold->lock, LOCK_EX) < 0)
		rc = -errno;
	if (rc == 0)
		rc = dcd_setting_save(&hold->policy, DCD_ONLINE_FILE, policy);
	/* Not every kernel has it, and it only saves time. */
	if (rc == 0)
		dcd_setting_save(&hold->hurry, "/sys/kernel/rcu_expedited", "1");
	if (rc == 0)
		rc = dcd_guard_start(hold);
	if (rc == 0) {
		rc = dcd_setting_replace(&hold->policy, policy);
		dcd_setting_replace(&hold->hurry, "1");
		if (rc == 0)
			return 0;
		dcd_guard_end(hold);
	}
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
	close(hold->lock);
	return rc;
}

void dcd_hold_end(struct dcd_hold *hold)
{
	dcd_guard_end(hold);
	close(hold->lock);
	sigprocmask(SIG_SETMASK, &hold->signals, NULL);
}
