// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of DAX regions and DAX devices by which capacity is taken.
 *
 * Most of the methods here stand in for stock ones that walk the children of
 * the region's resource: those run within the region's lock only, so that
 * nobody changes the children meanwhile. What needs no lock of the DAX core is
 * answered here: that may be held for long, on account of another region.
 */
#include <linux/spinlock.h>
#include <linux/uuid.h>

#include "claim.h"
#include "dax_files.h"
#include "extent.h"
#include "lock.h"
#include "range.h"
#include "region.h"
#include "release.h"
#include "glue/facts.h"
#include "glue/override.h"

static struct cxl_dcd_override create_file, delete_file;
static struct cxl_dcd_override size_file, mapping_file, align_file;
static struct cxl_dcd_override memmap_file;

/* End of a method: leave the region, and see to what had to wait for that. */
static void dcd_dax_leave(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);

	cxl_dcd_lock(dcd);
	cxl_dcd_release_leave(rgn);
	cxl_dcd_unlock(dcd);
}

static ssize_t dcd_dax_available_size_show(struct device *dev,
					   struct device_attribute *attr,
					   char *buf)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_enter(dev, false);
	u64 size;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	size = cxl_dcd_range_available(rgn);
	dcd_dax_leave(rgn);
	return sysfs_emit(buf, "%llu\n", size);
}

static ssize_t dcd_dax_create_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_enter(dev, false);
	struct device *youngest;
	ssize_t rc;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	youngest = rgn->dax->youngest;
	rc = sysfs_emit(buf, "%s\n", youngest ? dev_name(youngest) : "");
	dcd_dax_leave(rgn);
	return rc;
}

/* Create a device of size 0: the stock method refuses while nothing is open. */
static int dcd_dax_create_empty(struct cxl_dcd_region *rgn)
{
	struct dev_dax_data data = {
		.dax_region = rgn->dax,
		.id = -1,
		.size = 0,
	};
	struct dev_dax *dev_dax = devm_create_dev_dax(&data);

	if (IS_ERR(dev_dax))
		return PTR_ERR(dev_dax);
	if (!rgn->dax->seed)
		rgn->dax->seed = &dev_dax->dev;
	rgn->dax->youngest = &dev_dax->dev;
	return 0;
}

/**
 * struct dcd_dax_creation - a method that creates a device just now
 * @node: entry in creations
 * @task: who is in it
 * @busy: the device, referenced, when somebody was already using its files when
 *	  they got our methods
 *
 * The notifier that finds such a device must not wait for its users: it runs
 * within dax_region_rwsem. The method that creates the device, around that,
 * does.
 */
struct dcd_dax_creation {
	struct list_head node;
	struct task_struct *task;
	struct device *busy;
};

static LIST_HEAD(creations);
static DEFINE_SPINLOCK(creations_lock);

/* In the notifier: leave the waiting to the method that creates the device. */
static void dcd_dax_creation_busy(struct device *dev)
{
	struct dcd_dax_creation *c;

	spin_lock(&creations_lock);
	list_for_each_entry(c, &creations, node)
		if (c->task == current && !c->busy)
			c->busy = get_device(dev);
	spin_unlock(&creations_lock);
}

/* Wait for stock methods of a new device which began before ours were there. */
static void dcd_dax_wait_stock(struct device *dev)
{
	cxl_dcd_override_wait(dev, &size_file);
	cxl_dcd_override_wait(dev, &mapping_file);
	cxl_dcd_override_wait(dev, &align_file);
	cxl_dcd_override_wait(dev, &memmap_file);
	put_device(dev);
}

static bool dcd_dax_claim_waits(struct cxl_dcd_region *rgn)
{
	guard(cxl_dcd)(cxl_dcd_of(rgn));
	return cxl_dcd_claim_waits(rgn);
}

static ssize_t dcd_dax_create_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t len)
{
	struct dcd_dax_creation creation = { .task = current };
	struct cxl_dcd_region *rgn = cxl_dcd_region_enter(dev, true);
	ssize_t rc;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	spin_lock(&creations_lock);
	list_add(&creation.node, &creations);
	spin_unlock(&creations_lock);
	rc = create_file.stock->store(dev, create_file.stock, buf, len);
	if (rc == -ENOSPC && dcd_dax_claim_waits(rgn))
		rc = dcd_dax_create_empty(rgn) ?: len;
	spin_lock(&creations_lock);
	list_del(&creation.node);
	spin_unlock(&creations_lock);
	if (creation.busy)
		dcd_dax_wait_stock(creation.busy);
	dcd_dax_leave(rgn);
	return rc;
}

static struct cxl_dcd_override avail_file = {
	.group = "dax_region",
	.mine = __ATTR(available_size, 0444, dcd_dax_available_size_show, NULL),
};

static ssize_t dcd_dax_delete_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_delete_begin(dev);
	ssize_t rc;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	rc = delete_file.stock->store(dev, delete_file.stock, buf, len);
	cxl_dcd_region_delete_end(rgn);
	return rc;
}

static struct cxl_dcd_override create_file = {
	.group = "dax_region",
	.mine = __ATTR(create, 0644, dcd_dax_create_show, dcd_dax_create_store),
};

static struct cxl_dcd_override delete_file = {
	.group = "dax_region",
	.mine = __ATTR(delete, 0200, NULL, dcd_dax_delete_store),
};

/* Put our methods on a region that the DAX core has just set up. */
int cxl_dcd_dax_region_files(struct device *dev)
{
	return cxl_dcd_override_add(dev, &avail_file)	       ?:
		       cxl_dcd_override_add(dev, &create_file) ?:
		       cxl_dcd_override_add(dev, &delete_file);
}

/*
 * The files of a device's ranges (mappingN). Their stock methods wait for
 * dax_region_rwsem too, while `size` removes their folder with it held.
 */
static ssize_t dcd_dax_mapping_show(struct device *dev,
				    struct device_attribute *attr, char *buf)
{
	struct cxl_dcd_override *file =
		container_of(attr, struct cxl_dcd_override, mine);
	struct cxl_dcd_region *rgn = cxl_dcd_region_enter(dev->parent, true);
	ssize_t rc;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	rc = file->stock->show(dev, file->stock, buf);
	dcd_dax_leave(rgn);
	return rc;
}

static struct cxl_dcd_override range_files[] = {
	{ .mine = __ATTR(start, 0400, dcd_dax_mapping_show, NULL) },
	{ .mine = __ATTR(end, 0400, dcd_dax_mapping_show, NULL) },
	{ .mine = __ATTR(page_offset, 0400, dcd_dax_mapping_show, NULL) },
};

static int dcd_dax_mapping_files(struct device *dev, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range_files); i++) {
		bool busy = false;

		cxl_dcd_override_swap(dev, &range_files[i], &busy);
		if (busy)
			cxl_dcd_override_wait(dev, &range_files[i]);
	}
	return 0;
}

/*
 * Do all ranges of a device begin and end at multiples of its alignment? The
 * DAX core asks for the ends only, but maps whole pages of that size: one that
 * begins before the range shows memory of whoever is there.
 */
static bool dcd_dax_is_aligned(const struct dev_dax *dev_dax, u64 align)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (!IS_ALIGNED(r->start | range_len(r), align))
			return false;
	}
	return true;
}

/* After a stock method has given a device more: take back what does not fit. */
static ssize_t dcd_dax_keep_aligned(struct device *dev, u64 size, ssize_t rc)
{
	const struct dev_dax *dev_dax = to_dev_dax(dev);
	char text[24];
	int len;

	if (rc < 0 || dcd_dax_is_aligned(dev_dax, dev_dax->align))
		return rc;
	dev_warn(dev,
		 "the free capacity does not begin at a multiple of the alignment %#x: use a smaller one\n",
		 dev_dax->align);
	len = snprintf(text, sizeof(text), "%llu", size);
	size_file.stock->store(dev, size_file.stock, text, len);
	return -EINVAL;
}

static ssize_t dcd_dax_align_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	return align_file.stock->show(dev, align_file.stock, buf);
}

static ssize_t dcd_dax_align_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	unsigned long align;
	ssize_t rc;

	rc = kstrtoul(buf, 0, &align);
	if (rc)
		return rc;
	if (!is_power_of_2(align))
		return -EINVAL;
	rgn = cxl_dcd_region_enter(dev, true);
	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	if (!dcd_dax_is_aligned(to_dev_dax(dev), align))
		rc = -EINVAL;
	else
		rc = align_file.stock->store(dev, align_file.stock, buf, len);
	dcd_dax_leave(rgn);
	return rc;
}

static ssize_t dcd_dax_size_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return size_file.stock->show(dev, size_file.stock, buf);
}

/* Has a device claimed what it has? Then it takes nothing by other ways. */
static bool dcd_dax_claimed(struct cxl_dcd_region *rgn, struct device *dev)
{
	guard(cxl_dcd)(cxl_dcd_of(rgn));
	return cxl_dcd_claim_of(rgn, dev);
}

/* A device has let go of some of what it had. */
static void dcd_dax_shrunk(struct cxl_dcd_region *rgn, struct device *dev,
			   bool all)
{
	guard(cxl_dcd)(cxl_dcd_of(rgn));
	if (all)
		cxl_dcd_claim_end(rgn, dev);
	/* What was asked back may be free now. */
	rgn->unsettled = true;
}

static ssize_t dcd_dax_size_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	unsigned long long size;
	u64 before;
	ssize_t rc;

	rc = kstrtoull(buf, 0, &size);
	if (rc)
		return rc;
	rgn = cxl_dcd_region_enter(dev, true);
	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	before = cxl_dcd_dax_size(rgn, to_dev_dax(dev));
	if (size && dcd_dax_claimed(rgn, dev))
		rc = -EOPNOTSUPP;
	else
		rc = size_file.stock->store(dev, size_file.stock, buf, len);
	if (rc > 0 && !cxl_dcd_facts_taken(cxl_dcd_dax_size(rgn, to_dev_dax(dev)),
					   size)) {
		size_file.stock->store(dev, size_file.stock, "0", 1);
		rc = -EOPNOTSUPP;
	}
	rc = dcd_dax_keep_aligned(dev, before, rc);
	if (rc > 0 && (size < before || !size))
		dcd_dax_shrunk(rgn, dev, !size);
	if (rc > 0)
		device_for_each_child(dev, NULL, dcd_dax_mapping_files);
	dcd_dax_leave(rgn);
	return rc;
}

static ssize_t dcd_dax_mapping_store(struct device *dev,
				     struct device_attribute *attr,
				     const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_enter(dev, true);
	ssize_t rc;
	u64 before;

	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	before = cxl_dcd_dax_size(rgn, to_dev_dax(dev));
	if (dcd_dax_claimed(rgn, dev))
		rc = -EOPNOTSUPP;
	else
		rc = mapping_file.stock->store(dev, mapping_file.stock, buf,
					       len);
	rc = dcd_dax_keep_aligned(dev, before, rc);
	if (rc > 0)
		device_for_each_child(dev, NULL, dcd_dax_mapping_files);
	dcd_dax_leave(rgn);
	return rc;
}

static struct cxl_dcd_override size_file = {
	.mine = __ATTR(size, 0644, dcd_dax_size_show, dcd_dax_size_store),
};

static struct cxl_dcd_override mapping_file = {
	.mine = __ATTR(mapping, 0200, NULL, dcd_dax_mapping_store),
};

static struct cxl_dcd_override align_file = {
	.mine = __ATTR(align, 0644, dcd_dax_align_show, dcd_dax_align_store),
};

static ssize_t dcd_dax_memmap_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	return memmap_file.stock->show(dev, memmap_file.stock, buf);
}

/*
 * The kernel's records of memory must not lie in that memory itself when it can
 * be taken away.
 */
static ssize_t dcd_dax_memmap_store(struct device *dev,
				    struct device_attribute *attr,
				    const char *buf, size_t len)
{
	bool yes;
	int rc = kstrtobool(buf, &yes);

	if (rc)
		return rc;
	if (yes) {
		dev_warn_ratelimited(dev,
				     "memmap_on_memory is not for capacity that can be taken away\n");
		return -EOPNOTSUPP;
	}
	return memmap_file.stock->store(dev, memmap_file.stock, buf, len);
}

static struct cxl_dcd_override memmap_file = {
	.mine = __ATTR(memmap_on_memory, 0644, dcd_dax_memmap_show,
		       dcd_dax_memmap_store),
};

static ssize_t dcd_dax_uuid_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_try(dev);
	struct cxl_dcd_extent *ext;
	u8 tag[CXL_DCD_TAG_SIZE] = {};

	if (IS_ERR(rgn))
		return cxl_dcd_lock_restart();
	if (rgn) {
		ext = cxl_dcd_claim_of(rgn, dev);
		if (ext)
			memcpy(tag, ext->tag, sizeof(tag));
		cxl_dcd_unlock(cxl_dcd_of(rgn));
	}
	return sysfs_emit(buf, "%pUb\n", tag);
}

static ssize_t dcd_dax_uuid_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t len)
{
	struct cxl_dcd_claim_stock stock;
	struct cxl_dcd_region *rgn;
	uuid_t tag = {};
	char text[UUID_STRING_LEN + 2];
	int rc;

	if (strscpy(text, buf, sizeof(text)) < 0)
		return -EINVAL;
	if (!sysfs_streq(text, "0") && uuid_parse(strim(text), &tag))
		return -EINVAL;
	rgn = cxl_dcd_region_enter(dev, true);
	if (IS_ERR(rgn))
		return PTR_ERR(rgn);
	/* Both are known before a region is found for the first time. */
	stock.size = size_file.stock;
	stock.mapping = mapping_file.stock;
	rc = cxl_dcd_claim(rgn, dev, tag.b, &stock);
	if (!rc)
		device_for_each_child(dev, NULL, dcd_dax_mapping_files);
	dcd_dax_leave(rgn);
	return rc ?: len;
}

static struct device_attribute uuid_attr =
	__ATTR(uuid, 0644, dcd_dax_uuid_show, dcd_dax_uuid_store);

/*
 * Put our methods on a DAX device that was just added. May run inside of
 * dax_region_rwsem: must not take locks of ours, nor wait for stock methods,
 * which wait for that rwsem. Without its file `uuid` a device can still be
 * used, so a failure is not one of the device.
 */
int cxl_dcd_dax_device_files(struct device *dev)
{
	struct kernfs_node *kn = kernfs_find_and_get(dev->kobj.sd, "uuid");
	bool busy = false;
	int rc;

	if (kn) {
		kernfs_put(kn);
		return 0;
	}
	rc = device_create_file(dev, &uuid_attr);
	rc = rc							   ?:
		     cxl_dcd_override_swap(dev, &size_file, &busy) ?:
		     cxl_dcd_override_swap(dev, &mapping_file, &busy) ?:
		     cxl_dcd_override_swap(dev, &align_file, &busy) ?:
		     cxl_dcd_override_swap(dev, &memmap_file, &busy);
	/* Not for the region's first device: nobody can use the region yet. */
	if (busy && to_dev_dax(dev)->id)
		dcd_dax_creation_busy(dev);
	return rc;
}
