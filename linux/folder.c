// SPDX-License-Identifier: GPL-2.0-only
/*
 * An extent's folder extentX.Y below its DAX region: what user space sees of
 * the extent, and how it gives it back.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "extent.h"
#include "folder.h"
#include "judge.h"
#include "lock.h"
#include "release.h"

/* Not freed yet; must be none when the module is gone. */
static atomic_t nr_extents;

int cxl_dcd_extents_left(void)
{
	return atomic_read(&nr_extents);
}

/* @store is called with the region's lock held too, and drops it. */
struct extent_file {
	struct attribute attr;
	ssize_t (*show)(struct cxl_dcd_extent *ext, char *buf);
	ssize_t (*store)(struct cxl_dcd_extent *ext);
};

static struct cxl_dcd_extent *dcd_folder_to_extent(struct kobject *kobj)
{
	return container_of(kobj, struct cxl_dcd_extent, folder.kobj);
}

/* Only with the books held is it known whether it still has a region. */
static ssize_t dcd_folder_show(struct kobject *kobj, struct attribute *attr,
			       char *buf)
{
	struct extent_file *file = container_of(attr, struct extent_file, attr);
	struct cxl_dcd_extent *ext = dcd_folder_to_extent(kobj);
	ssize_t rc;

	if (!file->show)
		return -EIO;
	rc = cxl_dcd_lock_in_file(ext->dcd);
	if (rc)
		return rc;
	rc = ext->rgn ? file->show(ext, buf) : -ENXIO;
	cxl_dcd_unlock(ext->dcd);
	return rc;
}

/*
 * The lock of an extent's region, and the books; not within the file's active
 * reference, so that nobody who removes it waits for us. Returns 0, -ENXIO when
 * the extent has left, -EINTR; nothing is held then.
 */
static int dcd_folder_lock(struct cxl_dcd_extent *ext)
{
	for (;;) {
		cxl_dcd_lock(ext->dcd);
		if (!ext->rgn || ext->rgn->closing) {
			cxl_dcd_unlock(ext->dcd);
			return -ENXIO;
		}
		if (mutex_trylock(&ext->rgn->lock))
			return 0;
		cxl_dcd_unlock(ext->dcd);
		if (msleep_interruptible(CXL_DCD_LOCK_POLL_MS))
			return -EINTR;
	}
}

static ssize_t dcd_folder_store(struct kobject *kobj, struct attribute *attr,
				const char *buf, size_t len)
{
	struct extent_file *file = container_of(attr, struct extent_file, attr);
	struct cxl_dcd_extent *ext = dcd_folder_to_extent(kobj);
	struct kernfs_node *kn;
	ssize_t rc;
	bool yes;

	if (!file->store)
		return -EIO;
	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	/*
	 * The method may remove the very file that it runs for. From here on
	 * nobody who removes it waits for us: so we hold the module ourselves.
	 */
	if (!try_module_get(THIS_MODULE))
		return -ENXIO;
	kobject_get(kobj);
	kn = sysfs_break_active_protection(kobj, attr);
	rc = dcd_folder_lock(ext);
	if (!rc) {
		rc = file->store(ext);
		cxl_dcd_unlock(ext->dcd);
	}
	if (kn)
		sysfs_unbreak_active_protection(kn);
	kobject_put(kobj);
	module_put(THIS_MODULE);
	return rc < 0 ? rc : len;
}

static const struct sysfs_ops extent_ops = {
	.show = dcd_folder_show,
	.store = dcd_folder_store,
};

static ssize_t dcd_folder_offset_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%#llx\n",
			  cxl_dcd_extent_hpa(ext) - ext->rgn->hpa.start);
}

static ssize_t dcd_folder_length_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%#llx\n", cxl_dcd_extent_size(ext));
}

static ssize_t dcd_folder_uuid_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%pUb\n", ext->tag);
}

static ssize_t dcd_folder_state_show(struct cxl_dcd_extent *ext, char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  ext->forced ? "forced" :
			  ext->releasing ? "releasing" :
			  ext->claim ? "claimed" : "accepted");
}

static ssize_t dcd_folder_release_store(struct cxl_dcd_extent *ext)
{
	return cxl_dcd_release_here(ext);
}

static struct extent_file offset_file = {
	.attr = { .name = "offset", .mode = 0444 },
	.show = dcd_folder_offset_show,
};

static struct extent_file length_file = {
	.attr = { .name = "length", .mode = 0444 },
	.show = dcd_folder_length_show,
};

static struct extent_file uuid_file = {
	.attr = { .name = "uuid", .mode = 0444 },
	.show = dcd_folder_uuid_show,
};

static struct extent_file state_file = {
	.attr = { .name = "state", .mode = 0444 },
	.show = dcd_folder_state_show,
};

static struct extent_file release_file = {
	.attr = { .name = "release", .mode = 0200 },
	.store = dcd_folder_release_store,
};

static umode_t dcd_folder_visible(struct kobject *kobj, struct attribute *attr,
				  int n)
{
	if (attr == &uuid_file.attr &&
	    cxl_dcd_tag_null(dcd_folder_to_extent(kobj)->tag))
		return 0;
	return attr->mode;
}

static struct attribute *extent_attrs[] = {
	&offset_file.attr, &length_file.attr, &uuid_file.attr,
	&state_file.attr, &release_file.attr, NULL
};

static const struct attribute_group extent_group = {
	.attrs = extent_attrs,
	.is_visible = dcd_folder_visible,
};
__ATTRIBUTE_GROUPS(extent);

static void dcd_folder_free(struct kobject *kobj)
{
	struct cxl_dcd_extent *ext = dcd_folder_to_extent(kobj);

	cxl_dcd_put(ext->dcd);
	kfree(ext);
	atomic_dec(&nr_extents);
}

static const struct kobj_type extent_type = {
	.release = dcd_folder_free,
	.sysfs_ops = &extent_ops,
	.default_groups = extent_groups,
};

/**
 * cxl_dcd_extent_alloc - make an extent that is in no book and has no folder yet
 * @rec: good record that it is made from
 * @offset: its distance from the start of each member's DPA
 *
 * Freed by dropping the reference of its folder.
 */
struct cxl_dcd_extent *cxl_dcd_extent_alloc(const struct cxl_dcd_rec *rec,
					    u64 offset)
{
	struct cxl_dcd_extent *ext = kzalloc(sizeof(*ext), GFP_KERNEL);

	if (!ext)
		return NULL;
	kobject_init(&ext->folder.kobj, &extent_type);
	atomic_inc(&nr_extents);
	INIT_LIST_HEAD(&ext->node);
	INIT_HLIST_NODE(&ext->hash);
	INIT_HLIST_NODE(&ext->tagged);
	ext->rgn = rec->region;
	ext->home = ext->rgn;
	ext->dcd = cxl_dcd_get(cxl_dcd_of(ext->rgn));
	ext->dpa = offset;
	ext->len = rec->len;
	ext->seq = rec->order;
	memcpy(ext->tag, rec->tag, CXL_DCD_TAG_SIZE);
	return ext;
}
