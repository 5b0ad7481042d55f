// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl offline-capacity": let capacity leave that the device asks for.
 *
 * A device may ask for capacity that is in use; the kernel then keeps the
 * request and completes it when the last user is gone.  "daxctl watch-capacity"
 * does this for each such request: system RAM over that capacity is taken
 * offline and its device destroyed.  Devices in devdax mode are left alone,
 * since programs use them.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <syslog.h>
#include <string.h>
#include <unistd.h>
#include <util/json.h>
#include <json-c/json.h>
#include <daxctl/builtin.h>
#include <daxctl/libdaxctl.h>
#include <util/parse-options.h>

#include "filter.h"
#include "dcd-ram.h"
#include "dcd-lock.h"
#include "dcd-room.h"
#include "dcd-create.h"
#include "dcd-policy.h"
#include "dcd-online.h"
#include "dcd-offline.h"

static struct dcd_policy_text param;
static bool verbose;

static int dcd_leave_device(struct daxctl_dev *dev)
{
	struct daxctl_memory *mem = daxctl_dev_get_memory(dev);
	const char *devname = daxctl_dev_get_devname(dev);
	int rc, kept = 0;

	if (!mem) {
		fprintf(stderr,
			"%s: wanted back, but in devdax mode: 'daxctl destroy-device -f %s' when its users are gone\n",
			devname, devname);
		return -EBUSY;
	}
	rc = dcd_check_room(dev);
	if (rc == 0)
		rc = dcd_offline_ram(dev);
	if (rc < 0)
		return rc;
	rc = daxctl_dev_disable(dev);
	if (rc == 0)
		kept = dcd_check_removed(dev);
	if (rc == 0)
		rc = daxctl_dev_set_size(dev, 0);
	if (rc == 0)
		rc = daxctl_region_destroy_dev(daxctl_dev_get_region(dev), dev);
	if (rc < 0)
		fprintf(stderr, "%s: offline, but not destroyed: %s\n", devname,
			strerror(-rc));
	return rc ? rc : kept;
}

static bool dcd_release_asked(struct daxctl_region *region,
			      struct daxctl_dev *dev)
{
	struct daxctl_extent *extent;

	if (!daxctl_dev_get_size(dev))
		return false;
	daxctl_extent_foreach(region, extent)
		if (daxctl_extent_is_releasing(extent) &&
		    daxctl_extent_in_dev(extent, dev) > 0)
			return true;
	return false;
}

static int dcd_leave_region(struct daxctl_region *region, struct dcd_left *left)
{
	struct daxctl_dev *dev;
	int lock, rc, err_rc = 0;
	bool is_ram;

	lock = dcd_lock_region(region);
	if (lock < 0)
		return lock;
	daxctl_dev_foreach(region, dev) {
		if (!dcd_release_asked(region, dev))
			continue;
		/* Nothing tells when the programs that use a devdax end. */
		is_ram = daxctl_dev_get_memory(dev) != NULL;
		rc = dcd_leave_device(dev);
		if (rc == 0) {
			left->devices++;
			continue;
		}
		err_rc = rc;
		left->retry |= is_ram;
	}
	close(lock);
	return err_rc;
}

/**
 * dcd_offline_capacity - let capacity leave that is asked for, by policy
 * @name: region, NULL for all
 * @left: what came of it is added
 *
 * Returns: 0 when nothing asked for is in use any more, else the last -errno.
 */
int dcd_offline_capacity(struct daxctl_ctx *ctx,
			 const struct dcd_policy *policy, const char *name,
			 struct dcd_left *left)
{
	struct daxctl_region *region;
	int rc, err_rc = 0;

	if (policy->release == DCD_OFF)
		return 0;
	daxctl_region_foreach(ctx, region) {
		if (!util_daxctl_region_filter(region, name) ||
		    !daxctl_region_is_dynamic_capacity(region))
			continue;
		rc = dcd_leave_region(region, left);
		if (rc < 0)
			err_rc = rc;
	}
	return err_rc;
}

/* A device leaves as a whole: use again what of it nobody has asked for. */
static int dcd_use_rest(struct daxctl_ctx *ctx, const struct dcd_policy *policy,
			const char *name)
{
	struct json_object *jdevs = json_object_new_array();
	int rc;

	if (!jdevs)
		return -ENOMEM;
	rc = dcd_online_capacity(ctx, policy, name, 0, jdevs);
	if (json_object_array_length(jdevs))
		util_display_json_array(stdout, jdevs, 0);
	else
		json_object_put(jdevs);
	return rc;
}

/**
 * cmd_offline_capacity - let system RAM leave that devices ask for
 *
 * Returns: 0 when nothing that they ask for is in use any more, or the policy
 * is "off"; else 1.
 */
int cmd_offline_capacity(int argc, const char **argv, struct daxctl_ctx *ctx)
{
	const struct option options[] = {
		OPT_STRING('\0', "release", &param.release, "mode",
			   "what may be taken: off, system-ram"),
		OPT_BOOLEAN('v', "verbose", &verbose,
			    "emit more debug messages"),
		OPT_END(),
	};
	const char *const u[] = {
		"daxctl offline-capacity [<region>] [<options>]", NULL
	};
	struct dcd_policy policy = { 0 };
	struct dcd_left left = { 0 };
	const char *name = NULL;
	int rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc > 1)
		usage_with_options(u, options);
	if (verbose)
		daxctl_set_log_priority(ctx, LOG_DEBUG);
	dcd_positional_region(ctx, argc, argv, &name);
	if (dcd_read_policy(ctx, &param, &policy) < 0)
		return EXIT_FAILURE;
	if (policy.release == DCD_OFF)
		return EXIT_SUCCESS;

	rc = dcd_offline_capacity(ctx, &policy, name, &left);
	fprintf(stderr, "gave back %d device%s\n", left.devices,
		left.devices == 1 ? "" : "s");
	if (left.devices && dcd_use_rest(ctx, &policy, name) < 0)
		return EXIT_FAILURE;
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
