// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stock sysfs files with our methods in the place of the stock drivers' own.
 *
 * This keeps the files where tools look for them, and gives the module the
 * locking that it needs around code whose locks are not exported.
 */
#include <linux/kernfs.h>
#include <linux/sysfs.h>

#include "glue/override.h"

static struct kernfs_node *
dcd_override_node(struct device *dev, const char *group, const char *name)
{
	struct kernfs_node *dir = NULL, *kn;

	if (!group)
		return kernfs_find_and_get(dev->kobj.sd, name);
	dir = kernfs_find_and_get(dev->kobj.sd, group);
	if (!dir)
		return NULL;
	kn = kernfs_find_and_get(dir, name);
	kernfs_put(dir);
	return kn;
}

static int dcd_override_file_add(struct device *dev, const char *group,
				 struct device_attribute *attr)
{
	if (group)
		return sysfs_add_file_to_group(&dev->kobj, &attr->attr, group);
	return sysfs_create_file(&dev->kobj, &attr->attr);
}

static void dcd_override_file_del(struct device *dev, const char *group,
				  struct device_attribute *attr)
{
	if (group)
		sysfs_remove_file_from_group(&dev->kobj, &attr->attr, group);
	else
		sysfs_remove_file(&dev->kobj, &attr->attr);
}

/**
 * cxl_dcd_override_add - put our methods in the place of a stock file's
 * @dev: device that has the file
 * @ovr: file; its stock attribute is learnt here
 *
 * A sysfs file is found by its name and carries a pointer to its attribute. The
 * core removes its files by name too, so that the device may go at any time.
 *
 * Returns: 0, -ENOENT when there is no such file.
 */
int cxl_dcd_override_add(struct device *dev, struct cxl_dcd_override *ovr)
{
	struct kernfs_node *kn =
		dcd_override_node(dev, ovr->group, ovr->mine.attr.name);
	struct device_attribute *stock;
	int rc;

	if (!kn)
		return -ENOENT;
	stock = container_of((struct attribute *)kn->priv,
			     struct device_attribute, attr);
	kernfs_put(kn);
	if (stock == &ovr->mine)
		return 0;
	ovr->stock = stock;
	dcd_override_file_del(dev, ovr->group, stock);
	rc = dcd_override_file_add(dev, ovr->group, &ovr->mine);
	if (rc)
		dcd_override_file_add(dev, ovr->group, stock);
	return rc;
}

/**
 * cxl_dcd_override_swap - as cxl_dcd_override_add(), but without waiting
 * @dev: device that has the file
 * @ovr: file; its stock attribute is learnt here
 * @busy: set when stock methods may still run, for which
 *	  cxl_dcd_override_wait() waits
 *
 * Methods are found through the pointer each time that they are called.
 */
int cxl_dcd_override_swap(struct device *dev, struct cxl_dcd_override *ovr,
			  bool *busy)
{
	struct kernfs_node *kn =
		dcd_override_node(dev, ovr->group, ovr->mine.attr.name);

	if (!kn)
		return -ENOENT;
	if (kn->priv != &ovr->mine.attr) {
		ovr->stock = container_of((struct attribute *)kn->priv,
					  struct device_attribute, attr);
		/* Who sees our methods also sees the stock one. */
		smp_store_release(&kn->priv, &ovr->mine.attr);
		/* The core counts a user before it looks at the pointer. */
		smp_mb();
		if (atomic_read(&kn->active))
			*busy = true;
	}
	kernfs_put(kn);
	return 0;
}

/* Wait for methods that run; the file is gone for a moment. */
void cxl_dcd_override_wait(struct device *dev, struct cxl_dcd_override *ovr)
{
	dcd_override_file_del(dev, ovr->group, &ovr->mine);
	if (dcd_override_file_add(dev, ovr->group, &ovr->mine))
		dev_warn(dev, "%s is lost\n", ovr->mine.attr.name);
}

/* Put the stock file back. Waits for methods of ours that are running. */
void cxl_dcd_override_del(struct device *dev, struct cxl_dcd_override *ovr)
{
	struct kernfs_node *kn =
		dcd_override_node(dev, ovr->group, ovr->mine.attr.name);
	bool ours;

	if (!kn)
		return;
	ours = kn->priv == &ovr->mine.attr;
	kernfs_put(kn);
	if (!ours)
		return;
	dcd_override_file_del(dev, ovr->group, &ovr->mine);
	if (dcd_override_file_add(dev, ovr->group, ovr->stock))
		dev_warn(dev, "%s is lost until the device is added anew\n",
			 ovr->mine.attr.name);
}
