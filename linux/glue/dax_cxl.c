// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stock driver of DAX regions (dax_cxl) keeps off those of ours.
 *
 * The bus asks drivers in the order of their registration, and a region that
 * dax_cxl takes is handed out as a whole, backed or not. So where dax_cxl was
 * there first, its probe is made to say no to our regions; built in, it always
 * is. It cannot be unloaded meanwhile; one that is loaded later comes behind us
 * and needs no such care.
 */
#include <linux/module.h>

#include "device.h"
#include "lock.h"
#include "glue/cxl_region.h"
#include "glue/dax_cxl.h"
#include "glue/facts.h"

static struct cxl_driver *stock_driver;
static int (*stock_probe)(struct device *dev);

/* Probe of dax_cxl, while it is hooked: not for regions of ours. */
static int dcd_dax_cxl_probe(struct device *dev)
{
	int part;

	if (!cxl_dcd_devices_any())
		return stock_probe(dev);
	/* Ours takes it, and does nothing with it. */
	if (!cxl_dcd_facts_region(to_cxl_dax_region(dev)))
		return -ENODEV;
	if (cxl_dcd_cxlr_is_foreign(to_cxl_dax_region(dev)->cxlr))
		return stock_probe(dev);
	part = cxl_dcd_cxlr_part(to_cxl_dax_region(dev)->cxlr);
	return part == -ENODEV ? stock_probe(dev) : -ENODEV;
}

/*
 * Before our driver is registered. Returns: 0, or -EOPNOTSUPP when drivers are
 * not what we know, so that dax_cxl would have our regions, or ours be no driver.
 */
int cxl_dcd_dax_cxl_hook(void)
{
	struct device_driver *drv;

	if (!cxl_dcd_facts_drivers())
		return -EOPNOTSUPP;
	drv = driver_find("cxl_dax_region", &cxl_bus_type);
	if (!drv)
		return 0;
	if (!cxl_dcd_facts_driver(to_cxl_drv(drv)))
		return -EOPNOTSUPP;
	/* One that is built in has no module to be held; one that goes, goes. */
	if (!try_module_get(drv->owner))
		return 0;
	stock_driver = to_cxl_drv(drv);
	stock_probe = stock_driver->probe;
	WRITE_ONCE(stock_driver->probe, dcd_dax_cxl_probe);
	return 0;
}

/* Wait for a probe that may still be in our function: it holds the lock. */
static int dcd_dax_cxl_wait_for_probe(struct device *dev, void *unused)
{
	if (strstarts(dev_name(dev), "dax_region")) {
		device_lock(dev);
		device_unlock(dev);
	}
	return 0;
}

void cxl_dcd_dax_cxl_unhook(void)
{
	if (!stock_driver)
		return;
	WRITE_ONCE(stock_driver->probe, stock_probe);
	bus_for_each_dev(&cxl_bus_type, NULL, NULL, dcd_dax_cxl_wait_for_probe);
	module_put(stock_driver->drv.owner);
	stock_driver = NULL;
}
