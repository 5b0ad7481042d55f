// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions over dynamic capacity, by the stock region code.
 *
 * The stock driver knows volatile and persistent capacity. Here an endpoint
 * decoder's `mode` also takes a dynamic capacity partition and its `dpa_size`
 * then reserves DPA there; the stock region code does all the rest, for which a
 * decoder over dynamic capacity is one over volatile memory.
 */
#include <linux/slab.h>
#include <linux/string.h>

#include "cxl_dcd.h"

/**
 * struct dcd_decoder - what is known of an endpoint decoder of a DC memdev
 * @node: entry in decoders, guarded by cxl_dcd_mutex
 * @cxled: the decoder
 * @part: partition chosen with `mode`, -1 for none
 * @own_skip: its DPA skip is not backed by a resource
 */
struct dcd_decoder {
	struct list_head node;
	struct cxl_endpoint_decoder *cxled;
	int part;
	bool own_skip;
};

static LIST_HEAD(decoders);

static struct dcd_decoder *decoder_find(const struct device *dev)
{
	struct dcd_decoder *dec;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(dec, &decoders, node)
		if (&dec->cxled->cxld.dev == dev)
			return dec;
	return NULL;
}

/* The partition that a decoder is over, or will be; -ENODEV for none. */
static int decoder_part(struct cxl_dcd *dcd, const struct dcd_decoder *dec)
{
	const struct resource *res = dec->cxled->dpa_res;
	unsigned int part;

	if (!res)
		return dec->part < 0 ? -ENODEV : dec->part;
	part = cxl_dcd_part_find(dcd->parts, dcd->nr_parts, res->start);
	return part == CXL_DCD_PART_NONE ? -ENODEV : part;
}

/* First DPA behind all that the device's decoders have so far. */
static u64 dpa_used(const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_port *port = cxled_to_port((void *)cxled);
	struct dcd_decoder *dec;
	u64 end = 0;

	list_for_each_entry(dec, &decoders, node)
		if (cxled_to_port(dec->cxled) == port && dec->cxled->dpa_res)
			end = max_t(u64, end, dec->cxled->dpa_res->end + 1);
	return end;
}

static bool overlaps(const struct resource *res, u64 start, u64 len)
{
	return len && res && res->parent &&
	       cxl_dcd_ranges_overlap(res->start, resource_size(res), start,
				      len);
}

/* Reserve DPA for a decoder, in order behind that of the decoders before it. */
static int dpa_reserve(struct cxl_dcd *dcd, struct dcd_decoder *dec,
		       const struct cxl_dcd_part *part, u64 size)
{
	u64 used = dpa_used(dec->cxled), base = max(part->base, used);
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
	if (rc)
		return rc;
	dec->own_skip = own_skip;
	if (own_skip)
		dec->cxled->skip = skip;
	return 0;
}

/* The core frees a skip's resource by the field: hide one that has none. */
static void forget_skip(struct dcd_decoder *dec)
{
	if (dec->own_skip)
		dec->cxled->skip = 0;
	dec->own_skip = false;
}

static struct cxl_dcd_override mode_file, dpa_size_file;

static ssize_t mode_show(struct device *dev, struct device_attribute *attr,
			 char *buf)
{
	struct cxl_dcd *dcd;
	struct dcd_decoder *dec;
	unsigned int slot = 0;
	int part = -ENODEV;

	mutex_lock(&cxl_dcd_mutex);
	dec = decoder_find(dev);
	dcd = dec ? cxl_dcd_find(cxled_to_memdev(dec->cxled)) : NULL;
	if (dcd)
		part = decoder_part(dcd, dec);
	if (part >= 0)
		slot = cxl_dcd_slot_of(dcd, part);
	cxl_dcd_unlock();
	if (part >= 0)
		return sysfs_emit(buf, "%s\n", cxl_dcd_slot_name(slot));
	return mode_file.stock->show(dev, mode_file.stock, buf);
}

static ssize_t mode_store(struct device *dev, struct device_attribute *attr,
			  const char *buf, size_t len)
{
	struct cxl_dcd *dcd;
	struct dcd_decoder *dec;
	int part = -ENXIO;
	ssize_t rc = len;

	mutex_lock(&cxl_dcd_mutex);
	dec = decoder_find(dev);
	dcd = dec ? cxl_dcd_find(cxled_to_memdev(dec->cxled)) : NULL;
	if (dcd)
		part = cxl_dcd_name_part(dcd, buf);
	if (part == -ENXIO)
		rc = -ENXIO;
	else if (decoder_part(dcd, dec) >= 0 && dec->cxled->dpa_res)
		rc = -EBUSY;
	else if (part < 0)
		rc = mode_file.stock->store(dev, mode_file.stock, buf, len);
	else if (dec->cxled->dpa_res ||
		 dec->cxled->cxld.flags & CXL_DECODER_F_ENABLE)
		rc = -EBUSY;
	if (rc > 0)
		dec->part = part < 0 ? -1 : part;
	cxl_dcd_unlock();
	return rc;
}

static ssize_t dpa_size_show(struct device *dev, struct device_attribute *attr,
			     char *buf)
{
	return dpa_size_file.stock->show(dev, dpa_size_file.stock, buf);
}

/* Free what the decoder has; an error when it is in use. */
static int dpa_free(struct device *dev, struct dcd_decoder *dec)
{
	u64 skip = dec->cxled->skip;
	bool own = dec->own_skip;
	ssize_t rc;

	forget_skip(dec);
	rc = dpa_size_file.stock->store(dev, dpa_size_file.stock, "0", 1);
	if (rc < 0 && own) {
		dec->own_skip = true;
		dec->cxled->skip = skip;
	}
	return rc < 0 ? rc : 0;
}

static ssize_t dpa_size_store_locked(struct device *dev,
				     struct dcd_decoder *dec, const char *buf,
				     size_t len)
{
	struct cxl_dcd *dcd = cxl_dcd_find(cxled_to_memdev(dec->cxled));
	u64 size;
	int rc;

	if (!dcd)
		return -ENXIO;
	rc = kstrtoull(buf, 0, &size);
	if (rc)
		return rc;
	if (!IS_ALIGNED(size, SZ_256M))
		return -EINVAL;
	if (dec->own_skip || decoder_part(dcd, dec) >= 0 || !size) {
		rc = dpa_free(dev, dec);
		if (rc || !size)
			return rc ?: len;
	}
	if (dec->part >= 0) {
		rc = dpa_reserve(dcd, dec, &dcd->parts[dec->part], size);
		return rc ?: len;
	}
	/* Static capacity lies below: decoders must take DPA in order. */
	if (!dec->cxled->dpa_res &&
	    cxl_dcd_part_find(dcd->parts, dcd->nr_parts,
			      dpa_used(dec->cxled) - 1) != CXL_DCD_PART_NONE)
		return -EBUSY;
	return dpa_size_file.stock->store(dev, dpa_size_file.stock, buf, len);
}

static ssize_t dpa_size_store(struct device *dev, struct device_attribute *attr,
			      const char *buf, size_t len)
{
	struct dcd_decoder *dec;
	ssize_t rc = -ENXIO;

	mutex_lock(&cxl_dcd_mutex);
	dec = decoder_find(dev);
	if (dec)
		rc = dpa_size_store_locked(dev, dec, buf, len);
	cxl_dcd_unlock();
	return rc;
}

static struct cxl_dcd_override mode_file = { .mine = __ATTR_RW(mode) };
static struct cxl_dcd_override dpa_size_file = { .mine = __ATTR_RW(dpa_size) };

/* An endpoint decoder was added: is it on one of our devices? */
void cxl_dcd_decoder_added(struct device *dev)
{
	struct cxl_endpoint_decoder *cxled = to_cxl_endpoint_decoder(dev);
	struct dcd_decoder *dec = kzalloc(sizeof(*dec), GFP_KERNEL);
	struct cxl_dcd *dcd;

	if (!dec)
		return;
	dec->cxled = cxled;
	dec->part = -1;
	mutex_lock(&cxl_dcd_mutex);
	dcd = cxl_dcd_find(cxled_to_memdev(cxled));
	if (!dcd || decoder_find(dev)) {
		cxl_dcd_unlock();
		kfree(dec);
		return;
	}
	list_add_tail(&dec->node, &decoders);
	cxl_dcd_decoder_committed(dcd, cxled);
	cxl_dcd_get(dcd);
	cxl_dcd_unlock();
	if (!cxled->cxld.id)
		cxl_dcd_endpoint_ready(dcd, cxled_to_port(cxled));
	cxl_dcd_put(dcd);
	if (cxl_dcd_override_add(dev, &mode_file) ||
	    cxl_dcd_override_add(dev, &dpa_size_file))
		dev_err(dev, "cannot be used for dynamic capacity\n");
}

void cxl_dcd_decoder_gone(struct device *dev)
{
	struct dcd_decoder *dec;

	mutex_lock(&cxl_dcd_mutex);
	dec = decoder_find(dev);
	if (dec)
		list_del(&dec->node);
	cxl_dcd_unlock();
	kfree(dec);
}

/* The port's driver goes, and with it the core frees its decoders' DPA. */
void cxl_dcd_port_unbinds(struct device *dev)
{
	struct dcd_decoder *dec;

	mutex_lock(&cxl_dcd_mutex);
	list_for_each_entry(dec, &decoders, node)
		if (dec->cxled->cxld.dev.parent == dev)
			forget_skip(dec);
	cxl_dcd_unlock();
}

/**
 * cxl_dcd_dpa_is_ram - does the kernel have any of a DPA range as its memory?
 *
 * By the committed decoders: there need not be a DAX region.
 */
bool cxl_dcd_dpa_is_ram(struct cxl_dcd *dcd, u64 dpa, u64 len)
{
	struct dcd_decoder *dec;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(dec, &decoders, node) {
		const struct cxl_decoder *cxld = &dec->cxled->cxld;
		const struct resource *res = dec->cxled->dpa_res;
		u64 from, to, step = cxld->interleave_granularity;

		if (cxled_to_memdev(dec->cxled) != dcd->cxlmd || !res ||
		    !(cxld->flags & CXL_DECODER_F_ENABLE) ||
		    !cxl_dcd_ranges_overlap(res->start, resource_size(res), dpa,
					    len))
			continue;
		from = max(dpa, res->start) - res->start;
		to = min(dpa + len - 1, res->end) - res->start;
		/* Turns of the interleave set that have any of it. */
		from = ALIGN_DOWN(from, step);
		to = ALIGN_DOWN(to, step) + step;
		if (cxl_dcd_range_is_ram(cxld->hpa_range.start +
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
static bool decoder_lock(struct device *dev, const struct cxl_memdev *cxlmd)
{
	if (!is_endpoint_decoder(dev))
		return false;
	device_lock(dev->parent);
	if (device_is_registered(dev) &&
	    cxled_to_memdev(to_cxl_endpoint_decoder(dev)) == cxlmd)
		return true;
	device_unlock(dev->parent);
	return false;
}

static int take_decoder(struct device *dev, void *data)
{
	if (decoder_lock(dev, data)) {
		cxl_dcd_decoder_added(dev);
		device_unlock(dev->parent);
	}
	return 0;
}

static int drop_decoder(struct device *dev, void *data)
{
	if (decoder_lock(dev, data)) {
		cxl_dcd_override_del(dev, &mode_file);
		cxl_dcd_override_del(dev, &dpa_size_file);
		cxl_dcd_decoder_gone(dev);
		device_unlock(dev->parent);
	}
	return 0;
}

/* Decoders that were there before the device was known to be ours. */
void cxl_dcd_decoders_take(struct cxl_dcd *dcd)
{
	bus_for_each_dev(&cxl_bus_type, NULL, dcd->cxlmd, take_decoder);
}

void cxl_dcd_decoders_drop(struct cxl_dcd *dcd)
{
	struct resource *dpa = &dcd->cxlds->dpa_res;
	unsigned int i;
	struct resource *res;

	bus_for_each_dev(&cxl_bus_type, NULL, dcd->cxlmd, drop_decoder);
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
		if (overlaps(cxl_dcd_static(dcd->cxlds, true), part->base,
			     part->decode) ||
		    overlaps(cxl_dcd_static(dcd->cxlds, false), part->base,
			     part->decode))
			return -EINVAL;
	}
	dcd->dpa_end = dpa->end;
	if (end > used)
		dpa->end = end - 1;
	return 0;
}
