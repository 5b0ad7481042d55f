// SPDX-License-Identifier: GPL-2.0-only
/*
 * The endpoint decoders of our devices, and what is known of each.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "device.h"
#include "judge.h"
#include "glue/decoder_list.h"
#include "glue/facts.h"
#include "glue/offline.h"

/*
 * One change of a decoder at a time: within it run the stock methods of their
 * files, which sleep on locks of the CXL core. Not within anybody's books, nor
 * they within it, so that no decoder waits for the mailbox of a device.
 */
DEFINE_MUTEX(cxl_dcd_decoder_change);

static LIST_HEAD(decoders);
static DEFINE_SPINLOCK(decoders_lock);

struct cxl_dcd_decoder *cxl_dcd_decoder_find(const struct device *dev)
{
	struct cxl_dcd_decoder *dec;

	lockdep_assert(lockdep_is_held(&cxl_dcd_decoder_change) ||
		       lockdep_is_held(&decoders_lock));
	list_for_each_entry(dec, &decoders, node)
		if (&dec->cxled->cxld.dev == dev)
			return dec;
	return NULL;
}

/*
 * Is it one of ours, or a port of one? Without the other locks, so that nobody
 * who has nothing to do with dynamic capacity waits for them.
 */
bool cxl_dcd_decoder_is_ours(const struct device *dev)
{
	struct cxl_dcd_decoder *dec;

	guard(spinlock)(&decoders_lock);
	list_for_each_entry(dec, &decoders, node)
		if (&dec->cxled->cxld.dev == dev ||
		    dec->cxled->cxld.dev.parent == dev)
			return true;
	return false;
}

/* The partition that a decoder is over, or will be; -ENODEV for none. */
int cxl_dcd_decoder_part(const struct cxl_dcd_decoder *dec)
{
	int part = dec->size ? dec->over : dec->part;

	return part < 0 ? -ENODEV : part;
}

/* The same of a decoder by its device; not only for who changes it. */
int cxl_dcd_decoder_part_of(const struct device *dev)
{
	struct cxl_dcd_decoder *dec;

	guard(spinlock)(&decoders_lock);
	dec = cxl_dcd_decoder_find(dev);
	return dec ? cxl_dcd_decoder_part(dec) : -ENODEV;
}

/* Take one in that is not there yet; not, where it is. */
int cxl_dcd_decoder_insert(struct cxl_dcd_decoder *dec)
{
	lockdep_assert_held(&cxl_dcd_decoder_change);
	if (cxl_dcd_decoder_find(&dec->cxled->cxld.dev))
		return -EEXIST;
	guard(spinlock)(&decoders_lock);
	list_add_tail(&dec->node, &decoders);
	return 0;
}

void cxl_dcd_decoder_gone(struct device *dev)
{
	struct cxl_dcd_decoder *dec;

	if (!cxl_dcd_decoder_is_ours(dev))
		return;
	guard(mutex)(&cxl_dcd_decoder_change);
	dec = cxl_dcd_decoder_find(dev);
	if (!dec)
		return;
	spin_lock(&decoders_lock);
	list_del(&dec->node);
	spin_unlock(&decoders_lock);
	kfree(dec);
}

/* Keep what a decoder has reserved by now. */
void cxl_dcd_decoder_note(struct cxl_dcd *dcd, struct cxl_dcd_decoder *dec)
{
	struct range dpa;
	unsigned int over;
	bool has;

	lockdep_assert_held(&cxl_dcd_decoder_change);
	has = cxl_dcd_facts_dpa(dec->cxled, &dpa) > 0;
	guard(spinlock)(&decoders_lock);
	dec->size = has ? range_len(&dpa) : 0;
	if (!has)
		return;
	dec->base = dpa.start;
	over = cxl_dcd_part_find(dcd->parts, dcd->nr_parts, dpa.start);
	dec->over = over == CXL_DCD_PART_NONE ? -1 : over;
}

void cxl_dcd_decoder_choose(struct cxl_dcd_decoder *dec, int part)
{
	lockdep_assert_held(&cxl_dcd_decoder_change);
	guard(spinlock)(&decoders_lock);
	dec->part = part;
}

/* First DPA behind all that the device's decoders have so far. */
u64 cxl_dcd_decoder_dpa_used(const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_port *port = cxled_to_port((void *)cxled);
	struct cxl_dcd_decoder *dec;
	u64 end = 0;

	list_for_each_entry(dec, &decoders, node)
		if (cxled_to_port(dec->cxled) == port && dec->size)
			end = max(end, dec->base + dec->size);
	return end;
}

/* The core frees a resource for any skip that it finds: hide one without. */
void cxl_dcd_decoder_forget_skip(struct cxl_dcd_decoder *dec)
{
	if (dec->own_skip)
		dec->cxled->skip = 0;
	dec->own_skip = false;
}

/* The port's driver goes, and with it the core frees its decoders' DPA. */
void cxl_dcd_port_unbinds(struct device *dev)
{
	struct cxl_dcd_decoder *dec;

	if (!cxl_dcd_decoder_is_ours(dev))
		return;
	guard(mutex)(&cxl_dcd_decoder_change);
	guard(spinlock)(&decoders_lock);
	list_for_each_entry(dec, &decoders, node)
		if (dec->cxled->cxld.dev.parent == dev) {
			cxl_dcd_decoder_forget_skip(dec);
			dec->size = 0;
		}
}

/**
 * cxl_dcd_decoder_above - does a region hold up another one?
 * @cxlr: any region; only compared
 *
 * A device's decoders are committed in ascending order, and where a lower one is
 * taken back the device decodes none above it.
 *
 * Returns: true when a decoder of one of our devices is committed above one of
 * the region's.
 */
bool cxl_dcd_decoder_above(const struct cxl_region *cxlr)
{
	struct cxl_dcd_decoder *dec, *other;

	guard(mutex)(&cxl_dcd_decoder_change);
	list_for_each_entry(dec, &decoders, node) {
		if (dec->cxled->cxld.region != cxlr)
			continue;
		list_for_each_entry(other, &decoders, node)
			if (other->cxled->cxld.dev.parent ==
				    dec->cxled->cxld.dev.parent &&
			    other->cxled->cxld.id > dec->cxled->cxld.id &&
			    other->cxled->cxld.flags & CXL_DECODER_F_ENABLE)
				return true;
	}
	return false;
}

/**
 * cxl_dcd_dpa_is_ram - does the kernel have any of a DPA range as its memory?
 *
 * By the committed decoders: there need not be a DAX region.
 */
bool cxl_dcd_dpa_is_ram(struct cxl_dcd *dcd, u64 dpa, u64 len)
{
	struct cxl_dcd_decoder *dec;

	guard(spinlock)(&decoders_lock);
	list_for_each_entry(dec, &decoders, node) {
		const struct cxl_decoder *cxld = &dec->cxled->cxld;
		u64 from, to, step = cxld->interleave_granularity;

		if (cxled_to_memdev(dec->cxled) != dcd->cxlmd || !dec->size ||
		    !(cxld->flags & CXL_DECODER_F_ENABLE) ||
		    !cxl_dcd_ranges_overlap(dec->base, dec->size, dpa, len))
			continue;
		from = max(dpa, dec->base) - dec->base;
		to = min(dpa + len, dec->base + dec->size) - 1 - dec->base;
		/* Whole turns of the interleave set, from first to last. */
		from = ALIGN_DOWN(from, step);
		to = ALIGN_DOWN(to, step) + step;
		if (cxl_dcd_is_ram(cxld->hpa_range.start +
					 from * cxld->interleave_ways,
					 (to - from) * cxld->interleave_ways))
			return true;
	}
	return false;
}
