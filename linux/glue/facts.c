// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is this the kernel that the module was built for?
 *
 * The stock drivers' private structures are no part of any interface: a kernel
 * of the same version, but with a patch more, may have another field in them,
 * and neither the build nor the loader says so. So before anything of a
 * structure is written, or a pointer in it followed, what can be known twice is
 * compared: a device's name and the numbers in it, two pointers to each other,
 * what was asked for and what was made. Whatever does not fit is not used.
 *
 * All reads through pointers that may be none fail without harm.
 */
#include <linux/log2.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "glue/compat.h"
#include "glue/facts.h"

/* Something is not as we know it: no device or region is used any more. */
static bool differs;

/* Say it once, whatever number of devices it is about. */
static bool dcd_facts_differ(const char *what)
{
	if (!xchg(&differs, true))
		pr_err("cxl_dcd: %s of this kernel is not what the module was built for: dynamic capacity is not used; build it anew with drivers/cxl and drivers/dax of exactly this kernel\n",
		       what);
	return false;
}

/* Has all been as we know it? */
bool cxl_dcd_facts_fit(void)
{
	return !READ_ONCE(differs);
}

/* What is at an address; NULL also when nothing is. */
static const void *dcd_facts_pointer(const void *at)
{
	const void *value;

	return get_kernel_nofault(value, (const void * const *)at) ? NULL :
								     value;
}

static bool dcd_facts_text(const char *text, const char *want)
{
	char have[32] = "";

	return !copy_from_kernel_nofault(have, text, strlen(want) + 1) &&
	       !strcmp(have, want);
}

/*
 * Does a device's name have these numbers? It may be none: the structure that it
 * is part of may be another one.
 */
static __printf(2, 3) bool dcd_facts_named(const struct device *dev,
					   const char *format, ...)
{
	const char *name = dcd_facts_pointer(&dev->kobj.name);
	char want[32];
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	return name && dcd_facts_text(name, want);
}

static bool dcd_facts_mailbox(const struct cxl_dev_state *cxlds)
{
	size_t payload;

	if (dcd_facts_pointer(&cxlds->cxl_mbox.host) !=
	    dcd_facts_pointer(&cxlds->dev))
		return false;
	return !get_kernel_nofault(payload, &cxlds->cxl_mbox.payload_size) &&
	       is_power_of_2(payload) && payload >= 256 && payload <= SZ_1M;
}

/* A part of the device's static capacity, which has a name or is not used. */
static bool dcd_facts_static(const struct resource *res, const char *name)
{
	struct resource have;

	if (!res)
		return true;
	return !copy_from_kernel_nofault(&have, res, sizeof(have)) &&
	       have.flags & IORESOURCE_MEM &&
	       (!have.name || dcd_facts_text(have.name, name));
}

/* A memdev that the CXL core has just added. */
bool cxl_dcd_facts_memdev(const struct cxl_memdev *cxlmd)
{
	const struct cxl_dev_state *cxlds = cxlmd->cxlds;
	struct resource dpa;

	if (!cxl_dcd_facts_fit())
		return false;
	if (!dcd_facts_named(&cxlmd->dev, "mem%d", cxlmd->id))
		return dcd_facts_differ("struct cxl_memdev");
	if (dcd_facts_pointer(&cxlds->dev) != cxlmd->dev.parent ||
	    dcd_facts_pointer(&cxlds->cxlmd) != cxlmd ||
	    !dcd_facts_mailbox(cxlds))
		return dcd_facts_differ("struct cxl_dev_state");
	if (copy_from_kernel_nofault(&dpa, &cxlds->dpa_res, sizeof(dpa)) ||
	    dpa.start || dpa.parent || !(dpa.flags & IORESOURCE_MEM) ||
	    !dcd_facts_static(cxl_dcd_static(cxlmd->cxlds, true), "ram") ||
	    !dcd_facts_static(cxl_dcd_static(cxlmd->cxlds, false), "pmem"))
		return dcd_facts_differ("struct cxl_dev_state");
	return true;
}

/* Is there a memdev at an address? */
static bool dcd_facts_is_memdev(const struct device *dev)
{
	const struct device_type *type;

	return !get_kernel_nofault(type, &dev->type) && is_cxl_memdev(dev);
}

/* The port of a memdev. */
static bool dcd_facts_endpoint(const struct cxl_port *port)
{
	return dcd_facts_named(&port->dev, "endpoint%d", port->id) &&
	       dcd_facts_is_memdev(dcd_facts_pointer(&port->uport_dev));
}

/* A reservation of the core, in DPA of this device. */
static bool dcd_facts_reservation(const struct resource *res,
				  const struct cxl_dev_state *cxlds)
{
	const void *in = res->parent;

	return res->flags & IORESOURCE_MEM && res->flags & IORESOURCE_BUSY &&
	       res->start < res->end && in >= (const void *)cxlds &&
	       in < (const void *)(cxlds + 1);
}

/**
 * cxl_dcd_facts_dpa - what DPA an endpoint decoder has
 * @cxled: the decoder, on a memdev that is as we know it
 * @dpa: set where it has any
 *
 * Before the DPA that a decoder has lies what it skips, multiples of 256 MiB.
 *
 * Returns: 1; 0 when it has none; -EOPNOTSUPP when that cannot be told.
 */
int cxl_dcd_facts_dpa(const struct cxl_endpoint_decoder *cxled,
		      struct range *dpa)
{
	const struct cxl_dev_state *cxlds = cxled_to_memdev((void *)cxled)->cxlds;
	const struct resource *res = READ_ONCE(cxled->dpa_res);
	resource_size_t skip = READ_ONCE(cxled->skip);
	struct resource have = { };

	if (!res)
		return 0;
	if (copy_from_kernel_nofault(&have, res, sizeof(have)) ||
	    !dcd_facts_reservation(&have, cxlds) ||
	    !IS_ALIGNED(skip, SZ_256M) || skip > have.start) {
		/* Has it been freed meanwhile? */
		if (READ_ONCE(cxled->dpa_res) != res)
			return 0;
		dcd_facts_differ("struct cxl_endpoint_decoder");
		return -EOPNOTSUPP;
	}
	*dpa = (struct range) { .start = have.start, .end = have.end };
	return 1;
}

/* An endpoint decoder; whose it is can be asked after this only. */
bool cxl_dcd_facts_decoder(const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_port *port = to_cxl_port(cxled->cxld.dev.parent);

	if (!dcd_facts_endpoint(port))
		return dcd_facts_differ("struct cxl_port");
	return dcd_facts_named(&cxled->cxld.dev, "decoder%d.%d", port->id,
			       cxled->cxld.id) ||
	       dcd_facts_differ("struct cxl_decoder");
}

/**
 * cxl_dcd_facts_cdat - is there a CDAT with the port of a memdev?
 * @cxlmd: the memdev
 * @port: its endpoint, or what the memdev says that it is; it stays
 *
 * The table says how long it is, and is not shorter than the core has read.
 */
bool cxl_dcd_facts_cdat(const struct cxl_memdev *cxlmd,
			const struct cxl_port *port)
{
	const void *table;
	size_t length;
	__le32 says;

	if (!dcd_facts_endpoint(port) ||
	    dcd_facts_pointer(&port->uport_dev) != &cxlmd->dev)
		return dcd_facts_differ("struct cxl_memdev");
	table = dcd_facts_pointer(&port->cdat.table);
	length = READ_ONCE(port->cdat.length);
	if (!table && !length)
		return false;
	if (!table || get_kernel_nofault(says, (const __le32 *)table) ||
	    length < sizeof(says) || length > SZ_16M ||
	    length > le32_to_cpu(says))
		return dcd_facts_differ("struct cxl_port");
	return true;
}

/* A reservation that the core has made for a decoder: @rc is what came of it. */
bool cxl_dcd_facts_reserved(int rc)
{
	return rc != -EOPNOTSUPP ||
	       dcd_facts_differ("struct cxl_endpoint_decoder");
}

/* A region over dynamic capacity, whose mode is to be written. */
bool cxl_dcd_facts_mode(const struct cxl_region *cxlr)
{
	return cxlr->mode == CXL_DCD_MODE_USABLE ||
	       cxlr->mode == CXL_DCD_MODE_LENT ||
	       cxlr->mode == CXL_DCD_MODE_UNUSED ||
	       dcd_facts_differ("struct cxl_region");
}

/*
 * Does each target of a region know that it is one? False, too, for a region
 * that is only being put together, which is why nothing is said of it here.
 */
bool cxl_dcd_facts_targets(const struct cxl_region *cxlr)
{
	const struct cxl_region_params *p = &cxlr->params;
	int i;

	if (p->nr_targets < 0 || p->nr_targets > CXL_DECODER_MAX_INTERLEAVE)
		return false;
	for (i = 0; i < p->nr_targets; i++)
		if (dcd_facts_pointer(&p->targets[i]->cxld.region) != cxlr)
			return false;
	return true;
}

/* A region that is committed, with the targets that it has. */
bool cxl_dcd_facts_region(const struct cxl_dax_region *cxlr_dax)
{
	const struct cxl_region *cxlr = cxlr_dax->cxlr;
	const struct cxl_region_params *p = &cxlr->params;
	resource_size_t start;

	if (&cxlr->dev != cxlr_dax->dev.parent ||
	    !dcd_facts_named(&cxlr->dev, "region%d", cxlr->id))
		return dcd_facts_differ("struct cxl_dax_region");
	if (p->nr_targets < 1 || p->nr_targets != p->interleave_ways ||
	    !cxl_dcd_facts_targets(cxlr) ||
	    !is_power_of_2(p->interleave_granularity) ||
	    get_kernel_nofault(start, &p->res->start) ||
	    start != cxlr_dax->hpa_range.start)
		return dcd_facts_differ("struct cxl_region_params");
	return true;
}

/* A DAX region that was made as we asked for it. */
bool cxl_dcd_facts_dax(const struct dax_region *dax, const struct device *dev,
		       int id, const struct range *hpa)
{
	if (dax->dev != dev || dax->id != id || dax->align != PMD_SIZE ||
	    dax->res.start != hpa->start || dax->res.end != hpa->end ||
	    dax->res.child || dax->seed || dax->youngest)
		return dcd_facts_differ("struct dax_region");
	return true;
}

/* A DAX device of it, without ranges. */
bool cxl_dcd_facts_dev_dax(const struct dev_dax *dev_dax,
			   const struct dax_region *dax)
{
	if (dev_dax->region != dax || dev_dax->nr_range || dev_dax->ranges ||
	    dev_dax->align != PMD_SIZE ||
	    !dcd_facts_named(&dev_dax->dev, "dax%d.%d", dax->id, dev_dax->id))
		return dcd_facts_differ("struct dev_dax");
	return true;
}

/*
 * Ranges of a DAX device, once it has got any.
 *
 * @hpa: where they must be
 */
bool cxl_dcd_facts_ranges(const struct dev_dax *dev_dax,
			  const struct range *hpa)
{
	struct dev_dax_range first;

	if (!dev_dax->nr_range && !dev_dax->ranges)
		return true;
	if (dev_dax->nr_range <= 0 || !dev_dax->ranges ||
	    copy_from_kernel_nofault(&first, dev_dax->ranges, sizeof(first)) ||
	    first.range.start < hpa->start || first.range.end > hpa->end)
		return dcd_facts_differ("struct dev_dax");
	return true;
}

/* What a DAX device has after it got capacity, and what it was to have. */
bool cxl_dcd_facts_taken(u64 have, u64 want)
{
	return have == want || dcd_facts_differ("struct dev_dax");
}

/* A driver of the bus has its name twice: the core copies it. */
static int dcd_facts_driver_one(struct device_driver *drv, void *unused)
{
	const struct cxl_driver *cxl = to_cxl_drv(drv);

	return dcd_facts_pointer(&cxl->name) != drv->name || !cxl->probe;
}

/* The drivers that are there, before one of ours comes to them. */
bool cxl_dcd_facts_drivers(void)
{
	return !bus_for_each_drv(&cxl_bus_type, NULL, NULL,
				 dcd_facts_driver_one) ||
	       dcd_facts_differ("struct cxl_driver");
}

/* The stock driver of DAX regions. */
bool cxl_dcd_facts_driver(const struct cxl_driver *drv)
{
	return drv->id == CXL_DEVICE_DAX_REGION ||
	       dcd_facts_differ("struct cxl_driver");
}
