// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity that is gone already.
 *
 * A forced release (event type 2) leaves no choice: users are cut off. A process
 * that has a DAX device mapped gets SIGBUS on its next access; the device itself
 * stays, dead, until it is destroyed, and holds the addresses. Memory that was
 * onlined as System RAM is taken offline where its pages can be moved, and
 * poisoned where they cannot. All of this runs from a worker, so that a page
 * that does not let go can delay nobody else.
 */
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "cxl_dcd.h"

struct forced_ram {
	struct work_struct work;
	u64 start;
	u64 size;
};

/* Poison every page that can still be reached. */
static void poison(u64 start, u64 size)
{
	unsigned long pfn = PHYS_PFN(start), end = PHYS_PFN(start + size);

	for (; pfn < end; pfn++) {
		if (pfn_to_online_page(pfn))
			memory_failure(pfn, 0);
		cond_resched();
	}
}

static void forced_ram_work(struct work_struct *work)
{
	struct forced_ram *ram = container_of(work, struct forced_ram, work);
	int rc = offline_and_remove_memory(ram->start, ram->size);

	if (rc) {
		pr_err("cxl_dcd: System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d): poisoning its pages\n",
		       ram->start, ram->size, rc);
		poison(ram->start, ram->size);
	} else {
		pr_warn("cxl_dcd: System RAM [%#llx, +%#llx] was taken away by the device: now offline\n",
			ram->start, ram->size);
	}
	kfree(ram);
	module_put(THIS_MODULE);
}

static void force_ram(u64 start, u64 size)
{
	u64 block = memory_block_size_bytes();
	struct forced_ram *ram = kzalloc(sizeof(*ram), GFP_KERNEL);

	if (!ram)
		return;
	ram->start = ALIGN(start, block);
	ram->size = ALIGN_DOWN(start + size, block) - ram->start;
	if (start + size <= ram->start || !ram->size ||
	    !try_module_get(THIS_MODULE)) {
		kfree(ram);
		return;
	}
	INIT_WORK(&ram->work, forced_ram_work);
	queue_work(system_unbound_wq, &ram->work);
}

struct victim {
	u64 start;
	u64 size;
};

/* Cut off the users of one DAX device, if it has any of the range. */
static int force_device(struct device *dev, void *data)
{
	struct victim *v = data;
	struct dev_dax *dev_dax;
	int i;

	if (!cxl_dcd_dax_to_region(dev))
		return 0;
	dev_dax = to_dev_dax(dev);
	for (i = 0; i < dev_dax->nr_range; i++) {
		struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_ranges_overlap(r->start, range_len(r), v->start,
					   v->size))
			break;
	}
	if (i == dev_dax->nr_range || !dev->driver)
		return 0;
	if (region_intersects(v->start, v->size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		force_ram(v->start, v->size);
	else
		kill_dev_dax(dev_dax);
	return 0;
}

/**
 * cxl_dcd_extent_forced - an extent is gone: cut off its users
 *
 * Goes at once when it has none, else when they let go.
 */
void cxl_dcd_extent_forced(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	struct victim v = {
		.start = cxl_dcd_extent_hpa(ext),
		.size = cxl_dcd_extent_size(ext),
	};

	lockdep_assert_held(&cxl_dcd_mutex);
	ext->forced = true;
	ext->told = true;
	if (!ext->releasing) {
		ext->releasing = true;
		rgn->nr_releasing++;
	}
	dev_warn(rgn->dev,
		 "extent%d.%u [offset %#llx, +%#llx] tag %pUb was taken away by the device\n",
		 rgn->dax->id, ext->id, v.start - rgn->hpa.start, v.size,
		 ext->tag);
	device_for_each_child(rgn->dev, &v, force_device);
	cxl_dcd_uevent(rgn, "forced", ext->tag, v.size);
}

/* Handle a forced release; what we do not have needs no doing. */
void cxl_dcd_release_forced(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec)
{
	struct cxl_dcd_region *rgn;
	unsigned int i;

	if (!rec->len || rec->dpa > U64_MAX - rec->len)
		return;
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		for (i = 0; i < rgn->ways; i++) {
			u64 dpa = rgn->member[i].dpa;
			struct cxl_dcd_extent *ext, *next;

			if (rgn->member[i].dcd != dcd)
				continue;
			list_for_each_entry_safe(ext, next, &rgn->extents, node)
				if (!ext->forced &&
				    cxl_dcd_ranges_overlap(dpa + ext->dpa,
							   ext->len, rec->dpa,
							   rec->len))
					cxl_dcd_extent_forced(ext);
		}
}
