// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions whose decoders are not taken back from under others.
 *
 * The stock driver takes a region's decoders back in any order; but a device
 * decodes none above one that is not committed, so that the memory of a higher
 * region would be gone, without a word, while programs use it. On devices with
 * dynamic capacity the uppermost region has to go first.
 */
#include "device.h"
#include "glue/commit.h"
#include "glue/compat.h"
#include "glue/decoder_list.h"
#include "glue/override.h"

static struct cxl_dcd_override commit_file;

static ssize_t dcd_commit_show(struct device *dev,
			       struct device_attribute *attr, char *buf)
{
	return commit_file.stock->show(dev, commit_file.stock, buf);
}

static ssize_t dcd_commit_store(struct device *dev,
				struct device_attribute *attr,
				const char *buf, size_t len)
{
	bool commit;

	if (!kstrtobool(buf, &commit) && !commit &&
	    cxl_dcd_decoder_above(cxl_dcd_to_region(dev))) {
		dev_warn_ratelimited(dev,
				     "stays: a region above it on the same device would lose its memory; destroy that first\n");
		return -EBUSY;
	}
	return commit_file.stock->store(dev, commit_file.stock, buf, len);
}

static struct cxl_dcd_override commit_file = {
	.mine = __ATTR(commit, 0644, dcd_commit_show, dcd_commit_store),
};

/* A region was added; there may be devices of ours, or not. */
void cxl_dcd_commit_guard(struct device *region)
{
	if (cxl_dcd_devices_any() &&
	    cxl_dcd_override_add(region, &commit_file))
		dev_warn(region, "may be destroyed from under others\n");
}

static int dcd_commit_guard_one(struct device *dev, void *unused)
{
	if (is_cxl_region(dev))
		cxl_dcd_commit_guard(dev);
	return 0;
}

/* Regions that were there before the first of our devices. */
void cxl_dcd_commit_guard_all(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_commit_guard_one);
}

static int dcd_commit_unguard_one(struct device *dev, void *unused)
{
	if (is_cxl_region(dev))
		cxl_dcd_override_del(dev, &commit_file);
	return 0;
}

void cxl_dcd_commit_unguard_all(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_commit_unguard_one);
}
