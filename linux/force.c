// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity that is gone already.
 *
 * After a forced release (event type 2) users can only be cut off. A process
 * that has a DAX device mapped gets SIGBUS on its next access; the device
 * itself stays, without a driver, until it is destroyed, and holds the
 * addresses. (If it kept its driver it could be opened again, and the kernel's
 * mmap() of it does not ask whether the capacity is still there.) Of memory that
 * was onlined as System RAM the pages that are in use are poisoned, so that their
 * users get SIGBUS too, and it is taken offline then, but for blocks of which
 * somebody has a good page still (glue/gone.c). Where that does not succeed, the
 * free pages are kept from being used.
 *
 * There is one job for each DAX device, and a worker for each job, so that a
 * page that cannot be moved delays only its own device. A driver of System RAM
 * is taken away only when all of its memory is offline: what is online at that
 * moment stays the kernel's until the next boot, and then neither the extents
 * that are left to that device nor any that are taken away later can be got
 * from it.
 */
#include <linux/delay.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "device.h"
#include "events.h"
#include "extent.h"
#include "force.h"
#include "judge.h"
#include "lock.h"
#include "region.h"
#include "glue/gone.h"
#include "glue/offline.h"
#include "glue/poison.h"

/**
 * struct dcd_force_range - addresses of one extent that was taken away
 * @node: entry in the job's list
 * @start: HPA
 * @size: bytes
 */
struct dcd_force_range {
	struct list_head node;
	u64 start;
	u64 size;
};

/**
 * struct dcd_force_job - a DAX device some of whose capacity was taken away
 * @node: entry in jobs
 * @work: runs dcd_force_job_work()
 * @dev: the device, referenced; or its DAX region, for System RAM that no DAX
 *	 device has any more
 * @gone: struct dcd_force_range, not handled yet
 */
struct dcd_force_job {
	struct list_head node;
	struct work_struct work;
	struct device *dev;
	struct list_head gone;
};

/*
 * Where jobs run: destroying it waits until none is in our text any more, which
 * the reference to the module that each has, and drops, cannot see to.
 */
static struct workqueue_struct *dcd_force_wq;

/* All jobs, of all devices, and their lists. */
static LIST_HEAD(jobs);
static DEFINE_MUTEX(jobs_lock);

/*
 * The kernel takes memory offline for one caller at a time, and each range has
 * a time limit: that must not run while another range has its turn. Those are
 * short, so that one whose pages do not go does not hold up the others.
 */
static DEFINE_MUTEX(offline_lock);

/* The first turn of one range; doubled with each that follows. */
#define OFFLINE_TURN (2 * HZ)

/* Time for somebody who has a page still, in milliseconds. */
#define AGAIN_MS 20

static unsigned int poison_turn = 10000;
module_param(poison_turn, uint, 0644);
MODULE_PARM_DESC(poison_turn, "milliseconds for which the pages of a DAX device that was taken away are poisoned before others get their turn at it");

/* Done with a region. What others left undone is settled with its members' log. */
static void dcd_force_region_end(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);

	mutex_unlock(&rgn->lock);
	if (rgn->unsettled)
		cxl_dcd_events_kick(dcd);
	cxl_dcd_unlock(dcd);
}

/* Does a DAX device have any of a range? */
static bool dcd_force_dax_has(const struct dev_dax *dev_dax, u64 start,
			      u64 size)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_ranges_overlap(r->start, range_len(r), start, size))
			return true;
	}
	return false;
}

static bool dcd_force_dax_is_ram(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_is_ram(r->start, range_len(r)))
			return true;
	}
	return false;
}

static bool dcd_force_dax_online(const struct dev_dax *dev_dax)
{
	int i;

	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;

		if (cxl_dcd_ram_online(r->start, range_len(r)))
			return true;
	}
	return false;
}

/*
 * The @n-th part of a range that belongs to the job's device. False when there
 * is none, also because the extent has left since: then others may be there
 * now.
 */
static bool dcd_force_part(struct dcd_force_job *job,
			   const struct dcd_force_range *gone, int n,
			   struct range *part)
{
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_extent *ext;
	bool found;

	rgn = cxl_dcd_region_begin(job->dev);
	if (!rgn)
		return false;
	ext = cxl_dcd_extent_find(rgn, (gone->start - rgn->hpa.start) /
				       rgn->ways, 1);
	found = ext && ext->forced && cxl_dcd_extent_hpa(ext) == gone->start;
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
	dcd_force_region_end(rgn);
	return found;
}

/**
 * struct dcd_force_cut - how far a range of System RAM has been cut off
 * @n: the part of it that is about it
 * @at: HPA of the block there, 0 for the first
 * @time: what is left for waiting
 * @sum: what came of it
 * @rc: the first failure
 */
struct dcd_force_cut {
	int n;
	u64 at;
	unsigned long time;
	struct cxl_dcd_poison sum;
	int rc;
};

/* Offline, in turns with other ranges, whose time is not ours. */
static int dcd_force_offline(struct device *dev, u64 at, u64 size,
			     unsigned long *time)
{
	unsigned long turn = OFFLINE_TURN, left;
	int rc;

	do {
		turn = min(*time, turn);
		left = turn;
		mutex_lock(&offline_lock);
		rc = cxl_dcd_ram_offline(dev, at, size, &left);
		mutex_unlock(&offline_lock);
		*time -= turn - left;
		/* A large block may need longer, and begins anew. */
		turn *= 2;
	} while (rc && rc != -EAGAIN && !left && *time);
	return rc;
}

/*
 * Cut off the users of what is in one block, and take it offline. Who gets a
 * page of it behind our back keeps it online, and is cut off next.
 *
 * Returns: 0; -ETIME when the time for this turn is over; or another -errno.
 */
static int dcd_force_block(struct dcd_force_job *job, u64 at, u64 size,
			   struct dcd_force_cut *cut)
{
	bool possible = cxl_dcd_poison_possible(), again = false;
	int err;

	do {
		/* Also where it takes no time to see that there is one. */
		if (again) {
			msleep(AGAIN_MS);
			cut->time -= min(cut->time, msecs_to_jiffies(AGAIN_MS));
		}
		/* Even when the time is up: most blocks need none. */
		cut->time = max(cut->time, HZ / 10);
		if (possible) {
			if (!cxl_dcd_poison_used(at, size, &cut->sum))
				return -ETIME;
			err = cxl_dcd_poison_wait(at, size, &cut->time,
						  &cut->sum);
			if (err)
				return err;
		}
		err = dcd_force_offline(job->dev, at, size, &cut->time);
		again = possible && err == -EAGAIN && cut->time > HZ / 10;
	} while (again);
	return err;
}

/*
 * Cut off the users of one part block by block, and take each block offline: in
 * between nobody gets a page of it that could be moved to a good place, with
 * nothing in it.
 *
 * Returns: whether it is over, or else goes on in the next turn.
 */
static bool dcd_force_part_ram(struct dcd_force_job *job,
			       const struct range *part,
			       struct dcd_force_cut *cut)
{
	u64 block = memory_block_size_bytes(), at, next;
	int err;

	for (at = max(part->start, cut->at); at <= part->end; at = next) {
		next = min(ALIGN_DOWN(at, block) + block, part->end + 1);
		cut->at = at;
		err = dcd_force_block(job, at, next - at, cut);
		if (err == -ETIME)
			return false;
		if (err && cxl_dcd_poison_possible()) {
			cut->sum.until = jiffies + CXL_DCD_POISON_TIME;
			cxl_dcd_poison_free(at, next - at, &cut->sum);
		}
		cut->rc = cut->rc ?: err;
	}
	return true;
}

static void dcd_force_ram_tell(struct dcd_force_job *job,
			       const struct dcd_force_range *gone, int rc,
			       const struct cxl_dcd_poison *sum)
{
	bool possible = cxl_dcd_poison_possible();

	if (!cxl_dcd_may_log())
		return;
	if (!rc) {
		dev_warn(job->dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: now offline, %lu pages were in use\n",
			 gone->start, gone->size, sum->used);
		return;
	}
	if (!possible) {
		dev_err(job->dev,
			"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d); vm.memory_failure_recovery is 0, so its pages are not poisoned and whoever has one reads nonsense\n",
			gone->start, gone->size, rc);
		return;
	}
	dev_err(job->dev,
		"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d): %lu pages were in use, %lu are held still, %lu free ones were taken, %lu left for want of time; where pages are held it stays until the next boot\n",
		gone->start, gone->size, rc, sum->used, sum->held, sum->taken,
		sum->left);
}

/*
 * One turn at one range of System RAM: its users are cut off, and it is taken
 * offline. The memory blocks are not removed meanwhile: the device has a driver
 * and is locked, or there is no device left.
 *
 * Returns: whether another turn is needed.
 */
static bool dcd_force_ram_turn(struct dcd_force_job *job,
			       const struct dcd_force_range *gone, bool dax,
			       struct dcd_force_cut *cut)
{
	struct range part;
	bool over = true;

	cut->sum.until = jiffies + msecs_to_jiffies(poison_turn);
	if (dax)
		device_lock(job->dev);
	while (over && dcd_force_part(job, gone, cut->n, &part)) {
		if (part.start <= part.end &&
		    cxl_dcd_is_ram(part.start, range_len(&part)))
			over = dcd_force_part_ram(job, &part, cut);
		if (over) {
			cut->n++;
			cut->at = 0;
		}
	}
	if (dax)
		device_unlock(job->dev);
	return !over;
}

/* Without a limit, but that pages are few: each turn poisons one at least. */
static void dcd_force_ram(struct dcd_force_job *job,
			  const struct dcd_force_range *gone, bool dax)
{
	struct dcd_force_cut cut = { .time = CXL_DCD_OFFLINE_TIME };
	unsigned long tell = jiffies + CXL_DCD_POISON_TIME;

	while (dcd_force_ram_turn(job, gone, dax, &cut)) {
		cond_resched();
		if (!time_after(jiffies, tell))
			continue;
		dev_warn(job->dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: its users are being cut off, %lu pages so far\n",
			 gone->start, gone->size, cut.sum.used);
		tell = jiffies + CXL_DCD_POISON_TIME;
	}
	dcd_force_ram_tell(job, gone, cut.rc, &cut.sum);
}

/* What a DAX device is used for. */
static void dcd_force_dax_look(struct device *dev, bool *dax, bool *ram,
			       bool *online)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_begin(dev);

	*dax = *ram = *online = false;
	if (!rgn)
		return;
	if (dev != rgn->dev) {
		*dax = true;
		*ram = dcd_force_dax_is_ram(to_dev_dax(dev));
		*online = dcd_force_dax_online(to_dev_dax(dev));
	}
	dcd_force_region_end(rgn);
}

static void dcd_force_job_work(struct work_struct *work)
{
	struct dcd_force_job *job =
		container_of(work, struct dcd_force_job, work);
	struct dcd_force_range *gone, *next;
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
		dcd_force_dax_look(job->dev, &dax, &ram, &online);
		hit = false;
		list_for_each_entry_safe(gone, next, &todo, node) {
			if (dcd_force_part(job, gone, 0, &part)) {
				hit = true;
				if (ram || !dax)
					dcd_force_ram(job, gone, dax);
			}
			list_del(&gone->node);
			kfree(gone);
		}
		if (!hit)
			continue;
		dcd_force_dax_look(job->dev, &dax, &ram, &online);
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

static struct dcd_force_job *dcd_force_job_get(struct device *dev)
{
	struct dcd_force_job *job;

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
	INIT_WORK(&job->work, dcd_force_job_work);
	list_add_tail(&job->node, &jobs);
	queue_work(dcd_force_wq, &job->work);
	return job;
}

/* Have the users of a range cut off by the worker of the device that has it. */
static void dcd_force_job_add(struct device *dev, u64 start, u64 size)
{
	struct dcd_force_range *gone = kzalloc(sizeof(*gone), GFP_KERNEL);
	struct dcd_force_job *job;

	guard(mutex)(&jobs_lock);
	job = gone ? dcd_force_job_get(dev) : NULL;
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
 * struct dcd_force_victim - a range that was taken away
 * @start: HPA
 * @size: bytes
 * @users: how many DAX devices have any of it
 */
struct dcd_force_victim {
	u64 start;
	u64 size;
	unsigned int users;
};

/* Cut off the users of one DAX device, if it has any of the range. */
static int dcd_force_device(struct device *dev, void *data)
{
	struct dcd_force_victim *v = data;

	if (dev->bus != cxl_dcd_dax_bus ||
	    !dcd_force_dax_has(to_dev_dax(dev), v->start, v->size))
		return 0;
	v->users++;
	if (dev->driver || dcd_force_dax_is_ram(to_dev_dax(dev)))
		dcd_force_job_add(dev, v->start, v->size);
	return 0;
}

/**
 * struct dcd_force_bound - a DAX device that has got a driver
 * @work: runs dcd_force_bound_work()
 * @dev: the device, referenced
 */
struct dcd_force_bound {
	struct work_struct work;
	struct device *dev;
};

/* A device has got a driver: cut it off if some of its capacity is gone. */
static void dcd_force_bound_work(struct work_struct *work)
{
	struct dcd_force_bound *bound =
		container_of(work, struct dcd_force_bound, work);
	struct cxl_dcd_extent *ext;
	struct cxl_dcd_region *rgn;

	rgn = cxl_dcd_region_begin(bound->dev);
	if (rgn) {
		list_for_each_entry(ext, &rgn->extents, node) {
			struct dcd_force_victim v = {
				.start = cxl_dcd_extent_hpa(ext),
				.size = cxl_dcd_extent_size(ext),
			};

			if (ext->forced)
				dcd_force_device(bound->dev, &v);
		}
		dcd_force_region_end(rgn);
	}
	put_device(bound->dev);
	kfree(bound);
	module_put(THIS_MODULE);
}

/**
 * cxl_dcd_force_bound - a DAX device of one of our regions has got a driver
 *
 * When a driver is told to take one device, the kernel offers it all devices
 * that have no driver, those that were cut off included.
 */
void cxl_dcd_force_bound(struct device *dev)
{
	struct dcd_force_bound *bound = kzalloc(sizeof(*bound), GFP_KERNEL);

	if (!bound || !try_module_get(THIS_MODULE)) {
		kfree(bound);
		return;
	}
	bound->dev = get_device(dev);
	INIT_WORK(&bound->work, dcd_force_bound_work);
	queue_work(dcd_force_wq, &bound->work);
}

/**
 * cxl_dcd_force_cut - cut off the users of an extent that is gone
 * @ext: extent, whose region's lock is held too
 */
void cxl_dcd_force_cut(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	struct dcd_force_victim v = {
		.start = cxl_dcd_extent_hpa(ext),
		.size = cxl_dcd_extent_size(ext),
	};

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	lockdep_assert_held(&rgn->lock);
	ext->cut = true;
	if (rgn->closing)
		return;
	device_for_each_child(rgn->dev, &v, dcd_force_device);
	/* Its DAX device went while it was online, so it is the kernel's now. */
	if (!v.users && cxl_dcd_is_ram(v.start, v.size))
		dcd_force_job_add(rgn->dev, v.start, v.size);
}

/**
 * cxl_dcd_extent_forced - an extent is gone: cut off its users
 *
 * An extent without users leaves at the end of this turn of events, any other
 * when they let go of it.
 */
void cxl_dcd_extent_forced(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	ext->forced = true;
	if (cxl_dcd_gone_add(cxl_dcd_extent_hpa(ext), cxl_dcd_extent_size(ext)))
		dev_err_ratelimited(rgn->dev,
				    "no memory: do not set online what was taken away\n");
	ext->rest = true;
	ext->told = true;
	if (!ext->releasing) {
		ext->releasing = true;
		rgn->nr_releasing++;
	}
	dev_warn_ratelimited(rgn->dev,
			     "extent%d.%u [offset %#llx, +%#llx] tag %pUb was taken away by the device\n",
			     rgn->dax->id, ext->id,
			     cxl_dcd_extent_hpa(ext) - rgn->hpa.start,
			     cxl_dcd_extent_size(ext), ext->tag);
	if (cxl_dcd_region_trylock(rgn)) {
		cxl_dcd_force_cut(ext);
		mutex_unlock(&rgn->lock);
	}
	cxl_dcd_uevent(rgn, CXL_DCD_NEWS_FORCED, ext->tag, cxl_dcd_extent_size(ext));
}

/* A part of one member was taken away: what is hit of its region is gone. */
static void dcd_force_member(struct cxl_dcd_region *rgn, u64 dpa,
			     const struct cxl_dcd_rec *rec)
{
	u64 end = rec->dpa + rec->len - 1;
	struct cxl_dcd_extent *ext;
	unsigned long at;

	if (!cxl_dcd_ranges_overlap(dpa, rgn->dpa_size, rec->dpa, rec->len))
		return;
	at = rec->dpa > dpa ? rec->dpa - dpa : 0;
	mt_for_each(&rgn->by_dpa, ext, at, end - dpa) {
		cond_resched();
		if (ext->forced)
			continue;
		cxl_dcd_extent_forced(ext);
		ext->rest = rgn->ways > 1 ||
			    !cxl_dcd_range_within(rec->dpa, rec->len,
						  dpa + ext->dpa, ext->len);
	}
}

/* Handle a forced release; nothing needs doing where we have no extent. */
void cxl_dcd_forced_release(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec)
{
	struct cxl_dcd_region *rgn;
	unsigned int i;

	if (!rec->len || rec->dpa > U64_MAX - rec->len)
		return;
	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		for (i = 0; i < rgn->ways; i++)
			if (rgn->member[i].dcd == dcd)
				dcd_force_member(rgn, rgn->member[i].dpa, rec);
}

int cxl_dcd_force_init(void)
{
	int rc;

	dcd_force_wq = alloc_workqueue("cxl_dcd_force", WQ_UNBOUND, 0);
	if (!dcd_force_wq)
		return -ENOMEM;
	rc = cxl_dcd_gone_init();
	if (rc)
		destroy_workqueue(dcd_force_wq);
	return rc;
}

/* Nobody adds jobs any more. */
void cxl_dcd_force_exit(void)
{
	destroy_workqueue(dcd_force_wq);
	cxl_dcd_gone_exit();
}
