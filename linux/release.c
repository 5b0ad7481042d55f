// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capacity that leaves.
 *
 * A request marks extents as releasing. Those that are free leave at once, in
 * one chain of Release commands; those in use stay marked, get no new users,
 * and leave when their last DAX device is gone. A tag leaves as a whole.
 */
#include <linux/slab.h>

#include "device.h"
#include "extent.h"
#include "force.h"
#include "judge.h"
#include "list.h"
#include "lock.h"
#include "mailbox.h"
#include "range.h"
#include "region.h"
#include "release.h"
#include "glue/decoder_list.h"
#include "glue/offline.h"

/* Time for a device to which extents must be released one by one. */
#define RELEASE_TIME (10 * HZ)

static void dcd_release_mark(struct cxl_dcd_extent *ext, void *unused)
{
	if (ext->releasing)
		return;
	ext->releasing = true;
	ext->rgn->nr_releasing++;
}

static void dcd_release_mark_tag(struct cxl_dcd_extent *ext)
{
	if (!ext->releasing)
		cxl_dcd_extents_of_tag(ext, dcd_release_mark, NULL);
}

/*
 * Close an extent's addresses if nobody has any of them: no DAX device, and not
 * the kernel. What the kernel still has as System RAM is closed to DAX devices,
 * but is not free.
 */
static bool dcd_release_close(struct cxl_dcd_extent *ext)
{
	u64 start = cxl_dcd_extent_hpa(ext), size = cxl_dcd_extent_size(ext);

	lockdep_assert_held(&ext->rgn->lock);
	if (ext->claim)
		return false;
	if (ext->open && cxl_dcd_range_close(ext->rgn, start, size))
		return false;
	if (cxl_dcd_is_ram(start, size)) {
		if (!ext->stuck && cxl_dcd_may_log())
			dev_err(ext->rgn->dev,
				"extent%d.%u [offset %#llx, +%#llx] is still System RAM though no DAX device has it: it stays accepted until the next boot\n",
				ext->rgn->dax->id, ext->id,
				start - ext->rgn->hpa.start, size);
		ext->stuck = true;
		ext->told = true;
		return false;
	}
	ext->open = false;
	return true;
}

static void dcd_release_told(struct cxl_dcd_extent *ext, void *unused)
{
	ext->told = true;
}

/* Say once per request that the extent is in use, and what ends that. */
static void dcd_release_tell_busy(struct cxl_dcd_extent *ext)
{
	if (ext->told)
		return;
	cxl_dcd_extents_of_tag(ext, dcd_release_told, NULL);
	if (cxl_dcd_may_log())
		dev_warn(ext->rgn->dev,
			 "extent%d.%u [offset %#llx, +%#llx] tag %pUb is in use: it is released as soon as its DAX device is destroyed\n",
			 ext->rgn->dax->id, ext->id,
			 cxl_dcd_extent_hpa(ext) - ext->rgn->hpa.start,
			 cxl_dcd_extent_size(ext), ext->tag);
	cxl_dcd_uevent(ext->rgn, CXL_DCD_NEWS_BUSY, ext->tag, cxl_dcd_extent_size(ext));
}

/* Release the extents of a list on every member, in one chain for each. */
static int dcd_release_spans(struct cxl_dcd_region *rgn,
			     struct list_head *extents, u32 nr)
{
	struct cxl_dcd_span *spans;
	struct cxl_dcd_extent *ext;
	unsigned int i;
	int rc = 0, err;
	u32 n;

	spans = kvmalloc_array(nr, sizeof(*spans), GFP_KERNEL);
	if (!spans)
		return -ENOMEM;
	for (i = 0; i < rgn->ways; i++) {
		n = 0;
		list_for_each_entry(ext, extents, node)
			spans[n++] = (struct cxl_dcd_span) {
				.dpa = rgn->member[i].dpa + ext->dpa,
				.len = ext->len,
			};
		err = cxl_dcd_list_release(rgn->member[i].dcd, spans, nr);
		/* That one refuses says more than that another is gone. */
		if (!rc || err == -EREMOTEIO)
			rc = err ?: rc;
	}
	kvfree(spans);
	return rc;
}

/* Release one extent after the other, for some time; the rest stays listed. */
static int dcd_release_each(struct cxl_dcd_region *rgn,
			    struct list_head *extents)
{
	unsigned long end = jiffies + RELEASE_TIME;
	struct cxl_dcd_extent *ext, *next;
	LIST_HEAD(kept);
	int rc = 0, err;

	list_for_each_entry_safe(ext, next, extents, node) {
		LIST_HEAD(one);

		list_move(&ext->node, &one);
		err = dcd_release_spans(rgn, &one, 1);
		if (err)
			list_splice_tail(&one, &kept);
		else
			cxl_dcd_extents_leave(&one);
		rc = err ?: rc;
		/* A device that does not answer will not do so for the next. */
		if ((err && err != -EREMOTEIO) || time_after(jiffies, end))
			break;
	}
	if (!list_empty(extents))
		rc = rc ?: -ETIME;
	list_splice(&kept, extents);
	return rc;
}

/*
 * Release what one member still lists of extents that were taken away elsewhere.
 * It is the same capacity that was accepted then: while our books had them, no
 * other offer of these addresses was accepted. Its list is read once for all.
 */
static int dcd_release_member_rest(const struct cxl_dcd_member *m,
				   struct cxl_dcd_span *want, u32 nr_want)
{
	struct cxl_dcd_span *spans;
	struct cxl_dcd_rec *recs;
	u32 nr, room, i, n = 0;
	int rc;

	if (m->dcd->dying)
		return 0;
	rc = cxl_dcd_read_extents(m->dcd, &recs, &nr);
	if (rc)
		return rc;
	nr_want = cxl_dcd_spans_join(want, nr_want);
	room = nr + nr_want;
	spans = kvmalloc_array(room, sizeof(*spans), GFP_KERNEL);
	for (i = 0; spans && i < nr; i++) {
		cond_resched();
		n += cxl_dcd_spans_clip(want, nr_want, &recs[i], spans + n,
					room - n);
	}
	rc = spans ? 0 : -ENOMEM;
	if (n)
		rc = cxl_dcd_list_release(m->dcd, spans, n);
	kvfree(spans);
	kvfree(recs);
	return rc;
}

/*
 * A forced release took a part of each of these extents, or all of it from one
 * member only: release the rest, which is of no use.
 */
static void dcd_release_rest(struct cxl_dcd_region *rgn,
			     struct list_head *extents, u32 nr)
{
	struct cxl_dcd_span *want;
	struct cxl_dcd_extent *ext;
	unsigned int i;
	u32 n;
	int rc;

	want = kvmalloc_array(nr, sizeof(*want), GFP_KERNEL);
	for (i = 0; i < rgn->ways; i++) {
		n = 0;
		list_for_each_entry(ext, extents, node)
			if (want && ext->forced && ext->rest)
				want[n++] = (struct cxl_dcd_span) {
					.dpa = rgn->member[i].dpa + ext->dpa,
					.len = ext->len,
				};
		rc = want ? dcd_release_member_rest(&rgn->member[i], want, n) :
			    -ENOMEM;
		if (rc && cxl_dcd_may_log())
			dev_warn(rgn->dev,
				 "%s may keep some of %u extents for us of which it took others: %d\n",
				 dev_name(&rgn->member[i].dcd->cxlmd->dev), nr,
				 rc);
	}
	kvfree(want);
}

/**
 * cxl_dcd_release_extents - release extents that no one can reach any more
 * @rgn: their region
 * @extents: not in the region's books; empty on return
 *
 * When the device refuses the list as a whole, each extent is released by
 * itself, so that one that it does not know cannot hold up the others. What
 * fails then stays accepted at the device and is named in the log.
 */
void cxl_dcd_release_extents(struct cxl_dcd_region *rgn,
			     struct list_head *extents)
{
	struct cxl_dcd_extent *ext, *next;
	u32 nr = 0, rest = 0;
	int rc;

	list_for_each_entry(ext, extents, node)
		if (!ext->forced)
			nr++;
		else if (ext->rest)
			rest++;
	if (rest)
		dcd_release_rest(rgn, extents, rest);
	list_for_each_entry_safe(ext, next, extents, node)
		if (ext->forced)
			cxl_dcd_extent_leave(ext);
	if (!nr)
		return;
	rc = dcd_release_spans(rgn, extents, nr);
	if (rc == -EREMOTEIO && nr > 1)
		rc = dcd_release_each(rgn, extents);
	if (rc) {
		nr = list_count_nodes(extents);
		ext = list_first_entry(extents, struct cxl_dcd_extent, node);
		dev_warn_ratelimited(rgn->dev,
				     "the device did not take back %u extents, the first is [DPA %#llx, +%#llx]: %d\n",
				     nr, rgn->member[0].dpa + ext->dpa,
				     ext->len, rc);
	}
	cxl_dcd_extents_leave(extents);
}

/*
 * Settle one extent of a region whose lock is held: out of the books when it is
 * marked and free.
 */
static bool dcd_release_settle(struct cxl_dcd_extent *ext)
{
	if (ext->forced && !ext->cut)
		cxl_dcd_force_cut(ext);
	if (!ext->releasing) {
		cxl_dcd_extent_settle(ext);
		return false;
	}
	if (dcd_release_close(ext)) {
		cxl_dcd_extent_del(ext);
		return true;
	}
	if (ext->open)
		cxl_dcd_range_close_free(ext->rgn, cxl_dcd_extent_hpa(ext),
					 cxl_dcd_extent_size(ext));
	dcd_release_tell_busy(ext);
	return false;
}

/* The same, into a list of those that are out of the books. */
static void dcd_release_settle_into(struct cxl_dcd_extent *ext, void *ready)
{
	if (dcd_release_settle(ext))
		list_add_tail(&ext->node, ready);
}

/* Say what has left, one tag after the other, and send the Release commands. */
static void dcd_release_ready(struct cxl_dcd_region *rgn,
			      struct list_head *ready)
{
	struct cxl_dcd_extent *ext;
	u8 tag[CXL_DCD_TAG_SIZE] = { };
	u64 sum = 0;

	list_for_each_entry(ext, ready, node) {
		if (sum && memcmp(tag, ext->tag, sizeof(tag))) {
			cxl_dcd_uevent(rgn, CXL_DCD_NEWS_RELEASE, tag, sum);
			sum = 0;
		}
		memcpy(tag, ext->tag, sizeof(tag));
		sum += ext->len * rgn->ways;
	}
	cxl_dcd_release_extents(rgn, ready);
	if (sum)
		cxl_dcd_uevent(rgn, CXL_DCD_NEWS_RELEASE, tag, sum);
}

/*
 * Release all marked extents of one region that are free, and see to what had
 * to wait for the region's lock, which is held and dropped here.
 */
static void dcd_release_region_locked(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_extent *ext, *next;
	LIST_HEAD(ready);

	rgn->unsettled = false;
	/*
	 * The lower ones close first, and the upper ones open first: the lists
	 * of the kernel in range.c are walked from the lowest address on.
	 */
	list_for_each_entry_safe(ext, next, &rgn->extents, node) {
		cond_resched();
		if (ext->releasing || ext->forced)
			dcd_release_settle_into(ext, &ready);
	}
	list_for_each_entry_reverse(ext, &rgn->extents, node) {
		cond_resched();
		if (!ext->releasing && !ext->forced)
			cxl_dcd_extent_settle(ext);
	}
	/* The device is told without it: nobody has these addresses now. */
	mutex_unlock(&rgn->lock);
	dcd_release_ready(rgn, &ready);
}

/* Release whatever was asked for in these books and is free by now. */
void cxl_dcd_release_ready(struct cxl_dcd *dcd)
{
	struct cxl_dcd_region *rgn;

	cxl_dcd_assert_held(dcd);
	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		if ((rgn->nr_releasing || rgn->unsettled) && !rgn->closing &&
		    cxl_dcd_region_trylock(rgn))
			dcd_release_region_locked(rgn);
}

/**
 * cxl_dcd_release_leave - drop a region's lock; the books are held
 * @rgn: region
 *
 * Sees to what others could not do meanwhile.
 */
void cxl_dcd_release_leave(struct cxl_dcd_region *rgn)
{
	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	lockdep_assert_held(&rgn->lock);
	if (rgn->unsettled && !rgn->closing)
		dcd_release_region_locked(rgn);
	else
		mutex_unlock(&rgn->lock);
}

/**
 * cxl_dcd_release_asked - the device wants capacity back
 * @dcd: device
 * @rec: DPA range; every extent that has any of it is meant, with its tag
 *
 * Only marks extents; cxl_dcd_release_ready() releases those that are free. A
 * range without an extent is released at once, so that the device does not wait
 * for it, unless the kernel has it as System RAM: a region whose memory could
 * not be taken offline has no DAX region, and no extents, when it is enabled
 * again.
 */
void cxl_dcd_release_asked(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec)
{
	struct cxl_dcd_span span = { .dpa = rec->dpa, .len = rec->len };
	struct cxl_dcd_region *rgn;
	bool found = false;
	unsigned int i;

	cxl_dcd_assert_held(dcd);
	if (!rec->len || rec->dpa > U64_MAX - rec->len) {
		dev_warn_ratelimited(&dcd->cxlmd->dev,
				     "release of [%#llx, +%#llx] makes no sense, ignored\n",
				     rec->dpa, rec->len);
		return;
	}
	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		for (i = 0; i < rgn->ways; i++) {
			struct cxl_dcd_extent *ext;
			unsigned long at;
			u64 dpa = rgn->member[i].dpa, lo, hi;

			if (rgn->member[i].dcd != dcd ||
			    !cxl_dcd_ranges_overlap(dpa, rgn->dpa_size,
						    rec->dpa, rec->len))
				continue;
			lo = rec->dpa > dpa ? rec->dpa - dpa : 0;
			hi = rec->dpa + rec->len - 1 - dpa;
			at = lo;
			mt_for_each(&rgn->by_dpa, ext, at, hi) {
				cond_resched();
				dcd_release_mark_tag(ext);
				found = true;
			}
		}
	if (!found && cxl_dcd_dpa_is_ram(dcd, rec->dpa, rec->len)) {
		dev_err_ratelimited(&dcd->cxlmd->dev,
				    "release of [%#llx, +%#llx]: still System RAM though its region has no driver, kept until the next boot\n",
				    rec->dpa, rec->len);
	} else if (!found) {
		dev_dbg(&dcd->cxlmd->dev,
			"release of [%#llx, +%#llx]: not in use here\n",
			rec->dpa, rec->len);
		cxl_dcd_update(dcd, CXL_DCD_OP_RELEASE, &span, 1);
	}
}

/**
 * cxl_dcd_release_here - the host's user releases an extent, with its tag
 * @ext: extent in the books, whose region's lock is held, and dropped here
 *
 * Returns: 0, -EBUSY while any of it is in use, -ENXIO when its region is about
 * to go; then nothing has changed.
 */
int cxl_dcd_release_here(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	bool asked = ext->releasing;
	LIST_HEAD(ready);
	int rc = 0;

	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	lockdep_assert_held(&rgn->lock);
	if (rgn->closing) {
		rc = -ENXIO;
	} else if (!dcd_release_close(ext)) {
		if (asked)
			dcd_release_tell_busy(ext);
		rc = -EBUSY;
	} else {
		/*
		 * A tag is either claimed as a whole or free as a whole. Only
		 * its extents are looked at: somebody may release one after the
		 * other of very many.
		 */
		dcd_release_mark_tag(ext);
		cxl_dcd_extents_of_tag(ext, dcd_release_settle_into, &ready);
	}
	cxl_dcd_release_leave(rgn);
	dcd_release_ready(rgn, &ready);
	return rc;
}
