// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daxctl/dcd-policy.c of our ndctl: what files and the command line say together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <daxctl/libdaxctl.h>

#include "dcd-policy.h"
#include "check.h"

static const char *dir;

const char *daxctl_get_config_path(struct daxctl_ctx *ctx)
{
	return dir;
}

/* A file of the policy, or none with NULL. */
static void put(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (!text) {
		unlink(path);
		return;
	}
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	fprintf(f, "[dynamic-capacity]\n%s", text);
	fclose(f);
}

static void expect(struct dcd_policy_text text, enum dcd_mode untagged,
		   enum dcd_mode tagged, enum dcd_mode release, bool movable)
{
	struct dcd_policy p = { 0 };

	CHECK(dcd_read_policy(NULL, &text, &p) == 0, "not read");
	CHECK(p.untagged == untagged, "mode %d", p.untagged);
	CHECK(p.tagged == tagged, "tagged %d", p.tagged);
	CHECK(p.release == release, "release %d", p.release);
	CHECK(p.movable == movable, "movable %d", p.movable);
}

static void test_shipped(void)
{
	const struct dcd_policy_text none = { 0 };

	expect(none, DCD_OFF, DCD_OFF, DCD_OFF, true);
	/* One file beside the shipped one. */
	put("mine.conf", "mode = system-ram  # mine\nrelease = system-ram\n");
	expect(none, DCD_RAM, DCD_OFF, DCD_RAM, true);
	put("mine.conf", "tagged = devdax\nmovable = false\n");
	expect(none, DCD_OFF, DCD_DEVDAX, DCD_OFF, false);
	put("mine.conf", NULL);
}

static void test_command_line(void)
{
	struct dcd_policy_text text = { .movable = "false" };

	put("mine.conf", "mode = system-ram\nmovable = true\n"
			 "release = system-ram\n");
	expect(text, DCD_RAM, DCD_OFF, DCD_RAM, false);
	text = (struct dcd_policy_text){ .release = "off" };
	expect(text, DCD_RAM, DCD_OFF, DCD_OFF, true);
	/* What becomes of capacity comes from one place only. */
	text = (struct dcd_policy_text){ .tagged = "devdax" };
	expect(text, DCD_OFF, DCD_DEVDAX, DCD_OFF, true);
	put("mine.conf", NULL);
}

static void refused(const char *mode, const char *release, const char *movable)
{
	struct dcd_policy_text text = { .mode = mode, .release = release,
					.movable = movable };
	struct dcd_policy p = { .untagged = DCD_MODE_MAX };

	CHECK(dcd_read_policy(NULL, &text, &p) < 0, "%s %s %s", mode, release,
	      movable);
	CHECK(p.untagged == DCD_MODE_MAX, "a bad policy was written");
}

static void test_refused(void)
{
	refused("always", NULL, NULL);
	refused(NULL, "devdax", NULL);
	refused(NULL, NULL, "yes");
}

/* ndctl's own code forgets the first of two words that it joins. */
static void test_twice(void)
{
	put("a.conf", "mode = devdax\n");
	put("b.conf", "mode = off\n");
	refused(NULL, NULL, NULL);
	put("a.conf", NULL);
	put("b.conf", NULL);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER [twice]\n", argv[0]);
		return 2;
	}
	dir = argv[1];
	if (argc > 2) {
		test_twice();
	} else {
		test_shipped();
		test_command_line();
		test_refused();
	}
	printf("test-policy: %d failures\n", failures);
	return failures ? 1 : 0;
}
