// SPDX-License-Identifier: GPL-2.0-only
/*
 * Giving capacity back.
 *
 * A request marks extents. What is free goes back at once, in one chain of
 * Release commands; what is in use stays marked, gets no new users, and goes back
 * by itself when the last DAX device lets go of it. A tag goes back as a whole.
 */
#include <linux/slab.h>

#include "cxl_dcd.h"

/* Time for a device that wants to be told of extents one by one. */
#define RETURN_TIME (10 * HZ)

static void mark(struct cxl_dcd_extent *ext)
{
	if (ext->releasing)
		return;
	ext->releasing = true;
	ext->rgn->nr_releasing++;
}

static void mark_group(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_extent *other;

	if (ext->releasing)
		return;
	mark(ext);
	if (cxl_dcd_tag_null(ext->tag))
		return;
	list_for_each_entry(other, &ext->rgn->extents, node)
		if (!memcmp(other->tag, ext->tag, CXL_DCD_TAG_SIZE))
			mark(other);
}

/*
 * Close an extent's addresses if nobody has any of them: no DAX device, and not
 * the kernel. Memory that the kernel does not let go of gets no new users either.
 */
static bool try_close(struct cxl_dcd_extent *ext)
{
	u64 start = cxl_dcd_extent_hpa(ext), size = cxl_dcd_extent_size(ext);

	if (ext->claim)
		return false;
	if (ext->open && cxl_dcd_range_close(ext->rgn, start, size))
		return false;
	if (cxl_dcd_range_is_ram(start, size)) {
		if (!ext->stuck)
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

/* Say once per request that it has to wait, and for what. */
static void tell_busy(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_extent *other;

	if (ext->told)
		return;
	ext->told = true;
	if (!cxl_dcd_tag_null(ext->tag))
		list_for_each_entry(other, &ext->rgn->extents, node)
			if (!memcmp(other->tag, ext->tag, CXL_DCD_TAG_SIZE))
				other->told = true;
	dev_warn(ext->rgn->dev,
		 "extent%d.%u [offset %#llx, +%#llx] tag %pUb is in use: it is released as soon as its DAX device is destroyed\n",
		 ext->rgn->dax->id, ext->id,
		 cxl_dcd_extent_hpa(ext) - ext->rgn->hpa.start,
		 cxl_dcd_extent_size(ext), ext->tag);
	cxl_dcd_uevent(ext->rgn, "busy", ext->tag, cxl_dcd_extent_size(ext));
}

static int release_spans(struct cxl_dcd_region *rgn, struct list_head *extents,
			 u32 nr)
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
		err = cxl_dcd_give_back(rgn->member[i].dcd, spans, nr);
		/* One that refuses has more to say than one that is gone. */
		if (!rc || err == -EREMOTEIO)
			rc = err ?: rc;
	}
	kvfree(spans);
	return rc;
}

/* Try each extent for itself, for some time; what is left stays in @extents. */
static int return_each(struct cxl_dcd_region *rgn, struct list_head *extents)
{
	unsigned long end = jiffies + RETURN_TIME;
	struct cxl_dcd_extent *ext, *next;
	LIST_HEAD(kept);
	int rc = 0, err;

	list_for_each_entry_safe(ext, next, extents, node) {
		LIST_HEAD(one);

		list_move(&ext->node, &one);
		err = release_spans(rgn, &one, 1);
		list_splice_tail(&one, err ? &kept : &cxl_dcd_dead);
		rc = err ?: rc;
		/* A device that says nothing will not do so later. */
		if ((err && err != -EREMOTEIO) || time_after(jiffies, end))
			break;
	}
	if (!list_empty(extents))
		rc = rc ?: -ETIME;
	list_splice(&kept, extents);
	return rc;
}

/*
 * What one member still lists of an extent of which other parts were taken. No
 * offer of it can have been accepted meanwhile: the extent was in its way.
 */
static int return_member(const struct cxl_dcd_member *m,
			 const struct cxl_dcd_extent *ext)
{
	u64 from = m->dpa + ext->dpa, to = from + ext->len;
	struct cxl_dcd_span *spans;
	struct cxl_dcd_rec *recs;
	u32 nr, i, n = 0;
	int rc;

	if (m->dcd->dying)
		return 0;
	rc = cxl_dcd_read_extents(m->dcd, &recs, &nr);
	if (rc)
		return rc;
	spans = kvmalloc_array(max(nr, 1), sizeof(*spans), GFP_KERNEL);
	for (i = 0; spans && i < nr; i++) {
		u64 start = max(from, recs[i].dpa);
		u64 end = min(to, recs[i].dpa + recs[i].len);

		if (start < end)
			spans[n++] = (struct cxl_dcd_span) {
				.dpa = start,
				.len = end - start,
			};
	}
	rc = spans ? 0 : -ENOMEM;
	if (n)
		rc = cxl_dcd_give_back(m->dcd, spans, n);
	kvfree(spans);
	kvfree(recs);
	return rc;
}

/* A forced release took a part, or asked one member: the rest is no use. */
static void return_rest(struct cxl_dcd_region *rgn,
			const struct cxl_dcd_extent *ext)
{
	unsigned int i;
	int rc;

	for (i = 0; i < rgn->ways; i++) {
		rc = return_member(&rgn->member[i], ext);
		if (rc)
			dev_warn(rgn->dev,
				 "the device may keep some of [DPA %#llx, +%#llx] for us: %d\n",
				 rgn->member[i].dpa + ext->dpa, ext->len, rc);
	}
}

/**
 * cxl_dcd_return - give extents back that no one can reach any more
 * @rgn: their region
 * @extents: not in the region's books; empty on return
 *
 * When the device refuses the list as a whole, each extent is tried for itself,
 * so that one that it does not know cannot hold up the others. What fails then
 * is left with the device and named in the log.
 */
void cxl_dcd_return(struct cxl_dcd_region *rgn, struct list_head *extents)
{
	struct cxl_dcd_extent *ext, *next;
	u32 nr = 0;
	int rc;

	list_for_each_entry_safe(ext, next, extents, node) {
		if (!ext->forced) {
			nr++;
			continue;
		}
		if (ext->rest)
			return_rest(rgn, ext);
		list_move_tail(&ext->node, &cxl_dcd_dead);
	}
	if (!nr)
		return;
	rc = release_spans(rgn, extents, nr);
	if (rc == -EREMOTEIO && nr > 1)
		rc = return_each(rgn, extents);
	if (rc) {
		nr = list_count_nodes(extents);
		ext = list_first_entry(extents, struct cxl_dcd_extent, node);
		dev_warn(rgn->dev,
			 "the device did not take back %u extents, the first is [DPA %#llx, +%#llx]: %d\n",
			 nr, rgn->member[0].dpa + ext->dpa, ext->len, rc);
	}
	list_splice_tail_init(extents, &cxl_dcd_dead);
}

/* Give back all marked extents of one region that are free. */
static void region_ready(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_extent *ext, *next;
	u8 tag[CXL_DCD_TAG_SIZE] = { };
	LIST_HEAD(ready);
	u64 sum = 0;

	list_for_each_entry_safe(ext, next, &rgn->extents, node) {
		if (!ext->releasing)
			continue;
		if (!try_close(ext)) {
			if (ext->open)
				cxl_dcd_range_close_free(rgn,
							 cxl_dcd_extent_hpa(ext),
							 cxl_dcd_extent_size(ext));
			tell_busy(ext);
			continue;
		}
		if (sum && memcmp(tag, ext->tag, sizeof(tag))) {
			cxl_dcd_uevent(rgn, "release", tag, sum);
			sum = 0;
		}
		memcpy(tag, ext->tag, sizeof(tag));
		sum += cxl_dcd_extent_size(ext);
		cxl_dcd_extent_del(ext);
		list_add_tail(&ext->node, &ready);
	}
	cxl_dcd_return(rgn, &ready);
	if (sum)
		cxl_dcd_uevent(rgn, "release", tag, sum);
}

/* Give back whatever was asked for and is free by now. */
void cxl_dcd_release_ready(void)
{
	struct cxl_dcd_region *rgn;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
		if (rgn->nr_releasing && !rgn->closing)
			region_ready(rgn);
}

/**
 * cxl_dcd_release_asked - the device wants capacity back
 * @dcd: device
 * @rec: DPA range; every extent that has any of it is meant, with its tag
 *
 * Only marks; cxl_dcd_release_ready() follows. A range that we know nothing of
 * is given back at once, so that the device does not wait for it; but for such
 * as the kernel uses, since a region with memory that could not be taken offline
 * gets no DAX region when it is enabled anew.
 */
void cxl_dcd_release_asked(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec)
{
	struct cxl_dcd_span span = { .dpa = rec->dpa, .len = rec->len };
	struct cxl_dcd_region *rgn;
	bool found = false;
	unsigned int i;

	lockdep_assert_held(&cxl_dcd_mutex);
	if (!rec->len || rec->dpa > U64_MAX - rec->len) {
		dev_warn(&dcd->cxlmd->dev,
			 "release of [%#llx, +%#llx] makes no sense, ignored\n",
			 rec->dpa, rec->len);
		return;
	}
	list_for_each_entry(rgn, &cxl_dcd_regions, node)
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
				mark_group(ext);
				found = true;
			}
		}
	if (!found && cxl_dcd_dpa_is_ram(dcd, rec->dpa, rec->len)) {
		dev_err(&dcd->cxlmd->dev,
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
 * cxl_dcd_release_here - the host's user gives an extent back, with its tag
 *
 * Returns: 0, -EBUSY while any of it is in use, -ENXIO when its region is about
 * to go; then nothing has changed.
 */
int cxl_dcd_release_here(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	bool asked = ext->releasing;

	lockdep_assert_held(&cxl_dcd_mutex);
	if (rgn->closing)
		return -ENXIO;
	if (!try_close(ext)) {
		if (asked)
			tell_busy(ext);
		return -EBUSY;
	}
	/* A tag is either claimed as a whole or free as a whole. */
	mark_group(ext);
	region_ready(rgn);
	return 0;
}
