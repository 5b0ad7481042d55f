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
#include <unistd.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <json-c/json.h>
#include <daxctl/builtin.h>
#include <daxctl/libdaxctl.h>
#include <util/json.h>
#include <util/parse-options.h>

#include "dcd.h"

#define KERNEL_GROUP 1
#define RECEIVE_BYTES (1 << 20)

/* While something could not be done it is tried after so many milliseconds. */
#define FIRST_DELAY 1000
#define LAST_DELAY 60000

/* What has happened and is not dealt with. */
struct seen {
	bool capacity_came;
	bool wanted_back;
};

static int listen_to_kernel(void)
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
	/* As many as may be; what is lost all the same is noticed. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* A uevent is a row of NUL-terminated words. */
static bool has_word(const char *text, size_t len, const char *word)
{
	const char *end = text + len;

	for (; text < end; text += strlen(text) + 1)
		if (strcmp(text, word) == 0)
			return true;
	return false;
}

/* One event.  Returns: 1 when it is for us, 0 when not, or -errno. */
static int receive(int fd, struct seen *seen)
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
		seen->capacity_came = seen->wanted_back = true;
		return 1;
	}
	if (len < 0)
		return -errno;
	/* Any process may send to this address. */
	if (from.nl_pid != 0)
		return 0;
	text[len] = '\0';
	if (!has_word(text, len, "SUBSYSTEM=cxl"))
		return 0;
	if (has_word(text, len, "DCD_EVENT=add"))
		seen->capacity_came = true;
	else if (has_word(text, len, "DCD_EVENT=busy"))
		seen->wanted_back = true;
	else
		return 0;
	return 1;
}

/*
 * The library remembers what it has read, and the policy may have been
 * changed: both are read anew for each time.  Failures were printed; what may
 * go another time is left in @seen.
 */
static void act(struct daxctl_ctx *ctx, struct json_object *jdevs,
		struct seen *seen)
{
	struct seen todo = *seen;
	struct dcd_policy_text text = { 0 };
	struct dcd_policy policy = { 0 };
	struct dcd_given given = { 0 };
	int rc;

	*seen = (struct seen){ 0 };
	if (dcd_read_policy(ctx, &text, &policy) < 0)
		return;
	if (todo.wanted_back) {
		dcd_offline_capacity(ctx, &policy, NULL, &given);
		seen->wanted_back = given.again;
	}
	/* What else the devices had that were given back is free now. */
	if (todo.capacity_came || given.devices) {
		rc = dcd_online_capacity(ctx, &policy, NULL, 0, jdevs);
		seen->capacity_came = rc < 0 && !dcd_is_final(rc);
	}
	if (given.devices)
		printf("gave back %d device%s\n", given.devices,
		       given.devices == 1 ? "" : "s");
	if (json_object_array_length(jdevs))
		printf("%s\n", json_object_to_json_string(jdevs));
	fflush(stdout);
}

static bool pending(const struct seen *seen)
{
	return seen->capacity_came || seen->wanted_back;
}

static void look_after(struct seen *seen)
{
	struct json_object *jdevs;
	struct daxctl_ctx *ctx;

	if (!pending(seen) || daxctl_new(&ctx) < 0)
		return;
	jdevs = json_object_new_array();
	if (jdevs)
		act(ctx, jdevs, seen);
	json_object_put(jdevs);
	daxctl_unref(ctx);
}

static long long now_ms(void)
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
static int wait_for_kernel(int fd, long long until, struct seen *seen)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int rc, found = 0;

	while (!found) {
		long long left = until ? until - now_ms() : -1;

		if (until && left <= 0)
			return 0;
		rc = poll(&pollfd, 1, left);
		if (rc < 0 && errno != EINTR)
			return -errno;
		while ((rc = receive(fd, seen)) >= 0)
			found |= rc;
		if (rc != -EAGAIN && rc != -EINTR)
			return rc;
	}
	return 1;
}

static int watch(int fd)
{
	/* What is there already counts as just arrived. */
	struct seen seen = { .capacity_came = true, .wanted_back = true };
	int rc, delay = FIRST_DELAY;

	for (;;) {
		look_after(&seen);
		rc = wait_for_kernel(fd, pending(&seen) ? now_ms() + delay : 0,
				     &seen);
		if (rc < 0)
			return rc;
		delay = rc ? FIRST_DELAY : 2 * delay;
		if (delay > LAST_DELAY)
			delay = LAST_DELAY;
	}
}

/**
 * cmd_watch_capacity - act on dynamic capacity by policy until stopped
 *
 * Returns: 1, when the kernel cannot be listened to.
 */
int cmd_watch_capacity(int argc, const char **argv, struct daxctl_ctx *ctx)
{
	const struct option options[] = { OPT_END() };
	const char *const u[] = { "daxctl watch-capacity", NULL };
	int fd, rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc)
		usage_with_options(u, options);

	rc = fd = listen_to_kernel();
	if (fd >= 0) {
		rc = watch(fd);
		close(fd);
	}
	fprintf(stderr, "cannot listen to the kernel's events: %s\n",
		strerror(-rc));
	return EXIT_FAILURE;
}
