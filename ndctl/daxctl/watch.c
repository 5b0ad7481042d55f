// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl watch-capacity": dynamic capacity into use, and back, as it happens.
 *
 * Stays and listens to the kernel itself: between an extent that arrives and
 * its memory being online no process has to be started and no timer runs.
 */
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

/* What has happened since it was last looked after. */
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

/* One event; @flags as of recvmsg(). Returns: 0, or -errno. */
static int receive(int fd, int flags, struct seen *seen)
{
	char text[8192];
	struct sockaddr_nl from = { 0 };
	struct iovec vec = { text, sizeof(text) - 1 };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &vec, .msg_iovlen = 1,
	};
	ssize_t len = recvmsg(fd, &msg, flags);

	if (len < 0 && errno == ENOBUFS) {
		seen->capacity_came = seen->wanted_back = true;
		return 0;
	}
	if (len < 0)
		return -errno;
	/* Any process may send to this address. */
	if (from.nl_pid != 0)
		return 0;
	text[len] = '\0';
	if (!has_word(text, len, "SUBSYSTEM=cxl"))
		return 0;
	seen->capacity_came |= has_word(text, len, "DCD_EVENT=add");
	seen->wanted_back |= has_word(text, len, "DCD_EVENT=busy");
	return 0;
}

/*
 * The library remembers what it has read, and the policy may have been
 * changed: both are read anew for each time. Failures were printed and end
 * nothing; the next event is another try.
 */
static void look_after(const struct seen *seen)
{
	struct dcd_policy_text text = { 0 };
	struct dcd_policy policy = { 0 };
	struct json_object *jdevs;
	struct daxctl_ctx *ctx;
	int nr = 0;

	if (!seen->capacity_came && !seen->wanted_back)
		return;
	if (daxctl_new(&ctx) < 0)
		return;
	jdevs = json_object_new_array();
	if (jdevs && dcd_read_policy(ctx, &text, &policy) == 0) {
		if (seen->wanted_back)
			dcd_offline_capacity(ctx, &policy, NULL, &nr);
		if (seen->capacity_came)
			dcd_online_capacity(ctx, &policy, NULL, 0, jdevs);
		if (nr)
			printf("gave back %d device%s\n", nr,
			       nr == 1 ? "" : "s");
		if (json_object_array_length(jdevs))
			printf("%s\n", json_object_to_json_string(jdevs));
		fflush(stdout);
	}
	json_object_put(jdevs);
	daxctl_unref(ctx);
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
	/* What is there already counts as just arrived. */
	struct seen seen = { .capacity_came = true, .wanted_back = true };
	int fd, rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc)
		usage_with_options(u, options);

	fd = listen_to_kernel();
	for (rc = fd; rc >= 0 || rc == -EINTR;) {
		look_after(&seen);
		memset(&seen, 0, sizeof(seen));
		rc = receive(fd, 0, &seen);
		/* Extents of one request come one by one: take them together. */
		while (receive(fd, MSG_DONTWAIT, &seen) == 0)
			;
	}
	fprintf(stderr, "cannot listen to the kernel's events: %s\n",
		strerror(-rc));
	if (fd >= 0)
		close(fd);
	return EXIT_FAILURE;
}
