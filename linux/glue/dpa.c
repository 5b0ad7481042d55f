// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPA of partitions for endpoint decoders.
 *
 * The stock driver knows volatile and persistent capacity. Here an endpoint
 * decoder's `mode` also takes a dynamic capacity partition and its `dpa_size`
 * then reserves DPA there; the stock region code does all the rest, for which a
 * decoder over dynamic capacity is one over volatile memory.
 */
#include <linux/lockdep.h>
#include <linux/string.h>

#include "device.h"
#include "judge.h"
#include "names.h"
#include "glue/compat.h"
#include "glue/decoder_list.h"
#include "glue/dpa.h"
#include "glue/facts.h"
#include "glue/override.h"

static struct cxl_dcd_override mode_file, dpa_size_file;

static bool dcd_dpa_overlaps(const struct resource *res, u64 start, u64 len)
{
	return len && res && res->parent &&
	       cxl_dcd_ranges_overlap(res->start, resource_size(res), start,
				      len);
}

/* Reserve DPA for a decoder, in order behind that of the decoders before it. */
static int dcd_dpa_reserve(struct cxl_dcd *dcd, struct cxl_dcd_decoder *dec,
			   const struct cxl_dcd_part *part, u64 size)
{
	u64 used = cxl_dcd_decoder_dpa_used(dec->cxled),
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
	if (!cxl_dcd_facts_reserved(rc))
		dpa_size_file.stock->store(&dec->cxled->cxld.dev,
					   dpa_size_file.stock, "0", 1);
	if (rc)
		return rc;
	dec->own_skip = own_skip;
	if (own_skip)
		dec->cxled->skip = skip;
	return 0;
}

/*
 * What a decoder skips that was there before: has it a resource? Not where an
 * earlier load of this module found that there can be none.
 */
void cxl_dcd_dpa_recall_skip(struct cxl_dcd *dcd, struct cxl_dcd_decoder *dec)
{
	u64 skip = dec->cxled->skip;

	dec->own_skip = dec->size && skip && dec->over >= 0 &&
			!cxl_dcd_skip_possible(dcd->cxlds, dec->base - skip,
					       skip);
}

static ssize_t dcd_dpa_mode_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct cxl_endpoint_decoder *cxled = to_cxl_endpoint_decoder(dev);
	struct cxl_dcd *dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
	int part = dcd ? cxl_dcd_decoder_part_of(dev) : -ENODEV;
	unsigned int slot = 0;

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
static struct cxl_dcd_decoder *dcd_dpa_change_begin(struct device *dev,
						    struct cxl_dcd **dcd)
{
	struct cxl_dcd_decoder *dec;

	mutex_lock(&cxl_dcd_decoder_change);
	dec = cxl_dcd_decoder_find(dev);
	*dcd = dec ? cxl_dcd_find_get(cxled_to_memdev(dec->cxled)) : NULL;
	if (*dcd)
		return dec;
	mutex_unlock(&cxl_dcd_decoder_change);
	return NULL;
}

static void dcd_dpa_change_end(struct cxl_dcd *dcd)
{
	mutex_unlock(&cxl_dcd_decoder_change);
	cxl_dcd_put(dcd);
}

static ssize_t dcd_dpa_mode_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t len)
{
	struct cxl_dcd *dcd;
	struct cxl_dcd_decoder *dec = dcd_dpa_change_begin(dev, &dcd);
	ssize_t rc = len;
	int part;

	if (!dec)
		return -ENXIO;
	part = cxl_dcd_name_part(dcd->parts, dcd->nr_parts, buf);
	if (part == -ENXIO)
		rc = -ENXIO;
	else if (cxl_dcd_decoder_part(dec) >= 0 && dec->size)
		rc = -EBUSY;
	else if (part < 0)
		rc = mode_file.stock->store(dev, mode_file.stock, buf, len);
	else if (dec->size ||
		 dec->cxled->cxld.flags & CXL_DECODER_F_ENABLE)
		rc = -EBUSY;
	if (rc > 0)
		cxl_dcd_decoder_choose(dec, part < 0 ? -1 : part);
	dcd_dpa_change_end(dcd);
	return rc;
}

static ssize_t dcd_dpa_size_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	return dpa_size_file.stock->show(dev, dpa_size_file.stock, buf);
}

/* Free what the decoder has; an error when it is in use. */
static int dcd_dpa_free(struct device *dev, struct cxl_dcd_decoder *dec)
{
	u64 skip = dec->cxled->skip;
	bool own = dec->own_skip;
	ssize_t rc;

	cxl_dcd_decoder_forget_skip(dec);
	rc = dpa_size_file.stock->store(dev, dpa_size_file.stock, "0", 1);
	if (rc < 0 && own) {
		dec->own_skip = true;
		dec->cxled->skip = skip;
	}
	return rc < 0 ? rc : 0;
}

static ssize_t dcd_dpa_size_set(struct device *dev, struct cxl_dcd *dcd,
				struct cxl_dcd_decoder *dec, const char *buf,
				size_t len)
{
	u64 size;
	int rc;

	lockdep_assert_held(&cxl_dcd_decoder_change);
	rc = kstrtoull(buf, 0, &size);
	if (rc)
		return rc;
	if (!IS_ALIGNED(size, SZ_256M))
		return -EINVAL;
	if (dec->own_skip || cxl_dcd_decoder_part(dec) >= 0 || !size) {
		rc = dcd_dpa_free(dev, dec);
		cxl_dcd_decoder_note(dcd, dec);
		if (rc || !size)
			return rc ?: len;
	}
	if (dec->part >= 0) {
		rc = dcd_dpa_reserve(dcd, dec, &dcd->parts[dec->part], size);
		return rc ?: len;
	}
	/* Decoders take DPA in ascending order; static capacity is lower. */
	if (!dec->size &&
	    cxl_dcd_part_find(dcd->parts, dcd->nr_parts,
			      cxl_dcd_decoder_dpa_used(dec->cxled) - 1) !=
		    CXL_DCD_PART_NONE)
		return -EBUSY;
	return dpa_size_file.stock->store(dev, dpa_size_file.stock, buf, len);
}

static ssize_t dcd_dpa_size_store(struct device *dev,
				  struct device_attribute *attr,
				  const char *buf, size_t len)
{
	struct cxl_dcd *dcd;
	struct cxl_dcd_decoder *dec = dcd_dpa_change_begin(dev, &dcd);
	ssize_t rc;

	if (!dec)
		return -ENXIO;
	rc = dcd_dpa_size_set(dev, dcd, dec, buf, len);
	cxl_dcd_decoder_note(dcd, dec);
	dcd_dpa_change_end(dcd);
	return rc;
}

static struct cxl_dcd_override mode_file = {
	.mine = __ATTR(mode, 0644, dcd_dpa_mode_show, dcd_dpa_mode_store),
};

static struct cxl_dcd_override dpa_size_file = {
	.mine = __ATTR(dpa_size, 0644, dcd_dpa_size_show,
		       dcd_dpa_size_store),
};

/* Have a decoder's `mode` and `dpa_size` know partitions. */
int cxl_dcd_dpa_files_add(struct device *dev)
{
	return cxl_dcd_override_add(dev, &mode_file) ?:
	       cxl_dcd_override_add(dev, &dpa_size_file);
}

void cxl_dcd_dpa_files_del(struct device *dev)
{
	cxl_dcd_override_del(dev, &mode_file);
	cxl_dcd_override_del(dev, &dpa_size_file);
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
		if (dcd_dpa_overlaps(cxl_dcd_static(dcd->cxlds, true),
				     part->base, part->decode) ||
		    dcd_dpa_overlaps(cxl_dcd_static(dcd->cxlds, false),
				     part->base, part->decode))
			return -EINVAL;
	}
	dcd->dpa_end = dpa->end;
	if (end > used)
		dpa->end = end - 1;
	return 0;
}

/* No further than its static capacity again, where nothing is over the rest. */
void cxl_dcd_dpa_shrink(struct cxl_dcd *dcd)
{
	struct resource *dpa = &dcd->cxlds->dpa_res;
	unsigned int i;
	struct resource *res;

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
