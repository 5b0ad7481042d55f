// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity that is gone already.
 *
 * After a forced release (event type 2) users can only be cut off. A process
 * that has a DAX device mapped gets SIGBUS on its next access; the device
 * itself stays, without a driver, until it is destroyed, and holds the
 * addresses. (If it kept its driver it could be opened again, and the kernel's
 * mmap() of it does not ask whether the capacity is still there.) What of it is
 * System RAM is taken from whoever has it (cut.c).
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "cut_job.h"
#include "device.h"
#include "extent.h"
#include "force.h"
#include "judge.h"
#include "lock.h"
#include "ram.h"
#include "region.h"
#include "glue/gone.h"
#include "glue/offline.h"

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
	if (dev->driver || cxl_dcd_ram_any(to_dev_dax(dev)))
		cxl_dcd_cut_job_add(dev, v->start, v->size);
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
		cxl_dcd_region_end(rgn);
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
	cxl_dcd_cut_queue(&bound->work);
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
		cxl_dcd_cut_job_add(rgn->dev, v.start, v.size);
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
	int rc = cxl_dcd_cut_job_init();

	if (rc)
		return rc;
	rc = cxl_dcd_gone_init();
	if (rc)
		cxl_dcd_cut_job_exit();
	return rc;
}

void cxl_dcd_force_exit(void)
{
	cxl_dcd_cut_job_exit();
	cxl_dcd_gone_exit();
}
