// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who cuts off the users of a DAX device.
 *
 * There is one job for each DAX device some of whose capacity is gone, and a
 * worker for each job, so that a page that cannot be moved delays only its own
 * device. A driver of System RAM is taken away only when all of its memory is
 * offline: what is online at that moment stays the kernel's until the next
 * boot, and then neither the extents that are left to that device nor any that
 * are taken away later can be got from it.
 */
#include <linux/memory.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "cut.h"
#include "cut_job.h"
#include "device.h"
#include "ram.h"
#include "region.h"
#include "glue/offline.h"

/**
 * struct dcd_cut_gone - addresses of one extent that was taken away
 * @node: entry in the job's list
 * @range: HPA
 */
struct dcd_cut_gone {
	struct list_head node;
	struct range range;
};

/**
 * struct dcd_cut_job - a DAX device some of whose capacity was taken away
 * @node: entry in jobs
 * @work: runs dcd_cut_job_work()
 * @dev: the device, referenced; or its DAX region, for System RAM that no DAX
 *	 device has any more
 * @gone: struct dcd_cut_gone, not handled yet
 */
struct dcd_cut_job {
	struct list_head node;
	struct work_struct work;
	struct device *dev;
	struct list_head gone;
};

/*
 * Where jobs run: destroying it waits until none is in our text any more, which
 * the reference to the module that each has, and drops, cannot see to.
 */
static struct workqueue_struct *cut_wq;

/* All jobs, of all devices, and their lists. */
static LIST_HEAD(jobs);
static DEFINE_MUTEX(jobs_lock);

static bool dcd_cut_dax_online(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_ram_online(r->start, range_len(r)))
			return true;
	}
	return false;
}

/* What a DAX device is used for. */
static void dcd_cut_dax_look(struct device *dev, bool *dax, bool *ram,
			     bool *online)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_begin(dev);

	*dax = *ram = *online = false;
	if (!rgn)
		return;
	if (dev != rgn->dev) {
		*dax = true;
		*ram = cxl_dcd_ram_any(to_dev_dax(dev));
		*online = dcd_cut_dax_online(to_dev_dax(dev));
	}
	cxl_dcd_region_end(rgn);
}

static void dcd_cut_job_work(struct work_struct *work)
{
	struct dcd_cut_job *job = container_of(work, struct dcd_cut_job, work);
	struct dcd_cut_gone *gone, *next;
	bool dax, ram, online, hit;
	struct range part;
	LIST_HEAD(todo);

	for (;;) {
		mutex_lock(&jobs_lock);
		list_splice_init(&job->gone, &todo);
		if (list_empty(&todo))
			list_del(&job->node);
		mutex_unlock(&jobs_lock);
		if (list_empty(&todo))
			break;
		dcd_cut_dax_look(job->dev, &dax, &ram, &online);
		hit = false;
		list_for_each_entry_safe(gone, next, &todo, node) {
			if (cxl_dcd_cut_part(job->dev, &gone->range, 0,
					     &part)) {
				hit = true;
				if (ram || !dax)
					cxl_dcd_cut_ram(job->dev, &gone->range,
							dax);
			}
			list_del(&gone->node);
			kfree(gone);
		}
		if (!hit)
			continue;
		dcd_cut_dax_look(job->dev, &dax, &ram, &online);
		/*
		 * A driver of System RAM removes what is offline. Any other
		 * cuts off its users, and waits for those that hold pages.
		 */
		if (dax && !online)
			device_release_driver(job->dev);
		else if (online && cxl_dcd_may_log())
			dev_warn(job->dev,
				 "keeps the rest of its System RAM, and its driver\n");
	}
	put_device(job->dev);
	kfree(job);
	module_put(THIS_MODULE);
}

static struct dcd_cut_job *dcd_cut_job_get(struct device *dev)
{
	struct dcd_cut_job *job;

	lockdep_assert_held(&jobs_lock);
	list_for_each_entry(job, &jobs, node)
		if (job->dev == dev)
			return job;
	job = kzalloc(sizeof(*job), GFP_KERNEL);
	if (!job || !try_module_get(THIS_MODULE)) {
		kfree(job);
		return NULL;
	}
	job->dev = get_device(dev);
	INIT_LIST_HEAD(&job->gone);
	INIT_WORK(&job->work, dcd_cut_job_work);
	list_add_tail(&job->node, &jobs);
	queue_work(cut_wq, &job->work);
	return job;
}

/* Have the users of a range cut off by the worker of the device that has it. */
void cxl_dcd_cut_job_add(struct device *dev, u64 start, u64 size)
{
	struct dcd_cut_gone *gone = kzalloc(sizeof(*gone), GFP_KERNEL);
	struct dcd_cut_job *job;

	guard(mutex)(&jobs_lock);
	job = gone ? dcd_cut_job_get(dev) : NULL;
	if (!job) {
		dev_err(dev, "users of [%#llx, +%#llx] cannot be cut off: no memory, or the module is unloaded\n",
			start, size);
		kfree(gone);
		return;
	}
	gone->range = (struct range) { .start = start, .end = start + size - 1 };
	list_add_tail(&gone->node, &job->gone);
}

/* Have a work done where the jobs are, which is waited for at the end. */
void cxl_dcd_cut_queue(struct work_struct *work)
{
	queue_work(cut_wq, work);
}

int cxl_dcd_cut_job_init(void)
{
	cut_wq = alloc_workqueue("cxl_dcd_force", WQ_UNBOUND, 0);
	return cut_wq ? 0 : -ENOMEM;
}

/* Nobody adds jobs any more. */
void cxl_dcd_cut_job_exit(void)
{
	destroy_workqueue(cut_wq);
}
