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

/* Say it once, whatever number of devices it is about. */
static bool dcd_facts_differ(const char *what)
{
	static bool told;

	if (!told)
		pr_err("cxl_dcd: %s of this kernel is not what the module was built for: dynamic capacity is not used; build it anew with drivers/cxl and drivers/dax of exactly this kernel\n",
		       what);
	told = true;
	return false;
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

/* Does a device's name have these numbers? */
static __printf(2, 3) bool dcd_facts_named(const struct device *dev,
					   const char *format, ...)
{
	char want[32];
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	return !strcmp(dev_name(dev), want);
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

/* An endpoint decoder; whose it is can be asked after this only. */
bool cxl_dcd_facts_decoder(const struct cxl_endpoint_decoder *cxled)
{
	const struct cxl_port *port = to_cxl_port(cxled->cxld.dev.parent);
	const struct resource *res = cxled->dpa_res;
	resource_size_t start;

	if (!dcd_facts_named(&port->dev, "endpoint%d", port->id) ||
	    !dcd_facts_is_memdev(dcd_facts_pointer(&port->uport_dev)))
		return dcd_facts_differ("struct cxl_port");
	if (!dcd_facts_named(&cxled->cxld.dev, "decoder%d.%d", port->id,
			     cxled->cxld.id))
		return dcd_facts_differ("struct cxl_decoder");
	if (res && get_kernel_nofault(start, &res->start))
		return dcd_facts_differ("struct cxl_endpoint_decoder");
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

/* The stock driver of DAX regions. */
bool cxl_dcd_facts_driver(const struct cxl_driver *drv)
{
	if (!dcd_facts_text(drv->name, "cxl_dax_region") ||
	    drv->id != CXL_DEVICE_DAX_REGION || !drv->probe)
		return dcd_facts_differ("struct cxl_driver");
	return true;
}
