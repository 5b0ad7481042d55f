/* SPDX-License-Identifier: GPL-2.0-only */
/* The DAX regions that we drive: what each is made of, and how to find them. */
#ifndef CXL_DCD_REGION_H
#define CXL_DCD_REGION_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>

#include "device.h"
#include "news.h"

/**
 * struct cxl_dcd_member - what one device contributes to a region
 * @dcd: the device
 * @dpa: first DPA of its endpoint decoder
 */
struct cxl_dcd_member {
	struct cxl_dcd *dcd;
	u64 dpa;
};

/**
 * struct cxl_dcd_region - a DAX region that we drive
 * @node: entry in the regions of its books
 * @all: entry in the list of all regions
 * @lock: of its addresses: the children of @dax->res, the ranges of its DAX
 *	  devices, and of its extents @open and @claim, which are written with
 *	  the books held too (lock.h)
 * @unsettled: something had to be left undone for want of @lock
 * @deleting: one of its DAX devices is being deleted by the stock method
 * @dev: the dax_regionN device
 * @cxlr: its CXL region
 * @dax: the DAX core's object, NULL once it is gone
 * @closing: it is being taken away; see below
 * @part: partition index, the same on every member
 * @unknown: the CDAT of any member does not say what that partition is
 * @shareable: attribute of that partition, on any member
 * @read_only: likewise
 * @hpa: addresses of the window
 * @ways: number of members
 * @granularity: bytes on one member before the next one's turn
 * @dpa_size: bytes of DPA on each member
 * @extents: struct cxl_dcd_extent, by arrival
 * @by_dpa: the same, by DPA offset
 * @tagged: those with a tag, by tag
 * @nr_extents: length of @extents
 * @nr_releasing: how many of them are to leave
 * @next_id: for the names of extents
 * @stale: a device may have accepted extents that are not here: read its list
 * @news: what user space is still to be told
 * @member: in interleave order
 *
 * While it is closing, the DAX core frees the addresses of its DAX devices
 * without asking us: nobody may look at them, and nothing is opened, closed or
 * claimed any more. It stays listed until then, so that a release that is asked
 * meanwhile is not answered as one of unused capacity.
 */
struct cxl_dcd_region {
	struct list_head node;
	struct list_head all;
	struct mutex lock; /* of its addresses, see above */
	bool unsettled;
	bool deleting;
	struct device *dev;
	struct cxl_region *cxlr;
	struct dax_region *dax;
	bool closing;
	unsigned int part;
	bool unknown;
	bool shareable;
	bool read_only;
	struct range hpa;
	unsigned int ways;
	unsigned int granularity;
	u64 dpa_size;
	struct list_head extents;
	struct maple_tree by_dpa;
	DECLARE_HASHTABLE(tagged, 10);
	u32 nr_extents;
	u32 nr_releasing;
	u32 next_id;
	bool stale;
	struct cxl_dcd_news news;
	struct cxl_dcd_member member[CXL_DECODER_MAX_INTERLEAVE];
};

/* The bus of DAX devices; NULL until the first region has one. */
extern const struct bus_type *cxl_dcd_dax_bus;

struct cxl_dcd_region *cxl_dcd_region_alloc(struct cxl_dax_region *cxlr_dax,
					    unsigned int part);
void cxl_dcd_region_free(struct cxl_dcd_region *rgn);
int cxl_dcd_regions_left(void);
void cxl_dcd_region_publish(struct cxl_dcd_region *rgn);
void cxl_dcd_region_unpublish(struct cxl_dcd_region *rgn);

/* The device whose books a region is in, which are those of all its members. */
static inline struct cxl_dcd *cxl_dcd_of(const struct cxl_dcd_region *rgn)
{
	return rgn->member[0].dcd;
}

/* The regions in the books of a device; only some may be over its capacity. */
static inline struct list_head *cxl_dcd_regions(struct cxl_dcd *dcd)
{
	cxl_dcd_assert_held(dcd);
	return &dcd->share.books->regions;
}

struct cxl_dcd_region *cxl_dcd_region_at(struct cxl_dcd *dcd, u64 dpa,
					 u64 *offset);
int cxl_dcd_member_pos(const struct cxl_dcd_region *rgn,
		       const struct cxl_dcd *dcd);
void cxl_dcd_regions_stale(struct cxl_dcd *dcd);

bool cxl_dcd_region_trylock(struct cxl_dcd_region *rgn);
struct cxl_dcd_region *cxl_dcd_region_try(const struct device *dev);
struct cxl_dcd_region *cxl_dcd_region_begin(const struct device *dev);
void cxl_dcd_region_end(struct cxl_dcd_region *rgn);
struct cxl_dcd_region *cxl_dcd_region_enter(const struct device *dev,
					    bool stock);
struct cxl_dcd_region *cxl_dcd_region_delete_begin(const struct device *dev);
void cxl_dcd_region_delete_end(struct cxl_dcd_region *rgn);
void cxl_dcd_region_close(const struct device *dev);

void cxl_dcd_dax_removal(struct device *dev, bool begins);

#endif /* CXL_DCD_REGION_H */
