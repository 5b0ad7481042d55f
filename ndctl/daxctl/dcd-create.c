// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "daxctl create-device" for regions of dynamic capacity.
 *
 * Untagged capacity is taken by size, like that of any other region; a tag is
 * taken as a whole, as one device.  A device that cannot be finished is taken
 * back, so that a failed command changes nothing.
 */
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <stdlib.h>
#include <unistd.h>
#include <uuid/uuid.h>
#include <util/dcd-tag.h>
#include <util/dcd-size.h>
#include <util/json.h>
#include <json-c/json.h>
#include <daxctl/libdaxctl.h>

#include "json.h"
#include "filter.h"
#include "dcd-lock.h"
#include "dcd-create.h"

/**
 * dcd_positional_region - take "daxctl create-device REGION"
 * @argc, @argv: what is left after the options
 * @region: --region, NULL without; set to the positional one
 *
 * Ends the program where the region is not there or two are named: parsing is
 * not done and nothing has been changed.
 *
 * Returns: the number of arguments used up.
 */
int dcd_positional_region(struct daxctl_ctx *ctx, int argc, const char **argv,
			  const char **region)
{
	struct daxctl_region *iter;
	int used = 0;

	if (argc > 0) {
		if (*region && strcmp(*region, argv[0]) != 0) {
			fprintf(stderr,
				"two regions named: '%s' and '%s' (--region)\n",
				argv[0], *region);
			exit(EXIT_FAILURE);
		}
		*region = argv[0];
		used = 1;
	}
	if (!*region)
		return used;

	daxctl_region_foreach(ctx, iter)
		if (util_daxctl_region_filter(iter, *region))
			return used;
	fprintf(stderr,
		"no DAX region '%s': 'daxctl list -Ri' shows those that exist\n",
		*region);
	exit(EXIT_FAILURE);
}

static void dcd_need_size(const char *what, const char *text)
{
	unsigned long long size;

	if (text && dcd_size_arg(text, what, &size) < 0)
		exit(EXIT_FAILURE);
}

/**
 * dcd_check_create - refuse what "daxctl create-device" cannot mean
 * @size, @align, @uuid, @input: the options as typed, NULL where not given
 *
 * Ends the program after a message: nothing has been changed yet.
 */
void dcd_check_create(const char *size, const char *align, const char *uuid,
		      const char *input)
{
	const char *wrong = NULL;
	uuid_t tag;

	dcd_need_size("size", size);
	dcd_need_size("align", align);
	if (!uuid)
		return;
	if (size)
		wrong = "--uuid takes all of a tag's capacity: leave --size out";
	else if (input)
		wrong = "--uuid takes capacity in the device's order: leave --input out";
	if (wrong)
		fprintf(stderr, "%s\n", wrong);
	else if (dcd_parse_tag(uuid, tag) < 0)
		fprintf(stderr, "'%s' is not a UUID and not 0\n", uuid);
	else
		return;
	exit(EXIT_FAILURE);
}

static const char *dcd_region_name(struct daxctl_region *region, char *buf,
				   size_t len)
{
	snprintf(buf, len, "region%d", daxctl_region_get_id(region));
	return buf;
}

/* Take back a device that this process has made and could not finish. */
void dcd_undo_create(struct daxctl_region *region, struct daxctl_dev *dev)
{
	if (daxctl_dev_get_size(dev))
		daxctl_dev_set_size(dev, 0);
	daxctl_region_destroy_dev(region, dev);
}

static void dcd_explain_claim(struct daxctl_region *region,
			      const struct dcd_create *args, const char *uuid,
			      int rc)
{
	char name[32];

	if (rc == -ENOENT && args->may_be_none)
		return;
	dcd_region_name(region, name, sizeof(name));
	switch (rc) {
	case -ENOENT:
		fprintf(stderr,
			"%s: no free capacity with tag %s: 'cxl list -r %s -N' shows the extents\n",
			name, uuid, name);
		break;
	case -EACCES:
	case -EOPNOTSUPP:
		fprintf(stderr,
			"%s: takes no tags: it is not a region of dynamic capacity, or the kernel knows none\n",
			name);
		break;
	default:
		fprintf(stderr, "%s: cannot claim tag %s: %s\n", name, uuid,
			strerror(-rc));
	}
}

static int dcd_claim_tag(struct daxctl_region *region, struct daxctl_dev *dev,
			 const struct dcd_create *args, const char *uuid)
{
	uuid_t tag;
	int rc;

	rc = dcd_parse_tag(uuid, tag);
	if (rc == 0)
		rc = daxctl_dev_set_uuid(dev, tag);
	if (rc < 0)
		dcd_explain_claim(region, args, uuid, rc);
	return rc;
}

static int dcd_claim_size(struct daxctl_region *region, struct daxctl_dev *dev,
			  const struct dcd_create *args,
			  unsigned long long avail)
{
	unsigned long long size = avail;
	char name[32];
	int rc;

	if (args->size >= 0)
		size = args->size;

	rc = daxctl_dev_set_size(dev, size);
	if (rc != -EOPNOTSUPP)
		return rc;

	/*
	 * Kernels with the patch series of 2026 give capacity by extent only;
	 * one untagged extent is what comes nearest to "what there is".
	 */
	if (args->size < 0)
		return dcd_claim_tag(region, dev, args, "0");
	fprintf(stderr,
		"%s: this kernel gives dynamic capacity by whole extents: use '--uuid 0' or '--uuid TAG' instead of --size\n",
		dcd_region_name(region, name, sizeof(name)));
	return rc;
}

/* Is there enough to take?  Says what is missing. */
static int dcd_check_room(struct daxctl_region *region,
			  const struct dcd_create *args,
			  unsigned long long avail)
{
	char name[32];

	dcd_region_name(region, name, sizeof(name));
	if (args->size == 0) {
		fprintf(stderr, "%s: size 0 asked for\n", name);
		return -EINVAL;
	}
	if (!avail) {
		fprintf(stderr,
			"%s: no free untagged capacity: 'cxl list -r %s -N' shows the extents, 'cxl wait-extent %s' waits for some\n",
			name, name, name);
		return -ENOSPC;
	}
	if (args->size > 0 && (unsigned long long)args->size > avail) {
		fprintf(stderr,
			"%s: %lld bytes asked for, %llu untagged bytes available\n",
			name, args->size, avail);
		return -ENOSPC;
	}
	return 0;
}

/*
 * An empty device that nobody else uses.  The region is locked, so others can
 * only be programs that know nothing of the lock.
 */
static struct daxctl_dev *dcd_make_device(struct daxctl_region *region,
					  const struct dcd_create *args,
					  int *ret_rc)
{
	struct daxctl_dev *dev;
	char name[32];
	int rc;

	dcd_region_name(region, name, sizeof(name));
	rc = daxctl_region_create_dev(region);
	/* The kernel makes no device where there is nothing to put into it. */
	if (rc == -ENOSPC && args->uuid) {
		*ret_rc = daxctl_region_is_dynamic_capacity(region) ?
				  -ENOENT : -EOPNOTSUPP;
		dcd_explain_claim(region, args, args->uuid, *ret_rc);
		return NULL;
	}
	if (rc < 0) {
		fprintf(stderr, "%s: cannot make a device: %s\n", name,
			strerror(-rc));
		*ret_rc = rc;
		return NULL;
	}
	dev = daxctl_region_get_youngest(region);
	if (!dev) {
		fprintf(stderr, "%s: the new device cannot be found\n", name);
		*ret_rc = -ENODEV;
		return NULL;
	}
	if (daxctl_dev_get_size(dev) || daxctl_dev_is_enabled(dev)) {
		fprintf(stderr,
			"%s: another program has taken the new device %s: try again\n",
			name, daxctl_dev_get_devname(dev));
		*ret_rc = -EBUSY;
		return NULL;
	}
	return dev;
}

static int dcd_fill_device(struct daxctl_region *region, struct daxctl_dev *dev,
			   const struct dcd_create *args,
			   unsigned long long avail)
{
	int rc = 0;

	if (args->align > 0)
		rc = daxctl_dev_set_align(dev, args->align);
	if (rc == 0 && args->uuid)
		rc = dcd_claim_tag(region, dev, args, args->uuid);
	else if (rc == 0)
		rc = dcd_claim_size(region, dev, args, avail);
	if (rc < 0 || args->idle)
		return rc;

	rc = daxctl_dev_enable_devdax(dev);
	if (rc)
		fprintf(stderr, "%s: enable failed: %s\n",
			daxctl_dev_get_devname(dev), strerror(-rc));
	return rc;
}

/**
 * dcd_new_device - make a device from a region's dynamic capacity
 * @region: locked by dcd_lock_region()
 * @ret_rc: -errno, written only on failure
 *
 * Returns: a devdax device owned by @region, enabled unless it was asked for
 * idle; NULL after a message, and then nothing has changed.
 */
struct daxctl_dev *dcd_new_device(struct daxctl_region *region,
				  const struct dcd_create *args, int *ret_rc)
{
	unsigned long long avail = daxctl_region_get_available_size(region);
	struct daxctl_dev *dev;
	int rc;

	rc = args->uuid ? 0 : dcd_check_room(region, args, avail);
	if (rc < 0) {
		*ret_rc = rc;
		return NULL;
	}
	dev = dcd_make_device(region, args, ret_rc);
	if (!dev)
		return NULL;
	rc = dcd_fill_device(region, dev, args, avail);
	if (rc < 0) {
		dcd_undo_create(region, dev);
		*ret_rc = rc;
		return NULL;
	}
	return dev;
}

/**
 * dcd_create_device - "daxctl create-device" in a region of dynamic capacity
 * @jdevs: array that the new device's object is added to; made if NULL
 *
 * Returns: 0, or -errno after a message; then nothing has changed.
 */
int dcd_create_device(struct daxctl_region *region,
		      const struct dcd_create *args, unsigned long flags,
		      struct json_object **jdevs)
{
	struct json_object *jdev;
	struct daxctl_dev *dev;
	int lock, rc;

	lock = dcd_lock_region(region);
	if (lock < 0)
		return lock;
	dev = dcd_new_device(region, args, &rc);
	close(lock);
	if (!dev)
		return rc;
	if (!*jdevs)
		*jdevs = json_object_new_array();
	jdev = util_daxctl_dev_to_json(dev, flags);
	if (*jdevs && jdev)
		json_object_array_add(*jdevs, jdev);
	return 0;
}

/**
 * dcd_create_by_tag - "daxctl create-device --uuid", in whatever region has it
 * @name: region, NULL for all
 * @flags: UTIL_JSON_* for the object that is printed
 * @nr: set to the number of devices made
 *
 * Returns: 0, or -errno after a message: -ENOENT when no region has it.
 */
int dcd_create_by_tag(struct daxctl_ctx *ctx, const char *name,
		      const struct dcd_create *args, unsigned long flags,
		      int *nr)
{
	struct dcd_create quiet = *args;
	struct json_object *jdevs = NULL;
	struct daxctl_region *region;
	int rc, err_rc = -ENOENT;

	*nr = 0;
	quiet.may_be_none = !name;
	daxctl_region_foreach(ctx, region) {
		if (!util_daxctl_region_filter(region, name))
			continue;
		if (!name && !daxctl_region_is_dynamic_capacity(region))
			continue;
		rc = dcd_create_device(region, &quiet, flags, &jdevs);
		if (rc == 0) {
			*nr = 1;
			util_display_json_array(stdout, jdevs, flags);
			return 0;
		}
		if (rc != -ENOENT)
			err_rc = rc;
	}
	if (!name && err_rc == -ENOENT)
		fprintf(stderr,
			"no region has free capacity with tag %s: 'cxl list -R -N' shows the extents\n",
			args->uuid);
	return err_rc;
}

/**
 * dcd_check_resize - may the size of a device be changed at all?
 *
 * A tag is one allocation: its device has all of it or none.
 *
 * Returns: 0, or -EOPNOTSUPP after a message.
 */
int dcd_check_resize(struct daxctl_dev *dev)
{
	uuid_t tag;

	if (daxctl_dev_get_uuid(dev, tag) < 0 || uuid_is_null(tag))
		return 0;
	fprintf(stderr,
		"%s: holds the capacity of a tag and cannot be resized: destroy it to give the capacity back\n",
		daxctl_dev_get_devname(dev));
	return -EOPNOTSUPP;
}

/**
 * dcd_no_device - no device matched what the user named
 *
 * Returns: 0 for "all", which may be none; -ENODEV after a message for a name.
 */
int dcd_no_device(const char *device)
{
	if (!device || strcmp(device, "all") == 0)
		return 0;
	fprintf(stderr,
		"no DAX device '%s': 'daxctl list -Di' shows those that exist\n",
		device);
	return -ENODEV;
}
