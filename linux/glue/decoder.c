// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endpoint decoders of our devices come and go.
 */
#include <linux/slab.h>

#include "device.h"
#include "parts.h"
#include "glue/compat.h"
#include "glue/decoder.h"
#include "glue/decoder_list.h"
#include "glue/dpa.h"
#include "glue/endpoint.h"
#include "glue/facts.h"
#include "glue/firmware.h"
#include "glue/qos.h"
#include "glue/root.h"

/*
 * The endpoint port of a device has read its CDAT: what partitions are, and how
 * they are called, is known from here on. The port does not go meanwhile.
 */
static void dcd_decoder_endpoint_ready(struct cxl_dcd *dcd,
				       struct cxl_port *port)
{
	cxl_dcd_read_cdat(dcd);
	cxl_dcd_read_qos(dcd, port);
	cxl_dcd_roots_show();
	cxl_dcd_parts_show(dcd);
}

/* Take a decoder into the list; its device, referenced, or NULL if not ours. */
static struct cxl_dcd *dcd_decoder_add(struct cxl_endpoint_decoder *cxled)
{
	struct cxl_dcd_decoder *dec = kzalloc(sizeof(*dec), GFP_KERNEL);
	struct cxl_dcd *dcd;

	if (!dec)
		return NULL;
	dec->cxled = cxled;
	dec->part = -1;
	guard(mutex)(&cxl_dcd_decoder_change);
	dcd = cxl_dcd_find_get(cxled_to_memdev(cxled));
	if (!dcd || cxl_dcd_decoder_insert(dec)) {
		if (dcd)
			cxl_dcd_put(dcd);
		kfree(dec);
		return NULL;
	}
	cxl_dcd_decoder_committed(dcd, cxled);
	cxl_dcd_decoder_note(dcd, dec);
	cxl_dcd_dpa_recall_skip(dcd, dec);
	return dcd;
}

/* An endpoint decoder was added: is it on one of our devices? */
void cxl_dcd_decoder_added(struct device *dev)
{
	struct cxl_endpoint_decoder *cxled = to_cxl_endpoint_decoder(dev);
	struct cxl_dcd *dcd;
	struct range dpa;

	if (!cxl_dcd_devices_any() || !cxl_dcd_facts_decoder(cxled) ||
	    !cxl_dcd_is_ours(cxled_to_memdev(cxled)) ||
	    cxl_dcd_facts_dpa(cxled, &dpa) < 0)
		return;
	dcd = dcd_decoder_add(cxled);
	if (!dcd)
		return;
	if (!cxled->cxld.id)
		dcd_decoder_endpoint_ready(dcd, cxled_to_port(cxled));
	cxl_dcd_put(dcd);
	if (cxl_dcd_dpa_files_add(dev))
		dev_err(dev, "cannot be used for dynamic capacity\n");
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
	struct cxl_dcd_decoder *dec;

	guard(mutex)(&cxl_dcd_decoder_change);
	dec = cxl_dcd_decoder_find(dev);
	if (dec && dec->size && dec->over >= 0 && !dec->cxled->cxld.region)
		cxl_dcd_decoder_is(dec->cxled, false);
}

static int dcd_decoder_detach_one(struct device *dev, void *data)
{
	if (dcd_decoder_lock(dev, data)) {
		dcd_decoder_withdraw(dev);
		cxl_dcd_dpa_files_del(dev);
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
	bus_for_each_dev(&cxl_bus_type, NULL, dcd->cxlmd,
			 dcd_decoder_detach_one);
	cxl_dcd_dpa_shrink(dcd);
}
