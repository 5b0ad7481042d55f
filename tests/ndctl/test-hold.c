// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daxctl/dcd-hold.c of our ndctl: what is replaced is put back, whatever becomes
 * of the program.
 *
 * usage: test-hold DIR
 *
 * The kernel's settings are files in DIR here; dcd-hold.c and its processes are
 * the real ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dcd-hold.h"
#include "check.h"

static const char *dir;

/* /sys/.../auto_online_blocks is DIR/auto_online_blocks. */
static void setting_path(const char *path, char *buf, size_t len)
{
	snprintf(buf, len, "%s/%s", dir, strrchr(path, '/') + 1);
}

int dcd_read_setting(const char *path, char *buf, size_t len)
{
	char name[256];
	ssize_t n;
	int fd;

	setting_path(path, name, sizeof(name));
	fd = open(name, O_RDONLY);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, len - 1);
	close(fd);
	if (n < 0)
		return -EIO;
	buf[n] = 0;
	return 0;
}

int dcd_write_setting(const char *path, const char *text)
{
	char name[256];
	int fd, rc = 0;

	setting_path(path, name, sizeof(name));
	fd = open(name, O_WRONLY | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		rc = -EIO;
	close(fd);
	return rc;
}

static void create(const char *file, const char *text)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	close(open(name, O_CREAT | O_WRONLY | O_TRUNC, 0600));
	dcd_write_setting(name, text);
}

static bool is(const char *policy, const char *hurry)
{
	char buf[32];

	if (dcd_read_setting(DCD_ONLINE_FILE, buf, sizeof(buf)) ||
	    strcmp(buf, policy))
		return false;
	return !dcd_read_setting("/rcu_expedited", buf, sizeof(buf)) &&
	       !strcmp(buf, hurry);
}

static void test_end(void)
{
	struct dcd_hold hold;

	CHECK(dcd_hold_begin(&hold, "online_movable") == 0, "begin");
	CHECK(is("online_movable", "1"), "replaced");
	dcd_hold_end(&hold);
	CHECK(is("offline", "0"), "put back");
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
	      "no process is left");

	/* Nothing to replace, nothing to put back over what others set. */
	CHECK(dcd_hold_begin(&hold, "offline") == 0, "begin");
	dcd_write_setting(DCD_ONLINE_FILE, "online");
	dcd_hold_end(&hold);
	CHECK(is("online", "0"), "left alone");
	dcd_write_setting(DCD_ONLINE_FILE, "offline");
}

/* A program that is killed while it holds; @whole: its process group is. */
static void test_killed(bool whole)
{
	struct dcd_hold hold;
	int tries, status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		setpgid(0, 0);
		if (dcd_hold_begin(&hold, "online") || !is("online", "1"))
			_exit(1);
		kill(whole ? 0 : getpid(), SIGKILL);
		_exit(2);
	}
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status), "it was killed, not %d", status);
	for (tries = 0; tries < 500 && !is("offline", "0"); tries++)
		usleep(10000);
	CHECK(is("offline", "0"), "put back without it");
	CHECK(dcd_hold_begin(&hold, "online") == 0, "others may go on");
	dcd_hold_end(&hold);
	CHECK(is("offline", "0"), "as ever");
}

/* The same, and its guard with it, as when a service's processes are all killed. */
static void kill_all_while_held(const char *policy)
{
	struct dcd_hold hold;
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		if (dcd_hold_begin(&hold, policy) || !is(policy, "1"))
			_exit(1);
		kill(hold.guard, SIGKILL);
		waitpid(hold.guard, NULL, 0);
		kill(getpid(), SIGKILL);
		_exit(2);
	}
	waitpid(child, &status, 0);
	CHECK(WIFSIGNALED(status), "it was killed, not %d", status);
	CHECK(is(policy, "1"), "nobody was there to put it back");
}

static void test_all_killed(void)
{
	struct dcd_hold hold;

	kill_all_while_held("online");
	CHECK(dcd_hold_recover() == 0, "who is told to puts it back");
	CHECK(is("offline", "0"), "to what it was");
	dcd_write_setting(DCD_ONLINE_FILE, "online_kernel");
	CHECK(dcd_hold_recover() == 0 && is("online_kernel", "0"),
	      "once: later it may be anything");
	dcd_write_setting(DCD_ONLINE_FILE, "offline");

	kill_all_while_held("online_movable");
	CHECK(dcd_hold_begin(&hold, "online") == 0, "or the next one that holds");
	CHECK(is("online", "1"), "replaced");
	dcd_hold_end(&hold);
	CHECK(is("offline", "0"), "to what it was, not to what was left");

	/* Only what was replaced is put back. */
	dcd_write_setting(DCD_HURRY_FILE, "1");
	kill_all_while_held("online");
	dcd_write_setting(DCD_HURRY_FILE, "0");
	CHECK(dcd_hold_recover() == 0 && is("offline", "0"), "and no more");

	/* What was not written by us as a whole is not believed. */
	close(open(DCD_HOLD_FILE, O_CREAT | O_WRONLY, 0600));
	CHECK(dcd_hold_recover() == 0 && is("offline", "0"), "an empty note");
	CHECK(access(DCD_HOLD_FILE, F_OK) < 0, "nor kept in the way of others");
}

/* A setting that cannot be replaced: nothing is. */
static void test_refused(void)
{
	struct dcd_hold hold;
	char name[256];

	setting_path(DCD_ONLINE_FILE, name, sizeof(name));
	unlink(name);
	CHECK(dcd_hold_begin(&hold, "online") == -ENOENT, "no such file");
	create("auto_online_blocks", "offline");
	CHECK(is("offline", "0"), "nothing was changed");
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	dir = argv[1];
	create("auto_online_blocks", "offline");
	create("rcu_expedited", "0");
	test_end();
	test_killed(false);
	test_killed(true);
	test_all_killed();
	test_refused();
	printf("test-hold: %d failures\n", failures);
	return failures ? 1 : 0;
}
