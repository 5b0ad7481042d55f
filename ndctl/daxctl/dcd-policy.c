// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy for dynamic capacity that comes and goes by itself: section
 * "dynamic-capacity" of the files in daxctl.conf.d, or options of a command.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <daxctl/libdaxctl.h>
#include <util/parse-configs.h>

#include "dcd-policy.h"

#define CONF_SECTION "dynamic-capacity"

static const char *const mode_names[] = {
	[DCD_OFF] = "off",
	[DCD_DEVDAX] = "devdax",
	[DCD_RAM] = "system-ram",
};

/* @may_devdax: is devdax one of the words? */
static int dcd_parse_mode(const char *key, const char *text, bool may_devdax,
			  enum dcd_mode *ret_mode)
{
	enum dcd_mode mode;

	if (!text)
		return 0;
	for (mode = DCD_OFF; mode < DCD_MODE_MAX; mode++) {
		if (strcmp(text, mode_names[mode]) != 0 ||
		    (mode == DCD_DEVDAX && !may_devdax))
			continue;
		*ret_mode = mode;
		return 0;
	}
	/* Where several files have the key, the text has all their words. */
	fprintf(stderr, "bad %s '%s': one of off, %ssystem-ram, in one file\n",
		key, text, may_devdax ? "devdax, " : "");
	return -EINVAL;
}

static void dcd_policy_free_text(struct dcd_policy_text *text)
{
	free((char *)text->mode);
	free((char *)text->tagged);
	free((char *)text->release);
	free((char *)text->movable);
}

/* @text: all NULL before; the caller frees what is in it then. */
static int dcd_policy_read_files(struct daxctl_ctx *ctx,
				 struct dcd_policy_text *text)
{
	const struct config configs[] = {
		CONF_STR(CONF_SECTION ":mode", &text->mode, NULL),
		CONF_STR(CONF_SECTION ":tagged", &text->tagged, NULL),
		CONF_STR(CONF_SECTION ":release", &text->release, NULL),
		CONF_STR(CONF_SECTION ":movable", &text->movable, NULL),
		CONF_END(),
	};
	const char *dir = daxctl_get_config_path(ctx);
	int rc;

	if (!dir)
		return 0;
	rc = parse_configs_prefix(dir, "./", configs);
	if (rc < 0 && rc != -ENOENT) {
		fprintf(stderr, "%s: cannot read the policy: %s\n", dir,
			strerror(-rc));
		return rc;
	}
	return 0;
}

static int dcd_parse_policy(const struct dcd_policy_text *text,
			    struct dcd_policy *ret_policy)
{
	struct dcd_policy p = { .movable = true };
	int rc;

	rc = dcd_parse_mode("mode", text->mode, true, &p.untagged);
	if (rc == 0)
		rc = dcd_parse_mode("tagged", text->tagged, true, &p.tagged);
	if (rc == 0)
		rc = dcd_parse_mode("release", text->release, false, &p.release);
	if (rc < 0)
		return rc;
	if (text->movable && strcmp(text->movable, "false") == 0) {
		p.movable = false;
	} else if (text->movable && strcmp(text->movable, "true") != 0) {
		fprintf(stderr, "bad movable '%s': true or false, in one file\n",
			text->movable);
		return -EINVAL;
	}
	*ret_policy = p;
	return 0;
}

/**
 * dcd_read_policy - the policy that holds
 * @text: what the command line says, which takes precedence over the files; if
 *        it says how to use capacity, the files are not read at all
 * @policy: written only on success
 *
 * Returns: 0, or -errno after a message.
 */
int dcd_read_policy(struct daxctl_ctx *ctx, const struct dcd_policy_text *text,
		    struct dcd_policy *policy)
{
	struct dcd_policy_text files = { 0 }, all;
	int rc = 0;

	if (!text->mode && !text->tagged)
		rc = dcd_policy_read_files(ctx, &files);
	if (rc == 0) {
		all.mode = text->mode ?: files.mode;
		all.tagged = text->tagged ?: files.tagged;
		all.release = text->release ?: files.release;
		all.movable = text->movable ?: files.movable;
		rc = dcd_parse_policy(&all, policy);
	}
	dcd_policy_free_text(&files);
	return rc;
}
