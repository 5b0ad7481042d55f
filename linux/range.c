// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses of a region can be taken by DAX devices.
 *
 * The DAX core gives out what no child of the region's resource covers. All
 * that is not backed by an accepted extent is therefore covered by children of
 * ours: opening a range cuts it out of them, closing it adds them, which is
 * refused exactly while a DAX device has any of it.
 *
 * The kernel has these children in a list, by address, and walks that from the
 * lowest one on, as we do. So who opens very many begins with the uppermost, and
 * who closes very many with the lowest: then the list is short where it is
 * walked.
 *
 * All callers hold the region's lock, as do the methods in dax_files.c around
 * the DAX core's own walks over these children.
 */
#include "range.h"
#include "region.h"

/* By this pointer our children are told from those of DAX devices. */
static const char closed_name[] = "dynamic capacity, closed";

static bool dcd_range_is_closed(const struct resource *res)
{
	return res && res->name == closed_name;
}

/* Cover all of a new region, which no device uses yet. */
int cxl_dcd_range_close_all(struct cxl_dcd_region *rgn)
{
	struct resource *res = &rgn->dax->res;

	return __request_region(res, res->start, resource_size(res),
				closed_name, 0) ? 0 : -EBUSY;
}

/* Take our children away before the DAX core frees their parent. */
void cxl_dcd_range_free_all(struct cxl_dcd_region *rgn)
{
	struct resource *parent = &rgn->dax->res, *res, *next;

	for (res = parent->child; res; res = next) {
		next = res->sibling;
		if (dcd_range_is_closed(res))
			__release_region(parent, res->start,
					 resource_size(res));
	}
}

/**
 * cxl_dcd_range_open - let DAX devices take a range
 * @rgn: region
 * @start: HPA
 * @len: bytes; all of it must be closed
 *
 * Returns: 0, -ENOENT when not all of it was closed, -ENOMEM.
 */
int cxl_dcd_range_open(struct cxl_dcd_region *rgn, u64 start, u64 len)
{
	struct resource *parent = &rgn->dax->res, *res;
	u64 end = start + len - 1, from, to;

	lockdep_assert_held(&rgn->lock);
	for (res = parent->child; res && res->end < start; res = res->sibling)
		;
	if (!dcd_range_is_closed(res) || res->start > start || res->end < end)
		return -ENOENT;
	from = res->start;
	to = res->end;

	if (from == start && to == end) {
		__release_region(parent, from, to - from + 1);
		return 0;
	}
	if (from == start)
		return adjust_resource(res, end + 1, to - end);
	if (adjust_resource(res, from, start - from))
		return -EBUSY;
	if (to == end || __request_region(parent, end + 1, to - end,
					  closed_name, 0))
		return 0;
	WARN_ON(adjust_resource(res, from, to - from + 1));
	return -ENOMEM;
}

/* Bytes that DAX devices can still take. */
u64 cxl_dcd_range_available(struct cxl_dcd_region *rgn)
{
	struct resource *parent = &rgn->dax->res, *res;
	u64 size = resource_size(parent);

	lockdep_assert_held(&rgn->lock);
	for (res = parent->child; res; res = res->sibling)
		size -= resource_size(res);
	return size;
}

/* Join a range that was just closed with its closed neighbours. */
static void dcd_range_merge(struct resource *parent, u64 start, u64 len)
{
	struct resource *res, *prev = NULL, *next;
	u64 end = start + len - 1, from, to;

	for (res = parent->child; res && res->start < start; res = res->sibling)
		prev = res;
	if (!res || res->start != start)
		return;
	next = res->sibling;
	to = end;
	if (dcd_range_is_closed(next) && next->start == end + 1) {
		to = next->end;
		__release_region(parent, next->start, resource_size(next));
	}
	if (dcd_range_is_closed(prev) && prev->end + 1 == start) {
		from = prev->start;
		__release_region(parent, start, len);
		WARN_ON(adjust_resource(prev, from, to - from + 1));
	} else if (to != end) {
		WARN_ON(adjust_resource(res, start, to - start + 1));
	}
}

/* Close what nobody has of a range, piece by piece. */
static int dcd_range_close_gaps(struct resource *parent, u64 start, u64 end)
{
	u64 at = start, last;

	while (at <= end) {
		struct resource *res = parent->child;

		while (res && res->end < at)
			res = res->sibling;
		if (res && res->start <= at) {
			at = res->end + 1;
			continue;
		}
		last = res ? min_t(u64, end, res->start - 1) : end;
		if (!__request_region(parent, at, last - at + 1, closed_name,
				      0))
			return -ENOMEM;
		dcd_range_merge(parent, at, last - at + 1);
		at = last + 1;
	}
	return 0;
}

/**
 * cxl_dcd_range_close_free - keep DAX devices out of what none of them has yet
 *
 * For a range that is to be closed as soon as its last user is gone: until then
 * it must not get new ones.
 */
void cxl_dcd_range_close_free(struct cxl_dcd_region *rgn, u64 start, u64 len)
{
	lockdep_assert_held(&rgn->lock);
	/* Without memory the range just stays open a little longer. */
	dcd_range_close_gaps(&rgn->dax->res, start, start + len - 1);
}

/**
 * cxl_dcd_range_close - keep DAX devices out of a range
 *
 * Returns: 0, -EBUSY while a device has any of it, -ENOMEM.
 */
int cxl_dcd_range_close(struct cxl_dcd_region *rgn, u64 start, u64 len)
{
	struct resource *parent = &rgn->dax->res, *res;
	u64 end = start + len - 1;

	lockdep_assert_held(&rgn->lock);
	for (res = parent->child; res && res->start <= end; res = res->sibling)
		if (!dcd_range_is_closed(res) && res->end >= start)
			return -EBUSY;
	return dcd_range_close_gaps(parent, start, end);
}
