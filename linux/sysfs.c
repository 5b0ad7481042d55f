// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module shows in sysfs: partitions of memdevs, extents of regions;
 * and how it puts its own methods behind a file of the stock drivers.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/slab.h>

#include "cxl_dcd.h"

static struct kernfs_node *file_node(struct device *dev, const char *group,
				     const char *name)
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

static int file_add(struct device *dev, const char *group,
		    struct device_attribute *attr)
{
	if (group)
		return sysfs_add_file_to_group(&dev->kobj, &attr->attr, group);
	return sysfs_create_file(&dev->kobj, &attr->attr);
}

static void file_del(struct device *dev, const char *group,
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
	struct kernfs_node *kn = file_node(dev, ovr->group,
					   ovr->mine.attr.name);
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
	file_del(dev, ovr->group, stock);
	rc = file_add(dev, ovr->group, &ovr->mine);
	if (rc)
		file_add(dev, ovr->group, stock);
	return rc;
}

/**
 * cxl_dcd_override_swap - as cxl_dcd_override_add(), but without waiting
 * @dev: device that has the file
 * @ovr: file; its stock attribute is learnt here
 * @busy: set when stock methods may still run, for which
 *	  cxl_dcd_override_settle() waits
 *
 * Methods are found through the pointer each time that they are called.
 */
int cxl_dcd_override_swap(struct device *dev, struct cxl_dcd_override *ovr,
			  bool *busy)
{
	struct kernfs_node *kn = file_node(dev, ovr->group,
					   ovr->mine.attr.name);

	if (!kn)
		return -ENOENT;
	if (kn->priv != &ovr->mine.attr) {
		ovr->stock = container_of((struct attribute *)kn->priv,
					  struct device_attribute, attr);
		/* Who sees our methods also sees the stock one. */
		smp_store_release(&kn->priv, &ovr->mine.attr);
		/* A user is counted before it takes the pointer. */
		smp_mb();
		if (atomic_read(&kn->active))
			*busy = true;
	}
	kernfs_put(kn);
	return 0;
}

/* Wait for methods that run; the file is gone for a moment. */
void cxl_dcd_override_settle(struct device *dev, struct cxl_dcd_override *ovr)
{
	file_del(dev, ovr->group, &ovr->mine);
	if (file_add(dev, ovr->group, &ovr->mine))
		dev_warn(dev, "%s is lost\n", ovr->mine.attr.name);
}

/* Put the stock file back. Waits for methods of ours that are running. */
void cxl_dcd_override_del(struct device *dev, struct cxl_dcd_override *ovr)
{
	struct kernfs_node *kn = file_node(dev, ovr->group,
					   ovr->mine.attr.name);
	bool ours;

	if (!kn)
		return;
	ours = kn->priv == &ovr->mine.attr;
	kernfs_put(kn);
	if (!ours)
		return;
	file_del(dev, ovr->group, &ovr->mine);
	if (file_add(dev, ovr->group, ovr->stock))
		dev_warn(dev, "%s is lost until the device is added anew\n",
			 ovr->mine.attr.name);
}

/* Folder of a partition below a memdev, one set per name (names.c). */
struct part_file {
	struct device_attribute attr;
	unsigned int slot;
};

enum {
	PART_SIZE,
	PART_BLOCK,
	PART_SHAREABLE,
	PART_READ_ONLY,
	PART_QOS_CLASS,
	PART_FILES,
};

static struct part_file part_files[CXL_DCD_MAX_REGIONS][PART_FILES];
static struct attribute *part_attrs[CXL_DCD_MAX_REGIONS][PART_FILES + 1];
static struct attribute_group part_groups[CXL_DCD_MAX_REGIONS];
static DEFINE_MUTEX(parts_lock); /* guards parts_shown of all devices */

/* What is in slot @slot of a memdev: false when it has no such partition. */
static bool part_get(struct device *dev, unsigned int slot,
		     struct cxl_dcd_part *part, int *qos_class)
{
	struct cxl_dcd *dcd;
	int i = -ENXIO;

	mutex_lock(&cxl_dcd_mutex);
	dcd = cxl_dcd_find(to_cxl_memdev(dev));
	if (dcd)
		i = cxl_dcd_slot_part(dcd, slot);
	if (i >= 0) {
		*part = dcd->parts[i];
		*qos_class = dcd->qos_class[i];
	}
	cxl_dcd_unlock();
	return i >= 0;
}

static ssize_t part_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct part_file *file = container_of(attr, struct part_file, attr);
	struct cxl_dcd_part part;
	int qos_class;

	if (!part_get(dev, file->slot, &part, &qos_class))
		return -ENXIO;
	switch (file - part_files[file->slot]) {
	case PART_SIZE:
		return sysfs_emit(buf, "%#llx\n", part.size);
	case PART_BLOCK:
		return sysfs_emit(buf, "%#llx\n", part.block);
	case PART_SHAREABLE:
		return sysfs_emit(buf, "%d\n", part.shareable);
	case PART_READ_ONLY:
		return sysfs_emit(buf, "%d\n", part.read_only);
	default:
		return sysfs_emit(buf, "%d\n", qos_class);
	}
}

static umode_t part_visible(struct kobject *kobj, struct attribute *attr,
			    int n)
{
	struct part_file *file = container_of(attr, struct part_file,
					      attr.attr);
	struct cxl_dcd_part part;
	int qos_class;

	if (file - part_files[file->slot] == PART_QOS_CLASS &&
	    (!part_get(kobj_to_dev(kobj), file->slot, &part, &qos_class) ||
	     qos_class == CXL_QOS_CLASS_INVALID))
		return 0;
	return attr->mode;
}

void cxl_dcd_sysfs_init(void)
{
	static const char * const names[PART_FILES] = {
		"size", "block_size", "shareable", "read_only", "qos_class"
	};
	unsigned int i, k;

	for (i = 0; i < cxl_dcd_slots(); i++) {
		for (k = 0; k < PART_FILES; k++) {
			struct part_file *file = &part_files[i][k];

			file->slot = i;
			file->attr = (struct device_attribute) {
				.attr = { .name = names[k], .mode = 0444 },
				.show = part_show,
			};
			sysfs_attr_init(&file->attr.attr);
			part_attrs[i][k] = &file->attr.attr;
		}
		part_groups[i] = (struct attribute_group) {
			.name = cxl_dcd_slot_name(i),
			.attrs = part_attrs[i],
			.is_visible = part_visible,
		};
	}
}

/* Which names a device's partitions go by; none while that is not known. */
static unsigned long part_slots(struct cxl_dcd *dcd)
{
	unsigned long slots = 0;
	unsigned int i;

	mutex_lock(&cxl_dcd_mutex);
	for (i = 0; i < cxl_dcd_slots(); i++)
		if ((dcd->cdat_known || !cxl_dcd_names_need_cdat()) &&
		    cxl_dcd_slot_part(dcd, i) >= 0)
			__set_bit(i, &slots);
	cxl_dcd_unlock();
	return slots;
}

/* Show a device's partitions, and what has become known of those shown. */
void cxl_dcd_parts_show(struct cxl_dcd *dcd)
{
	struct kobject *kobj = &dcd->cxlmd->dev.kobj;
	unsigned long slots = part_slots(dcd);
	unsigned int i;

	mutex_lock(&parts_lock);
	for_each_set_bit(i, &slots, CXL_DCD_MAX_REGIONS) {
		if (test_bit(i, &dcd->parts_shown)) {
			if (sysfs_update_group(kobj, &part_groups[i]))
				dev_warn(&dcd->cxlmd->dev,
					 "%s shows what was known before\n",
					 part_groups[i].name);
		} else if (!sysfs_create_group(kobj, &part_groups[i])) {
			__set_bit(i, &dcd->parts_shown);
		}
	}
	mutex_unlock(&parts_lock);
}

void cxl_dcd_parts_hide(struct cxl_dcd *dcd)
{
	unsigned int i;

	mutex_lock(&parts_lock);
	for_each_set_bit(i, &dcd->parts_shown, CXL_DCD_MAX_REGIONS)
		sysfs_remove_group(&dcd->cxlmd->dev.kobj, &part_groups[i]);
	dcd->parts_shown = 0;
	mutex_unlock(&parts_lock);
}

/* Every tagged extent of this host, by tag. */
static DEFINE_HASHTABLE(tags, 10);

static u32 tag_key(const u8 *tag)
{
	return jhash(tag, CXL_DCD_TAG_SIZE, 0);
}

bool cxl_dcd_tag_live(const u8 *tag)
{
	struct cxl_dcd_extent *ext;

	lockdep_assert_held(&cxl_dcd_mutex);
	hash_for_each_possible(tags, ext, hash, tag_key(tag))
		if (!memcmp(ext->tag, tag, CXL_DCD_TAG_SIZE))
			return true;
	return false;
}

/* Any extent of @rgn that has a byte of [@offset, +@len) in DPA. */
struct cxl_dcd_extent *cxl_dcd_extent_find(struct cxl_dcd_region *rgn,
					   u64 offset, u64 len)
{
	unsigned long at = offset;

	return mt_find(&rgn->by_dpa, &at, offset + len - 1);
}

struct extent_file {
	struct attribute attr;
	ssize_t (*show)(struct cxl_dcd_extent *ext, char *buf);
	ssize_t (*store)(struct cxl_dcd_extent *ext);
};

static struct cxl_dcd_extent *to_extent(struct kobject *kobj)
{
	return container_of(kobj, struct cxl_dcd_extent, kobj);
}

/* Only under cxl_dcd_mutex is it sure that the extent still has a region. */
static ssize_t extent_attr_show(struct kobject *kobj, struct attribute *attr,
				char *buf)
{
	struct extent_file *file = container_of(attr, struct extent_file, attr);
	struct cxl_dcd_extent *ext = to_extent(kobj);
	ssize_t rc;

	if (!file->show)
		return -EIO;
	rc = cxl_dcd_lock_in_file();
	if (rc)
		return rc;
	rc = ext->rgn ? file->show(ext, buf) : -ENXIO;
	cxl_dcd_unlock();
	return rc;
}

static ssize_t extent_attr_store(struct kobject *kobj, struct attribute *attr,
				 const char *buf, size_t len)
{
	struct extent_file *file = container_of(attr, struct extent_file, attr);
	struct cxl_dcd_extent *ext = to_extent(kobj);
	struct kernfs_node *kn;
	ssize_t rc = -ENXIO;
	bool yes;

	if (!file->store)
		return -EIO;
	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	/* The method may remove the very file that it runs for. */
	kobject_get(kobj);
	kn = sysfs_break_active_protection(kobj, attr);
	mutex_lock(&cxl_dcd_mutex);
	if (ext->rgn)
		rc = file->store(ext);
	cxl_dcd_unlock();
	if (kn)
		sysfs_unbreak_active_protection(kn);
	kobject_put(kobj);
	return rc < 0 ? rc : len;
}

static const struct sysfs_ops extent_ops = {
	.show = extent_attr_show,
	.store = extent_attr_store,
};

static ssize_t offset_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%#llx\n",
			  cxl_dcd_extent_hpa(ext) - ext->rgn->hpa.start);
}

static ssize_t length_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", cxl_dcd_extent_size(ext));
}

static ssize_t uuid_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%pUb\n", ext->tag);
}

static ssize_t state_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  ext->forced ? "forced" :
			  ext->releasing ? "releasing" :
			  ext->claim ? "claimed" : "accepted");
}

static ssize_t release_store(struct cxl_dcd_extent *ext)
{
	return cxl_dcd_release_here(ext);
}

static struct extent_file offset_file = {
	.attr = { .name = "offset", .mode = 0444 }, .show = offset_show,
};

static struct extent_file length_file = {
	.attr = { .name = "length", .mode = 0444 }, .show = length_show,
};

static struct extent_file uuid_file = {
	.attr = { .name = "uuid", .mode = 0444 }, .show = uuid_show,
};

static struct extent_file state_file = {
	.attr = { .name = "state", .mode = 0444 }, .show = state_show,
};

static struct extent_file release_file = {
	.attr = { .name = "release", .mode = 0200 }, .store = release_store,
};

static umode_t extent_visible(struct kobject *kobj, struct attribute *attr,
			      int n)
{
	if (attr == &uuid_file.attr && cxl_dcd_tag_null(to_extent(kobj)->tag))
		return 0;
	return attr->mode;
}

static struct attribute *extent_attrs[] = {
	&offset_file.attr, &length_file.attr, &uuid_file.attr,
	&state_file.attr, &release_file.attr, NULL
};

static const struct attribute_group extent_group = {
	.attrs = extent_attrs,
	.is_visible = extent_visible,
};
__ATTRIBUTE_GROUPS(extent);

static void extent_release(struct kobject *kobj)
{
	kfree(to_extent(kobj));
	atomic_dec(&cxl_dcd_counters.extents);
}

static const struct kobj_type extent_type = {
	.release = extent_release,
	.sysfs_ops = &extent_ops,
	.default_groups = extent_groups,
};

/* An extent that nobody sees yet; dropped with kobject_put(). */
struct cxl_dcd_extent *cxl_dcd_extent_alloc(const struct cxl_dcd_rec *rec,
					    u64 offset)
{
	struct cxl_dcd_extent *ext = kzalloc(sizeof(*ext), GFP_KERNEL);

	if (!ext)
		return NULL;
	kobject_init(&ext->kobj, &extent_type);
	atomic_inc(&cxl_dcd_counters.extents);
	INIT_LIST_HEAD(&ext->node);
	INIT_HLIST_NODE(&ext->hash);
	ext->rgn = rec->region;
	ext->dpa = offset;
	ext->len = rec->len;
	ext->seq = rec->order;
	memcpy(ext->tag, rec->tag, CXL_DCD_TAG_SIZE);
	return ext;
}

/**
 * cxl_dcd_extent_add - take an extent into its region's books
 *
 * An untagged one is open to DAX devices from now on, a tagged one when its tag
 * is claimed. On error it is in no book and may be put.
 */
int cxl_dcd_extent_add(struct cxl_dcd_region *rgn, struct cxl_dcd_extent *ext)
{
	int rc;

	ext->id = rgn->next_id++;
	rc = mtree_store_range(&rgn->by_dpa, ext->dpa, ext->dpa + ext->len - 1,
			       ext, GFP_KERNEL);
	if (rc)
		return rc;
	rc = kobject_add(&ext->kobj, &rgn->dev->kobj, "extent%d.%u",
			 rgn->dax->id, ext->id);
	if (!rc && cxl_dcd_tag_null(ext->tag)) {
		rc = cxl_dcd_range_open(rgn, cxl_dcd_extent_hpa(ext),
					cxl_dcd_extent_size(ext));
		ext->open = !rc;
	}
	if (rc) {
		mtree_erase(&rgn->by_dpa, ext->dpa);
		return rc;
	}
	list_add_tail(&ext->node, &rgn->extents);
	rgn->nr_extents++;
	if (!cxl_dcd_tag_null(ext->tag))
		hash_add(tags, &ext->hash, tag_key(ext->tag));
	return 0;
}

/* Out of the books; the caller puts it on some list, at last cxl_dcd_dead. */
void cxl_dcd_extent_del(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;

	list_del_init(&ext->node);
	hash_del(&ext->hash);
	mtree_erase(&rgn->by_dpa, ext->dpa);
	rgn->nr_extents--;
	if (ext->releasing)
		rgn->nr_releasing--;
	ext->rgn = NULL;
}

/* Remove the folders of extents that are in no book; without cxl_dcd_mutex. */
void cxl_dcd_extent_reap(struct list_head *dead)
{
	struct cxl_dcd_extent *ext, *next;

	list_for_each_entry_safe(ext, next, dead, node) {
		list_del_init(&ext->node);
		if (ext->kobj.state_in_sysfs)
			kobject_del(&ext->kobj);
		kobject_put(&ext->kobj);
	}
}
