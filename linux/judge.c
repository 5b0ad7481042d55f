// SPDX-License-Identifier: GPL-2.0-only
/*
 * Judging what a device offers.
 *
 * The device is not trusted: every value is checked before it is used in
 * arithmetic. The rules are those of CXL r3.2 section 9.13.3 and, for tags, of
 * the Linux DCD series: a tag is an allocation, taken as a whole or not at all.
 */
#ifdef __KERNEL__
#include <linux/align.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sort.h>
#endif

#include "judge.h"

static const char * const why_text[CXL_DCD_WHY_MAX] = {
	[CXL_DCD_OK] = "accepted",
	[CXL_DCD_EMPTY] = "length is 0",
	[CXL_DCD_WRAPS] = "start plus length wraps",
	[CXL_DCD_NO_PART] = "not inside one dynamic capacity region of the device",
	[CXL_DCD_BLOCK] = "not a multiple of the region's block size",
	[CXL_DCD_NO_REGION] = "no region covers it: create one first",
	[CXL_DCD_STRADDLES] = "reaches beyond the host's region",
	[CXL_DCD_ALIGN] = "start and length must be multiples of 2 MiB",
	[CXL_DCD_OVERLAP] = "overlaps an accepted extent",
	[CXL_DCD_CHAIN_OVERLAP] = "overlaps another extent of the same offer",
	[CXL_DCD_NULL_TAG] = "shareable capacity without a tag",
	[CXL_DCD_SEQ_SET] = "sequence number on capacity that is not shareable",
	[CXL_DCD_UNKNOWN] = "the device's CDAT does not say whether it is shareable",
	[CXL_DCD_PARTS_MIXED] = "tag spans several dynamic capacity regions of the device",
	[CXL_DCD_REGIONS_MIXED] = "tag spans several host regions",
	[CXL_DCD_TAG_LIVE] = "tag is already in use on this host",
	[CXL_DCD_SEQ_GAP] = "shared sequence is not exactly 0..n-1",
	[CXL_DCD_GROUP] = "another extent with the same tag was refused",
	[CXL_DCD_PARTNER] = "the other devices of the interleave set offered no match",
	[CXL_DCD_NO_MEMORY] = "out of memory",
	[CXL_DCD_CUT] = "the device does not list it: another command cut our reply",
};

const char *cxl_dcd_why_text(unsigned int why)
{
	return why < CXL_DCD_WHY_MAX ? why_text[why] : "unknown reason";
}

bool cxl_dcd_tag_null(const u8 *tag)
{
	unsigned int i;

	for (i = 0; i < CXL_DCD_TAG_SIZE; i++)
		if (tag[i])
			return false;
	return true;
}

/* Neither range may wrap or be empty. */
bool cxl_dcd_ranges_overlap(u64 a, u64 alen, u64 b, u64 blen)
{
	return a < b ? b - a < alen : a - b < blen;
}

/* Is [start, +len) inside [base, +size)? Any values, no overflow. */
bool cxl_dcd_range_within(u64 base, u64 size, u64 start, u64 len)
{
	return start >= base && start - base <= size &&
	       len <= size - (start - base);
}

/* Take a record as it came over the wire; nothing is checked yet. */
void cxl_dcd_rec_decode(struct cxl_dcd_rec *rec, const CXLDcdWireExtent *wire,
			u32 order)
{
	*rec = (struct cxl_dcd_rec) {
		.dpa = cxl_dcd_get64(wire->start_dpa),
		.len = cxl_dcd_get64(wire->length),
		.seq = cxl_dcd_get16(wire->sequence),
		.order = order,
		.part = CXL_DCD_PART_NONE,
	};
	memcpy(rec->tag, wire->tag, CXL_DCD_TAG_SIZE);
}

/**
 * cxl_dcd_part_decode - take one region of a 4800h answer (Table 8-180)
 *
 * An absent region (all zero) gives a partition of size 0.
 *
 * Returns: 0, or -EINVAL when the values contradict each other.
 */
int cxl_dcd_part_decode(struct cxl_dcd_part *part, const CXLDcdWireRegion *wire)
{
	u64 units = cxl_dcd_get64(wire->decode_length);

	*part = (struct cxl_dcd_part) {
		.base = cxl_dcd_get64(wire->base),
		.size = cxl_dcd_get64(wire->length),
		.block = cxl_dcd_get64(wire->block_size),
		.dsmad = cxl_dcd_get32(wire->dsmad_handle) & 0xff,
	};
	if (!part->size)
		return 0;
	if (units > U64_MAX / CXL_DCD_CAPACITY_UNIT)
		return -EINVAL;
	part->decode = units * CXL_DCD_CAPACITY_UNIT;
	if (!IS_ALIGNED(part->base, CXL_DCD_REGION_ALIGN) ||
	    part->size > part->decode ||
	    part->base > U64_MAX - part->decode ||
	    part->block < CXL_DCD_MIN_BLOCK || !is_power_of_2(part->block) ||
	    !IS_ALIGNED(part->size, part->block))
		return -EINVAL;
	return 0;
}

/* Partitions must ascend and must not overlap (9.13.3). 0 or -EINVAL. */
int cxl_dcd_parts_check(const struct cxl_dcd_part *parts, unsigned int nr)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!parts[i].size)
			continue;
		if (parts[i].base < end)
			return -EINVAL;
		end = parts[i].base + parts[i].decode;
	}
	return 0;
}

/**
 * cxl_dcd_parts_take - take one of the answers that make up a configuration
 * @parts: room for CXL_DCD_MAX_REGIONS
 * @nr: how many are known; raised by what the answer adds
 * @total: how many the first answer promised, 0 before it
 * @resp: the answer
 * @got: bytes of it
 *
 * Later answers are judged against the first: one that promises another number
 * of regions would have us write past the end of @parts.
 *
 * Returns: 0, or -EPROTO when the answer contradicts itself or the first one.
 */
int cxl_dcd_parts_take(struct cxl_dcd_part *parts, unsigned int *nr,
		       unsigned int *total, const CXLDcdGetConfigResponse *resp,
		       size_t got)
{
	unsigned int i;

	if (got < sizeof(*resp))
		return -EPROTO;
	if (!*total)
		*total = resp->available_regions;
	if (!*total || *total > CXL_DCD_MAX_REGIONS || *nr >= *total ||
	    resp->available_regions != *total || !resp->returned_regions ||
	    resp->returned_regions > *total - *nr ||
	    (got - sizeof(*resp)) / sizeof(resp->regions[0]) <
	    resp->returned_regions)
		return -EPROTO;
	for (i = 0; i < resp->returned_regions; i++, (*nr)++)
		if (cxl_dcd_part_decode(&parts[*nr], &resp->regions[i]))
			return -EPROTO;
	return 0;
}

/* Does a Command Effects Log (8.2.10.5.2.1) have a command? Ends anywhere. */
bool cxl_dcd_effects_have(const u8 *log, size_t size, u16 opcode)
{
	size_t at;

	/* Opcode and effects, 16 bits each. */
	for (at = 0; size - at >= 4; at += 4)
		if ((log[at] | log[at + 1] << 8) == opcode)
			return true;
	return false;
}

/* Index of the partition that holds @dpa, or CXL_DCD_PART_NONE. */
unsigned int cxl_dcd_part_find(const struct cxl_dcd_part *parts,
			       unsigned int nr, u64 dpa)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (parts[i].size &&
		    cxl_dcd_range_within(parts[i].base, parts[i].decode, dpa, 1))
			return i;
	return CXL_DCD_PART_NONE;
}

static int dcd_judge_by_dpa(const void *a, const void *b)
{
	const struct cxl_dcd_rec *ra = *(struct cxl_dcd_rec * const *)a;
	const struct cxl_dcd_rec *rb = *(struct cxl_dcd_rec * const *)b;

	if (ra->dpa != rb->dpa)
		return ra->dpa < rb->dpa ? -1 : 1;
	return ra < rb ? -1 : 1;
}

static int dcd_judge_by_tag(const void *a, const void *b)
{
	const struct cxl_dcd_rec *ra = *(struct cxl_dcd_rec * const *)a;
	const struct cxl_dcd_rec *rb = *(struct cxl_dcd_rec * const *)b;
	int diff = memcmp(ra->tag, rb->tag, CXL_DCD_TAG_SIZE);

	if (diff)
		return diff;
	if (ra->order != rb->order)
		return ra->order < rb->order ? -1 : 1;
	return dcd_judge_by_dpa(a, b);
}

/* What can be said of a record without looking at any other. */
static enum cxl_dcd_why dcd_judge_alone(const struct cxl_dcd_judge *judge,
					struct cxl_dcd_rec *rec)
{
	const struct cxl_dcd_part *part;
	enum cxl_dcd_why why;

	if (!rec->len)
		return CXL_DCD_EMPTY;
	if (rec->dpa > U64_MAX - rec->len)
		return CXL_DCD_WRAPS;
	rec->part = cxl_dcd_part_find(judge->parts, judge->nr_parts, rec->dpa);
	if (rec->part == CXL_DCD_PART_NONE)
		return CXL_DCD_NO_PART;
	part = &judge->parts[rec->part];
	if (!cxl_dcd_range_within(part->base, part->decode, rec->dpa, rec->len))
		return CXL_DCD_NO_PART;
	if (!IS_ALIGNED(rec->dpa - part->base, part->block) ||
	    !IS_ALIGNED(rec->len, part->block))
		return CXL_DCD_BLOCK;
	if (part->shareable && cxl_dcd_tag_null(rec->tag))
		return CXL_DCD_NULL_TAG;
	if (part->known && !part->shareable && rec->seq)
		return CXL_DCD_SEQ_SET;
	/*
	 * Capacity that is not shareable has no order of its own: a device may
	 * list it in another than that in which it was offered.
	 */
	if (part->shareable)
		rec->order = rec->seq;
	else
		rec->order = 0;
	why = judge->resolve(judge->ctx, rec);
	/* Before there is a region, nobody has looked for the CDAT. */
	if (why == CXL_DCD_OK && !part->known &&
	    (cxl_dcd_tag_null(rec->tag) || rec->seq))
		return CXL_DCD_UNKNOWN;
	return why;
}

/* Where two records of one offer overlap, refuse both: neither is credible. */
static void dcd_judge_overlaps(struct cxl_dcd_rec **sorted, u32 nr)
{
	struct cxl_dcd_rec *last = NULL;
	u32 i;

	for (i = 0; i < nr; i++) {
		struct cxl_dcd_rec *rec = sorted[i];

		if (rec->why == CXL_DCD_EMPTY || rec->why == CXL_DCD_WRAPS)
			continue;
		if (last && cxl_dcd_ranges_overlap(last->dpa, last->len,
						   rec->dpa, rec->len)) {
			last->why = last->why ?: CXL_DCD_CHAIN_OVERLAP;
			rec->why = rec->why ?: CXL_DCD_CHAIN_OVERLAP;
		}
		if (!last || rec->dpa + rec->len > last->dpa + last->len)
			last = rec;
	}
}

/*
 * One tag's records, in sequence order, or else in that of their addresses: is
 * the set as a whole good? Then they are numbered.
 */
static enum cxl_dcd_why dcd_judge_group(const struct cxl_dcd_judge *judge,
					struct cxl_dcd_rec **group, u32 nr)
{
	struct cxl_dcd_rec *first = group[0];
	bool known = first->known;
	u32 i;

	for (i = 0; i < nr; i++) {
		if (group[i]->why)
			return CXL_DCD_GROUP;
		if (group[i]->part != first->part)
			return CXL_DCD_PARTS_MIXED;
		if (group[i]->region != first->region)
			return CXL_DCD_REGIONS_MIXED;
		if (judge->parts[first->part].shareable && group[i]->seq != i)
			return CXL_DCD_SEQ_GAP;
		known = known && group[i]->known;
	}
	if (!known && judge->tag_live(judge->ctx, first->tag))
		return CXL_DCD_TAG_LIVE;
	for (i = 0; i < nr; i++)
		group[i]->order = i;
	return CXL_DCD_OK;
}

/**
 * cxl_dcd_judge - give every record of one offer its verdict
 * @judge: the outside
 * @recs: the offer, in arrival order
 * @sorted: room for @nr pointers; on return the records grouped by tag, in
 *	    sequence order within a tag, or in that of addresses where the
 *	    capacity is not shareable
 * @nr: number of records
 *
 * Records that share a tag get CXL_DCD_OK together or not at all; untagged ones
 * stand for themselves.
 */
void cxl_dcd_judge(const struct cxl_dcd_judge *judge, struct cxl_dcd_rec *recs,
		   struct cxl_dcd_rec **sorted, u32 nr)
{
	enum cxl_dcd_why why;
	u32 i, n, k;

	for (i = 0; i < nr; i++) {
		recs[i].why = dcd_judge_alone(judge, &recs[i]);
		sorted[i] = &recs[i];
	}
	sort(sorted, nr, sizeof(*sorted), dcd_judge_by_dpa, NULL);
	dcd_judge_overlaps(sorted, nr);

	sort(sorted, nr, sizeof(*sorted), dcd_judge_by_tag, NULL);
	for (i = 0; i < nr; i += n) {
		for (n = 1; i + n < nr; n++)
			if (memcmp(sorted[i]->tag, sorted[i + n]->tag,
				   CXL_DCD_TAG_SIZE))
				break;
		if (cxl_dcd_tag_null(sorted[i]->tag))
			continue;
		why = dcd_judge_group(judge, sorted + i, n);
		for (k = i; k < i + n; k++)
			sorted[k]->why = sorted[k]->why ?: why;
	}
}

static int dcd_spans_by_start(const void *a, const void *b)
{
	const struct cxl_dcd_span *sa = a, *sb = b;

	if (sa->dpa != sb->dpa)
		return sa->dpa < sb->dpa ? -1 : 1;
	return 0;
}

/**
 * cxl_dcd_spans_join - make a list of ranges ascending and free of overlaps
 * @spans: ranges of any values; those that are empty or wrap are left out
 * @nr: their number
 *
 * Neighbours become one: a device may list what it has in other pieces than
 * those in which it was accepted.
 *
 * Returns: how many are left.
 */
u32 cxl_dcd_spans_join(struct cxl_dcd_span *spans, u32 nr)
{
	u32 i, n = 0;

	sort(spans, nr, sizeof(*spans), dcd_spans_by_start, NULL);
	for (i = 0; i < nr; i++) {
		u64 start = spans[i].dpa, end = start + spans[i].len;

		if (end <= start)
			continue;
		if (n && start <= spans[n - 1].dpa + spans[n - 1].len) {
			if (end - spans[n - 1].dpa > spans[n - 1].len)
				spans[n - 1].len = end - spans[n - 1].dpa;
		} else {
			spans[n++] = spans[i];
		}
	}
	return n;
}

/* Is all of [@dpa, +@len) in @spans, which cxl_dcd_spans_join() has seen? */
bool cxl_dcd_spans_cover(const struct cxl_dcd_span *spans, u32 nr, u64 dpa,
			 u64 len)
{
	u32 lo = 0, hi = nr;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (spans[mid].dpa <= dpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && cxl_dcd_range_within(spans[lo - 1].dpa, spans[lo - 1].len,
					  dpa, len);
}

/**
 * cxl_dcd_spans_clip - what of a range is in a list of ranges
 * @spans: ranges that cxl_dcd_spans_join() has seen
 * @nr: their number
 * @rec: range of any values
 * @out: where to put the pieces
 * @room: how many there may be
 *
 * Returns: how many there are.
 */
u32 cxl_dcd_spans_clip(const struct cxl_dcd_span *spans, u32 nr,
		       const struct cxl_dcd_rec *rec, struct cxl_dcd_span *out,
		       u32 room)
{
	u64 end = rec->dpa + rec->len;
	u32 at = 0, hi = nr, n = 0;

	/* The first that ends behind the start. */
	while (at < hi) {
		u32 mid = at + (hi - at) / 2;

		if (spans[mid].dpa + spans[mid].len <= rec->dpa)
			at = mid + 1;
		else
			hi = mid;
	}
	for (; end > rec->dpa && at < nr && spans[at].dpa < end && n < room;
	     at++) {
		u64 from = max(rec->dpa, spans[at].dpa);

		out[n++] = (struct cxl_dcd_span) {
			.dpa = from,
			.len = min(end, spans[at].dpa + spans[at].len) - from,
		};
	}
	return n;
}
