// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl online-capacity": use new dynamic capacity as a policy says.
 *
 * "daxctl watch-capacity" does this for every extent that arrives, and people
 * may do it by hand at the same time: so each region is locked, and looked
 * through until there is nothing left to do.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <syslog.h>
#include <string.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include <util/json.h>
#include <json-c/json.h>
#include <daxctl/builtin.h>
#include <daxctl/libdaxctl.h>
#include <util/parse-options.h>

#include "json.h"
#include "filter.h"
#include "dcd-ram.h"
#include "dcd-lock.h"
#include "dcd-blocks.h"
#include "dcd-create.h"
#include "dcd-policy.h"
#include "dcd-online.h"

static struct dcd_policy_text param;
static bool human, verbose;

/*
 * Of two results the one to report: any failure rather than success, and one
 * that may go another time rather than a final one.
 */
static int dcd_worse(int old_rc, int rc)
{
	return rc < 0 && (!old_rc || dcd_is_final(old_rc)) ? rc : old_rc;
}

static int dcd_to_system_ram(struct daxctl_dev *dev, bool movable)
{
	const char *devname = daxctl_dev_get_devname(dev);
	int rc;

	rc = daxctl_dev_disable(dev);
	if (rc == 0)
		rc = dcd_enable_ram_as(dev, movable ? "online_movable" :
				       "online");
	if (rc < 0)
		fprintf(stderr, "%s: cannot become system-ram: %s\n", devname,
			strerror(-rc));
	return rc;
}

/* One device, from @uuid (NULL: all untagged capacity), used as @mode says. */
static int dcd_use_capacity(struct daxctl_region *region, const char *uuid,
			    enum dcd_mode mode, bool movable,
			    unsigned long flags, struct json_object *jdevs)
{
	struct dcd_create args = { .uuid = uuid, .size = -1, .align = -1,
				   .idle = mode == DCD_RAM,
				   .may_be_none = true };
	struct json_object *jdev;
	struct daxctl_dev *dev;
	int rc;

	if (mode == DCD_RAM) {
		rc = dcd_refuse_shared(region, "use it as devdax");
		if (rc < 0)
			return rc;
	}
	dev = dcd_new_device(region, &args, &rc);
	if (!dev)
		return rc;
	rc = 0;
	if (mode == DCD_RAM) {
		rc = dcd_to_system_ram(dev, movable);
		if (rc < 0) {
			dcd_undo_create(region, dev);
			return rc;
		}
		/* Some of it may be in use already: what there is stays. */
		rc = dcd_online_blocks(dev, movable);
	}
	jdev = util_daxctl_dev_to_json(dev, flags);
	if (jdev)
		json_object_array_add(jdevs, jdev);
	return rc;
}

static bool dcd_tag_is_claimed(struct daxctl_region *region, uuid_t tag)
{
	struct daxctl_dev *dev;
	uuid_t claimed;

	daxctl_dev_foreach(region, dev)
		if (daxctl_dev_get_uuid(dev, claimed) == 0 &&
		    uuid_compare(claimed, tag) == 0)
			return true;
	return false;
}

/* A tag that no device holds; @tried are those that gave an error before. */
static bool dcd_find_free_tag(struct daxctl_region *region, const uuid_t *tried,
			      int nr_tried, uuid_t ret_tag)
{
	struct daxctl_extent *extent;
	uuid_t tag;
	int i;

	daxctl_extent_foreach(region, extent) {
		daxctl_extent_get_uuid(extent, tag);
		if (uuid_is_null(tag) || dcd_tag_is_claimed(region, tag))
			continue;
		for (i = 0; i < nr_tried; i++)
			if (uuid_compare(tag, tried[i]) == 0)
				break;
		if (i < nr_tried)
			continue;
		uuid_copy(ret_tag, tag);
		return true;
	}
	return false;
}

static int dcd_use_tags(struct daxctl_region *region,
			const struct dcd_policy *policy, unsigned long flags,
			struct json_object *jdevs)
{
	uuid_t tag, *tried = NULL, *more;
	int rc, err_rc = 0, nr = 0;
	char text[40];

	while (dcd_find_free_tag(region, tried, nr, tag)) {
		more = realloc(tried, (nr + 1) * sizeof(*tried));
		if (!more) {
			err_rc = -ENOMEM;
			break;
		}
		tried = more;
		uuid_copy(tried[nr++], tag);
		uuid_unparse(tag, text);
		rc = dcd_use_capacity(region, text, policy->tagged,
				      policy->movable, flags, jdevs);
		/* -ENOENT: the device was about to ask for it. */
		if (rc != -ENOENT)
			err_rc = dcd_worse(err_rc, rc);
		/* This is about the region: other tags would fail as well. */
		if (rc == -EPERM)
			break;
	}
	free(tried);
	return err_rc;
}

static int dcd_use_untagged(struct daxctl_region *region,
			    const struct dcd_policy *policy,
			    unsigned long flags, struct json_object *jdevs)
{
	int rc = 0;

	while (rc == 0 && policy->untagged != DCD_OFF &&
	       daxctl_region_get_available_size(region))
		rc = dcd_use_capacity(region, NULL, policy->untagged,
				      policy->movable, flags, jdevs);
	/* Some kernels count free tagged capacity as available, too. */
	return rc == -ENOENT ? 0 : rc;
}

static int dcd_use_region(struct daxctl_region *region,
			  const struct dcd_policy *policy, unsigned long flags,
			  struct json_object *jdevs)
{
	int lock, rc, tags_rc = 0;

	lock = dcd_lock_region(region);
	if (lock < 0)
		return lock;
	/* A failure of one must not keep the other from being used. */
	if (policy->tagged != DCD_OFF)
		tags_rc = dcd_use_tags(region, policy, flags, jdevs);
	rc = dcd_use_untagged(region, policy, flags, jdevs);
	close(lock);
	return dcd_worse(rc, tags_rc);
}

/**
 * dcd_online_capacity - bring free dynamic capacity into use
 * @name: region, NULL for all
 * @flags: UTIL_JSON_* for what is added to @jdevs, the devices made
 *
 * Returns: 0 when there is nothing left to do, else -errno: one that may go
 * another time if there is such.
 */
int dcd_online_capacity(struct daxctl_ctx *ctx, const struct dcd_policy *policy,
			const char *name, unsigned long flags,
			struct json_object *jdevs)
{
	struct daxctl_region *region;
	int rc, err_rc = 0;

	daxctl_region_foreach(ctx, region) {
		if (!util_daxctl_region_filter(region, name) ||
		    !daxctl_region_is_dynamic_capacity(region))
			continue;
		rc = dcd_use_region(region, policy, flags, jdevs);
		err_rc = dcd_worse(err_rc, rc);
	}
	return err_rc;
}

/**
 * cmd_online_capacity - bring free dynamic capacity into use by policy
 *
 * Returns: 0 when there is nothing left to do, also when the policy is "off";
 * 1 after any failure.
 */
int cmd_online_capacity(int argc, const char **argv, struct daxctl_ctx *ctx)
{
	const struct option options[] = {
		OPT_STRING('m', "mode", &param.mode, "mode",
			   "for untagged capacity: off, devdax, system-ram"),
		OPT_STRING('\0', "tagged", &param.tagged, "mode",
			   "for tagged capacity: off, devdax, system-ram"),
		OPT_STRING('\0', "movable", &param.movable, "bool",
			   "system-ram that can be taken away: true, false"),
		OPT_BOOLEAN('u', "human", &human,
			    "use human friendly number formats"),
		OPT_BOOLEAN('v', "verbose", &verbose,
			    "emit more debug messages"),
		OPT_END(),
	};
	const char *const u[] = {
		"daxctl online-capacity [<region>] [<options>]", NULL
	};
	struct dcd_policy policy = { 0 };
	struct json_object *jdevs = json_object_new_array();
	const char *name = NULL;
	int rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc > 1)
		usage_with_options(u, options);
	if (verbose)
		daxctl_set_log_priority(ctx, LOG_DEBUG);
	dcd_positional_region(ctx, argc, argv, &name);
	if (!jdevs || dcd_read_policy(ctx, &param, &policy) < 0)
		return EXIT_FAILURE;

	rc = dcd_online_capacity(ctx, &policy, name,
				 human ? UTIL_JSON_HUMAN : 0, jdevs);
	if (json_object_array_length(jdevs))
		util_display_json_array(stdout, jdevs,
					human ? UTIL_JSON_HUMAN : 0);
	else
		json_object_put(jdevs);
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
