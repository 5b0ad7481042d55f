// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claims: all extents of one tag become one DAX device's.
 *
 * Untagged capacity is open: the DAX core gives it out by size. A tag is closed
 * until it is claimed; then its extents are opened and mapped one after the
 * other in sequence order, and nobody can take any of them in between.
 */
#include <linux/slab.h>
#include <linux/sort.h>

#include "claim.h"
#include "extent.h"
#include "judge.h"
#include "range.h"
#include "region.h"
#include "glue/facts.h"
#include "glue/offline.h"

/* Is there a tag to be claimed? */
bool cxl_dcd_claim_waits(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd_extent *ext;

	list_for_each_entry(ext, &rgn->extents, node)
		if (!cxl_dcd_tag_null(ext->tag) && !ext->claim &&
		    !ext->releasing)
			return true;
	return false;
}

/* The first extent that a device has claimed. */
struct cxl_dcd_extent *cxl_dcd_claim_of(struct cxl_dcd_region *rgn,
					struct device *dev)
{
	struct cxl_dcd_extent *ext;

	list_for_each_entry(ext, &rgn->extents, node)
		if (ext->claim == dev)
			return ext;
	return NULL;
}

/* A device has let go of all it had: its tag may be claimed again. */
void cxl_dcd_claim_end(struct cxl_dcd_region *rgn, struct device *dev)
{
	struct cxl_dcd_extent *ext;

	lockdep_assert_held(&rgn->lock);
	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	list_for_each_entry(ext, &rgn->extents, node) {
		if (ext->claim != dev)
			continue;
		ext->claim = NULL;
		cxl_dcd_extent_settle(ext);
	}
}

static int dcd_claim_by_seq(const void *a, const void *b)
{
	const struct cxl_dcd_extent *ea = *(struct cxl_dcd_extent * const *)a;
	const struct cxl_dcd_extent *eb = *(struct cxl_dcd_extent * const *)b;

	return ea->seq < eb->seq ? -1 : ea->seq > eb->seq;
}

/* Is an untagged extent wholly free? */
static bool dcd_claim_is_free(struct cxl_dcd_extent *ext)
{
	u64 start = cxl_dcd_extent_hpa(ext), size = cxl_dcd_extent_size(ext);

	if (!ext->open || cxl_dcd_is_ram(start, size) ||
	    cxl_dcd_range_close(ext->rgn, start, size))
		return false;
	ext->open = false;
	cxl_dcd_extent_settle(ext);
	return ext->open;
}

/*
 * Claim for a device all extents with the tag, in sequence order, or one
 * untagged one. From here on none of them leaves. Returns their number, 0 for
 * none, or -ENOMEM.
 */
static int dcd_claim_collect(struct cxl_dcd_region *rgn, struct device *dev,
			     const u8 *tag, struct cxl_dcd_extent ***list)
{
	bool untagged = cxl_dcd_tag_null(tag);
	struct cxl_dcd_extent *ext;
	int nr = 0;

	guard(cxl_dcd)(cxl_dcd_of(rgn));
	*list = kvmalloc_array(max(rgn->nr_extents, 1U), sizeof(**list),
			       GFP_KERNEL);
	if (!*list)
		return -ENOMEM;
	list_for_each_entry(ext, &rgn->extents, node) {
		if (memcmp(ext->tag, tag, CXL_DCD_TAG_SIZE) || ext->claim ||
		    ext->releasing || (untagged && !dcd_claim_is_free(ext)) ||
		    cxl_dcd_is_ram(cxl_dcd_extent_hpa(ext),
				   cxl_dcd_extent_size(ext)))
			continue;
		ext->claim = dev;
		(*list)[nr++] = ext;
		if (untagged)
			break;
	}
	sort(*list, nr, sizeof(**list), dcd_claim_by_seq, NULL);
	return nr;
}

/**
 * cxl_dcd_dax_size - bytes that a DAX device has
 * @rgn: its region, locked
 * @dev_dax: the device
 */
u64 cxl_dcd_dax_size(struct cxl_dcd_region *rgn, const struct dev_dax *dev_dax)
{
	u64 size = 0;
	int i;

	lockdep_assert_held(&rgn->lock);
	if (!cxl_dcd_facts_ranges(dev_dax, &rgn->hpa))
		return 0;
	for (i = 0; i < dev_dax->nr_range; i++)
		size += range_len(&dev_dax->ranges[i].range);
	return size;
}

/*
 * Give a device one range that nobody else can have. The stock method reports
 * success also when it takes nothing, for a length that is no multiple of the
 * device's alignment; and with a start that is none, the device's pages would
 * begin before the range, in somebody else's memory. So neither comes to it.
 */
static int dcd_claim_map_range(struct cxl_dcd_region *rgn, struct device *dev,
			       const struct cxl_dcd_claim_stock *stock,
			       u64 start, u64 size, bool open)
{
	const struct dev_dax *dev_dax = to_dev_dax(dev);
	u64 before = cxl_dcd_dax_size(rgn, dev_dax);
	char text[40];
	ssize_t rc;
	int len;

	if (!IS_ALIGNED(start | size, dev_dax->align))
		return -EINVAL;
	if (!open) {
		rc = cxl_dcd_range_open(rgn, start, size);
		if (rc)
			return rc;
	}
	len = snprintf(text, sizeof(text), "%llx-%llx", start,
		       start + size - 1);
	rc = stock->mapping->store(dev, stock->mapping, text, len);
	if (rc >= 0 && !cxl_dcd_facts_taken(cxl_dcd_dax_size(rgn, dev_dax),
					    before + size)) {
		stock->size->store(dev, stock->size, "0", 1);
		rc = -EOPNOTSUPP;
	}
	if (rc < 0 && !open)
		WARN_ON(cxl_dcd_range_close(rgn, start, size));
	return rc < 0 ? rc : 0;
}

/* Give a device all extents of @list, neighbours as one range. */
static int dcd_claim_map_all(struct cxl_dcd_region *rgn, struct device *dev,
			     const struct cxl_dcd_claim_stock *stock,
			     struct cxl_dcd_extent **list, int nr)
{
	int i, k, rc = 0;

	for (i = 0; i < nr && !rc; i = k) {
		u64 start = cxl_dcd_extent_hpa(list[i]), end = start;
		bool open = list[i]->open;

		for (k = i; k < nr && cxl_dcd_extent_hpa(list[k]) == end; k++)
			end += cxl_dcd_extent_size(list[k]);
		rc = dcd_claim_map_range(rgn, dev, stock, start, end - start,
					 open);
		if (rc)
			break;
		while (i < k)
			list[i++]->open = true;
	}
	if (rc) {
		stock->size->store(dev, stock->size, "0", 1);
		guard(cxl_dcd)(cxl_dcd_of(rgn));
		cxl_dcd_claim_end(rgn, dev);
	}
	return rc;
}

/**
 * cxl_dcd_claim - give a DAX device all extents of a tag, or one untagged one
 * @rgn: its region, locked; the books are not held, since stock methods sleep
 * @dev: the device
 * @tag: the tag; all zero for one untagged extent that is wholly free
 * @stock: the stock methods of the device's files
 *
 * Returns: 0; -EBUSY when the device has capacity or a driver; -ENOENT when
 * there is nothing to claim; -EINVAL when the capacity does not begin and end
 * at multiples of the device's alignment; another -errno of the stock methods.
 * On failure the device is as empty as before.
 */
int cxl_dcd_claim(struct cxl_dcd_region *rgn, struct device *dev, const u8 *tag,
		  const struct cxl_dcd_claim_stock *stock)
{
	struct cxl_dcd_extent **list;
	int nr, rc;

	lockdep_assert_held(&rgn->lock);
	if (to_dev_dax(dev)->nr_range || dev->driver)
		return -EBUSY;
	nr = dcd_claim_collect(rgn, dev, tag, &list);
	if (nr > 0)
		rc = dcd_claim_map_all(rgn, dev, stock, list, nr);
	else
		rc = nr ?: -ENOENT;
	kvfree(list);
	return rc;
}
