/* SPDX-License-Identifier: GPL-2.0-only */
/* Accepted extents: the books of them, and where they lie. */
#ifndef CXL_DCD_EXTENT_H
#define CXL_DCD_EXTENT_H

#include "lock.h"
#include "region.h"

/* Start and length of an extent are multiples of it, as DAX devices' ranges. */
#define CXL_DCD_EXTENT_ALIGN PMD_SIZE

/**
 * struct cxl_dcd_extent - accepted capacity
 * @node: entry in the region's list, or in that of extents that leave
 * @hash: entry in the tags of this host when tagged, from when it is prepared
 * @tagged: entry in its region's when tagged
 * @folder: its folder extentX.Y
 * @dcd: the device whose books it is in
 * @home: the region that it was made for, never dereferenced
 * @rgn: the region, NULL once it is in no book
 * @id: Y of its name
 * @dpa: offset from the start of each member's DPA
 * @len: bytes on each member
 * @tag: all zero when untagged
 * @seq: position within the tag
 * @open: its addresses can be taken by DAX devices
 * @cut: with @forced, its users have been seen to
 * @releasing: it is to leave as soon as it is free
 * @forced: the device took it away; it is here until its last user lets go
 * @rest: with @forced, a part of it or of its members may still be accepted
 * @told: that it is in use was said once
 * @stuck: that it is still System RAM was said once
 * @claim: the DAX device that has claimed it (claim.c), never dereferenced
 */
struct cxl_dcd_extent {
	struct list_head node;
	struct hlist_node hash;
	struct hlist_node tagged;
	struct cxl_dcd_folder folder;
	struct cxl_dcd *dcd;
	const void *home;
	struct cxl_dcd_region *rgn;
	u32 id;
	u64 dpa;
	u64 len;
	u8 tag[CXL_DCD_TAG_SIZE];
	u32 seq;
	bool open;
	bool cut;
	bool releasing;
	bool forced;
	bool rest;
	bool told;
	bool stuck;
	void *claim;
};

u64 cxl_dcd_extent_hpa(const struct cxl_dcd_extent *ext);
u64 cxl_dcd_extent_size(const struct cxl_dcd_extent *ext);

void cxl_dcd_extent_settle(struct cxl_dcd_extent *ext);
int cxl_dcd_extent_add(struct cxl_dcd_region *rgn, struct cxl_dcd_extent *ext);
void cxl_dcd_extents_settle(struct cxl_dcd_region *rgn,
			    const struct cxl_dcd_extent *first);
void cxl_dcd_extent_del(struct cxl_dcd_extent *ext);
void cxl_dcd_extent_leave(struct cxl_dcd_extent *ext);
void cxl_dcd_extents_leave(struct list_head *list);
struct cxl_dcd_extent *cxl_dcd_extent_find(struct cxl_dcd_region *rgn,
					   u64 offset, u64 len);
bool cxl_dcd_tag_live(const u8 *tag);
bool cxl_dcd_tag_take(struct cxl_dcd_extent *ext);
void cxl_dcd_tag_drop(struct cxl_dcd_extent *ext);
void cxl_dcd_extents_of_tag(struct cxl_dcd_extent *ext,
			    void (*act)(struct cxl_dcd_extent *ext, void *data),
			    void *data);

#endif /* CXL_DCD_EXTENT_H */
