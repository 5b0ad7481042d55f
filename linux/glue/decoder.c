// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions over dynamic capacity, by the stock region code.
 *
 * The stock driver knows volatile and persistent capacity. Here an endpoint
 * decoder's `mode` also takes a dynamic capacity partition and its `dpa_size`
 * then reserves DPA there; the stock region code does all the rest, for which a
 * decoder over dynamic capacity is one over volatile memory.
 */
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "device.h"
#include "judge.h"
#include "lock.h"
#include "names.h"
#include "parts.h"
#include "glue/compat.h"
#include "glue/decoder.h"
#include "glue/facts.h"
#include "glue/firmware.h"
#include "glue/offline.h"
#include "glue/override.h"
#include "glue/qos.h"
#include "glue/root.h"

/*
 * One change of a decoder at a time: within it run the stock methods of their
 * files, which sleep on locks of the CXL core. Not within anybody's books, nor
 * they within it, so that no decoder waits for the mailbox of a device.
 */
static DEFINE_MUTEX(change_lock);

/**
 * struct dcd_decoder - what is known of an endpoint decoder of a DC memdev
 * @node: entry in decoders; that changes with change_lock and decoders_lock
 *	  held, and each of them is enough to look; so do @part, @base, @size
 *	  and @over. The stock resource is freed without asking us, and is not
 *	  looked into but where it was just made
 * @cxled: the decoder
 * @part: partition chosen with `mode`, -1 for none
 * @base: first DPA of what it has reserved
 * @size: bytes of that, 0 for none
 * @over: partition that this is in, -1 for static capacity
 * @own_skip: its DPA skip is not backed by a resource
 */
struct dcd_decoder {
	struct list_head node;
	struct cxl_endpoint_decoder *cxled;
	int part;
	u64 base;
	u64 size;
	int over;
	bool own_skip;
};

static LIST_HEAD(decoders);
static DEFINE_SPINLOCK(decoders_lock);

static struct dcd_decoder *dcd_decoder_find(const struct device *dev)
{
	struct dcd_decoder *dec;

	lockdep_assert(lockdep_is_held(&change_lock) ||
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
static bool dcd_decoder_is_ours(const struct device *dev)
{
	struct dcd_decoder *dec;

	guard(spinlock)(&decoders_lock);
	list_for_each_entry(dec, &decoders, node)
		if (&dec->cxled->cxld.dev == dev ||
		    dec->cxled->cxld.dev.parent == dev)
			return true;
	return false;
}

/* The partition that a decoder is over, or will be; -ENODEV for none. */
static int dcd_decoder_part(const struct dcd_decoder *dec)
{
	int part = dec->size ? dec->over : dec->part;

	return part < 0 ? -ENODEV : part;
}

/* Keep what a decoder has reserved by now. */
static void dcd_decoder_note(struct cxl_dcd *dcd, struct dcd_decoder *dec)
{
	const struct resource *res = dec->cxled->dpa_res;
	unsigned int over;

	lockdep_assert_held(&change_lock);
	guard(spinlock)(&decoders_lock);
	dec->size = res ? resource_size(res) : 0;
	if (!res)
		return;
	dec->base = res->start;
	over = cxl_dcd_part_find(dcd->parts, dcd->nr_parts, res->start);
	dec->over = over == CXL_DCD_PART_NONE ? -1 : over;
}

static void dcd_decoder_choose(struct dcd_decoder *dec, int part)
{
	lockdep_assert_held(&change_lock);
	guard(spinlock)(&decoders_lock);
	dec->part = part;
}

/* First DPA behind all that the device's decoders have so far. */
static u64 dcd_decoder_dpa_used(const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_port *port = cxled_to_port((void *)cxled);
	struct dcd_decoder *dec;
	u64 end = 0;

	list_for_each_entry(dec, &decoders, node)
		if (cxled_to_port(dec->cxled) == port && dec->size)
			end = max(end, dec->base + dec->size);
	return end;
}

static bool dcd_decoder_overlaps(const struct resource *res, u64 start, u64 len)
{
	return len && res && res->parent &&
	       cxl_dcd_ranges_overlap(res->start, resource_size(res), start,
				      len);
}

/* Reserve DPA for a decoder, in order behind that of the decoders before it. */
static int dcd_decoder_dpa_reserve(struct cxl_dcd *dcd, struct dcd_decoder *dec,
				   const struct cxl_dcd_part *part, u64 size)
{
	u64 used = dcd_decoder_dpa_used(dec->cxled),
	    base = max(part->base, used);
	u64 end = part->base + part->decode, skip = base - used;
	struct range whole = { .start = part->base, .end = end - 1 };
	bool own_skip;
	int rc;

	if (used > end)
		return -EBUSY;
	if (size > end - base)
		return -ENOSPC;
	own_skip = skip && !cxl_dcd_skip_possible(dcd->cxlds, used, skip);
	rc = cxl_dcd_dpa_reserve(dec->cxled, &whole, base, size,
				 own_skip ? 0 : skip);
	if (!cxl_dcd_facts_reserved(rc) || rc)
		return rc;
	dec->own_skip = own_skip;
	if (own_skip)
		dec->cxled->skip = skip;
	return 0;
}

/* The core frees a resource for any skip that it finds: hide one without. */
static void dcd_decoder_forget_skip(struct dcd_decoder *dec)
{
	if (dec->own_skip)
		dec->cxled->skip = 0;
	dec->own_skip = false;
}

/*
 * What a decoder skips that was there before: has it a resource? Not where an
 * earlier load of this module found that there can be none.
 */
static void dcd_decoder_recall_skip(struct cxl_dcd *dcd,
				    struct dcd_decoder *dec)
{
	u64 skip = dec->cxled->skip;

	dec->own_skip = dec->size && skip && dec->over >= 0 &&
			!cxl_dcd_skip_possible(dcd->cxlds, dec->base - skip,
					       skip);
}

static struct cxl_dcd_override mode_file, dpa_size_file;

static ssize_t dcd_decoder_mode_show(struct device *dev,
				     struct device_attribute *attr, char *buf)
{
	struct cxl_endpoint_decoder *cxled = to_cxl_endpoint_decoder(dev);
	struct cxl_dcd *dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
	struct dcd_decoder *dec;
	unsigned int slot = 0;
	int part = -ENODEV;

	spin_lock(&decoders_lock);
	dec = dcd_decoder_find(dev);
	if (dcd && dec)
		part = dcd_decoder_part(dec);
	spin_unlock(&decoders_lock);
	if (part >= 0)
		slot = cxl_dcd_slot_of(&dcd->parts[part], part);
	if (dcd)
		cxl_dcd_put(dcd);
	if (part >= 0)
		return sysfs_emit(buf, "%s\n", cxl_dcd_slot_name(slot));
	return mode_file.stock->show(dev, mode_file.stock, buf);
}

/*
 * Begin a change of a decoder, with its device referenced; NULL, with nothing
 * held, when one of the two is gone.
 */
static struct dcd_decoder *dcd_decoder_change_begin(struct device *dev,
						    struct cxl_dcd **dcd)
{
	struct dcd_decoder *dec;

	mutex_lock(&change_lock);
	dec = dcd_decoder_find(dev);
	*dcd = dec ? cxl_dcd_find_get(cxled_to_memdev(dec->cxled)) : NULL;
	if (*dcd)
		return dec;
	mutex_unlock(&change_lock);
	return NULL;
}

static void dcd_decoder_change_end(struct cxl_dcd *dcd)
{
	mutex_unlock(&change_lock);
	cxl_dcd_put(dcd);
}

static ssize_t dcd_decoder_mode_store(struct device *dev,
				      struct device_attribute *attr,
				      const char *buf, size_t len)
{
	struct cxl_dcd *dcd;
	struct dcd_decoder *dec = dcd_decoder_change_begin(dev, &dcd);
	ssize_t rc = len;
	int part;

	if (!dec)
		return -ENXIO;
	part = cxl_dcd_name_part(dcd->parts, dcd->nr_parts, buf);
	if (part == -ENXIO)
		rc = -ENXIO;
	else if (dcd_decoder_part(dec) >= 0 && dec->size)
		rc = -EBUSY;
	else if (part < 0)
		rc = mode_file.stock->store(dev, mode_file.stock, buf, len);
	else if (dec->size ||
		 dec->cxled->cxld.flags & CXL_DECODER_F_ENABLE)
		rc = -EBUSY;
	if (rc > 0)
		dcd_decoder_choose(dec, part < 0 ? -1 : part);
	dcd_decoder_change_end(dcd);
	return rc;
}

static ssize_t dcd_decoder_dpa_size_show(struct device *dev,
					 struct device_attribute *attr,
					 char *buf)
{
	return dpa_size_file.stock->show(dev, dpa_size_file.stock, buf);
}

/* Free what the decoder has; an error when it is in use. */
static int dcd_decoder_dpa_free(struct device *dev, struct dcd_decoder *dec)
{
	u64 skip = dec->cxled->skip;
	bool own = dec->own_skip;
	ssize_t rc;

	dcd_decoder_forget_skip(dec);
	rc = dpa_size_file.stock->store(dev, dpa_size_file.stock, "0", 1);
	if (rc < 0 && own) {
		dec->own_skip = true;
		dec->cxled->skip = skip;
	}
	return rc < 0 ? rc : 0;
}

static ssize_t dcd_decoder_dpa_size_set(struct device *dev, struct cxl_dcd *dcd,
					struct dcd_decoder *dec,
					const char *buf, size_t len)
{
	u64 size;
	int rc;

	lockdep_assert_held(&change_lock);
	rc = kstrtoull(buf, 0, &size);
	if (rc)
		return rc;
	if (!IS_ALIGNED(size, SZ_256M))
		return -EINVAL;
	if (dec->own_skip || dcd_decoder_part(dec) >= 0 || !size) {
		rc = dcd_decoder_dpa_free(dev, dec);
		dcd_decoder_note(dcd, dec);
		if (rc || !size)
			return rc ?: len;
	}
	if (dec->part >= 0) {
		rc = dcd_decoder_dpa_reserve(dcd, dec, &dcd->parts[dec->part],
					     size);
		return rc ?: len;
	}
	/* Decoders take DPA in ascending order; static capacity is lower. */
	if (!dec->size &&
	    cxl_dcd_part_find(dcd->parts, dcd->nr_parts,
			      dcd_decoder_dpa_used(dec->cxled) - 1) !=
		    CXL_DCD_PART_NONE)
		return -EBUSY;
	return dpa_size_file.stock->store(dev, dpa_size_file.stock, buf, len);
}

static ssize_t dcd_decoder_dpa_size_store(struct device *dev,
					  struct device_attribute *attr,
					  const char *buf, size_t len)
{
	struct cxl_dcd *dcd;
	struct dcd_decoder *dec = dcd_decoder_change_begin(dev, &dcd);
	ssize_t rc;

	if (!dec)
		return -ENXIO;
	rc = dcd_decoder_dpa_size_set(dev, dcd, dec, buf, len);
	dcd_decoder_note(dcd, dec);
	dcd_decoder_change_end(dcd);
	return rc;
}

static struct cxl_dcd_override mode_file = {
	.mine = __ATTR(mode, 0644, dcd_decoder_mode_show,
		       dcd_decoder_mode_store),
};

static struct cxl_dcd_override dpa_size_file = {
	.mine = __ATTR(dpa_size, 0644, dcd_decoder_dpa_size_show,
		       dcd_decoder_dpa_size_store),
};

/*
 * The endpoint port of a device has read its CDAT: what partitions are, and how
 * they are called, is known from here on. The port does not go meanwhile.
 */
static void dcd_decoder_endpoint_ready(struct cxl_dcd *dcd,
				       struct cxl_port *port)
{
	cxl_dcd_read_cdat(dcd);
	if (port->cdat.table)
		cxl_dcd_read_qos(dcd, port);
	cxl_dcd_roots_show();
	cxl_dcd_parts_show(dcd);
}

/* Take a decoder into the list; its device, referenced, or NULL if not ours. */
static struct cxl_dcd *dcd_decoder_add(struct cxl_endpoint_decoder *cxled)
{
	struct dcd_decoder *dec = kzalloc(sizeof(*dec), GFP_KERNEL);
	struct cxl_dcd *dcd;

	if (!dec)
		return NULL;
	dec->cxled = cxled;
	dec->part = -1;
	guard(mutex)(&change_lock);
	dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
	if (!dcd || dcd_decoder_find(&cxled->cxld.dev)) {
		if (dcd)
			cxl_dcd_put(dcd);
		kfree(dec);
		return NULL;
	}
	spin_lock(&decoders_lock);
	list_add_tail(&dec->node, &decoders);
	spin_unlock(&decoders_lock);
	cxl_dcd_decoder_committed(dcd, cxled);
	dcd_decoder_note(dcd, dec);
	dcd_decoder_recall_skip(dcd, dec);
	return dcd;
}

/* An endpoint decoder was added: is it on one of our devices? */
void cxl_dcd_decoder_added(struct device *dev)
{
	struct cxl_endpoint_decoder *cxled = to_cxl_endpoint_decoder(dev);
	struct cxl_dcd *dcd;

	if (!cxl_dcd_devices_any() || !cxl_dcd_facts_decoder(cxled) ||
	    !cxl_dcd_is_ours(cxled_to_memdev(cxled)))
		return;
	dcd = dcd_decoder_add(cxled);
	if (!dcd)
		return;
	if (!cxled->cxld.id)
		dcd_decoder_endpoint_ready(dcd, cxled_to_port(cxled));
	cxl_dcd_put(dcd);
	if (cxl_dcd_override_add(dev, &mode_file) ||
	    cxl_dcd_override_add(dev, &dpa_size_file))
		dev_err(dev, "cannot be used for dynamic capacity\n");
}

void cxl_dcd_decoder_gone(struct device *dev)
{
	struct dcd_decoder *dec;

	if (!dcd_decoder_is_ours(dev))
		return;
	guard(mutex)(&change_lock);
	dec = dcd_decoder_find(dev);
	if (!dec)
		return;
	spin_lock(&decoders_lock);
	list_del(&dec->node);
	spin_unlock(&decoders_lock);
	kfree(dec);
}

/* The port's driver goes, and with it the core frees its decoders' DPA. */
void cxl_dcd_port_unbinds(struct device *dev)
{
	struct dcd_decoder *dec;

	if (!dcd_decoder_is_ours(dev))
		return;
	guard(mutex)(&change_lock);
	guard(spinlock)(&decoders_lock);
	list_for_each_entry(dec, &decoders, node)
		if (dec->cxled->cxld.dev.parent == dev) {
			dcd_decoder_forget_skip(dec);
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
	struct dcd_decoder *dec, *other;

	guard(mutex)(&change_lock);
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
	struct dcd_decoder *dec;

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

/*
 * Lock the port of a decoder of a memdev, with which its decoders come and go.
 * False when the decoder is another one's, or goes already.
 */
static bool dcd_decoder_lock(struct device *dev, const struct cxl_memdev *cxlmd)
{
	/* Whose it is does not change; another one's port may be slow. */
	if (!is_endpoint_decoder(dev) ||
	    !cxl_dcd_facts_decoder(to_cxl_endpoint_decoder(dev)) ||
	    cxled_to_memdev(to_cxl_endpoint_decoder(dev)) != cxlmd)
		return false;
	device_lock(dev->parent);
	if (device_is_registered(dev))
		return true;
	device_unlock(dev->parent);
	return false;
}

static int dcd_decoder_attach_one(struct device *dev, void *data)
{
	if (dcd_decoder_lock(dev, data)) {
		cxl_dcd_decoder_added(dev);
		device_unlock(dev->parent);
	}
	return 0;
}

/*
 * A decoder over dynamic capacity that is in no region yet: without us the stock
 * region code would take it for one over volatile memory, and commit a region
 * with nothing behind it. So it is over what that code knows no region for. The
 * next load says again what it is.
 */
static void dcd_decoder_withdraw(struct device *dev)
{
	struct dcd_decoder *dec;

	guard(mutex)(&change_lock);
	dec = dcd_decoder_find(dev);
	if (dec && dec->size && dec->over >= 0 && !dec->cxled->cxld.region)
		cxl_dcd_decoder_is(dec->cxled, false);
}

static int dcd_decoder_detach_one(struct device *dev, void *data)
{
	if (dcd_decoder_lock(dev, data)) {
		dcd_decoder_withdraw(dev);
		cxl_dcd_override_del(dev, &mode_file);
		cxl_dcd_override_del(dev, &dpa_size_file);
		cxl_dcd_decoder_gone(dev);
		device_unlock(dev->parent);
	}
	return 0;
}

/* Attach to decoders that were there before the device was known to be ours. */
void cxl_dcd_decoders_attach(struct cxl_dcd *dcd)
{
	bus_for_each_dev(&cxl_bus_type, NULL, dcd->cxlmd,
			 dcd_decoder_attach_one);
}

void cxl_dcd_decoders_detach(struct cxl_dcd *dcd)
{
	struct resource *dpa = &dcd->cxlds->dpa_res;
	unsigned int i;
	struct resource *res;

	bus_for_each_dev(&cxl_bus_type, NULL, dcd->cxlmd,
			 dcd_decoder_detach_one);
	for (res = dpa->child; res; res = res->sibling)
		for (i = 0; i < dcd->nr_parts; i++)
			if (dcd->parts[i].size &&
			    cxl_dcd_ranges_overlap(dcd->parts[i].base,
						   dcd->parts[i].decode,
						   res->start,
						   resource_size(res)))
				return;
	dpa->end = dcd->dpa_end;
}

/* Let the device's DPA space reach over its dynamic capacity. */
int cxl_dcd_dpa_extend(struct cxl_dcd *dcd)
{
	struct resource *dpa = &dcd->cxlds->dpa_res;
	u64 used = resource_size(dpa), end = 0;
	unsigned int i;

	for (i = 0; i < dcd->nr_parts; i++) {
		const struct cxl_dcd_part *part = &dcd->parts[i];

		if (!part->size)
			continue;
		end = part->base + part->decode;
		/* After a reload it may still reach this far. */
		if (dcd_decoder_overlaps(cxl_dcd_static(dcd->cxlds, true),
					 part->base, part->decode) ||
		    dcd_decoder_overlaps(cxl_dcd_static(dcd->cxlds, false),
					 part->base, part->decode))
			return -EINVAL;
	}
	dcd->dpa_end = dpa->end;
	if (end > used)
		dpa->end = end - 1;
	return 0;
}
