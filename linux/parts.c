// SPDX-License-Identifier: GPL-2.0-only
/*
 * Partitions in sysfs: one folder below the memdev for each of its dynamic
 * capacity regions that has a name.
 */
#include "device.h"
#include "judge.h"
#include "lock.h"
#include "names.h"
#include "parts.h"

/* The files of a partition's folder, one set for each slot (names.c). */
struct part_file {
	struct device_attribute attr;
	unsigned int slot;
};

enum {
	PART_SIZE,
	PART_BLOCK,
	PART_SHAREABLE,
	PART_READ_ONLY,
	PART_NONVOLATILE,
	PART_QOS_CLASS,
	PART_FILES,
};

static struct part_file part_files[CXL_DCD_MAX_REGIONS][PART_FILES];
static struct attribute *part_attrs[CXL_DCD_MAX_REGIONS][PART_FILES + 1];
static struct attribute_group part_groups[CXL_DCD_MAX_REGIONS];
static DEFINE_MUTEX(parts_lock); /* guards parts_shown of all devices */

/* What is in slot @slot of a memdev: false when it has no such partition. */
static bool dcd_parts_get(struct device *dev, unsigned int slot,
			  struct cxl_dcd_part *part, int *qos_class)
{
	struct cxl_dcd *dcd;
	int i;

	dcd = cxl_dcd_find_get(to_cxl_memdev(dev));
	if (!dcd)
		return false;
	i = cxl_dcd_slot_part(dcd->parts, dcd->nr_parts, slot);
	if (i >= 0) {
		*part = dcd->parts[i];
		*qos_class = dcd->qos_class[i];
	}
	cxl_dcd_put(dcd);
	return i >= 0;
}

static ssize_t dcd_parts_file_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct part_file *file = container_of(attr, struct part_file, attr);
	struct cxl_dcd_part part;
	int qos_class;

	if (!dcd_parts_get(dev, file->slot, &part, &qos_class))
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
	case PART_NONVOLATILE:
		return sysfs_emit(buf, "%d\n", part.nonvolatile);
	default:
		return sysfs_emit(buf, "%d\n", qos_class);
	}
}

static umode_t dcd_parts_file_visible(struct kobject *kobj,
				      struct attribute *attr, int n)
{
	struct part_file *file = container_of(attr, struct part_file,
					      attr.attr);
	struct cxl_dcd_part part;
	int qos_class;

	if (file - part_files[file->slot] == PART_QOS_CLASS &&
	    (!dcd_parts_get(kobj_to_dev(kobj), file->slot, &part, &qos_class) ||
	     qos_class == CXL_QOS_CLASS_INVALID))
		return 0;
	return attr->mode;
}

void cxl_dcd_parts_init(void)
{
	static const char * const names[PART_FILES] = {
		"size", "block_size", "shareable", "read_only", "nonvolatile",
		"qos_class"
	};
	unsigned int i, k;

	for (i = 0; i < cxl_dcd_slots(); i++) {
		for (k = 0; k < PART_FILES; k++) {
			struct part_file *file = &part_files[i][k];

			file->slot = i;
			file->attr = (struct device_attribute) {
				.attr = { .name = names[k], .mode = 0444 },
				.show = dcd_parts_file_show,
			};
			sysfs_attr_init(&file->attr.attr);
			part_attrs[i][k] = &file->attr.attr;
		}
		part_groups[i] = (struct attribute_group) {
			.name = cxl_dcd_slot_name(i),
			.attrs = part_attrs[i],
			.is_visible = dcd_parts_file_visible,
		};
	}
}

/* Which names a device's partitions go by; none while that is not known. */
static unsigned long dcd_parts_slots(struct cxl_dcd *dcd)
{
	unsigned long slots = 0;
	unsigned int i;

	for (i = 0; i < cxl_dcd_slots(); i++)
		if ((dcd->cdat_known || !cxl_dcd_names_need_cdat()) &&
		    cxl_dcd_slot_part(dcd->parts, dcd->nr_parts, i) >= 0)
			__set_bit(i, &slots);
	return slots;
}

/*
 * Show a device's partitions, and of those shown what has become known since.
 */
void cxl_dcd_parts_show(struct cxl_dcd *dcd)
{
	struct kobject *kobj = &dcd->cxlmd->dev.kobj;
	unsigned long slots = dcd_parts_slots(dcd);
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
