// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accepted extents: which there are, by region, by address and by tag.
 */
#include <linux/hashtable.h>
#include <linux/jhash.h>
#include <linux/spinlock.h>

#include "extent.h"
#include "judge.h"
#include "lock.h"
#include "range.h"
#include "region.h"
#include "glue/gone.h"
#include "glue/offline.h"

/* Bytes of host address space that an extent fills. */
u64 cxl_dcd_extent_size(const struct cxl_dcd_extent *ext)
{
	return ext->len * ext->rgn->ways;
}

/* Where in host address space it begins. */
u64 cxl_dcd_extent_hpa(const struct cxl_dcd_extent *ext)
{
	return ext->rgn->hpa.start + ext->dpa * ext->rgn->ways;
}

/*
 * Every tagged extent of this host, by tag: also those that a device is just
 * being told that we accept. Each device has books of its own, but a tag is one
 * device's.
 */
static DEFINE_HASHTABLE(tags, 10);
static DEFINE_SPINLOCK(tags_lock);

static u32 dcd_extent_tag_key(const u8 *tag)
{
	return jhash(tag, CXL_DCD_TAG_SIZE, 0);
}

bool cxl_dcd_tag_live(const u8 *tag)
{
	struct cxl_dcd_extent *ext;

	guard(spinlock)(&tags_lock);
	hash_for_each_possible(tags, ext, hash, dcd_extent_tag_key(tag))
		if (!memcmp(ext->tag, tag, CXL_DCD_TAG_SIZE))
			return true;
	return false;
}

/* Its tag is live from now on. False when it is another region's already. */
bool cxl_dcd_tag_take(struct cxl_dcd_extent *ext)
{
	u32 key = dcd_extent_tag_key(ext->tag);
	struct cxl_dcd_extent *other;

	if (cxl_dcd_tag_null(ext->tag))
		return true;
	guard(spinlock)(&tags_lock);
	hash_for_each_possible(tags, other, hash, key) {
		if (memcmp(other->tag, ext->tag, CXL_DCD_TAG_SIZE))
			continue;
		/* All that have it have one home: the first of them decides. */
		if (other->home != ext->home)
			return false;
		break;
	}
	hash_add(tags, &ext->hash, key);
	return true;
}

void cxl_dcd_tag_drop(struct cxl_dcd_extent *ext)
{
	guard(spinlock)(&tags_lock);
	hash_del(&ext->hash);
}

/**
 * cxl_dcd_extents_of_tag - do something with all that have an extent's tag
 * @ext: extent in the books; one without a tag is the only one
 * @act: may take its extent out of the books
 * @data: for @act
 */
void cxl_dcd_extents_of_tag(struct cxl_dcd_extent *ext,
			    void (*act)(struct cxl_dcd_extent *ext, void *data),
			    void *data)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	struct cxl_dcd_extent *other;
	struct hlist_node *next;
	u8 tag[CXL_DCD_TAG_SIZE];

	cxl_dcd_assert_held(ext->dcd);
	if (cxl_dcd_tag_null(ext->tag)) {
		act(ext, data);
		return;
	}
	memcpy(tag, ext->tag, sizeof(tag));
	hash_for_each_possible_safe(rgn->tagged, other, next, tagged,
				    dcd_extent_tag_key(tag)) {
		cond_resched();
		if (!memcmp(other->tag, tag, sizeof(tag)))
			act(other, data);
	}
}

/* Any extent of @rgn that has a byte of [@offset, +@len) in DPA. */
struct cxl_dcd_extent *cxl_dcd_extent_find(struct cxl_dcd_region *rgn,
					   u64 offset, u64 len)
{
	unsigned long at = offset;

	return mt_find(&rgn->by_dpa, &at, offset + len - 1);
}

/**
 * cxl_dcd_extent_settle - open or close an extent that nobody wants back
 * @ext: extent; the lock of its region is held too
 *
 * An untagged one is open to DAX devices, a tagged one while it is claimed.
 * Without memory it is tried again.
 */
void cxl_dcd_extent_settle(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;
	u64 start = cxl_dcd_extent_hpa(ext), size = cxl_dcd_extent_size(ext);
	bool open = cxl_dcd_tag_null(ext->tag) || ext->claim;

	cxl_dcd_assert_held(ext->dcd);
	if (ext->releasing || ext->open == open)
		return;
	if (open ? cxl_dcd_range_open(rgn, start, size) :
		   cxl_dcd_range_close(rgn, start, size))
		rgn->unsettled = true;
	else
		ext->open = open;
}

/**
 * cxl_dcd_extent_add - take an extent into its region's books
 *
 * An untagged one is open to DAX devices as soon as cxl_dcd_extents_settle() has
 * seen it; a tagged one when its tag is claimed. On error it is in no book and
 * may be put.
 */
int cxl_dcd_extent_add(struct cxl_dcd_region *rgn, struct cxl_dcd_extent *ext)
{
	int rc;

	ext->id = rgn->next_id++;
	rc = mtree_store_range(&rgn->by_dpa, ext->dpa, ext->dpa + ext->len - 1,
			       ext, GFP_KERNEL);
	if (rc)
		return rc;
	rc = kobject_add(&ext->folder.kobj, &rgn->dev->kobj, "extent%d.%u",
			 rgn->dax->id, ext->id);
	if (rc) {
		mtree_erase(&rgn->by_dpa, ext->dpa);
		return rc;
	}
	/* Of an earlier one, whose region ended while it was System RAM. */
	cxl_dcd_gone_del(cxl_dcd_extent_hpa(ext), cxl_dcd_extent_size(ext));
	list_add_tail(&ext->node, &rgn->extents);
	rgn->nr_extents++;
	if (!cxl_dcd_tag_null(ext->tag))
		hash_add(rgn->tagged, &ext->tagged,
			 dcd_extent_tag_key(ext->tag));
	return 0;
}

/**
 * cxl_dcd_extents_settle - open what was taken into a region's books last
 * @rgn: region
 * @first: the first of them
 *
 * From the last one on: the lists of the kernel in which range.c looks begin
 * with the lowest address, and a range that is to be opened is the first there
 * then. Where somebody else has the region's addresses, he does it.
 */
void cxl_dcd_extents_settle(struct cxl_dcd_region *rgn,
			    const struct cxl_dcd_extent *first)
{
	struct cxl_dcd_extent *ext;

	if (!cxl_dcd_region_trylock(rgn))
		return;
	list_for_each_entry_reverse(ext, &rgn->extents, node) {
		cond_resched();
		cxl_dcd_extent_settle(ext);
		if (ext == first)
			break;
	}
	mutex_unlock(&rgn->lock);
}

/* Its addresses are nobody's again, but for what the kernel does not let go. */
static void dcd_extent_not_gone(u64 start, u64 size)
{
	if (!cxl_dcd_is_ram(start, size))
		cxl_dcd_gone_del(start, size);
}

/* Out of the books; it ends by cxl_dcd_extent_leave(). */
void cxl_dcd_extent_del(struct cxl_dcd_extent *ext)
{
	struct cxl_dcd_region *rgn = ext->rgn;

	cxl_dcd_assert_held(ext->dcd);
	list_del_init(&ext->node);
	hash_del(&ext->tagged);
	cxl_dcd_tag_drop(ext);
	mtree_erase(&rgn->by_dpa, ext->dpa);
	if (ext->forced)
		dcd_extent_not_gone(cxl_dcd_extent_hpa(ext),
				    cxl_dcd_extent_size(ext));
	rgn->nr_extents--;
	if (ext->releasing)
		rgn->nr_releasing--;
	ext->rgn = NULL;
}

/* An extent that is in no book leaves: its folder goes, and it with that. */
void cxl_dcd_extent_leave(struct cxl_dcd_extent *ext)
{
	list_del_init(&ext->node);
	/* One that could not be published is not out of them yet. */
	cxl_dcd_tag_drop(ext);
	cxl_dcd_remove_later(&ext->dcd->share, &ext->folder);
}

/* All of a list leave. */
void cxl_dcd_extents_leave(struct list_head *list)
{
	struct cxl_dcd_extent *ext, *next;

	list_for_each_entry_safe(ext, next, list, node)
		cxl_dcd_extent_leave(ext);
}
