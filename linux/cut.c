// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range of System RAM whose memory is gone.
 *
 * The pages that are in use are poisoned, so that their users get SIGBUS, and
 * it is taken offline then, block by block, but for blocks of which somebody
 * has a good page still (glue/gone.c). Where that does not succeed, the free
 * pages are kept from being used.
 */
#include <linux/delay.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>

#include "cut.h"
#include "device.h"
#include "extent.h"
#include "region.h"
#include "glue/offline.h"
#include "glue/poison.h"

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

/**
 * cxl_dcd_cut_part - what of a range that is gone belongs to a DAX device
 * @dev: the device; or its DAX region, for what no DAX device has any more
 * @gone: the range, which is one extent
 * @n: which part of it, from 0
 * @part: set
 *
 * Returns: whether there is one; not when the extent has left since: then
 * others may be there now.
 */
bool cxl_dcd_cut_part(struct device *dev, const struct range *gone, int n,
		      struct range *part)
{
	struct cxl_dcd_region *rgn;
	struct cxl_dcd_extent *ext;
	bool found;

	rgn = cxl_dcd_region_begin(dev);
	if (!rgn)
		return false;
	ext = cxl_dcd_extent_find(rgn, (gone->start - rgn->hpa.start) /
				       rgn->ways, 1);
	found = ext && ext->forced && cxl_dcd_extent_hpa(ext) == gone->start;
	*part = *gone;
	if (found && dev != rgn->dev) {
		struct dev_dax *dev_dax = to_dev_dax(dev);

		found = n < dev_dax->nr_range;
		if (found) {
			struct range *r = &dev_dax->ranges[n].range;

			part->start = max(part->start, r->start);
			part->end = min(part->end, r->end);
		}
	} else if (n) {
		found = false;
	}
	cxl_dcd_region_end(rgn);
	return found;
}

/**
 * struct dcd_cut - how far a range of System RAM has been cut off
 * @n: the part of it that is about it
 * @at: HPA of the block there, 0 for the first
 * @time: what is left for waiting
 * @sum: what came of it
 * @rc: the first failure
 */
struct dcd_cut {
	int n;
	u64 at;
	unsigned long time;
	struct cxl_dcd_poison sum;
	int rc;
};

/* Offline, in turns with other ranges, whose time is not ours. */
static int dcd_cut_offline(struct device *dev, u64 at, u64 size,
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
static int dcd_cut_block(struct device *dev, u64 at, u64 size,
			 struct dcd_cut *cut)
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
		err = dcd_cut_offline(dev, at, size, &cut->time);
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
static bool dcd_cut_part_ram(struct device *dev, const struct range *part,
			     struct dcd_cut *cut)
{
	u64 block = memory_block_size_bytes(), at, next;
	int err;

	for (at = max(part->start, cut->at); at <= part->end; at = next) {
		next = min(ALIGN_DOWN(at, block) + block, part->end + 1);
		cut->at = at;
		err = dcd_cut_block(dev, at, next - at, cut);
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

static void dcd_cut_tell(struct device *dev, const struct range *gone, int rc,
			 const struct cxl_dcd_poison *sum)
{
	bool possible = cxl_dcd_poison_possible();

	if (!cxl_dcd_may_log())
		return;
	if (!rc) {
		dev_warn(dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: now offline, %lu pages were in use\n",
			 gone->start, range_len(gone), sum->used);
		return;
	}
	if (!possible) {
		dev_err(dev,
			"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d); vm.memory_failure_recovery is 0, so its pages are not poisoned and whoever has one reads nonsense\n",
			gone->start, range_len(gone), rc);
		return;
	}
	dev_err(dev,
		"System RAM [%#llx, +%#llx] was taken away by the device and cannot be taken offline (%d): %lu pages were in use, %lu are held still, %lu free ones were taken, %lu left for want of time; where pages are held it stays until the next boot\n",
		gone->start, range_len(gone), rc, sum->used, sum->held, sum->taken,
		sum->left);
}

/*
 * One turn at one range of System RAM: its users are cut off, and it is taken
 * offline. The memory blocks are not removed meanwhile: the device has a driver
 * and is locked, or there is no device left.
 *
 * Returns: whether another turn is needed.
 */
static bool dcd_cut_turn(struct device *dev, const struct range *gone, bool dax,
			 struct dcd_cut *cut)
{
	struct range part;
	bool over = true;

	cut->sum.until = jiffies + msecs_to_jiffies(poison_turn);
	if (dax)
		device_lock(dev);
	while (over && cxl_dcd_cut_part(dev, gone, cut->n, &part)) {
		if (part.start <= part.end &&
		    cxl_dcd_is_ram(part.start, range_len(&part)))
			over = dcd_cut_part_ram(dev, &part, cut);
		if (over) {
			cut->n++;
			cut->at = 0;
		}
	}
	if (dax)
		device_unlock(dev);
	return !over;
}

/**
 * cxl_dcd_cut_ram - cut off the users of a range that is System RAM
 * @dev: as for cxl_dcd_cut_part()
 * @gone: the range
 * @dax: whether @dev is a DAX device
 *
 * Without a limit, but that pages are few: each turn poisons one at least.
 */
void cxl_dcd_cut_ram(struct device *dev, const struct range *gone, bool dax)
{
	struct dcd_cut cut = { .time = CXL_DCD_OFFLINE_TIME };
	unsigned long tell = jiffies + CXL_DCD_POISON_TIME;

	while (dcd_cut_turn(dev, gone, dax, &cut)) {
		cond_resched();
		if (!time_after(jiffies, tell))
			continue;
		dev_warn(dev,
			 "System RAM [%#llx, +%#llx] was taken away by the device: its users are being cut off, %lu pages so far\n",
			 gone->start, range_len(gone), cut.sum.used);
		tell = jiffies + CXL_DCD_POISON_TIME;
	}
	dcd_cut_tell(dev, gone, cut.rc, &cut.sum);
}
