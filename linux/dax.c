// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver of the DAX regions that lie over dynamic capacity.
 *
 * The CXL core adds a dax_regionN device for every committed volatile region and
 * the CXL bus asks the drivers for such devices one after the other. Ours takes
 * those over dynamic capacity. For one of those it never reports failure: the
 * stock driver (dax_cxl) would be asked next and would hand out memory that is
 * not there.
 */
#include <linux/module.h>
#include <linux/numa.h>
#include <linux/slab.h>

#include "cxl_dcd.h"

static struct cxl_driver dax_driver;
static const struct bus_type *dax_bus;

/* Bytes of host address space that an extent fills. */
u64 cxl_dcd_extent_size(const struct cxl_dcd_extent *ext)
{
	return ext->len * ext->rgn->ways;
}

/* Where in host address space it begins. */
u64 cxl_dcd_extent_hpa(const struct cxl_dcd_extent *ext)
{
	return ext->rgn->hpa.start + ext->dpa * ext->rgn->ways;
}

/* The region of a DAX device, NULL when it is not one of ours, or no more. */
struct cxl_dcd_region *cxl_dcd_dax_to_region(struct device *dax_dev)
{
	struct cxl_dcd_region *rgn;

	lockdep_assert_held(&cxl_dcd_mutex);
	if (!dax_bus || dax_dev->bus != dax_bus)
		return NULL;
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		if (rgn->dev == dax_dev->parent && !rgn->closing)
			return rgn;
	return NULL;
}

/**
 * cxl_dcd_region_at - the region over a device physical address
 * @dcd: device
 * @dpa: address
 * @offset: set to the distance from the region's first DPA on @dcd
 */
struct cxl_dcd_region *cxl_dcd_region_at(struct cxl_dcd *dcd, u64 dpa,
					 u64 *offset)
{
	struct cxl_dcd_region *rgn;
	unsigned int i;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		for (i = 0; i < rgn->ways; i++) {
			struct cxl_dcd_member *m = &rgn->member[i];

			if (rgn->closing || m->dcd != dcd ||
			    !cxl_dcd_range_within(m->dpa, rgn->dpa_size, dpa, 1))
				continue;
			*offset = dpa - m->dpa;
			return rgn;
		}
	return NULL;
}

/**
 * cxl_dcd_region_part - which partition is a CXL region over?
 * @cxlr: region whose targets do not change meanwhile
 *
 * Returns: partition index; -ENODEV when it is over none; -EINVAL when its
 * targets do not agree.
 */
int cxl_dcd_region_part(struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;
	int i, part = -ENODEV;

	lockdep_assert_held(&cxl_dcd_mutex);
	for (i = 0; i < p->nr_targets; i++) {
		struct cxl_endpoint_decoder *cxled = p->targets[i];
		struct cxl_dcd *dcd;
		int this = -ENODEV;

		if (!cxled || !cxled->dpa_res)
			return -ENODEV;
		dcd = cxl_dcd_find(cxled_to_memdev(cxled));
		if (dcd) {
			this = cxl_dcd_part_find(dcd->parts, dcd->nr_parts,
						 cxled->dpa_res->start);
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

/* Drop what cxl_dcd_region is made of. Last of all that happens to it. */
static void region_free(struct cxl_dcd_region *rgn)
{
	unsigned int i;

	for (i = 0; i < rgn->ways; i++)
		if (rgn->member[i].dcd)
			cxl_dcd_put(rgn->member[i].dcd);
	mtree_destroy(&rgn->by_dpa);
	kfree(rgn);
	atomic_dec(&cxl_dcd_counters.regions);
}

/*
 * First half of the end: all DAX devices are gone, the DAX core's region is not
 * yet. What the kernel still uses as RAM because it could not be taken offline
 * is never given back: the device would hand it to another host.
 */
static void region_close(void *data)
{
	struct cxl_dcd_region *rgn = data;
	struct cxl_dcd_extent *ext, *next;
	LIST_HEAD(give);

	mutex_lock(&cxl_dcd_mutex);
	list_del_init(&rgn->node);
	cxl_dcd_range_free_all(rgn);
	list_for_each_entry_safe(ext, next, &rgn->extents, node) {
		u64 start = cxl_dcd_extent_hpa(ext);
		u64 size = cxl_dcd_extent_size(ext);

		cxl_dcd_extent_del(ext);
		if (cxl_dcd_range_is_ram(start, size)) {
			dev_err(rgn->dev,
				"[HPA %#llx, +%#llx] is still System RAM and stays accepted until the next boot\n",
				start, size);
			list_add_tail(&ext->node, &cxl_dcd_dead);
		} else if (cxl_dcd_unloading && !ext->releasing) {
			/* The next load takes it up again. */
			list_add_tail(&ext->node, &cxl_dcd_dead);
		} else {
			list_add_tail(&ext->node, &give);
		}
	}
	cxl_dcd_return(rgn, &give);
	rgn->dax = NULL;
	cxl_dcd_unlock();
}

static void region_end(void *data)
{
	region_free(data);
}

/* Copy what of the CXL region matters, while its targets stand still. */
static struct cxl_dcd_region *region_alloc(struct cxl_dax_region *cxlr_dax,
					   unsigned int part)
{
	struct cxl_region *cxlr = cxlr_dax->cxlr;
	struct cxl_region_params *p = &cxlr->params;
	struct cxl_dcd_region *rgn = kzalloc(sizeof(*rgn), GFP_KERNEL);
	unsigned int i;

	if (!rgn)
		return NULL;
	INIT_LIST_HEAD(&rgn->node);
	INIT_LIST_HEAD(&rgn->extents);
	mt_init(&rgn->by_dpa);
	rgn->dev = &cxlr_dax->dev;
	rgn->cxlr = cxlr;
	rgn->part = part;
	rgn->hpa = cxlr_dax->hpa_range;
	rgn->ways = p->nr_targets;
	rgn->granularity = p->interleave_granularity;
	rgn->dpa_size = range_len(&rgn->hpa) / rgn->ways;
	for (i = 0; i < rgn->ways; i++) {
		struct cxl_endpoint_decoder *cxled = p->targets[i];
		struct cxl_dcd *dcd = cxl_dcd_find(cxled_to_memdev(cxled));

		/* The port of a target is there. */
		cxl_dcd_read_cdat(dcd);
		rgn->member[i].dcd = cxl_dcd_get(dcd);
		rgn->member[i].dpa = cxled->dpa_res->start;
		rgn->shareable = dcd->parts[part].shareable;
	}
	atomic_inc(&cxl_dcd_counters.regions);
	return rgn;
}

/* A device of size 0, by which libdaxctl finds the region. */
static int seed_add(struct cxl_dcd_region *rgn)
{
	struct dev_dax_data data = {
		.dax_region = rgn->dax,
		.id = -1,
		.size = 0,
	};
	struct dev_dax *dev_dax = devm_create_dev_dax(&data);

	if (IS_ERR(dev_dax))
		return PTR_ERR(dev_dax);
	cxl_dcd_dax_bus_seen(&dev_dax->dev);
	return cxl_dcd_dax_device_files(&dev_dax->dev);
}

static int region_setup(struct cxl_dcd_region *rgn)
{
	int nid = phys_to_target_node(rgn->hpa.start);
	int rc;

	if (nid == NUMA_NO_NODE)
		nid = memory_add_physaddr_to_nid(rgn->hpa.start);

	/* Not IORESOURCE_DAX_KMEM: what capacity becomes is user space's say. */
	rgn->dax = alloc_dax_region(rgn->dev, rgn->cxlr->id, &rgn->hpa, nid,
				    CXL_DCD_EXTENT_ALIGN, 0);
	if (!rgn->dax)
		return -ENOMEM;
	rc = cxl_dcd_range_close_all(rgn);
	if (rc)
		return rc;
	rc = devm_add_action_or_reset(rgn->dev, region_close, rgn);
	if (rc)
		return rc;
	rc = cxl_dcd_dax_region_files(rgn->dev);
	if (rc)
		return rc;
	return seed_add(rgn);
}

static void region_publish(struct cxl_dcd_region *rgn)
{
	unsigned int i;
	int rc;

	mutex_lock(&cxl_dcd_mutex);
	list_add_tail(&rgn->node, &cxl_dcd_regions);
	rc = cxl_dcd_recover(rgn);
	if (rc)
		dev_err(rgn->dev, "cannot read which extents were accepted before: %d\n",
			rc);
	cxl_dcd_unlock();
	/* Offers may have waited for the region to come into being. */
	for (i = 0; i < rgn->ways; i++)
		cxl_dcd_kick(rgn->member[i].dcd);
}

/* Nothing of it is ours: then it must not wait for a device that is. */
static bool is_foreign(struct cxl_region *cxlr)
{
	struct cxl_region_params *p = &cxlr->params;
	int i;

	for (i = 0; i < p->nr_targets; i++)
		if (p->targets[i] &&
		    cxl_dcd_is_ours(cxled_to_memdev(p->targets[i])))
			return false;
	return true;
}

static int dax_probe(struct device *dev)
{
	struct cxl_dax_region *cxlr_dax = to_cxl_dax_region(dev);
	struct cxl_dcd_region *rgn = NULL;
	int part, rc;

	if (is_foreign(cxlr_dax->cxlr))
		return -ENODEV;
	mutex_lock(&cxl_dcd_mutex);
	part = cxl_dcd_region_part(cxlr_dax->cxlr);
	if (part >= 0)
		rgn = region_alloc(cxlr_dax, part);
	cxl_dcd_unlock();
	if (part == -ENODEV)
		return -ENODEV;
	if (part < 0) {
		dev_err(dev, "static and dynamic capacity, or different dynamic capacity regions, are mixed in one region: not used\n");
		return 0;
	}
	if (!rgn) {
		dev_err(dev, "no memory for a dynamic capacity region: not used\n");
		return 0;
	}
	rc = devm_add_action_or_reset(dev, region_end, rgn);
	if (rc)
		rgn = NULL;
	else
		rc = region_setup(rgn);
	if (rc) {
		dev_err(dev, "cannot set up a dynamic capacity region (%d): not used\n",
			rc);
		/* Nothing of it may be given out: leave it no addresses. */
		if (rgn && rgn->dax)
			rgn->dax->res.end = rgn->dax->res.start - 1;
		return 0;
	}
	cxl_dcd_region_found(cxlr_dax->cxlr);
	region_publish(rgn);
	return 0;
}

/* Before anything of it goes. Waits for who uses it. */
static void dax_remove(struct device *dev)
{
	struct cxl_dcd_region *rgn;

	mutex_lock(&cxl_dcd_mutex);
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		if (rgn->dev == dev)
			rgn->closing = true;
	cxl_dcd_unlock();
}

static struct cxl_driver dax_driver = {
	.name = "cxl_dcd_region",
	.probe = dax_probe,
	.remove = dax_remove,
	.id = CXL_DEVICE_DAX_REGION,
	.drv = {
		.suppress_bind_attrs = true,
	},
};

/*
 * The bus asks drivers in the order of their registration, and a region that
 * dax_cxl takes is handed out as a whole, backed or not. So where dax_cxl was
 * there first, its probe is made to say no to our regions. It cannot be unloaded
 * meanwhile; one that is loaded later comes behind us and needs no such care.
 */
static struct cxl_driver *stock_driver;
static int (*stock_probe)(struct device *dev);

static int stock_probe_unless_ours(struct device *dev)
{
	int part;

	if (is_foreign(to_cxl_dax_region(dev)->cxlr))
		return stock_probe(dev);
	mutex_lock(&cxl_dcd_mutex);
	part = cxl_dcd_region_part(to_cxl_dax_region(dev)->cxlr);
	cxl_dcd_unlock();
	return part == -ENODEV ? stock_probe(dev) : -ENODEV;
}

static void stock_driver_take(void)
{
	struct device_driver *drv = driver_find("cxl_dax_region",
						&cxl_bus_type);

	if (!drv || !drv->owner || !try_module_get(drv->owner))
		return;
	stock_driver = to_cxl_drv(drv);
	stock_probe = stock_driver->probe;
	WRITE_ONCE(stock_driver->probe, stock_probe_unless_ours);
}

/* A probe holds its device's lock. */
static int wait_for_probe(struct device *dev, void *unused)
{
	if (strstarts(dev_name(dev), "dax_region")) {
		device_lock(dev);
		device_unlock(dev);
	}
	return 0;
}

static void stock_driver_drop(void)
{
	if (!stock_driver)
		return;
	WRITE_ONCE(stock_driver->probe, stock_probe);
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, wait_for_probe);
	module_put(stock_driver->drv.owner);
	stock_driver = NULL;
}

/* Every device of our regions gets its files before user space hears of it. */
static int dax_bus_event(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	struct device *dev = data;

	if (action == BUS_NOTIFY_ADD_DEVICE && dev->parent &&
	    dev->parent->driver == &dax_driver.drv)
		cxl_dcd_dax_device_files(dev);
	if (action == BUS_NOTIFY_BOUND_DRIVER && dev->parent &&
	    dev->parent->driver == &dax_driver.drv)
		cxl_dcd_dax_bound(dev);
	return NOTIFY_DONE;
}

static struct notifier_block dax_nb = { .notifier_call = dax_bus_event };

/* The DAX bus has no name to us but through a device on it. */
void cxl_dcd_dax_bus_seen(struct device *dax_dev)
{
	mutex_lock(&cxl_dcd_mutex);
	if (!dax_bus && !bus_register_notifier(dax_dev->bus, &dax_nb))
		dax_bus = dax_dev->bus;
	cxl_dcd_unlock();
}

/**
 * cxl_dcd_uevent - tell user space that capacity has come or gone
 * @rgn: region
 * @what: "add", "release", "busy" or "forced"
 * @tag: whose capacity
 * @length: bytes of host address space
 */
void cxl_dcd_uevent(struct cxl_dcd_region *rgn, const char *what,
		    const u8 *tag, u64 length)
{
	char event[32], region[32], uuid[64], size[40];

	snprintf(event, sizeof(event), "DCD_EVENT=%s", what);
	snprintf(region, sizeof(region), "DCD_REGION=region%d", rgn->cxlr->id);
	snprintf(uuid, sizeof(uuid), "DCD_UUID=%pUb", tag);
	snprintf(size, sizeof(size), "DCD_LENGTH=%#llx", length);
	kobject_uevent_env(&rgn->dev->kobj, KOBJ_CHANGE,
			   (char *[]){ event, region, uuid, size, NULL });
}

int cxl_dcd_dax_init(void)
{
	int rc;

	stock_driver_take();
	rc = cxl_driver_register(&dax_driver);
	if (rc)
		stock_driver_drop();
	return rc;
}

/* All of our regions have been disabled before. */
void cxl_dcd_dax_exit(void)
{
	cxl_driver_unregister(&dax_driver);
	if (dax_bus)
		bus_unregister_notifier(dax_bus, &dax_nb);
	stock_driver_drop();
}
