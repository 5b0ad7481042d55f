// SPDX-License-Identifier: GPL-2.0-only
/*
 * CXL regions over dynamic capacity: which they are, what their `mode` says,
 * and their driver.
 */
#include <linux/slab.h>

#include "device.h"
#include "judge.h"
#include "lock.h"
#include "names.h"
#include "glue/compat.h"
#include "glue/cxl_region.h"
#include "glue/facts.h"
#include "glue/override.h"

/**
 * struct dcd_cxlr - a CXL region that is known to be over a partition
 * @node: entry in cxlrs
 * @dev: the region's device; no reference, dropped when it goes
 * @slot: what the partition is called
 */
struct dcd_cxlr {
	struct list_head node;
	struct device *dev;
	unsigned int slot;
};

static LIST_HEAD(cxlrs);
static DEFINE_MUTEX(cxlrs_lock);

/**
 * cxl_dcd_cxlr_part - which partition is a CXL region over?
 * @cxlr: region whose targets do not change meanwhile
 *
 * Returns: partition index; -ENODEV when it is over none; -EINVAL when its
 * targets do not agree, or it cannot be told.
 */
int cxl_dcd_cxlr_part(struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;
	int i, part = -ENODEV;

	if (!cxl_dcd_devices_any() || !cxl_dcd_facts_targets(cxlr))
		return -ENODEV;
	for (i = 0; i < p->nr_targets; i++) {
		struct cxl_endpoint_decoder *cxled = p->targets[i];
		struct cxl_dcd *dcd;
		struct range dpa;
		int this = -ENODEV;
		int has = cxl_dcd_facts_dpa(cxled, &dpa);

		if (has <= 0)
			return has ? -EINVAL : -ENODEV;
		dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
		if (dcd) {
			this = cxl_dcd_part_find(dcd->parts, dcd->nr_parts,
						 dpa.start);
			cxl_dcd_put(dcd);
			if (this == CXL_DCD_PART_NONE)
				this = -ENODEV;
		}
		if (!i)
			part = this;
		else if (part != this)
			return -EINVAL;
	}
	return part;
}

/* Is no target on a device of ours? */
bool cxl_dcd_cxlr_is_foreign(struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;
	int i;

	for (i = 0; i < p->nr_targets; i++)
		if (p->targets[i] &&
		    cxl_dcd_is_ours(cxled_to_memdev(p->targets[i])))
			return false;
	return true;
}

static struct cxl_dcd_override dcd_cxlr_mode_file;

static struct dcd_cxlr *dcd_cxlr_find(const struct device *dev)
{
	struct dcd_cxlr *c;

	lockdep_assert_held(&cxlrs_lock);
	list_for_each_entry(c, &cxlrs, node)
		if (c->dev == dev)
			return c;
	return NULL;
}

static ssize_t dcd_cxlr_mode_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct dcd_cxlr *c;
	int slot = -ENODEV;

	mutex_lock(&cxlrs_lock);
	c = dcd_cxlr_find(dev);
	if (c)
		slot = c->slot;
	mutex_unlock(&cxlrs_lock);
	if (slot < 0) {
		attr = dcd_cxlr_mode_file.stock;
		return attr->show(dev, attr, buf);
	}
	return sysfs_emit(buf, "%s\n", cxl_dcd_slot_kind(slot));
}

static struct cxl_dcd_override dcd_cxlr_mode_file = {
	.mine = __ATTR(mode, 0444, dcd_cxlr_mode_show, NULL),
};

/**
 * cxl_dcd_cxlr_know - a CXL region is over a partition
 * @dev: its device
 * @slot: what the partition is called; its `mode` says so from now on
 */
void cxl_dcd_cxlr_know(struct device *dev, unsigned int slot)
{
	struct dcd_cxlr *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return;
	c->dev = dev;
	c->slot = slot;
	mutex_lock(&cxlrs_lock);
	list_add_tail(&c->node, &cxlrs);
	mutex_unlock(&cxlrs_lock);
	cxl_dcd_override_add(dev, &dcd_cxlr_mode_file);
}

void cxl_dcd_cxlr_gone(struct device *dev)
{
	struct dcd_cxlr *c;

	mutex_lock(&cxlrs_lock);
	c = dcd_cxlr_find(dev);
	if (c)
		list_del(&c->node);
	mutex_unlock(&cxlrs_lock);
	kfree(c);
}

/**
 * cxl_dcd_cxlr_found - a region was not made by one of our files
 * @cxlr: region whose targets do not change meanwhile
 *
 * It was there before the module, or firmware made it.
 */
void cxl_dcd_cxlr_found(struct cxl_region *cxlr)
{
	struct dcd_cxlr *known;
	struct cxl_dcd *dcd;
	unsigned int slot;
	int part;

	mutex_lock(&cxlrs_lock);
	known = dcd_cxlr_find(&cxlr->dev);
	mutex_unlock(&cxlrs_lock);
	if (known)
		return;
	part = cxl_dcd_cxlr_part(cxlr);
	if (part < 0)
		return;
	dcd = cxl_dcd_find_get(cxled_to_memdev(cxlr->params.targets[0]));
	if (!dcd)
		return;
	slot = cxl_dcd_slot_of(&dcd->parts[part], part);
	cxl_dcd_put(dcd);
	cxl_dcd_cxlr_know(&cxlr->dev, slot);
}

static int dcd_cxlr_attach_one(struct device *dev, void *unused)
{
	if (is_cxl_region(dev))
		cxl_dcd_cxlr_found(cxl_dcd_to_region(dev));
	return 0;
}

/* Regions that were there before the module. */
void cxl_dcd_cxlrs_attach(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_cxlr_attach_one);
}

static bool dcd_cxlr_is_ours(struct device *dev)
{
	return is_cxl_region(dev) &&
	       cxl_dcd_cxlr_part(cxl_dcd_to_region(dev)) != -ENODEV;
}

static int dcd_cxlr_enable_one(struct device *dev, void *unused)
{
	struct cxl_region *cxlr;
	bool disabled;

	if (!dcd_cxlr_is_ours(dev))
		return 0;
	cxlr = cxl_dcd_to_region(dev);
	if (!cxl_dcd_facts_mode(cxlr))
		return 0;
	disabled = cxlr->mode == CXL_DCD_MODE_UNUSED;
	WRITE_ONCE(cxlr->mode, CXL_DCD_MODE_USABLE);
	if (!disabled && !dev->driver &&
	    cxlr->params.state == CXL_CONFIG_COMMIT && device_attach(dev) < 0)
		dev_err(dev, "cannot be enabled\n");
	return 0;
}

/*
 * Give committed regions their driver, which adds their DAX regions; not those
 * that had been disabled when an earlier load ended.
 */
void cxl_dcd_cxlrs_enable(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_cxlr_enable_one);
}

static int dcd_cxlr_disable_one(struct device *dev, void *unused)
{
	if (!dcd_cxlr_is_ours(dev))
		return 0;
	if (cxl_dcd_facts_mode(cxl_dcd_to_region(dev)))
		WRITE_ONCE(cxl_dcd_to_region(dev)->mode,
			   dev->driver ? CXL_DCD_MODE_LENT :
					 CXL_DCD_MODE_UNUSED);
	device_release_driver(dev);
	return 0;
}

/*
 * Take the driver away from our regions, and with it their DAX regions. Without
 * us the stock driver would give out all of their addresses, backed or not: so
 * they cannot be enabled before the next load.
 */
void cxl_dcd_cxlrs_disable(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_cxlr_disable_one);
}

static int dcd_cxlr_detach_one(struct device *dev, void *unused)
{
	bool known;

	if (!is_cxl_region(dev))
		return 0;
	mutex_lock(&cxlrs_lock);
	known = dcd_cxlr_find(dev);
	mutex_unlock(&cxlrs_lock);
	if (known) {
		cxl_dcd_override_del(dev, &dcd_cxlr_mode_file);
		cxl_dcd_cxlr_gone(dev);
	}
	return 0;
}

void cxl_dcd_cxlrs_detach(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_cxlr_detach_one);
}
