// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accepted capacity into DAX devices.
 *
 * Untagged capacity is open: the DAX core gives it out by size. A tag is closed
 * until it is claimed: writing it to a device's `uuid` gives that device all of
 * its extents, in sequence order, and nobody can take any of them in between.
 *
 * The methods here stand in for stock ones that walk the children of the region's
 * resource, so that none of them runs while cxl_dcd_mutex is held elsewhere.
 */
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uuid.h>

#include "cxl_dcd.h"

static struct cxl_dcd_override avail_file, create_file, delete_file;
static struct cxl_dcd_override size_file, mapping_file;

/* How many are in delete_store() now; guarded by cxl_dcd_mutex. */
static unsigned int deleting;

/*
 * Take cxl_dcd_mutex in a method here. The stock methods wait for
 * dax_region_rwsem, with which a device is deleted: none of them may begin while
 * that goes on.
 */
static int lock_in_method(void)
{
	int rc = cxl_dcd_lock_in_file();

	if (rc || !deleting)
		return rc;
	cxl_dcd_unlock();
	return cxl_dcd_file_again();
}

static struct cxl_dcd_region *region_of(struct device *dev)
{
	struct cxl_dcd_region *rgn;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		if (rgn->dev == dev && !rgn->closing)
			return rgn;
	return NULL;
}

static ssize_t available_size_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	ssize_t rc = lock_in_method();

	if (rc)
		return rc;
	rc = -ENXIO;
	if (region_of(dev))
		rc = avail_file.stock->show(dev, avail_file.stock, buf);
	cxl_dcd_unlock();
	return rc;
}

static ssize_t create_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return create_file.stock->show(dev, create_file.stock, buf);
}

/* Is there a tag to be claimed? */
static bool tag_waits(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_extent *ext;

	list_for_each_entry(ext, &rgn->extents, node)
		if (!cxl_dcd_tag_null(ext->tag) && !ext->claim &&
		    !ext->releasing)
			return true;
	return false;
}

/* The stock method refuses where nothing is open, closed tags or not. */
static int create_empty(struct cxl_dcd_region *rgn)
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

/*
 * A device whose files were already in use when they got our methods. Set inside
 * of dax_region_rwsem, for who has cxl_dcd_mutex around that.
 */
static struct device *in_use;

/* Wait for stock methods that began before ours were there. */
static void settle(void)
{
	if (!in_use)
		return;
	cxl_dcd_override_settle(in_use, &size_file);
	cxl_dcd_override_settle(in_use, &mapping_file);
	put_device(in_use);
	in_use = NULL;
}

static ssize_t create_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	ssize_t rc = lock_in_method();

	if (rc)
		return rc;
	rgn = region_of(dev);
	rc = -ENXIO;
	if (rgn)
		rc = create_file.stock->store(dev, create_file.stock, buf, len);
	if (rc == -ENOSPC && tag_waits(rgn))
		rc = create_empty(rgn) ?: len;
	settle();
	cxl_dcd_unlock();
	return rc;
}

static struct cxl_dcd_override avail_file = {
	.group = "dax_region", .mine = __ATTR_RO(available_size),
};

static ssize_t delete_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t len)
{
	ssize_t rc = cxl_dcd_lock_in_file();

	if (rc)
		return rc;
	deleting++;
	cxl_dcd_unlock();
	/* Not in the mutex: it takes device locks. */
	rc = delete_file.stock->store(dev, delete_file.stock, buf, len);
	mutex_lock(&cxl_dcd_mutex);
	deleting--;
	cxl_dcd_unlock();
	return rc;
}

static struct cxl_dcd_override create_file = {
	.group = "dax_region", .mine = __ATTR_RW(create),
};

static struct cxl_dcd_override delete_file = {
	.group = "dax_region", .mine = __ATTR_WO(delete),
};

/* Put our methods on a region that the DAX core has just set up. */
int cxl_dcd_dax_region_files(struct device *dev)
{
	return cxl_dcd_override_add(dev, &avail_file) ?:
	       cxl_dcd_override_add(dev, &create_file) ?:
	       cxl_dcd_override_add(dev, &delete_file);
}

/* The first extent that a device has claimed. */
static struct cxl_dcd_extent *claim_of(struct cxl_dcd_region *rgn,
				       struct device *dev)
{
	struct cxl_dcd_extent *ext;

	list_for_each_entry(ext, &rgn->extents, node)
		if (ext->claim == dev)
			return ext;
	return NULL;
}

/* A device has let go of all it had: its tag may be claimed again. */
static void unclaim(struct cxl_dcd_region *rgn, struct device *dev)
{
	struct cxl_dcd_extent *ext;

	list_for_each_entry(ext, &rgn->extents, node) {
		if (ext->claim != dev)
			continue;
		ext->claim = NULL;
		if (cxl_dcd_tag_null(ext->tag))
			continue;
		if (!cxl_dcd_range_close(rgn, cxl_dcd_extent_hpa(ext),
					 cxl_dcd_extent_size(ext)))
			ext->open = false;
	}
}

/*
 * The files of a device's ranges. Their stock methods wait for the rwsem too,
 * with which `size` removes the folder that they are in.
 */
static ssize_t range_show(struct device *dev, struct device_attribute *attr,
			  char *buf)
{
	struct cxl_dcd_override *file = container_of(attr,
						     struct cxl_dcd_override,
						     mine);
	ssize_t rc = lock_in_method();

	if (rc)
		return rc;
	rc = -ENXIO;
	if (cxl_dcd_dax_to_region(dev->parent))
		rc = file->stock->show(dev, file->stock, buf);
	cxl_dcd_unlock();
	return rc;
}

static struct cxl_dcd_override range_files[] = {
	{ .mine = __ATTR(start, 0400, range_show, NULL) },
	{ .mine = __ATTR(end, 0400, range_show, NULL) },
	{ .mine = __ATTR(page_offset, 0444, range_show, NULL) },
};

static int take_range_files(struct device *dev, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(range_files); i++) {
		bool busy = false;

		cxl_dcd_override_swap(dev, &range_files[i], &busy);
		if (busy)
			cxl_dcd_override_settle(dev, &range_files[i]);
	}
	return 0;
}

static ssize_t size_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	return size_file.stock->show(dev, size_file.stock, buf);
}

static ssize_t size_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	unsigned long long size;
	ssize_t rc;

	rc = kstrtoull(buf, 0, &size);
	if (rc)
		return rc;
	rc = lock_in_method();
	if (rc)
		return rc;
	rgn = cxl_dcd_dax_to_region(dev);
	if (!rgn)
		rc = -ENXIO;
	else if (size && claim_of(rgn, dev))
		rc = -EOPNOTSUPP;
	else
		rc = size_file.stock->store(dev, size_file.stock, buf, len);
	if (rc > 0 && !size)
		unclaim(rgn, dev);
	if (rc > 0) {
		device_for_each_child(dev, NULL, take_range_files);
		cxl_dcd_release_ready();
	}
	cxl_dcd_unlock();
	return rc;
}

static ssize_t mapping_store(struct device *dev, struct device_attribute *attr,
			     const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	ssize_t rc = lock_in_method();

	if (rc)
		return rc;
	rgn = cxl_dcd_dax_to_region(dev);
	if (!rgn)
		rc = -ENXIO;
	else if (claim_of(rgn, dev))
		rc = -EOPNOTSUPP;
	else
		rc = mapping_file.stock->store(dev, mapping_file.stock, buf,
					       len);
	if (rc > 0)
		device_for_each_child(dev, NULL, take_range_files);
	cxl_dcd_unlock();
	return rc;
}

static struct cxl_dcd_override size_file = { .mine = __ATTR_RW(size) };
static struct cxl_dcd_override mapping_file = { .mine = __ATTR_WO(mapping) };

static int by_seq(const void *a, const void *b)
{
	const struct cxl_dcd_extent *ea = *(struct cxl_dcd_extent * const *)a;
	const struct cxl_dcd_extent *eb = *(struct cxl_dcd_extent * const *)b;

	return ea->seq < eb->seq ? -1 : ea->seq > eb->seq;
}

/* Is an untagged extent wholly free? */
static bool is_free(struct cxl_dcd_extent *ext)
{
	u64 start = cxl_dcd_extent_hpa(ext), size = cxl_dcd_extent_size(ext);

	if (!ext->open || cxl_dcd_range_is_ram(start, size) ||
	    cxl_dcd_range_close(ext->rgn, start, size))
		return false;
	ext->open = !cxl_dcd_range_open(ext->rgn, start, size);
	return ext->open;
}

/*
 * Collect what a claim is for: all extents with the tag, in sequence order, or
 * one untagged one. Returns their number, 0 for none, or -ENOMEM.
 */
static int collect(struct cxl_dcd_region *rgn, const u8 *tag,
		   struct cxl_dcd_extent ***list)
{
	bool untagged = cxl_dcd_tag_null(tag);
	struct cxl_dcd_extent *ext;
	int nr = 0;

	*list = kvmalloc_array(max(rgn->nr_extents, 1U), sizeof(**list),
			       GFP_KERNEL);
	if (!*list)
		return -ENOMEM;
	list_for_each_entry(ext, &rgn->extents, node) {
		if (memcmp(ext->tag, tag, CXL_DCD_TAG_SIZE) || ext->claim ||
		    ext->releasing || (untagged && !is_free(ext)) ||
		    cxl_dcd_range_is_ram(cxl_dcd_extent_hpa(ext),
					 cxl_dcd_extent_size(ext)))
			continue;
		(*list)[nr++] = ext;
		if (untagged)
			break;
	}
	sort(*list, nr, sizeof(**list), by_seq, NULL);
	return nr;
}

/* Give a device one range that nobody else can have. */
static int map_range(struct cxl_dcd_region *rgn, struct device *dev, u64 start,
		     u64 size, bool open)
{
	char text[40];
	ssize_t rc;
	int len;

	if (!open) {
		rc = cxl_dcd_range_open(rgn, start, size);
		if (rc)
			return rc;
	}
	len = snprintf(text, sizeof(text), "%llx-%llx", start,
		       start + size - 1);
	rc = mapping_file.stock->store(dev, mapping_file.stock, text, len);
	if (rc < 0 && !open)
		WARN_ON(cxl_dcd_range_close(rgn, start, size));
	return rc < 0 ? rc : 0;
}

/* Give a device all extents of @list, neighbours as one range. */
static int map_all(struct cxl_dcd_region *rgn, struct device *dev,
		   struct cxl_dcd_extent **list, int nr)
{
	int i, k, rc = 0;

	for (i = 0; i < nr && !rc; i = k) {
		u64 start = cxl_dcd_extent_hpa(list[i]), end = start;
		bool open = list[i]->open;

		for (k = i; k < nr && cxl_dcd_extent_hpa(list[k]) == end; k++)
			end += cxl_dcd_extent_size(list[k]);
		rc = map_range(rgn, dev, start, end - start, open);
		if (rc)
			break;
		while (i < k) {
			list[i]->open = true;
			list[i++]->claim = dev;
		}
	}
	if (rc) {
		size_file.stock->store(dev, size_file.stock, "0", 1);
		unclaim(rgn, dev);
	}
	return rc;
}

static int claim(struct cxl_dcd_region *rgn, struct device *dev, const u8 *tag)
{
	struct cxl_dcd_extent **list;
	int nr, rc;

	if (to_dev_dax(dev)->nr_range || dev->driver)
		return -EBUSY;
	nr = collect(rgn, tag, &list);
	if (nr > 0)
		rc = map_all(rgn, dev, list, nr);
	else
		rc = nr ?: -ENOENT;
	kvfree(list);
	return rc;
}

static ssize_t uuid_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct cxl_dcd_extent *ext = NULL;
	struct cxl_dcd_region *rgn;
	u8 tag[CXL_DCD_TAG_SIZE] = { };
	int rc = lock_in_method();

	if (rc)
		return rc;
	rgn = cxl_dcd_dax_to_region(dev);
	if (rgn)
		ext = claim_of(rgn, dev);
	if (ext)
		memcpy(tag, ext->tag, sizeof(tag));
	cxl_dcd_unlock();
	return sysfs_emit(buf, "%pUb\n", tag);
}

static ssize_t uuid_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct cxl_dcd_region *rgn;
	uuid_t tag = { };
	char text[UUID_STRING_LEN + 2];
	int rc;

	if (strscpy(text, buf, sizeof(text)) < 0)
		return -EINVAL;
	if (!sysfs_streq(text, "0") && uuid_parse(strim(text), &tag))
		return -EINVAL;
	rc = lock_in_method();
	if (rc)
		return rc;
	rgn = cxl_dcd_dax_to_region(dev);
	rc = rgn ? claim(rgn, dev, tag.b) : -ENXIO;
	if (!rc)
		device_for_each_child(dev, NULL, take_range_files);
	cxl_dcd_unlock();
	return rc ?: len;
}

static struct device_attribute uuid_attr = __ATTR_RW(uuid);

/*
 * Put our methods on a DAX device that was just added. May run inside of
 * dax_region_rwsem: must not take cxl_dcd_mutex, nor wait for stock methods, which
 * wait for that rwsem. Without its file `uuid` a device can still be used, so a
 * failure is not one of the device.
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
	rc = rc ?: cxl_dcd_override_swap(dev, &size_file, &busy) ?:
	     cxl_dcd_override_swap(dev, &mapping_file, &busy);
	/* The first one is there before its region can be used. */
	if (busy && to_dev_dax(dev)->id && !in_use)
		in_use = get_device(dev);
	return rc;
}
