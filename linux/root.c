// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creating regions over dynamic capacity: files of the root decoders, and the
 * name of the partition in the regions' `mode`.
 */
#include <linux/slab.h>

#include "cxl_dcd.h"

/* Files of one kind of partition on a root decoder; a slot is in names.c. */
struct root_files {
	struct device_attribute create;
	struct device_attribute cap;
	char create_name[CXL_DCD_NAME_MAX + 16];
	char cap_name[CXL_DCD_NAME_MAX + 8];
	unsigned int slot;
};

static struct root_files root_files[CXL_DCD_MAX_REGIONS];

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

/* Who is in create_store() now, and for what. */
static DEFINE_MUTEX(create_lock);
static struct task_struct *creator;
static unsigned int creator_slot;

static struct device_attribute *stock_create(struct device *dev)
{
	struct kernfs_node *kn = kernfs_find_and_get(dev->kobj.sd,
						     "create_ram_region");
	struct device_attribute *attr;

	if (!kn)
		return NULL;
	attr = container_of((struct attribute *)kn->priv,
			    struct device_attribute, attr);
	kernfs_put(kn);
	return attr;
}

static ssize_t create_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	struct device_attribute *stock = stock_create(dev);

	return stock ? stock->show(dev, stock, buf) : -ENXIO;
}

static ssize_t create_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	struct root_files *files = container_of(attr, struct root_files,
						create);
	struct device_attribute *stock = stock_create(dev);
	ssize_t rc;

	if (!stock)
		return -ENXIO;
	mutex_lock(&create_lock);
	creator_slot = files->slot;
	WRITE_ONCE(creator, current);
	rc = stock->store(dev, stock, buf, len);
	WRITE_ONCE(creator, NULL);
	mutex_unlock(&create_lock);
	return rc;
}

static ssize_t cap_show(struct device *dev, struct device_attribute *attr,
			char *buf)
{
	struct cxl_decoder *cxld = to_cxl_decoder(dev);

	return sysfs_emit(buf, "%d\n", !!(cxld->flags & CXL_DECODER_F_RAM));
}

static void root_file_add(struct device *dev, struct device_attribute *attr)
{
	struct kernfs_node *kn = kernfs_find_and_get(dev->kobj.sd,
						     attr->attr.name);

	if (kn)
		kernfs_put(kn);
	else if (device_create_file(dev, attr))
		dev_warn(dev, "cannot add %s\n", attr->attr.name);
}

static int take_root(struct device *dev, void *data)
{
	unsigned long *slots = data;
	unsigned int i;

	if (!is_root_decoder(dev) ||
	    !(to_cxl_decoder(dev)->flags & CXL_DECODER_F_RAM) ||
	    !stock_create(dev))
		return 0;
	for_each_set_bit(i, slots, CXL_DCD_MAX_REGIONS) {
		root_file_add(dev, &root_files[i].create);
		root_file_add(dev, &root_files[i].cap);
	}
	return 0;
}

static int drop_root(struct device *dev, void *data)
{
	unsigned int i;

	if (!is_root_decoder(dev))
		return 0;
	for (i = 0; i < cxl_dcd_slots(); i++) {
		device_remove_file(dev, &root_files[i].create);
		device_remove_file(dev, &root_files[i].cap);
	}
	return 0;
}

static void root_files_init(void)
{
	unsigned int i;

	for (i = 0; i < cxl_dcd_slots(); i++) {
		struct root_files *f = &root_files[i];
		const char *name = cxl_dcd_slot_kind(i);

		snprintf(f->create_name, sizeof(f->create_name),
			 "create_%s_region", name);
		snprintf(f->cap_name, sizeof(f->cap_name), "cap_%s", name);
		f->slot = i;
		f->create = (struct device_attribute) {
			.attr = { .name = f->create_name, .mode = 0644 },
			.show = create_show,
			.store = create_store,
		};
		f->cap = (struct device_attribute) {
			.attr = { .name = f->cap_name, .mode = 0444 },
			.show = cap_show,
		};
		sysfs_attr_init(&f->create.attr);
		sysfs_attr_init(&f->cap.attr);
	}
}

/* Give every root decoder the files of every kind that some device has. */
void cxl_dcd_roots_take(void)
{
	static DEFINE_MUTEX(lock);
	unsigned long slots = 0;
	struct cxl_dcd *dcd;
	unsigned int i;

	mutex_lock(&lock);
	if (!root_files[0].create.show)
		root_files_init();
	mutex_lock(&cxl_dcd_mutex);
	list_for_each_entry(dcd, &cxl_dcd_devs, node) {
		if (cxl_dcd_names_need_cdat() && !dcd->cdat_known)
			continue;
		for (i = 0; i < dcd->nr_parts; i++)
			if (dcd->parts[i].size)
				__set_bit(cxl_dcd_slot_of(dcd, i), &slots);
	}
	cxl_dcd_unlock();
	bus_for_each_dev(&cxl_bus_type, NULL, &slots, take_root);
	mutex_unlock(&lock);
}

void cxl_dcd_roots_drop(void)
{
	if (root_files[0].create.show)
		bus_for_each_dev(&cxl_bus_type, NULL, NULL, drop_root);
}

static struct cxl_dcd_override region_mode_file;

static struct dcd_cxlr *cxlr_find(const struct device *dev)
{
	struct dcd_cxlr *c;

	lockdep_assert_held(&cxlrs_lock);
	list_for_each_entry(c, &cxlrs, node)
		if (c->dev == dev)
			return c;
	return NULL;
}

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct dcd_cxlr *c;
	int slot = -ENODEV;

	mutex_lock(&cxlrs_lock);
	c = cxlr_find(dev);
	if (c)
		slot = c->slot;
	mutex_unlock(&cxlrs_lock);
	if (slot < 0)
		return region_mode_file.stock->show(dev, region_mode_file.stock,
						    buf);
	return sysfs_emit(buf, "%s\n", cxl_dcd_slot_kind(slot));
}

static struct cxl_dcd_override region_mode_file = { .mine = __ATTR_RO(mode) };

static void region_know(struct device *dev, unsigned int slot)
{
	struct dcd_cxlr *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return;
	c->dev = dev;
	c->slot = slot;
	mutex_lock(&cxlrs_lock);
	list_add_tail(&c->node, &cxlrs);
	mutex_unlock(&cxlrs_lock);
	cxl_dcd_override_add(dev, &region_mode_file);
}

/* A region was added: is it being created through one of our files? */
void cxl_dcd_region_added(struct device *dev)
{
	if (READ_ONCE(creator) == current)
		region_know(dev, creator_slot);
}

void cxl_dcd_region_gone(struct device *dev)
{
	struct dcd_cxlr *c;

	mutex_lock(&cxlrs_lock);
	c = cxlr_find(dev);
	if (c)
		list_del(&c->node);
	mutex_unlock(&cxlrs_lock);
	kfree(c);
}

/**
 * cxl_dcd_region_found - a region was not made by one of our files
 * @cxlr: region whose targets do not change meanwhile
 *
 * It was there before the module, or firmware made it.
 */
void cxl_dcd_region_found(struct cxl_region *cxlr)
{
	struct dcd_cxlr *known;
	unsigned int slot = 0;
	int part;

	mutex_lock(&cxlrs_lock);
	known = cxlr_find(&cxlr->dev);
	mutex_unlock(&cxlrs_lock);
	if (known)
		return;
	mutex_lock(&cxl_dcd_mutex);
	part = cxl_dcd_region_part(cxlr);
	if (part >= 0) {
		struct cxl_memdev *first =
			cxled_to_memdev(cxlr->params.targets[0]);

		slot = cxl_dcd_slot_of(cxl_dcd_find(first), part);
	}
	cxl_dcd_unlock();
	if (part >= 0)
		region_know(&cxlr->dev, slot);
}

static int take_region(struct device *dev, void *unused)
{
	if (is_cxl_region(dev))
		cxl_dcd_region_found(cxl_dcd_to_region(dev));
	return 0;
}

/* Regions that were there before the module. */
void cxl_dcd_regions_take(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, take_region);
}

static int region_is_ours(struct device *dev)
{
	int part = -ENODEV;

	if (is_cxl_region(dev)) {
		mutex_lock(&cxl_dcd_mutex);
		part = cxl_dcd_region_part(cxl_dcd_to_region(dev));
		cxl_dcd_unlock();
	}
	return part != -ENODEV;
}

static int enable_region(struct device *dev, void *unused)
{
	if (region_is_ours(dev) && !dev->driver &&
	    cxl_dcd_to_region(dev)->params.state == CXL_CONFIG_COMMIT &&
	    device_attach(dev) < 0)
		dev_err(dev, "cannot be enabled\n");
	return 0;
}

/* Give committed regions their driver, which adds their DAX regions. */
void cxl_dcd_regions_enable(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, enable_region);
}

static int disable_region(struct device *dev, void *unused)
{
	if (region_is_ours(dev))
		device_release_driver(dev);
	return 0;
}

/* Take the driver away from our regions, and with it their DAX regions. */
void cxl_dcd_regions_disable(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, disable_region);
}

static int drop_region(struct device *dev, void *unused)
{
	bool known;

	if (!is_cxl_region(dev))
		return 0;
	mutex_lock(&cxlrs_lock);
	known = cxlr_find(dev);
	mutex_unlock(&cxlrs_lock);
	if (known) {
		cxl_dcd_override_del(dev, &region_mode_file);
		cxl_dcd_region_gone(dev);
	}
	return 0;
}

void cxl_dcd_regions_drop(void)
{
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, drop_region);
}
