// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Settings of the kernel that are replaced while memory comes, and put back.
 *
 * They are the machine's, so they must not stay replaced when this program is
 * killed. A child of it, the guard, waits for its end and puts them back. Where
 * all processes of a service are killed at once, a file has what they were: the
 * next one that holds them, or that is told to, puts them back first.
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

	rc = dcd_setting_put_back(&hold->policy) ?: rc;
	if (rc == 0)
		unlink(DCD_HOLD_FILE);
	return rc;
}

/* Their values are words; one that need not be put back is "-". */
static const char *dcd_setting_word(const struct dcd_setting *setting)
{
	return setting->path ? setting->saved : "-";
}

/*
 * Write down what is replaced, all of it or nothing. Where that cannot be, in an
 * initial RAM disk perhaps, there is still the guard.
 */
static void dcd_hold_note(const struct dcd_hold *hold)
{
	FILE *file = fopen(DCD_HOLD_FILE ".new", "we");
	int rc;

	if (!file)
		return;
	rc = fprintf(file, "%s %s\n", dcd_setting_word(&hold->policy),
		     dcd_setting_word(&hold->hurry));
	if (fclose(file) == 0 && rc > 0)
		rename(DCD_HOLD_FILE ".new", DCD_HOLD_FILE);
}

/* With the lock in hand: what a hold was that nobody has ended. */
static int dcd_hold_read_note(struct dcd_hold *hold)
{
	FILE *file = fopen(DCD_HOLD_FILE, "re");
	int n;

	*hold = (struct dcd_hold){
		.policy.path = DCD_ONLINE_FILE,
		.hurry.path = DCD_HURRY_FILE,
	};
	if (!file)
		return -errno;
	n = fscanf(file, "%31s %31s", hold->policy.saved, hold->hurry.saved);
	fclose(file);
	if (n != 2)
		return -EIO;
	if (strcmp(hold->policy.saved, "-") == 0)
		hold->policy.path = NULL;
	if (strcmp(hold->hurry.saved, "-") == 0)
		hold->hurry.path = NULL;
	return 0;
}

static int dcd_hold_put_back_noted(void)
{
	struct dcd_hold left;
	int rc = dcd_hold_read_note(&left);

	if (rc == 0)
		return dcd_hold_put_back(&left);
	if (rc == -EIO) {
		fprintf(stderr, "%s is not ours: removed\n", DCD_HOLD_FILE);
		unlink(DCD_HOLD_FILE);
	}
	return rc == -ENOENT || rc == -EIO ? 0 : rc;
}

/* The lock of all who hold.  Returns: a file descriptor, or -errno. */
static int dcd_hold_lock(void)
{
	int fd, rc;

	fd = open(DCD_MEMORY_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
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
 * back by the guard, or by dcd_hold_recover() where that is killed as well.
 *
 * Returns: 0 or -errno; then nothing is held.
 */
int dcd_hold_begin(struct dcd_hold *hold, const char *policy)
{
	sigset_t all;
	int rc;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &hold->signals);
	rc = hold->lock = dcd_hold_lock();
	if (rc < 0) {
		sigprocmask(SIG_SETMASK, &hold->signals, NULL);
		return rc;
	}
	rc = dcd_hold_put_back_noted();
	if (rc == 0)
		rc = dcd_setting_save(&hold->policy, DCD_ONLINE_FILE, policy);
	/* Not every kernel has it, and it only saves time. */
	if (rc == 0)
		dcd_setting_save(&hold->hurry, DCD_HURRY_FILE, "1");
	if (rc == 0)
		rc = dcd_guard_start(hold);
	if (rc == 0) {
		dcd_hold_note(hold);
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

/**
 * dcd_hold_recover - put back what a program has left that was killed
 *
 * While another one holds them, that is waited for.
 *
 * Returns: 0, also when there was nothing to do, or -errno.
 */
int dcd_hold_recover(void)
{
	int rc, lock = dcd_hold_lock();

	if (lock < 0)
		return lock;
	rc = dcd_hold_put_back_noted();
	close(lock);
	return rc;
}
