// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking System RAM away from the kernel.
 *
 * The kernel exports no function that only takes memory offline; the one that
 * it has removes it as well, and the memory's driver would then remove it a
 * second time. So it is done block by block, by the method of each block's file
 * `state`.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "glue/compat.h"
#include "glue/offline.h"

/**
 * struct dcd_ram_offline - a range that is being taken offline
 * @folder: of all memory blocks
 * @start: HPA
 * @size: bytes
 * @done: the thread that does it has ended
 * @rc: how
 */
struct dcd_ram_offline {
	struct kernfs_node *folder;
	u64 start;
	u64 size;
	struct completion done;
	int rc;
};

/**
 * cxl_dcd_is_ram - does the kernel have any of a range as its own memory?
 *
 * It may although no DAX device has it: memory that is online while its driver
 * is taken away stays until the next boot.
 */
bool cxl_dcd_is_ram(u64 start, u64 len)
{
	return region_intersects(start, len, IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

/* Is a block online that lies wholly in a range? DAX devices have no others. */
bool cxl_dcd_ram_online(u64 start, u64 size)
{
	u64 block = memory_block_size_bytes(), at = ALIGN(start, block);

	for (; at + block <= start + size; at += block)
		if (pfn_to_online_page(PHYS_PFN(at)))
			return true;
	return false;
}

/* The folder of all memory blocks, /sys/devices/system/memory. */
static struct kernfs_node *dcd_ram_folder(struct device *dev)
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
 * Call the method of a block's file `state`. While somebody else has the
 * hotplug lock it returns -ERESTARTNOINTR and sets TIF_SIGPENDING, which in a
 * kernel thread nobody clears: recalc_sigpending() does, unless a real signal
 * is there.
 */
static int dcd_ram_set_offline(struct kernfs_node *block,
			       struct kernfs_node *state)
{
	struct device_attribute *attr =
		container_of((struct attribute *)state->priv,
			     struct device_attribute, attr);
	ssize_t rc;

	for (;;) {
		rc = attr->store(kobj_to_dev(block->priv), attr, "offline", 7);
		if (rc != -ERESTARTNOINTR)
			break;
		recalc_sigpending();
		if (signal_pending(current))
			break;
		msleep(20);
	}
	return rc < 0 ? rc : 0;
}

static int dcd_ram_offline_block(struct kernfs_node *folder, u64 start)
{
	struct kernfs_node *block, *state = NULL;
	char name[32];
	int rc = -ENOENT;

	if (!pfn_to_online_page(PHYS_PFN(start)))
		return 0;
	snprintf(name, sizeof(name), "memory%llu",
		 start / memory_block_size_bytes());
	block = kernfs_find_and_get(folder, name);
	if (block)
		state = kernfs_find_and_get(block, "state");
	if (state)
		rc = dcd_ram_set_offline(block, state);
	kernfs_put(state);
	kernfs_put(block);
	return rc;
}

/* In a thread, since offlining stops only when its thread gets a signal. */
static int dcd_ram_offline_thread(void *data)
{
	struct dcd_ram_offline *off = data;
	u64 block = memory_block_size_bytes();
	u64 at = ALIGN_DOWN(off->start, block);

	allow_signal(SIGINT);
	/* All blocks, even after a failure: fewer pages are poisoned. */
	for (; at < off->start + off->size; at += block) {
		int rc = dcd_ram_offline_block(off->folder, at);

		off->rc = off->rc ?: rc;
	}
	/* Whoever waits may unload this module when the thread ends. */
	kthread_complete_and_exit(&off->done, 0);
}

/**
 * cxl_dcd_ram_offline - take all blocks offline that have any of a range
 * @dev: any device with a folder in sysfs
 * @start: HPA
 * @size: bytes
 * @time: how long that may take; what it took is subtracted
 *
 * The caller sees to it that the blocks are not removed meanwhile.
 *
 * Returns: 0, or -errno when not all of them are offline in time.
 */
int cxl_dcd_ram_offline(struct device *dev, u64 start, u64 size,
			unsigned long *time)
{
	struct dcd_ram_offline off = {
		.folder = dcd_ram_folder(dev),
		.start = start,
		.size = size,
	};
	struct task_struct *task;

	if (!off.folder)
		return -ENOENT;
	init_completion(&off.done);
	task = kthread_create(dcd_ram_offline_thread, &off, "cxl_dcd_offline");
	if (IS_ERR(task)) {
		kernfs_put(off.folder);
		return PTR_ERR(task);
	}
	get_task_struct(task);
	wake_up_process(task);
	*time = wait_for_completion_timeout(&off.done, *time);
	/* Until it has begun, it takes no signal: so not only once. */
	if (!*time)
		do
			send_sig(SIGINT, task, 1);
		while (!wait_for_completion_timeout(&off.done, HZ / 10));
	put_task_struct(task);
	kernfs_put(off.folder);
	return off.rc;
}
