// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity that is gone already.
 *
 * A forced release (event type 2) leaves no choice: users are cut off. A process
 * that has a DAX device mapped gets SIGBUS on its next access; the device itself
 * stays, without a driver, until it is destroyed, and holds the addresses (a
 * device that was killed but kept its driver could be opened again, and the
 * kernel's mmap() of it does not look whom it belongs to). Memory that was
 * onlined as System RAM is taken offline where its pages can be moved, and
 * poisoned where they cannot. All of this runs from a worker, so that a page
 * that does not let go can delay nobody else.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "cxl_dcd.h"

/* Time for pages to be moved away; some that are pinned never are. */
#define OFFLINE_TIME (30 * HZ)

/**
 * struct forced_ram - System RAM that is gone
 * @work: runs forced_ram_work()
 * @dev: the DAX device that it belongs to, referenced
 * @start: HPA
 * @size: bytes
 * @done: the thread that takes them offline has ended
 * @rc: how
 */
struct forced_ram {
	struct work_struct work;
	struct device *dev;
	u64 start;
	u64 size;
	struct completion done;
	int rc;
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

/* The folder of all memory blocks, /sys/devices/system/memory. */
static struct kernfs_node *memory_folder(struct device *dev)
{
	static const char * const path[] = { "devices", "system", "memory" };
	struct kernfs_node *kn = dev->kobj.sd, *next;
	unsigned int i;

	while (cxl_dcd_parent(kn))
		kn = cxl_dcd_parent(kn);
	kernfs_get(kn);
	for (i = 0; kn && i < ARRAY_SIZE(path); i++) {
		next = kernfs_find_and_get(kn, path[i]);
		kernfs_put(kn);
		kn = next;
	}
	return kn;
}

/*
 * Take one memory block offline by its file `state`: nothing that does so is
 * exported, but for a call that removes the memory as well, which its driver
 * does then a second time.
 */
static int offline_block(struct kernfs_node *folder, u64 start)
{
	struct kernfs_node *block, *state = NULL;
	struct device_attribute *attr;
	char name[32];
	ssize_t rc = -ENOENT;

	if (!pfn_to_online_page(PHYS_PFN(start)))
		return 0;
	snprintf(name, sizeof(name), "memory%llu",
		 start / memory_block_size_bytes());
	block = kernfs_find_and_get(folder, name);
	if (block)
		state = kernfs_find_and_get(block, "state");
	if (state) {
		attr = container_of((struct attribute *)state->priv,
				    struct device_attribute, attr);
		/* Another user of the hotplug lock makes it say "again". */
		while ((rc = attr->store(kobj_to_dev(block->priv), attr,
					 "offline", 7)) == -ERESTARTNOINTR &&
		       !signal_pending(current))
			msleep(20);
	}
	kernfs_put(state);
	kernfs_put(block);
	return rc < 0 ? rc : 0;
}

/*
 * All blocks that have any of it, even after a failure: each one is worth it. A
 * block that is online is never shared with another DAX device.
 */
static int offline_all(struct forced_ram *ram)
{
	struct kernfs_node *folder = memory_folder(ram->dev);
	u64 block = memory_block_size_bytes(), at;
	u64 end = ram->start + ram->size;
	int rc = 0, err;

	if (!folder)
		return -ENOENT;
	/* With the driver bound the blocks cannot go meanwhile. */
	device_lock(ram->dev);
	for (at = ALIGN_DOWN(ram->start, block); ram->dev->driver && at < end;
	     at += block) {
		err = offline_block(folder, at);
		rc = rc ?: err;
	}
	device_unlock(ram->dev);
	kernfs_put(folder);
	return rc;
}

/* A thread, since only one that gets a signal stops trying. */
static int offline_thread(void *data)
{
	struct forced_ram *ram = data;

	allow_signal(SIGINT);
	ram->rc = offline_all(ram);
	complete(&ram->done);
	return 0;
}

static void offline_in_time(struct forced_ram *ram)
{
	struct task_struct *task;

	init_completion(&ram->done);
	task = kthread_create(offline_thread, ram, "cxl_dcd_offline");
	if (IS_ERR(task)) {
		ram->rc = PTR_ERR(task);
		return;
	}
	get_task_struct(task);
	wake_up_process(task);
	if (!wait_for_completion_timeout(&ram->done, OFFLINE_TIME)) {
		send_sig(SIGINT, task, 1);
		wait_for_completion(&ram->done);
	}
	put_task_struct(task);
}

static void forced_ram_work(struct work_struct *work)
{
	struct forced_ram *ram = container_of(work, struct forced_ram, work);

	offline_in_time(ram);
	if (ram->rc) {
		dev_err(ram->dev,
			"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d): poisoning its pages\n",
			ram->start, ram->size, ram->rc);
		poison(ram->start, ram->size);
	} else {
		/* Its driver removes what is offline. */
		device_release_driver(ram->dev);
		dev_warn(ram->dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: now offline\n",
			 ram->start, ram->size);
	}
	put_device(ram->dev);
	kfree(ram);
	module_put(THIS_MODULE);
}

static void force_ram(struct device *dev, u64 start, u64 size)
{
	struct forced_ram *ram = kzalloc(sizeof(*ram), GFP_KERNEL);

	if (!ram || !try_module_get(THIS_MODULE)) {
		kfree(ram);
		return;
	}
	ram->dev = get_device(dev);
	ram->start = start;
	ram->size = size;
	INIT_WORK(&ram->work, forced_ram_work);
	queue_work(system_unbound_wq, &ram->work);
}

/**
 * struct forced_dax - a DAX device that must not be used any more
 * @work: what is done about it
 * @dev: the device, referenced
 */
struct forced_dax {
	struct work_struct work;
	struct device *dev;
};

static void forced_dax_queue(struct device *dev, work_func_t func)
{
	struct forced_dax *dax = kzalloc(sizeof(*dax), GFP_KERNEL);

	if (!dax || !try_module_get(THIS_MODULE)) {
		kfree(dax);
		return;
	}
	dax->dev = get_device(dev);
	INIT_WORK(&dax->work, func);
	queue_work(system_unbound_wq, &dax->work);
}

static void forced_dax_end(struct forced_dax *dax)
{
	put_device(dax->dev);
	kfree(dax);
	module_put(THIS_MODULE);
}

/* Cut off its users, and wait for those that hold pages: not for others. */
static void forced_dax_unbind(struct work_struct *work)
{
	struct forced_dax *dax = container_of(work, struct forced_dax, work);

	device_release_driver(dax->dev);
	forced_dax_end(dax);
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
		force_ram(dev, v->start, v->size);
	else
		forced_dax_queue(dev, forced_dax_unbind);
	return 0;
}

/* A driver took a device: not where some of its capacity is gone. */
static void forced_dax_bound(struct work_struct *work)
{
	struct forced_dax *dax = container_of(work, struct forced_dax, work);
	struct cxl_dcd_extent *ext;
	struct cxl_dcd_region *rgn;

	mutex_lock(&cxl_dcd_mutex);
	rgn = cxl_dcd_dax_to_region(dax->dev);
	if (rgn)
		list_for_each_entry(ext, &rgn->extents, node) {
			struct victim v = {
				.start = cxl_dcd_extent_hpa(ext),
				.size = cxl_dcd_extent_size(ext),
			};

			if (ext->forced)
				force_device(dax->dev, &v);
		}
	cxl_dcd_unlock();
	forced_dax_end(dax);
}

/**
 * cxl_dcd_dax_bound - a DAX device of one of our regions has got a driver
 *
 * When one device is given to a driver, the kernel offers it all that have none.
 */
void cxl_dcd_dax_bound(struct device *dev)
{
	forced_dax_queue(dev, forced_dax_bound);
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
