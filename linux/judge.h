/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Extents as pure values: what a device offers, and what we make of it.
 *
 * Nothing here knows devices, locks or sysfs, so that the same text also
 * compiles in user space and is tested there (linux/test).
 */
#ifndef CXL_DCD_JUDGE_H
#define CXL_DCD_JUDGE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/errno.h>
#include <linux/string.h>
#else
#include "test/shim.h"
#endif

#include "hw/cxl/dcd/wire.h"

#define CXL_DCD_PART_NONE 0xff

/**
 * struct cxl_dcd_part - one dynamic capacity region of a device
 * @base: first DPA
 * @size: bytes that extents can lie in; 0 when the region is absent
 * @decode: bytes of DPA set aside, >= @size
 * @block: granularity of extents in bytes
 * @dsmad: CDAT handle
 * @known: the CDAT has said which of the following it is
 * @shareable: other hosts may hold the same blocks (CDAT)
 * @read_only: stores are dropped (CDAT)
 * @nonvolatile: contents outlive a loss of power (CDAT)
 */
struct cxl_dcd_part {
	u64 base;
	u64 size;
	u64 decode;
	u64 block;
	u8 dsmad;
	bool known;
	bool shareable;
	bool read_only;
	bool nonvolatile;
};

/* Why an extent is not taken; the order is that of the checks. */
enum cxl_dcd_why {
	CXL_DCD_OK,
	CXL_DCD_EMPTY,
	CXL_DCD_WRAPS,
	CXL_DCD_NO_PART,
	CXL_DCD_BLOCK,
	CXL_DCD_NO_REGION,
	CXL_DCD_STRADDLES,
	CXL_DCD_ALIGN,
	CXL_DCD_OVERLAP,
	CXL_DCD_CHAIN_OVERLAP,
	CXL_DCD_NULL_TAG,
	CXL_DCD_SEQ_SET,
	CXL_DCD_UNKNOWN,
	CXL_DCD_PARTS_MIXED,
	CXL_DCD_REGIONS_MIXED,
	CXL_DCD_TAG_LIVE,
	CXL_DCD_SEQ_GAP,
	CXL_DCD_GROUP,
	CXL_DCD_PARTNER,
	CXL_DCD_NO_MEMORY,
	CXL_DCD_CUT,
	CXL_DCD_WHY_MAX
};

/**
 * struct cxl_dcd_rec - one extent on its way in
 * @dpa: first device physical address
 * @len: bytes
 * @tag: 16 opaque bytes, all zero when untagged
 * @seq: position within the tag as the device says it
 * @order: arrival order; that within the tag once it has been judged
 * @part: index of the partition, CXL_DCD_PART_NONE while unknown
 * @why: verdict
 * @known: lies inside an extent that was accepted before
 * @taken: the device was told that it is accepted
 * @offset: distance from the region's first DPA on the device
 * @region: whatever the resolver found, opaque here
 */
struct cxl_dcd_rec {
	u64 dpa;
	u64 len;
	u8 tag[CXL_DCD_TAG_SIZE];
	u16 seq;
	u32 order;
	u8 part;
	u8 why;
	bool known;
	bool taken;
	u64 offset;
	void *region;
};

/* A range of device addresses */
struct cxl_dcd_span {
	u64 dpa;
	u64 len;
};

/**
 * struct cxl_dcd_judge - what judging needs to know of the outside
 * @parts: the device's partitions
 * @nr_parts: their number
 * @resolve: find the region for a record whose partition is known; sets
 *	     @region, @offset and @known and returns a verdict
 * @tag_live: does this host already hold extents with this tag?
 * @ctx: for the callbacks
 */
struct cxl_dcd_judge {
	const struct cxl_dcd_part *parts;
	unsigned int nr_parts;
	enum cxl_dcd_why (*resolve)(void *ctx, struct cxl_dcd_rec *rec);
	bool (*tag_live)(void *ctx, const u8 *tag);
	void *ctx;
};

bool cxl_dcd_tag_null(const u8 *tag);
bool cxl_dcd_ranges_overlap(u64 a, u64 alen, u64 b, u64 blen);
bool cxl_dcd_range_within(u64 base, u64 size, u64 start, u64 len);
const char *cxl_dcd_why_text(unsigned int why);

void cxl_dcd_rec_decode(struct cxl_dcd_rec *rec, const CXLDcdWireExtent *wire,
			u32 order);
int cxl_dcd_part_decode(struct cxl_dcd_part *part,
			const CXLDcdWireRegion *wire);
int cxl_dcd_parts_check(const struct cxl_dcd_part *parts, unsigned int nr);
int cxl_dcd_parts_take(struct cxl_dcd_part *parts, unsigned int *nr,
		       unsigned int *total, const CXLDcdGetConfigResponse *resp,
		       size_t got);
bool cxl_dcd_effects_have(const u8 *log, size_t size, u16 opcode);
unsigned int cxl_dcd_part_find(const struct cxl_dcd_part *parts,
			       unsigned int nr, u64 dpa);

void cxl_dcd_judge(const struct cxl_dcd_judge *judge, struct cxl_dcd_rec *recs,
		   struct cxl_dcd_rec **sorted, u32 nr);

u32 cxl_dcd_spans_join(struct cxl_dcd_span *spans, u32 nr);
u32 cxl_dcd_spans_clip(const struct cxl_dcd_span *spans, u32 nr,
		       const struct cxl_dcd_rec *rec, struct cxl_dcd_span *out,
		       u32 room);
bool cxl_dcd_spans_cover(const struct cxl_dcd_span *spans, u32 nr, u64 dpa,
			 u64 len);

#endif /* CXL_DCD_JUDGE_H */
