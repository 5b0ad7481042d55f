// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl watch-capacity": dynamic capacity into use, and back, as it happens.
 *
 * Stays and listens to the kernel itself: between an extent that arrives and
 * its memory being online no process has to be started and no timer runs.  The
 * kernel says each thing once, so what fails is kept and tried again.
 */
#include <poll.h>
#include <time.h>
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <json-c/json.h>
#include <daxctl/builtin.h>
#include <daxctl/libdaxctl.h>
#include <util/json.h>
#include <util/parse-options.h>

#include "dcd-hold.h"
#include "dcd-policy.h"
#include "dcd-online.h"
#include "dcd-offline.h"

#define KERNEL_GROUP 1
#define RECEIVE_BYTES (1 << 20)

/* While something could not be done it is tried after so many milliseconds. */
#define FIRST_DELAY 1000
#define LAST_DELAY 60000

static bool verbose;

/* What has happened and is not dealt with. */
struct dcd_seen {
	bool capacity_added;
	bool release_asked;
};

static int dcd_listen_to_kernel(void)
{
	struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = KERNEL_GROUP,
	};
	int bytes = RECEIVE_BYTES, fd, rc;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
		    NETLINK_KOBJECT_UEVENT);
	if (fd < 0)
		return -errno;
	/* The kernel may grant less; dcd_uevent_receive() notices a loss. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* A uevent is a row of NUL-terminated words. */
static bool dcd_uevent_has_word(const char *text, size_t len, const char *word)
{
	const char *end = text + len;

	for (; text < end; text += strlen(text) + 1)
		if (strcmp(text, word) == 0)
			return true;
	return false;
}

/* One event.  Returns: 1 when it is for us, 0 when not, or -errno. */
static int dcd_uevent_receive(int fd, struct dcd_seen *seen)
{
	char text[8192];
	struct sockaddr_nl from = { 0 };
	struct iovec vec = { text, sizeof(text) - 1 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &vec, .msg_iovlen = 1,
	};
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (len < 0 && errno == ENOBUFS) {
		seen->capacity_added = seen->release_asked = true;
		return 1;
	}
	if (len < 0)
		return -errno;
	/* Any process may send to this address. */
	if (from.nl_pid != 0)
		return 0;
	text[len] = '\0';
	if (!dcd_uevent_has_word(text, len, "SUBSYSTEM=cxl"))
		return 0;
	if (dcd_uevent_has_word(text, len, "DCD_EVENT=add"))
		seen->capacity_added = true;
	else if (dcd_uevent_has_word(text, len, "DCD_EVENT=busy"))
		seen->release_asked = true;
	else
		return 0;
	return 1;
}

/*
 * The library remembers what it has read, and the policy may have been
 * changed: both are read anew for each time.  Failures were printed; what may
 * go another time is left in @seen.
 */
static void dcd_watch_act(struct daxctl_ctx *ctx, struct json_object *jdevs,
			  struct dcd_seen *seen)
{
	struct dcd_seen todo = *seen;
	struct dcd_policy_text text = { 0 };
	struct dcd_policy policy = { 0 };
	struct dcd_left left = { 0 };
	int rc;

	*seen = (struct dcd_seen){ 0 };
	if (dcd_read_policy(ctx, &text, &policy) < 0)
		return;
	if (todo.release_asked) {
		dcd_offline_capacity(ctx, &policy, NULL, &left);
		seen->release_asked = left.retry;
	}
	/* A device leaves as a whole: what nobody asked for is free again. */
	if (todo.capacity_added || left.devices) {
		rc = dcd_online_capacity(ctx, &policy, NULL, 0, jdevs);
		seen->capacity_added = rc < 0 && !dcd_is_final(rc);
	}
	if (left.devices)
		printf("gave back %d device%s\n", left.devices,
		       left.devices == 1 ? "" : "s");
	if (json_object_array_length(jdevs))
		printf("%s\n", json_object_to_json_string(jdevs));
	fflush(stdout);
}

static bool dcd_watch_pending(const struct dcd_seen *seen)
{
	return seen->capacity_added || seen->release_asked;
}

static void dcd_watch_look_after(struct dcd_seen *seen)
{
	struct json_object *jdevs;
	struct daxctl_ctx *ctx;

	if (!dcd_watch_pending(seen) || daxctl_new(&ctx) < 0)
		return;
	if (verbose)
		daxctl_set_log_priority(ctx, LOG_DEBUG);
	jdevs = json_object_new_array();
	if (jdevs)
		dcd_watch_act(ctx, jdevs, seen);
	json_object_put(jdevs);
	daxctl_unref(ctx);
}

static long long dcd_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/*
 * Wait until the kernel says something that is for us, or until @until (0: for
 * ever).  Extents of one request come one by one: they are taken together.
 *
 * Returns: 1 when there is something new, 0 when the time is up, or -errno.
 */
static int dcd_wait_for_kernel(int fd, long long until, struct dcd_seen *seen)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int rc, found = 0;

	while (!found) {
		long long left = until ? until - dcd_now_ms() : -1;

		if (until && left <= 0)
			return 0;
		rc = poll(&pollfd, 1, left);
		if (rc < 0 && errno != EINTR)
			return -errno;
		while ((rc = dcd_uevent_receive(fd, seen)) >= 0)
			found |= rc;
		if (rc != -EAGAIN && rc != -EINTR)
			return rc;
	}
	return 1;
}

static int dcd_watch(int fd)
{
	/* What is there already counts as just arrived. */
	struct dcd_seen seen = {
		.capacity_added = true,
		.release_asked = true,
	};
	int rc, delay = FIRST_DELAY;
	long long until;

	for (;;) {
		dcd_watch_look_after(&seen);
		until = dcd_watch_pending(&seen) ? dcd_now_ms() + delay : 0;
		rc = dcd_wait_for_kernel(fd, until, &seen);
		if (rc < 0)
			return rc;
		delay = rc ? FIRST_DELAY : 2 * delay;
		if (delay > LAST_DELAY)
			delay = LAST_DELAY;
	}
}

/* For the end of the service, however that came about. */
static int dcd_put_back(void)
{
	int rc = dcd_hold_recover();

	if (rc == 0)
		return EXIT_SUCCESS;
	fprintf(stderr, "cannot put back the kernel's settings for new memory: %s\n",
		strerror(-rc));
	return EXIT_FAILURE;
}

/**
 * cmd_watch_capacity - act on dynamic capacity by policy until stopped
 *
 * Returns: 1, when the kernel cannot be listened to.
 */
int cmd_watch_capacity(int argc, const char **argv, struct daxctl_ctx *ctx)
{
	bool put_back = false;
	const struct option options[] = {
		OPT_BOOLEAN('\0', "put-back", &put_back,
			    "put back settings that one left which was killed, and end"),
		OPT_BOOLEAN('v', "verbose", &verbose,
			    "emit more debug messages"),
		OPT_END(),
	};
	const char *const u[] = { "daxctl watch-capacity [<options>]", NULL };
	int fd, rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc)
		usage_with_options(u, options);
	if (put_back)
		return dcd_put_back();

	rc = fd = dcd_listen_to_kernel();
	if (fd >= 0) {
		rc = dcd_watch(fd);
		close(fd);
	}
	fprintf(stderr, "cannot listen to the kernel's events: %s\n",
		strerror(-rc));
	return EXIT_FAILURE;
}
