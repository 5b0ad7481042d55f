// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic Capacity Devices (CXL r3.2 section 9.13.3) for a stock Linux 6.12.
 *
 * The module finds memdevs whose device answers Get Dynamic Capacity
 * Configuration, lets regions be made over their dynamic capacity, takes what
 * the device offers and gives it out as DAX devices. README.md tells how.
 */
#include <linux/module.h>

#include "accept.h"
#include "device.h"
#include "driver.h"
#include "events.h"
#include "folder.h"
#include "force.h"
#include "interrupt.h"
#include "judge.h"
#include "lock.h"
#include "mailbox.h"
#include "names.h"
#include "parts.h"
#include "recover.h"
#include "region.h"
#include "release.h"
#include "stock.h"
#include "users.h"
#include "glue/commit.h"
#include "glue/cxl_region.h"
#include "glue/decoder.h"
#include "glue/decoder_list.h"
#include "glue/dpa.h"
#include "glue/facts.h"
#include "glue/firmware.h"
#include "glue/flush.h"
#include "glue/opened.h"
#include "glue/pins.h"
#include "glue/root.h"

static char *names = "dynamic_ram_1";
module_param(names, charp, 0444);
MODULE_PARM_DESC(names,
		 "what the first partition is called: dc0, dynamic_ram_a, dynamic_ram_1 or dynamic_ram");

/* The driver of DAX regions is there: offers can be met by what exists. */
static bool ready;

static const struct cxl_dcd_event_ops event_ops = {
	.offer = cxl_dcd_accept_offer,
	.offer_expired = cxl_dcd_accept_expired,
	.release = cxl_dcd_release_asked,
	.forced_release = cxl_dcd_forced_release,
	.reconcile = cxl_dcd_reconcile,
	.drained = cxl_dcd_release_ready,
};

/*
 * A memdev has come: is it one of ours? Others are left as they are. The lock
 * of the device behind it is held, so that it does not go, nor come a second
 * time.
 */
static void dcd_memdev_attach(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS];
	struct device *dev = &cxlmd->dev;
	unsigned int nr_parts;
	struct cxl_dcd *dcd;
	int rc;

	if (!cxlmd->dev.parent || !dev_is_pci(cxlmd->dev.parent) ||
	    cxl_dcd_is_ours(cxlmd) || !cxl_dcd_facts_memdev(cxlmd) ||
	    !cxlmd->cxlds->cxl_mbox.mbox_send)
		return;
	rc = cxl_dcd_get_config(cxlmd->cxlds, parts, &nr_parts);
	if (rc) {
		if (rc == -EPROTO)
			dev_err(dev, "the device's dynamic capacity configuration contradicts itself, not used\n");
		return;
	}
	dcd = cxl_dcd_alloc(cxlmd, parts, nr_parts);
	if (!dcd) {
		dev_err(dev, "no memory for dynamic capacity\n");
		return;
	}
	cxl_dcd_events_attach(dcd, &event_ops);
	cxl_dcd_interrupt_attach(dcd);
	rc = cxl_dcd_dpa_extend(dcd);
	if (rc) {
		dev_err(dev, "cannot add dynamic capacity to the device's address space: %d\n",
			rc);
		cxl_dcd_put(dcd);
		return;
	}

	cxl_dcd_devices_add(dcd);
	dev_info(dev, "dynamic capacity: %u region%s of the device\n", nr_parts,
		 nr_parts > 1 ? "s" : "");
	cxl_dcd_roots_show();
	cxl_dcd_parts_show(dcd);
	cxl_dcd_decoders_attach(dcd);
	cxl_dcd_commit_guard_all();
	if (READ_ONCE(ready))
		cxl_dcd_interrupt_arm(dcd);
}

/* Begin with the devices that were there before the driver of their regions. */
static void dcd_memdevs_arm(void)
{
	struct cxl_dcd *dcd;
	u32 id = 0;

	WRITE_ONCE(ready, true);
	while ((dcd = cxl_dcd_next_get(&id))) {
		cxl_dcd_interrupt_arm(dcd);
		cxl_dcd_put(dcd);
	}
}

/* The memdev is about to be removed, or we are: let go of it. */
static void dcd_memdev_detach(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd = cxl_dcd_find_get(cxlmd);

	if (!dcd)
		return;
	cxl_dcd_lock(dcd);
	/* The device would wait for ever for the answer to an open offer. */
	if (dcd->chain.open)
		cxl_dcd_accept_expired(dcd);
	cxl_dcd_devices_remove(dcd);
	cxl_dcd_unlock(dcd);

	cxl_dcd_interrupt_detach(dcd);
	cxl_dcd_events_detach(dcd);
	cxl_dcd_decoders_detach(dcd);
	cxl_dcd_parts_hide(dcd);
	/* Ours, and that of the list. */
	cxl_dcd_put(dcd);
	cxl_dcd_put(dcd);
}

static void dcd_memdev_bound(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd = cxl_dcd_find_get(cxlmd);

	if (!dcd)
		return;
	cxl_dcd_interrupt_rebound(dcd);
	cxl_dcd_put(dcd);
}

static void dcd_region_added(struct device *dev)
{
	cxl_dcd_root_region_added(dev);
	cxl_dcd_commit_guard(dev);
}

static int dcd_bus_add_event(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	struct device *dev = data;

	if (action == BUS_NOTIFY_BOUND_DRIVER && is_cxl_memdev(dev))
		dcd_memdev_bound(to_cxl_memdev(dev));
	if (action != BUS_NOTIFY_ADD_DEVICE)
		return NOTIFY_DONE;
	if (is_cxl_memdev(dev))
		dcd_memdev_attach(to_cxl_memdev(dev));
	else if (is_endpoint_decoder(dev))
		cxl_dcd_decoder_added(dev);
	else if (is_cxl_region(dev))
		dcd_region_added(dev);
	else if (is_root_decoder(dev))
		cxl_dcd_roots_show();
	return NOTIFY_DONE;
}

static int dcd_bus_del_event(struct notifier_block *nb, unsigned long action,
			     void *data)
{
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_DEL_DEVICE:
		if (is_cxl_memdev(dev))
			dcd_memdev_detach(to_cxl_memdev(dev));
		else if (is_endpoint_decoder(dev))
			cxl_dcd_decoder_gone(dev);
		else if (is_cxl_region(dev))
			cxl_dcd_cxlr_gone(dev);
		else
			cxl_dcd_driver_device_gone(dev);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		if (is_cxl_port(dev))
			cxl_dcd_port_unbinds(dev);
		break;
	}
	return NOTIFY_DONE;
}

/* Two notifiers: at unload we hear no more of what comes, but of what goes. */
static struct notifier_block add_nb = { .notifier_call = dcd_bus_add_event };
static struct notifier_block del_nb = { .notifier_call = dcd_bus_del_event };

static int dcd_memdev_attach_child(struct device *dev, void *unused)
{
	if (is_cxl_memdev(dev) && device_is_registered(dev))
		dcd_memdev_attach(to_cxl_memdev(dev));
	return 0;
}

/*
 * Attach to memdevs that are there already. They come and go with the lock of
 * their PCI device held, so look for them there: on the CXL bus one could be
 * found before the notifier has heard of it, or while it goes.
 */
static void dcd_memdevs_attach(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (pdev->class >> 8 != PCI_CLASS_MEMORY_CXL)
			continue;
		device_lock(&pdev->dev);
		device_for_each_child(&pdev->dev, NULL,
				      dcd_memdev_attach_child);
		device_unlock(&pdev->dev);
	}
}

/* Some memdev that is ours, referenced, and the device behind it; or NULL. */
static struct cxl_memdev *dcd_memdev_any(struct device **host)
{
	struct cxl_memdev *cxlmd;
	struct cxl_dcd *dcd;
	u32 id = 0;

	dcd = cxl_dcd_next_get(&id);
	if (!dcd)
		return NULL;
	cxlmd = dcd->cxlmd;
	get_device(&cxlmd->dev);
	*host = get_device(dcd->host);
	cxl_dcd_put(dcd);
	return cxlmd;
}

/* Let go of all devices, also of those that are being removed just now. */
static void dcd_memdevs_detach(void)
{
	struct cxl_memdev *cxlmd;
	struct device *host;

	while ((cxlmd = dcd_memdev_any(&host))) {
		device_lock(host);
		dcd_memdev_detach(cxlmd);
		device_unlock(host);
		put_device(host);
		put_device(&cxlmd->dev);
	}
}

static int __init cxl_dcd_init(void)
{
	int rc;

	rc = cxl_dcd_names_choose(names);
	if (rc) {
		pr_err("cxl_dcd: names=%s is not known: dc0, dynamic_ram_a, dynamic_ram_1 or dynamic_ram\n",
		       names);
		return rc;
	}
	cxl_dcd_parts_init();
	rc = cxl_dcd_force_init();
	if (rc)
		return rc;
	rc = cxl_dcd_pins_init();
	if (rc)
		goto no_pins;
	rc = cxl_dcd_flush_init();
	if (rc)
		goto no_flush;
	rc = bus_register_notifier(&cxl_bus_type, &del_nb);
	if (rc)
		goto no_del;
	rc = bus_register_notifier(&cxl_bus_type, &add_nb);
	if (rc)
		goto no_add;
	/* Memdevs first: regions that exist already need them. */
	dcd_memdevs_attach();
	cxl_dcd_cxlrs_attach();
	rc = cxl_dcd_driver_init();
	if (rc)
		goto no_dax;
	cxl_dcd_cxlrs_enable();
	dcd_memdevs_arm();
	cxl_dcd_firmware_retry();
	return 0;

no_dax:
	bus_unregister_notifier(&cxl_bus_type, &add_nb);
	cxl_dcd_cxlrs_detach();
	cxl_dcd_commit_unguard_all();
	cxl_dcd_roots_hide();
	dcd_memdevs_detach();
no_add:
	bus_unregister_notifier(&cxl_bus_type, &del_nb);
no_del:
	cxl_dcd_flush_exit();
no_flush:
	cxl_dcd_pins_exit();
no_pins:
	cxl_dcd_force_exit();
	return rc;
}

/*
 * Accepted extents stay with the device and regions stay committed, but without
 * a driver, since any other than ours would hand out what is not there. The
 * next load takes both up again.
 */
static void __exit cxl_dcd_exit(void)
{
	cxl_dcd_unload_begin();
	/* Waits for what is being added just now. */
	bus_unregister_notifier(&cxl_bus_type, &add_nb);
	cxl_dcd_cxlrs_disable();
	cxl_dcd_driver_exit();
	cxl_dcd_cxlrs_detach();
	cxl_dcd_commit_unguard_all();
	cxl_dcd_roots_hide();
	dcd_memdevs_detach();
	bus_unregister_notifier(&cxl_bus_type, &del_nb);
	cxl_dcd_flush_exit();
	cxl_dcd_opened_exit();
	cxl_dcd_pins_exit();
	cxl_dcd_force_exit();
	cxl_dcd_users_exit();
	WARN_ON(cxl_dcd_devices_left());
	WARN_ON(cxl_dcd_regions_left());
	WARN_ON(cxl_dcd_extents_left());
}

module_init(cxl_dcd_init);
module_exit(cxl_dcd_exit);

MODULE_DESCRIPTION("CXL: Dynamic Capacity Devices");
MODULE_LICENSE("GPL");
CXL_DCD_IMPORT_NS;
MODULE_ALIAS_CXL(CXL_DEVICE_MEMORY_EXPANDER);
MODULE_ALIAS_CXL(CXL_DEVICE_DAX_REGION);
