// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of the root decoders, by which regions over dynamic capacity are
 * created.
 */
#include <linux/slab.h>

#include "device.h"
#include "lock.h"
#include "names.h"
#include "glue/cxl_region.h"
#include "glue/root.h"

/* Files of one kind of partition on a root decoder; a slot is in names.c. */
struct root_files {
	struct device_attribute create;
	struct device_attribute cap;
	char create_name[CXL_DCD_NAME_MAX + 16];
	char cap_name[CXL_DCD_NAME_MAX + 8];
	unsigned int slot;
};

static struct root_files root_files[CXL_DCD_MAX_REGIONS];

/* The thread that is in dcd_root_create_store() now, and for which slot. */
static DEFINE_MUTEX(create_lock);
static struct task_struct *creator;
static unsigned int creator_slot;

static struct device_attribute *dcd_root_stock_create(struct device *dev)
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

static ssize_t dcd_root_create_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct device_attribute *stock = dcd_root_stock_create(dev);

	return stock ? stock->show(dev, stock, buf) : -ENXIO;
}

static ssize_t dcd_root_create_store(struct device *dev,
				     struct device_attribute *attr,
				     const char *buf, size_t len)
{
	struct root_files *files = container_of(attr, struct root_files,
						create);
	struct device_attribute *stock = dcd_root_stock_create(dev);
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

static ssize_t dcd_root_cap_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct cxl_decoder *cxld = to_cxl_decoder(dev);

	return sysfs_emit(buf, "%d\n", !!(cxld->flags & CXL_DECODER_F_RAM));
}

static void dcd_root_file_add(struct device *dev, struct device_attribute *attr)
{
	struct kernfs_node *kn = kernfs_find_and_get(dev->kobj.sd,
						     attr->attr.name);

	if (kn)
		kernfs_put(kn);
	else if (device_create_file(dev, attr))
		dev_warn(dev, "cannot add %s\n", attr->attr.name);
}

static int dcd_root_show_one(struct device *dev, void *data)
{
	unsigned long *slots = data;
	unsigned int i;

	if (!is_root_decoder(dev) ||
	    !(to_cxl_decoder(dev)->flags & CXL_DECODER_F_RAM) ||
	    !dcd_root_stock_create(dev))
		return 0;
	for_each_set_bit(i, slots, CXL_DCD_MAX_REGIONS) {
		dcd_root_file_add(dev, &root_files[i].create);
		dcd_root_file_add(dev, &root_files[i].cap);
	}
	return 0;
}

static int dcd_root_hide_one(struct device *dev, void *data)
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

static void dcd_root_files_init(void)
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
			.show = dcd_root_create_show,
			.store = dcd_root_create_store,
		};
		f->cap = (struct device_attribute) {
			.attr = { .name = f->cap_name, .mode = 0444 },
			.show = dcd_root_cap_show,
		};
		sysfs_attr_init(&f->create.attr);
		sysfs_attr_init(&f->cap.attr);
	}
}

/* Give every root decoder the files of every kind that some device has. */
void cxl_dcd_roots_show(void)
{
	static DEFINE_MUTEX(lock);
	unsigned long slots = 0;
	struct cxl_dcd *dcd;
	unsigned int i;
	u32 id = 0;

	mutex_lock(&lock);
	if (!root_files[0].create.show)
		dcd_root_files_init();
	while ((dcd = cxl_dcd_next_get(&id))) {
		bool known = !cxl_dcd_names_need_cdat() || dcd->cdat_known;

		for (i = 0; known && i < dcd->nr_parts; i++)
			if (dcd->parts[i].size)
				__set_bit(cxl_dcd_slot_of(&dcd->parts[i], i),
					  &slots);
		cxl_dcd_put(dcd);
	}
	bus_for_each_dev(&cxl_bus_type, NULL, &slots, dcd_root_show_one);
	mutex_unlock(&lock);
}

void cxl_dcd_roots_hide(void)
{
	if (root_files[0].create.show)
		bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_root_hide_one);
}

/* A region was added: is it being created through one of our files? */
void cxl_dcd_root_region_added(struct device *dev)
{
	if (READ_ONCE(creator) == current)
		cxl_dcd_cxlr_know(dev, creator_slot);
}
