// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel has as System RAM keeps the module loaded.
 *
 * Without the module nobody would hear that such memory is asked back or gone.
 * So there is a reference to the module for each DAX device with a driver that
 * has made it System RAM, until that has removed all of it. What was online
 * while its driver was taken away is the kernel's until the next boot, and so
 * is the reference.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "ram.h"
#include "region.h"
#include "users.h"
#include "glue/offline.h"

/**
 * struct dcd_ram_holder - a DAX device that is System RAM
 * @node: entry in holders
 * @dev: the device; no reference, it is here until it has lost its driver
 */
struct dcd_ram_holder {
	struct list_head node;
	struct device *dev;
};

static LIST_HEAD(holders);
static DEFINE_SPINLOCK(holders_lock);

/* Is any of a DAX device System RAM? Its ranges stay meanwhile. */
bool cxl_dcd_ram_any(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_is_ram(r->start, range_len(r)))
			return true;
	}
	return false;
}

/**
 * cxl_dcd_ram_bound - a DAX device of one of our regions has got a driver
 *
 * Called with the device locked, so that its ranges stay; without memory for
 * the entry the module can never be unloaded, which is the safe side.
 */
void cxl_dcd_ram_bound(struct device *dev)
{
	struct dcd_ram_holder *holder;

	if (!cxl_dcd_ram_any(to_dev_dax(dev)))
		return;
	/* Being unloaded, the module takes the region's driver away at once. */
	if (!try_module_get(THIS_MODULE))
		return;
	cxl_dcd_users_add(dev, CXL_DCD_USE_RAM);
	holder = kzalloc(sizeof(*holder), GFP_KERNEL);
	if (!holder)
		return;
	holder->dev = dev;
	spin_lock(&holders_lock);
	list_add(&holder->node, &holders);
	spin_unlock(&holders_lock);
}

/* It has lost its driver: is all of its memory gone from the kernel? */
void cxl_dcd_ram_unbound(struct device *dev)
{
	struct dcd_ram_holder *holder, *found = NULL;

	spin_lock(&holders_lock);
	list_for_each_entry(holder, &holders, node)
		if (holder->dev == dev)
			found = holder;
	if (found)
		list_del(&found->node);
	spin_unlock(&holders_lock);
	if (!found)
		return;
	kfree(found);
	cxl_dcd_users_del(dev, CXL_DCD_USE_RAM);
	if (!cxl_dcd_ram_any(to_dev_dax(dev))) {
		module_put(THIS_MODULE);
		return;
	}
	cxl_dcd_users_add(dev, CXL_DCD_USE_KEPT);
	dev_err(dev,
		"is still System RAM though it has lost its driver: cxl_dcd cannot be unloaded before the next boot\n");
}
