// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl offline-capacity": let go of what the device wants back.
 *
 * A device may ask for capacity that is in use; the kernel then keeps the
 * request and completes it when the last user is gone.  "daxctl watch-capacity"
 * does this for each such request: system RAM over that capacity goes.
 * Devices in devdax mode belong to programs: those are left alone.
 */
#include <stdio.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <util/json.h>
#include <json-c/json.h>
#include <daxctl/builtin.h>
#include <daxctl/libdaxctl.h>
#include <util/parse-options.h>

#include "dcd.h"
#include "filter.h"

static struct dcd_policy_text param;

static int give_back(struct daxctl_dev *dev)
{
	struct daxctl_memory *mem = daxctl_dev_get_memory(dev);
	const char *devname = daxctl_dev_get_devname(dev);
	int rc;

	if (!mem) {
		fprintf(stderr,
			"%s: wanted back, but in devdax mode: 'daxctl destroy-device -f %s' when its users are gone\n",
			devname, devname);
		return -EBUSY;
	}
	rc = dcd_offline_ram(dev);
	if (rc < 0)
		return rc;
	rc = daxctl_dev_disable(dev);
	if (rc == 0)
		rc = daxctl_dev_set_size(dev, 0);
	if (rc == 0)
		rc = daxctl_region_destroy_dev(daxctl_dev_get_region(dev), dev);
	if (rc < 0)
		fprintf(stderr, "%s: offline, but not destroyed: %s\n", devname,
			strerror(-rc));
	return rc;
}

static bool wanted_back(struct daxctl_region *region, struct daxctl_dev *dev)
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

static int reclaim_region(struct daxctl_region *region, struct dcd_given *given)
{
	struct daxctl_dev *dev;
	int lock, rc, err_rc = 0;
	bool is_ram;

	lock = dcd_lock_region(region);
	if (lock < 0)
		return lock;
	daxctl_dev_foreach(region, dev) {
		if (!wanted_back(region, dev))
			continue;
		/* The users of devdax end when they like, and nobody says so. */
		is_ram = daxctl_dev_get_memory(dev) != NULL;
		rc = give_back(dev);
		if (rc == 0) {
			given->devices++;
			continue;
		}
		err_rc = rc;
		given->again |= is_ram;
	}
	close(lock);
	return err_rc;
}

/**
 * dcd_offline_capacity - give back what devices ask for, where the policy lets
 * @name: region, NULL for all
 * @given: what came of it is added
 *
 * Returns: 0 when nothing asked for is in use any more, else the last -errno.
 */
int dcd_offline_capacity(struct daxctl_ctx *ctx,
			 const struct dcd_policy *policy, const char *name,
			 struct dcd_given *given)
{
	struct daxctl_region *region;
	int rc, err_rc = 0;

	if (policy->release == DCD_OFF)
		return 0;
	daxctl_region_foreach(ctx, region) {
		if (!util_daxctl_region_filter(region, name) ||
		    !daxctl_region_is_dynamic_capacity(region))
			continue;
		rc = reclaim_region(region, given);
		if (rc < 0)
			err_rc = rc;
	}
	return err_rc;
}

/* A device goes whole: what of it nobody wants back is used as before. */
static int use_rest(struct daxctl_ctx *ctx, const struct dcd_policy *policy,
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
 * cmd_offline_capacity - give back system RAM that devices ask for
 *
 * Returns: 0 when nothing that they ask for is in use any more, or the policy
 * is "off"; else 1.
 */
int cmd_offline_capacity(int argc, const char **argv, struct daxctl_ctx *ctx)
{
	const struct option options[] = {
		OPT_STRING('\0', "release", &param.release, "mode",
			   "what may be taken: off, system-ram"),
		OPT_END(),
	};
	const char *const u[] = {
		"daxctl offline-capacity [<region>] [<options>]", NULL
	};
	struct dcd_policy policy = { 0 };
	struct dcd_given given = { 0 };
	const char *name = NULL;
	int rc;

	argc = parse_options(argc, argv, options, u, 0);
	if (argc > 1)
		usage_with_options(u, options);
	dcd_positional_region(ctx, argc, argv, &name);
	if (dcd_read_policy(ctx, &param, &policy) < 0)
		return EXIT_FAILURE;
	if (policy.release == DCD_OFF)
		return EXIT_SUCCESS;

	rc = dcd_offline_capacity(ctx, &policy, name, &given);
	fprintf(stderr, "gave back %d device%s\n", given.devices,
		given.devices == 1 ? "" : "s");
	if (given.devices && use_rest(ctx, &policy, name) < 0)
		return EXIT_FAILURE;
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}
