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
 * poisoned where they cannot.
 *
 * There is one job for each DAX device, and a worker for each job, so that a page
 * that does not let go delays no other kind of use. A driver of System RAM is
 * taken away only when all of its memory is offline: what is online then would
 * stay the kernel's until the next boot, and neither capacity that is still there
 * nor such as is taken later could be got back from it.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "cxl_dcd.h"

/**
 * struct gone - a range of addresses that a job is about
 * @node: entry in the job's list
 * @start: HPA
 * @size: bytes
 */
struct gone {
	struct list_head node;
	u64 start;
	u64 size;
};

/**
 * struct job - a DAX device some of whose capacity is gone
 * @node: entry in jobs
 * @work: runs job_work()
 * @dev: the device, referenced; or its DAX region, for System RAM that no DAX
 *	 device has any more
 * @gone: struct gone, not handled yet
 */
struct job {
	struct list_head node;
	struct work_struct work;
	struct device *dev;
	struct list_head gone;
};

/* All jobs; guarded by cxl_dcd_mutex, as are their lists. */
static LIST_HEAD(jobs);

/*
 * Taking memory offline is done by one at a time in the whole kernel, and each
 * range has a time limit: those that wait must not lose theirs.
 */
static DEFINE_MUTEX(offline_lock);

/* The region that a job's device belongs to or is; NULL when it goes. */
static struct cxl_dcd_region *job_region(const struct job *job)
{
	struct cxl_dcd_region *rgn;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		if (rgn->dev == job->dev && !rgn->closing)
			return rgn;
	return cxl_dcd_dax_to_region(job->dev);
}

/* Does a DAX device have any of a range? */
static bool dax_has(const struct dev_dax *dev_dax, u64 start, u64 size)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_ranges_overlap(r->start, range_len(r), start, size))
			return true;
	}
	return false;
}

static bool dax_is_ram(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_range_is_ram(r->start, range_len(r)))
			return true;
	}
	return false;
}

static bool dax_online(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_online(r->start, range_len(r)))
			return true;
	}
	return false;
}

/*
 * The @n-th part of a range that is still gone and still the job's device's.
 * Between two looks the range may have been let go of and be there anew.
 */
static bool part_get(struct job *job, const struct gone *gone, int n,
		     struct range *part)
{
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_extent *ext;
	bool found = false;

	mutex_lock(&cxl_dcd_mutex);
	rgn = job_region(job);
	if (rgn)
		list_for_each_entry(ext, &rgn->extents, node)
			found |= ext->forced &&
				 cxl_dcd_extent_hpa(ext) == gone->start;
	*part = (struct range) {
		.start = gone->start,
		.end = gone->start + gone->size - 1,
	};
	if (found && job->dev != rgn->dev) {
		struct dev_dax *dev_dax = to_dev_dax(job->dev);

		found = n < dev_dax->nr_range;
		if (found) {
			struct range *r = &dev_dax->ranges[n].range;

			part->start = max(part->start, r->start);
			part->end = min(part->end, r->end);
		}
	} else if (n) {
		found = false;
	}
	cxl_dcd_unlock();
	return found;
}

/*
 * Take one range offline. With the driver bound, and the device locked, or without
 * a driver for good, the memory blocks cannot go meanwhile.
 */
static void cut_ram(struct job *job, const struct gone *gone, bool dax)
{
	struct range part;
	int n, err, rc = 0;

	mutex_lock(&offline_lock);
	if (dax)
		device_lock(job->dev);
	for (n = 0; part_get(job, gone, n, &part); n++) {
		if (part.start > part.end ||
		    !cxl_dcd_range_is_ram(part.start, range_len(&part)))
			continue;
		err = cxl_dcd_offline(job->dev, part.start, range_len(&part));
		rc = rc ?: err;
	}
	if (dax)
		device_unlock(job->dev);
	mutex_unlock(&offline_lock);
	if (!rc) {
		dev_warn(job->dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: now offline\n",
			 gone->start, gone->size);
		return;
	}
	dev_err(job->dev,
		"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d): poisoning its pages\n",
		gone->start, gone->size, rc);
	cxl_dcd_poison(gone->start, gone->size);
}

/* What a DAX device is used for. */
static void dax_look(struct device *dev, bool *dax, bool *ram, bool *online)
{
	*dax = *ram = *online = false;
	mutex_lock(&cxl_dcd_mutex);
	if (cxl_dcd_dax_to_region(dev)) {
		*dax = true;
		*ram = dax_is_ram(to_dev_dax(dev));
		*online = dax_online(to_dev_dax(dev));
	}
	cxl_dcd_unlock();
}

static void job_work(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);
	struct gone *gone, *next;
	bool dax, ram, online, hit;
	struct range part;
	LIST_HEAD(todo);

	for (;;) {
		mutex_lock(&cxl_dcd_mutex);
		list_splice_init(&job->gone, &todo);
		if (list_empty(&todo))
			list_del(&job->node);
		cxl_dcd_unlock();
		if (list_empty(&todo))
			break;
		dax_look(job->dev, &dax, &ram, &online);
		hit = false;
		list_for_each_entry_safe(gone, next, &todo, node) {
			if (part_get(job, gone, 0, &part)) {
				hit = true;
				if (ram || !dax)
					cut_ram(job, gone, dax);
			}
			list_del(&gone->node);
			kfree(gone);
		}
		if (!hit)
			continue;
		dax_look(job->dev, &dax, &ram, &online);
		/*
		 * A driver of System RAM removes what is offline. Any other
		 * cuts off its users, and waits for those that hold pages.
		 */
		if (dax && !online)
			device_release_driver(job->dev);
		else if (online)
			dev_warn(job->dev,
				 "keeps the rest of its System RAM, and its driver\n");
	}
	put_device(job->dev);
	kfree(job);
	module_put(THIS_MODULE);
}

static struct job *job_get(struct device *dev)
{
	struct job *job;

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
	INIT_WORK(&job->work, job_work);
	list_add_tail(&job->node, &jobs);
	queue_work(system_unbound_wq, &job->work);
	return job;
}

/* Have the users of a range cut off by the worker of who has it. */
static void job_add(struct device *dev, u64 start, u64 size)
{
	struct gone *gone = kzalloc(sizeof(*gone), GFP_KERNEL);
	struct job *job = gone ? job_get(dev) : NULL;

	if (!job) {
		dev_err(dev, "users of [%#llx, +%#llx] cannot be cut off: no memory, or the module is unloaded\n",
			start, size);
		kfree(gone);
		return;
	}
	gone->start = start;
	gone->size = size;
	list_add_tail(&gone->node, &job->gone);
}

/**
 * struct victim - a range that is gone
 * @start: HPA
 * @size: bytes
 * @users: how many DAX devices have any of it
 */
struct victim {
	u64 start;
	u64 size;
	unsigned int users;
};

/* Cut off the users of one DAX device, if it has any of the range. */
static int force_device(struct device *dev, void *data)
{
	struct victim *v = data;

	if (!cxl_dcd_dax_to_region(dev) ||
	    !dax_has(to_dev_dax(dev), v->start, v->size))
		return 0;
	v->users++;
	if (dev->driver || dax_is_ram(to_dev_dax(dev)))
		job_add(dev, v->start, v->size);
	return 0;
}

/**
 * struct bound - a DAX device that a driver has taken
 * @work: runs bound_work()
 * @dev: the device, referenced
 */
struct bound {
	struct work_struct work;
	struct device *dev;
};

/* A driver took a device: not where some of its capacity is gone. */
static void bound_work(struct work_struct *work)
{
	struct bound *bound = container_of(work, struct bound, work);
	struct cxl_dcd_extent *ext;
	struct cxl_dcd_region *rgn;

	mutex_lock(&cxl_dcd_mutex);
	rgn = cxl_dcd_dax_to_region(bound->dev);
	if (rgn)
		list_for_each_entry(ext, &rgn->extents, node) {
			struct victim v = {
				.start = cxl_dcd_extent_hpa(ext),
				.size = cxl_dcd_extent_size(ext),
			};

			if (ext->forced)
				force_device(bound->dev, &v);
		}
	cxl_dcd_unlock();
	put_device(bound->dev);
	kfree(bound);
	module_put(THIS_MODULE);
}

/**
 * cxl_dcd_dax_bound - a DAX device of one of our regions has got a driver
 *
 * When one device is given to a driver, the kernel offers it all that have none.
 */
void cxl_dcd_dax_bound(struct device *dev)
{
	struct bound *bound = kzalloc(sizeof(*bound), GFP_KERNEL);

	if (!bound || !try_module_get(THIS_MODULE)) {
		kfree(bound);
		return;
	}
	bound->dev = get_device(dev);
	INIT_WORK(&bound->work, bound_work);
	queue_work(system_unbound_wq, &bound->work);
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
	ext->rest = true;
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
	/* Its DAX device has gone without it. */
	if (!v.users && !rgn->closing && cxl_dcd_range_is_ram(v.start, v.size))
		job_add(rgn->dev, v.start, v.size);
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
			list_for_each_entry_safe(ext, next, &rgn->extents, node) {
				if (ext->forced ||
				    !cxl_dcd_ranges_overlap(dpa + ext->dpa,
							    ext->len, rec->dpa,
							    rec->len))
					continue;
				cxl_dcd_extent_forced(ext);
				ext->rest = rgn->ways > 1 ||
					    !cxl_dcd_range_within(rec->dpa,
								  rec->len,
								  dpa + ext->dpa,
								  ext->len);
			}
		}
}
