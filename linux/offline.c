// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking System RAM away from the kernel, or making its pages unusable.
 *
 * Nothing that takes memory offline is exported, but for a call that removes it
 * as well, which its driver does then a second time. So it is done block by block,
 * by the method behind each block's file `state`.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "cxl_dcd.h"

/* Time for pages to be moved away; some that are pinned never are. */
#define OFFLINE_TIME (30 * HZ)

/**
 * struct offline - a range that is being taken offline
 * @folder: of all memory blocks
 * @start: HPA
 * @size: bytes
 * @done: the thread that does it has ended
 * @rc: how
 */
struct offline {
	struct kernfs_node *folder;
	u64 start;
	u64 size;
	struct completion done;
	int rc;
};

/* Is any block that lies wholly in a range online? Others are no DAX device's. */
bool cxl_dcd_online(u64 start, u64 size)
{
	u64 block = memory_block_size_bytes(), at = ALIGN(start, block);

	for (; at + block <= start + size; at += block)
		if (pfn_to_online_page(PHYS_PFN(at)))
			return true;
	return false;
}

/* Poison every page that can still be reached. */
void cxl_dcd_poison(u64 start, u64 size)
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
 * Call the method of a block's file. Another user of the hotplug lock makes it say
 * "again", by way of a pretended signal, which nobody else takes away in a thread
 * of the kernel; a real one stays.
 */
static int set_offline(struct kernfs_node *block, struct kernfs_node *state)
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

static int offline_block(struct kernfs_node *folder, u64 start)
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
		rc = set_offline(block, state);
	kernfs_put(state);
	kernfs_put(block);
	return rc;
}

/* A thread, since only one that gets a signal stops trying. */
static int offline_thread(void *data)
{
	struct offline *off = data;
	u64 block = memory_block_size_bytes();
	u64 at = ALIGN_DOWN(off->start, block);

	allow_signal(SIGINT);
	/* All blocks, even after a failure: each one is worth it. */
	for (; at < off->start + off->size; at += block) {
		int rc = offline_block(off->folder, at);

		off->rc = off->rc ?: rc;
	}
	/* Whoever waits may unload this very code then. */
	kthread_complete_and_exit(&off->done, 0);
}

/**
 * cxl_dcd_offline - take all blocks offline that have any of a range
 * @dev: any device with a folder in sysfs
 * @start: HPA
 * @size: bytes
 *
 * The caller sees to it that the blocks are not removed meanwhile.
 *
 * Returns: 0, or -errno when not all of them are offline after OFFLINE_TIME.
 */
int cxl_dcd_offline(struct device *dev, u64 start, u64 size)
{
	struct offline off = {
		.folder = memory_folder(dev),
		.start = start,
		.size = size,
	};
	struct task_struct *task;

	if (!off.folder)
		return -ENOENT;
	init_completion(&off.done);
	task = kthread_create(offline_thread, &off, "cxl_dcd_offline");
	if (IS_ERR(task)) {
		kernfs_put(off.folder);
		return PTR_ERR(task);
	}
	get_task_struct(task);
	wake_up_process(task);
	if (!wait_for_completion_timeout(&off.done, OFFLINE_TIME)) {
		send_sig(SIGINT, task, 1);
		wait_for_completion(&off.done);
	}
	put_task_struct(task);
	kernfs_put(off.folder);
	return off.rc;
}
