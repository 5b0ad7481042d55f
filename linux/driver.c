// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver of the DAX regions that lie over dynamic capacity.
 *
 * The CXL core adds a dax_regionN device for every committed volatile region
 * and the CXL bus asks the drivers for such devices one after the other. Ours
 * takes those over dynamic capacity. For one of those it never reports failure:
 * the stock driver (dax_cxl) would be asked next and would hand out memory that
 * is not there.
 */
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "dax_files.h"
#include "device.h"
#include "driver.h"
#include "events.h"
#include "extent.h"
#include "force.h"
#include "lock.h"
#include "news.h"
#include "ram.h"
#include "range.h"
#include "recover.h"
#include "region.h"
#include "release.h"
#include "glue/access.h"
#include "glue/cxl_region.h"
#include "glue/dax_cxl.h"
#include "glue/facts.h"
#include "glue/offline.h"
#include "glue/opened.h"
#include "glue/pins.h"

static struct cxl_driver dcd_driver;
/*
 * A region ends in two steps. Here all its DAX devices are gone, but the DAX
 * core's region is still there. What the kernel still uses as System RAM is not
 * released: the device would hand it to another host.
 */
static void dcd_driver_region_close(void *data)
{
	struct cxl_dcd_region *rgn = data;
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);
	struct cxl_dcd_extent *ext, *next;
	LIST_HEAD(give);

	cxl_dcd_lock(dcd);
	cxl_dcd_region_unpublish(rgn);
	cxl_dcd_range_free_all(rgn);
	list_for_each_entry_safe(ext, next, &rgn->extents, node) {
		u64 start = cxl_dcd_extent_hpa(ext);
		u64 size = cxl_dcd_extent_size(ext);

		cxl_dcd_extent_del(ext);
		if (cxl_dcd_is_ram(start, size)) {
			dev_err(rgn->dev,
				"[HPA %#llx, +%#llx] is still System RAM and stays accepted until the next boot\n",
				start, size);
			cxl_dcd_extent_leave(ext);
		} else if (cxl_dcd_unloading() && !ext->releasing) {
			/* The next load takes it up again. */
			cxl_dcd_extent_leave(ext);
		} else {
			list_add_tail(&ext->node, &give);
		}
	}
	cxl_dcd_release_extents(rgn, &give);
	cxl_dcd_news_flush(rgn);
	rgn->dax = NULL;
	cxl_dcd_unlock(dcd);
	cxl_dcd_news_end(rgn);
}

static void dcd_driver_region_end(void *data)
{
	struct cxl_dcd_region *rgn = data;

	cxl_dcd_access_del(rgn->dev);
	cxl_dcd_region_free(rgn);
}

/* Every device of our regions gets its files before user space hears of it. */
static int dcd_driver_dax_event(struct notifier_block *nb, unsigned long action,
				void *data)
{
	struct device *dev = data;

	if (action == BUS_NOTIFY_DEL_DEVICE)
		cxl_dcd_dax_removal(dev, true);
	if (action == BUS_NOTIFY_REMOVED_DEVICE)
		cxl_dcd_dax_removal(dev, false);
	/* Also for one whose region goes: a device must not be forgotten. */
	if (action == BUS_NOTIFY_UNBOUND_DRIVER)
		cxl_dcd_ram_unbound(dev);
	if (!dev->parent || dev->parent->driver != &dcd_driver.drv)
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_ADD_DEVICE)
		cxl_dcd_dax_device_files(dev);
	if (action == BUS_NOTIFY_BOUND_DRIVER) {
		cxl_dcd_ram_bound(dev);
		cxl_dcd_force_bound(dev);
		cxl_dcd_pins_guard(dev);
		cxl_dcd_opened_guard(dev);
	}
	return NOTIFY_DONE;
}

static struct notifier_block dax_nb = { .notifier_call = dcd_driver_dax_event };

/* The DAX bus is not exported: learn of it from the first device on it. */
static void dcd_driver_dax_seen(struct device *dax_dev)
{
	static DEFINE_MUTEX(lock);

	guard(mutex)(&lock);
	if (!cxl_dcd_dax_bus && !bus_register_notifier(dax_dev->bus, &dax_nb))
		WRITE_ONCE(cxl_dcd_dax_bus, dax_dev->bus);
}

/* Add a DAX device of size 0, by which libdaxctl finds the region. */
static int dcd_driver_seed_add(struct cxl_dcd_region *rgn)
{
	struct dev_dax_data data = {
		.dax_region = rgn->dax,
		.id = -1,
		.size = 0,
	};
	struct dev_dax *dev_dax = devm_create_dev_dax(&data);

	if (IS_ERR(dev_dax))
		return PTR_ERR(dev_dax);
	if (!cxl_dcd_facts_dev_dax(dev_dax, rgn->dax))
		return -EOPNOTSUPP;
	dcd_driver_dax_seen(&dev_dax->dev);
	return cxl_dcd_dax_device_files(&dev_dax->dev);
}

/*
 * The NUMA node that the region's memory would be on as System RAM. The driver
 * for that (kmem) refuses a DAX device without a node, whoever asks. So there
 * is none where other hosts may write to the memory, or it drops what we write,
 * nor where we do not know that.
 */
static int dcd_driver_region_node(const struct cxl_dcd_region *rgn)
{
	int nid = phys_to_target_node(rgn->hpa.start);

	if (rgn->unknown) {
		dev_warn(rgn->dev,
			 "the device's CDAT does not say whether this is shareable or read-only: it cannot become System RAM, and untagged capacity is refused\n");
		return NUMA_NO_NODE;
	}
	if (rgn->shareable || rgn->read_only) {
		dev_info(rgn->dev, "%s capacity: it cannot become System RAM\n",
			 rgn->read_only ? "read-only" : "shareable");
		return NUMA_NO_NODE;
	}
	if (nid == NUMA_NO_NODE)
		nid = memory_add_physaddr_to_nid(rgn->hpa.start);
	return nid;
}

/*
 * No device of the bus knows the region yet, but its files are there at once,
 * with stock methods: whoever writes to them then must find no address to take.
 * So it begins without any, and gets them when the files are ours.
 */
static int dcd_driver_region_setup(struct cxl_dcd_region *rgn)
{
	struct range none = {
		.start = rgn->hpa.start,
		.end = rgn->hpa.start - 1,
	};
	int rc;

	/* Without IORESOURCE_DAX_KMEM: what it becomes is up to user space. */
	rgn->dax = alloc_dax_region(rgn->dev, rgn->cxlr->id, &none,
				    dcd_driver_region_node(rgn),
				    CXL_DCD_EXTENT_ALIGN, 0);
	if (!rgn->dax)
		return -ENOMEM;
	if (!cxl_dcd_facts_dax(rgn->dax, rgn->dev, rgn->cxlr->id, &none))
		return -EOPNOTSUPP;
	cxl_dcd_news_init(rgn);
	rc = devm_add_action_or_reset(rgn->dev, dcd_driver_region_close, rgn);
	if (rc)
		return rc;
	rc = cxl_dcd_dax_region_files(rgn->dev);
	if (rc)
		return rc;
	rgn->dax->res.end = rgn->hpa.end;
	rc = cxl_dcd_range_close_all(rgn);
	if (rc)
		return rc;
	return dcd_driver_seed_add(rgn);
}

/*
 * Set up a region that has no resources yet. What is not as we know it is not
 * written: on -EOPNOTSUPP all is undone.
 */
static int dcd_driver_region_begin(struct device *dev,
				   struct cxl_dcd_region *rgn)
{
	void *group = devres_open_group(dev, NULL, GFP_KERNEL);
	int rc;

	if (!group) {
		cxl_dcd_region_free(rgn);
		return -ENOMEM;
	}
	rc = devm_add_action_or_reset(dev, dcd_driver_region_end, rgn);
	if (!rc)
		rc = dcd_driver_region_setup(rgn);
	if (rc == -EOPNOTSUPP) {
		devres_release_group(dev, group);
		dev_set_drvdata(dev, NULL);
	} else {
		devres_remove_group(dev, group);
	}
	return rc;
}

static void dcd_driver_region_publish(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);
	unsigned int i;
	int rc;

	for (i = 1; i < rgn->ways; i++)
		cxl_dcd_join(dcd, rgn->member[i].dcd);
	cxl_dcd_lock(dcd);
	cxl_dcd_region_publish(rgn);
	rc = cxl_dcd_recover(rgn);
	if (rc)
		dev_err(rgn->dev, "cannot read which extents were accepted before: %d\n",
			rc);
	cxl_dcd_unlock(dcd);
	/* Offers may have waited for the region to come into being. */
	for (i = 0; i < rgn->ways; i++)
		cxl_dcd_events_kick(rgn->member[i].dcd);
}

static int dcd_driver_probe(struct device *dev)
{
	struct cxl_dax_region *cxlr_dax = to_cxl_dax_region(dev);
	struct cxl_dcd_region *rgn = NULL;
	struct dax_region *dax;
	bool unloading;
	int part, rc;

	if (!cxl_dcd_devices_any())
		return -ENODEV;
	if (!cxl_dcd_facts_region(cxlr_dax)) {
		dev_err(dev, "may be over dynamic capacity: not used\n");
		return 0;
	}
	if (cxl_dcd_cxlr_is_foreign(cxlr_dax->cxlr))
		return -ENODEV;
	unloading = cxl_dcd_unloading();
	part = cxl_dcd_cxlr_part(cxlr_dax->cxlr);
	if (part >= 0 && !unloading)
		rgn = cxl_dcd_region_alloc(cxlr_dax, part);
	if (part == -ENODEV)
		return -ENODEV;
	if (!cxl_dcd_facts_fit()) {
		if (rgn)
			cxl_dcd_region_free(rgn);
		dev_err(dev, "over dynamic capacity: not used\n");
		return 0;
	}
	/* Nobody would close it before its driver goes. */
	if (unloading)
		return 0;
	if (part < 0) {
		dev_err(dev, "static and dynamic capacity, or different dynamic capacity regions, are mixed in one region: not used\n");
		return 0;
	}
	if (!rgn) {
		dev_err(dev, "no memory for a dynamic capacity region, or its device goes: not used\n");
		return 0;
	}
	rc = dcd_driver_region_begin(dev, rgn);
	/* Empty, but with a driver: without one the next driver would have it. */
	if (rc == -EOPNOTSUPP)
		return 0;
	if (rc) {
		dev_err(dev, "cannot set up a dynamic capacity region (%d): not used\n",
			rc);
		/* Nothing of it may be given out: leave it no addresses. */
		dax = dev_get_drvdata(dev);
		if (dax)
			dax->res.end = dax->res.start - 1;
		return 0;
	}
	cxl_dcd_cxlr_found(cxlr_dax->cxlr);
	if (cxl_dcd_access_add(dev, cxlr_dax->cxlr, part))
		dev_warn(dev, "no memory: the kernel is not told how fast it is\n");
	dcd_driver_region_publish(rgn);
	return 0;
}

static struct cxl_driver dcd_driver = {
	.name = "cxl_dcd_region",
	.probe = dcd_driver_probe,
	.id = CXL_DEVICE_DAX_REGION,
	.drv = {
		.suppress_bind_attrs = true,
	},
};

/*
 * A device on the CXL bus is about to be removed, and not locked yet: is it a
 * DAX region of ours?
 */
void cxl_dcd_driver_device_gone(struct device *dev)
{
	if (dev->driver == &dcd_driver.drv)
		cxl_dcd_region_close(dev);
}

int cxl_dcd_driver_init(void)
{
	int rc = cxl_dcd_dax_cxl_hook();

	if (rc)
		return rc;
	rc = cxl_dcd_access_init();
	if (rc)
		goto no_access;
	rc = cxl_driver_register(&dcd_driver);
	if (!rc)
		return 0;
	cxl_dcd_access_exit();
no_access:
	cxl_dcd_dax_cxl_unhook();
	return rc;
}

/* All of our regions have been disabled before. */
void cxl_dcd_driver_exit(void)
{
	cxl_driver_unregister(&dcd_driver);
	cxl_dcd_access_exit();
	if (cxl_dcd_dax_bus)
		bus_unregister_notifier(cxl_dcd_dax_bus, &dax_nb);
	cxl_dcd_dax_cxl_unhook();
}
