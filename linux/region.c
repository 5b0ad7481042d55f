// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DAX regions that we drive.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "device.h"
#include "events.h"
#include "judge.h"
#include "lock.h"
#include "region.h"
#include "glue/endpoint.h"
#include "glue/facts.h"

const struct bus_type *cxl_dcd_dax_bus;

/* All of them, to find out whose books one is in. */
static LIST_HEAD(regions);
static DEFINE_SPINLOCK(regions_lock);

/* Not freed yet; must be none when the module is gone. */
static atomic_t nr_regions;

int cxl_dcd_regions_left(void)
{
	return atomic_read(&nr_regions);
}

/**
 * cxl_dcd_region_alloc - make a region from what the CXL core has set up
 * @cxlr_dax: the DAX region, whose CXL region's targets do not change meanwhile
 * @part: the partition that it is over
 *
 * It is in no list yet. Ended by cxl_dcd_region_free().
 *
 * Returns: the region; NULL without memory, or when a device of it goes.
 */
struct cxl_dcd_region *cxl_dcd_region_alloc(struct cxl_dax_region *cxlr_dax,
					    unsigned int part)
{
	struct cxl_region *cxlr = cxlr_dax->cxlr;
	struct cxl_region_params *p = &cxlr->params;
	struct cxl_dcd_region *rgn = kzalloc(sizeof(*rgn), GFP_KERNEL);
	unsigned int i;

	if (!rgn)
		return NULL;
	atomic_inc(&nr_regions);
	INIT_LIST_HEAD(&rgn->node);
	INIT_LIST_HEAD(&rgn->all);
	hash_init(rgn->tagged);
	mutex_init(&rgn->lock);
	INIT_LIST_HEAD(&rgn->extents);
	mt_init(&rgn->by_dpa);
	rgn->dev = &cxlr_dax->dev;
	rgn->cxlr = cxlr;
	rgn->part = part;
	rgn->hpa = cxlr_dax->hpa_range;
	rgn->ways = p->nr_targets;
	rgn->granularity = p->interleave_granularity;
	rgn->dpa_size = range_len(&rgn->hpa) / rgn->ways;
	for (i = 0; i < rgn->ways; i++) {
		struct cxl_endpoint_decoder *cxled = p->targets[i];
		struct cxl_dcd *dcd = NULL;
		struct range dpa;

		if (cxl_dcd_facts_dpa(cxled, &dpa) > 0)
			dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
		/* It goes just now, and the region with it. */
		if (!dcd) {
			cxl_dcd_region_free(rgn);
			return NULL;
		}
		/* The port of a target is there. */
		cxl_dcd_read_cdat(dcd);
		rgn->member[i].dcd = dcd;
		rgn->member[i].dpa = dpa.start;
		rgn->unknown |= !dcd->parts[part].known;
		rgn->shareable |= dcd->parts[part].shareable;
		rgn->read_only |= dcd->parts[part].read_only;
	}
	return rgn;
}

/* Free a region that is in no list and has no extents. */
void cxl_dcd_region_free(struct cxl_dcd_region *rgn)
{
	unsigned int i;

	for (i = 0; i < rgn->ways; i++)
		if (rgn->member[i].dcd)
			cxl_dcd_put(rgn->member[i].dcd);
	mtree_destroy(&rgn->by_dpa);
	mutex_destroy(&rgn->lock);
	kfree(rgn);
	atomic_dec(&nr_regions);
}

/* Into the books of its members, whom an interleave set gives the same. */
void cxl_dcd_region_publish(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);

	cxl_dcd_assert_held(dcd);
	list_add_tail(&rgn->node, cxl_dcd_regions(dcd));
	spin_lock(&regions_lock);
	list_add_tail(&rgn->all, &regions);
	spin_unlock(&regions_lock);
}

/* Out of them again; also one that never was there. */
void cxl_dcd_region_unpublish(struct cxl_dcd_region *rgn)
{
	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	list_del_init(&rgn->node);
	spin_lock(&regions_lock);
	list_del_init(&rgn->all);
	spin_unlock(&regions_lock);
}

/* The region of a DAX region, or of a DAX device; in books that may change. */
static struct cxl_dcd_region *dcd_region_find(const struct device *dev)
{
	const struct device *parent = NULL;
	struct cxl_dcd_region *rgn;

	lockdep_assert_held(&regions_lock);
	if (dev->bus && dev->bus == READ_ONCE(cxl_dcd_dax_bus))
		parent = dev->parent;
	list_for_each_entry(rgn, &regions, all)
		if (rgn->dev == dev || rgn->dev == parent)
			return rgn;
	return NULL;
}

/* The device whose books a region is in, referenced; NULL for no region. */
static struct cxl_dcd *dcd_region_owner(const struct device *dev)
{
	struct cxl_dcd_region *rgn;

	guard(spinlock)(&regions_lock);
	rgn = dcd_region_find(dev);
	return rgn ? cxl_dcd_get(cxl_dcd_of(rgn)) : NULL;
}

/* With the books of its owner held, a region stays, if it is there. */
static struct cxl_dcd_region *dcd_region_held(const struct device *dev,
					      struct cxl_dcd *owner)
{
	struct cxl_dcd_region *rgn;

	cxl_dcd_assert_held(owner);
	guard(spinlock)(&regions_lock);
	rgn = dcd_region_find(dev);
	return rgn && cxl_dcd_of(rgn) == owner ? rgn : NULL;
}

/**
 * cxl_dcd_region_try - try for the books that a region is in
 * @dev: the DAX region, or a DAX device
 *
 * Returns: the region, with the books held; NULL when there is none, or it
 * goes; ERR_PTR(-EBUSY) when somebody else has the books.
 */
struct cxl_dcd_region *cxl_dcd_region_try(const struct device *dev)
{
	struct cxl_dcd *owner = dcd_region_owner(dev);
	struct cxl_dcd_region *rgn;

	if (!owner)
		return NULL;
	if (!cxl_dcd_trylock(owner)) {
		cxl_dcd_put(owner);
		return ERR_PTR(-EBUSY);
	}
	rgn = dcd_region_held(dev, owner);
	if (rgn && rgn->closing)
		rgn = NULL;
	if (!rgn)
		cxl_dcd_unlock(owner);
	cxl_dcd_put(owner);
	return rgn;
}

/**
 * cxl_dcd_region_at - the region over a device physical address
 * @dcd: device
 * @dpa: address
 * @offset: set to the distance from the region's first DPA on @dcd
 */
struct cxl_dcd_region *cxl_dcd_region_at(struct cxl_dcd *dcd, u64 dpa,
					 u64 *offset)
{
	struct cxl_dcd_region *rgn;
	unsigned int i;

	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		for (i = 0; i < rgn->ways; i++) {
			struct cxl_dcd_member *m = &rgn->member[i];

			if (rgn->closing || m->dcd != dcd ||
			    !cxl_dcd_range_within(m->dpa, rgn->dpa_size, dpa, 1))
				continue;
			*offset = dpa - m->dpa;
			return rgn;
		}
	return NULL;
}

/* Where a device is in a region's interleave set; -1 for not at all. */
int cxl_dcd_member_pos(const struct cxl_dcd_region *rgn,
		       const struct cxl_dcd *dcd)
{
	int i;

	for (i = 0; i < rgn->ways; i++)
		if (rgn->member[i].dcd == dcd)
			return i;
	return -1;
}

/**
 * cxl_dcd_regions_stale - our books may lack what a device has accepted for us
 * @dcd: device; its list is read at the end of the work that handles its log
 */
void cxl_dcd_regions_stale(struct cxl_dcd *dcd)
{
	struct cxl_dcd_region *rgn;

	list_for_each_entry(rgn, cxl_dcd_regions(dcd), node)
		if (cxl_dcd_member_pos(rgn, dcd) >= 0)
			rgn->stale = true;
}

/**
 * cxl_dcd_region_trylock - try for a region's addresses, with the books held
 *
 * On failure somebody else has them, in a stock method that may not end soon:
 * whoever has them settles the region when he is done.
 */
bool cxl_dcd_region_trylock(struct cxl_dcd_region *rgn)
{
	cxl_dcd_assert_held(cxl_dcd_of(rgn));
	if (mutex_trylock(&rgn->lock))
		return true;
	rgn->unsettled = true;
	return false;
}

/**
 * cxl_dcd_region_begin - wait for a region's addresses and for its books
 * @dev: the DAX region, or a DAX device
 *
 * Not in the method of a file. To be followed by cxl_dcd_region_end(), or by
 * cxl_dcd_release_leave() and cxl_dcd_unlock().
 *
 * Returns: the region, or NULL, with nothing held, when it goes.
 */
struct cxl_dcd_region *cxl_dcd_region_begin(const struct device *dev)
{
	struct cxl_dcd_region *rgn;

	while ((rgn = cxl_dcd_region_try(dev))) {
		if (!IS_ERR(rgn)) {
			if (mutex_trylock(&rgn->lock))
				break;
			cxl_dcd_unlock(cxl_dcd_of(rgn));
		}
		msleep(CXL_DCD_LOCK_POLL_MS);
	}
	return rgn;
}

/* Done with it. What others left undone is settled with its members' log. */
void cxl_dcd_region_end(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);

	mutex_unlock(&rgn->lock);
	if (rgn->unsettled)
		cxl_dcd_events_kick(dcd);
	cxl_dcd_unlock(dcd);
}

/*
 * The DAX device that is being removed just now, of any region of the machine:
 * the DAX core removes one at a time, with dax_region_rwsem held. Never
 * dereferenced.
 */
static struct device *removed;

/* Hear that a DAX device is about to be removed, or that it was. */
void cxl_dcd_dax_removal(struct device *dev, bool begins)
{
	if (begins)
		WRITE_ONCE(removed, dev);
	else if (READ_ONCE(removed) == dev)
		WRITE_ONCE(removed, NULL);
}

/*
 * Enter a region from the method of a file, with the books held on success; to
 * call a @stock method not while the DAX core has its rwsem for a removal: that
 * may last, and a method that sleeps cannot be ended. (It may begin right after this look. Then the
 * method sleeps, as the stock one does, and holds up no other region.)
 */
static struct cxl_dcd_region *dcd_region_enter(const struct device *dev,
					       bool stock)
{
	struct cxl_dcd_region *rgn = cxl_dcd_region_try(dev);

	if (!rgn)
		return ERR_PTR(-ENXIO);
	if (!IS_ERR(rgn)) {
		if (!rgn->deleting && !(stock && READ_ONCE(removed)) &&
		    mutex_trylock(&rgn->lock))
			return rgn;
		cxl_dcd_unlock(cxl_dcd_of(rgn));
	}
	return ERR_PTR(cxl_dcd_lock_restart());
}

/**
 * cxl_dcd_region_enter - have a region's addresses in the method of a file
 * @dev: the DAX region, or a DAX device
 * @stock: it calls a stock method, which waits for dax_region_rwsem
 *
 * The region does not end meanwhile. The books are not held on return, so that
 * stock methods may be called. To be followed by cxl_dcd_release_leave().
 *
 * Returns: the region, or the ERR_PTR() of what the method has to return.
 */
struct cxl_dcd_region *cxl_dcd_region_enter(const struct device *dev,
					    bool stock)
{
	struct cxl_dcd_region *rgn = dcd_region_enter(dev, stock);

	if (!IS_ERR(rgn))
		cxl_dcd_unlock(cxl_dcd_of(rgn));
	return rgn;
}

/**
 * cxl_dcd_region_delete_begin - the stock method that deletes a device follows
 * @dev: the DAX region
 *
 * That takes device locks, so it runs within none of ours; but no method that
 * waits for dax_region_rwsem may begin meanwhile, or it and the removal of its
 * device would wait for each other. One that is empty is deleted: nobody's
 * addresses change.
 *
 * Returns: the region, for cxl_dcd_region_delete_end(), or the ERR_PTR() of
 * what the method has to return.
 */
struct cxl_dcd_region *cxl_dcd_region_delete_begin(const struct device *dev)
{
	struct cxl_dcd_region *rgn = dcd_region_enter(dev, true);

	if (IS_ERR(rgn))
		return rgn;
	rgn->deleting = true;
	mutex_unlock(&rgn->lock);
	cxl_dcd_unlock(cxl_dcd_of(rgn));
	return rgn;
}

void cxl_dcd_region_delete_end(struct cxl_dcd_region *rgn)
{
	struct cxl_dcd *dcd = cxl_dcd_of(rgn);

	cxl_dcd_lock(dcd);
	rgn->deleting = false;
	cxl_dcd_unlock(dcd);
}

/**
 * cxl_dcd_region_close - a DAX region is about to be removed
 * @dev: its device, not locked yet by whoever removes it
 *
 * From here on no method of its files begins. Waits for those that have begun.
 * One that deletes a DAX device waits for the region's device lock: once that
 * were held by who removes the region, neither would ever end.
 */
void cxl_dcd_region_close(const struct device *dev)
{
	struct cxl_dcd *owner = dcd_region_owner(dev);
	struct cxl_dcd_region *rgn;
	bool busy;

	if (!owner)
		return;
	cxl_dcd_lock(owner);
	/* It is freed by who called us, later. */
	rgn = dcd_region_held(dev, owner);
	if (rgn)
		rgn->closing = true;
	cxl_dcd_unlock(owner);
	/*
	 * Looked at, not slept for: we are in a notifier of the CXL bus, and the
	 * lock of that lockdep cannot tell from that of the DAX bus, within
	 * which nobody may wait for a region.
	 */
	do {
		cxl_dcd_lock(owner);
		busy = rgn && (rgn->deleting || mutex_is_locked(&rgn->lock));
		cxl_dcd_unlock(owner);
		if (busy)
			msleep(CXL_DCD_LOCK_POLL_MS);
	} while (busy);
	cxl_dcd_put(owner);
}
