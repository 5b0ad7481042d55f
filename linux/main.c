// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dynamic Capacity Devices (CXL r3.2 section 9.13.3) for a stock Linux 6.12.
 *
 * The module finds memdevs whose device answers Get Dynamic Capacity
 * Configuration, lets regions be made over their dynamic capacity, takes what the
 * device offers and gives it out as DAX devices. README.md tells how.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "cxl_dcd.h"

/* Guards every list and extent; rules in cxl_dcd.h */
DEFINE_MUTEX(cxl_dcd_mutex);
LIST_HEAD(cxl_dcd_devs);
LIST_HEAD(cxl_dcd_regions);
LIST_HEAD(cxl_dcd_dead);
struct cxl_dcd_counters cxl_dcd_counters;
bool cxl_dcd_unloading;

/* Of cxl_dcd_devs, for those who only ask who is in it */
static DEFINE_SPINLOCK(devs_lock);

/* The driver of DAX regions is there: offers can be met by what exists. */
static bool ready;

/* Time between looks at a PCI driver that is still in its probe. */
#define PROBE_POLL (HZ / 20)
/* How often to try for the interrupt; the time between is doubled each time. */
#define ARM_TRIES 6
/* Time between tries for the mutex in a method. */
#define LOCK_POLL_MS 5

/*
 * What a sysfs file's method returns when it would have to wait: the system call
 * begins anew, without user space noticing. The file is let go meanwhile; where
 * that is gone by then, the call fails.
 */
int cxl_dcd_file_again(void)
{
	msleep(LOCK_POLL_MS);
	return restart_syscall();
}

/*
 * Take cxl_dcd_mutex in a sysfs file's method. Who removes the file waits for the
 * method, and the mutex's holder may wait for him: so never wait here.
 */
int cxl_dcd_lock_in_file(void)
{
	return mutex_trylock(&cxl_dcd_mutex) ? 0 : cxl_dcd_file_again();
}

/* Drop cxl_dcd_mutex and put away what had to wait for that. */
void cxl_dcd_unlock(void)
{
	LIST_HEAD(dead);

	list_splice_init(&cxl_dcd_dead, &dead);
	mutex_unlock(&cxl_dcd_mutex);
	cxl_dcd_extent_reap(&dead);
}

/* The device behind a memdev; valid while cxl_dcd_mutex is held. */
struct cxl_dcd *cxl_dcd_find(const struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd;

	lockdep_assert_held(&cxl_dcd_mutex);
	list_for_each_entry(dcd, &cxl_dcd_devs, node)
		if (dcd->cxlmd == cxlmd)
			return dcd;
	return NULL;
}

/*
 * Is it one of ours? Without cxl_dcd_mutex, which a slow device may hold up, so
 * that nobody who has nothing to do with dynamic capacity waits for it.
 */
bool cxl_dcd_is_ours(const struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd;
	bool found = false;

	spin_lock(&devs_lock);
	list_for_each_entry(dcd, &cxl_dcd_devs, node)
		found = found || dcd->cxlmd == cxlmd;
	spin_unlock(&devs_lock);
	return found;
}

struct cxl_dcd *cxl_dcd_get(struct cxl_dcd *dcd)
{
	kref_get(&dcd->kref);
	return dcd;
}

static void dcd_free(struct kref *kref)
{
	struct cxl_dcd *dcd = container_of(kref, struct cxl_dcd, kref);

	destroy_workqueue(dcd->wq);
	cxl_dcd_chain_reset(&dcd->chain);
	kvfree(dcd->events);
	kvfree(dcd->handled);
	put_device(&dcd->cxlmd->dev);
	kfree(dcd);
	atomic_dec(&cxl_dcd_counters.devs);
}

/* Not from a work of the device itself: the last one destroys its queue. */
void cxl_dcd_put(struct cxl_dcd *dcd)
{
	kref_put(&dcd->kref, dcd_free);
}

/*
 * Learn which partitions are shareable or read-only. The CDAT is with the
 * endpoint port and goes with that: only for callers that keep it from going.
 */
void cxl_dcd_read_cdat(struct cxl_dcd *dcd)
{
	struct cxl_port *port = dcd->cxlmd->endpoint;

	if (IS_ERR_OR_NULL(port) || !port->cdat.table)
		return;
	cxl_dcd_cdat_flags(dcd->parts, dcd->nr_parts, port->cdat.table,
			   port->cdat.length);
	dcd->cdat_known = true;
}

/**
 * cxl_dcd_endpoint_ready - a device's endpoint port has read its CDAT
 * @dcd: device
 * @port: the endpoint, which does not go meanwhile
 *
 * What partitions are, and how they are called, is known from here on.
 */
void cxl_dcd_endpoint_ready(struct cxl_dcd *dcd, struct cxl_port *port)
{
	mutex_lock(&cxl_dcd_mutex);
	cxl_dcd_read_cdat(dcd);
	cxl_dcd_unlock();
	if (port->cdat.table)
		cxl_dcd_read_qos(dcd, port);
	cxl_dcd_roots_take();
	cxl_dcd_parts_show(dcd);
}

/*
 * cxl_pci writes the interrupt policy late in its probe, and with four bytes,
 * which switches ours off. So begin when that is over, which holding the device
 * lock proves; only try for it, since whoever unbinds holds it and waits for us.
 */
static void start_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, start_work);
	struct device *host = dcd->cxlds->dev;
	int rc = 0;

	if (!device_trylock(host)) {
		queue_delayed_work(dcd->wq, &dcd->start_work, PROBE_POLL);
		return;
	}
	if (host->driver)
		rc = cxl_dcd_events_start(dcd);
	device_unlock(host);
	if (rc && rc != -ENXIO && dcd->arm_failures < ARM_TRIES) {
		if (!dcd->arm_failures)
			dev_warn(&dcd->cxlmd->dev,
				 "cannot set up the interrupt of the dynamic capacity log: %d; trying again\n",
				 rc);
		queue_delayed_work(dcd->wq, &dcd->start_work,
				   HZ << dcd->arm_failures++);
		return;
	}
	if (rc)
		dev_err(&dcd->cxlmd->dev,
			"no interrupt for the dynamic capacity log (%d): offers of capacity will not be seen\n",
			rc);
}

static struct cxl_dcd *dcd_alloc(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd = kzalloc(sizeof(*dcd), GFP_KERNEL);
	unsigned int i;

	if (!dcd)
		return NULL;
	dcd->cxlmd = cxlmd;
	dcd->cxlds = cxlmd->cxlds;
	kref_init(&dcd->kref);
	INIT_DELAYED_WORK(&dcd->start_work, start_work);
	INIT_DELAYED_WORK(&dcd->event_work, cxl_dcd_event_work);
	INIT_DELAYED_WORK(&dcd->stall_work, cxl_dcd_stall_work);
	dcd->events = kvmalloc(cxl_dcd_payload(dcd), GFP_KERNEL);
	dcd->handled = kvmalloc_array(cxl_dcd_payload(dcd) /
				      sizeof(CXLDcdEventRecord),
				      sizeof(*dcd->handled), GFP_KERNEL);
	dcd->wq = alloc_ordered_workqueue("cxl_dcd_%s", 0,
					  dev_name(&cxlmd->dev));
	if (!dcd->events || !dcd->handled || !dcd->wq) {
		if (dcd->wq)
			destroy_workqueue(dcd->wq);
		kvfree(dcd->events);
		kvfree(dcd->handled);
		kfree(dcd);
		return NULL;
	}
	for (i = 0; i < ARRAY_SIZE(dcd->qos_class); i++)
		dcd->qos_class[i] = CXL_QOS_CLASS_INVALID;
	get_device(&cxlmd->dev);
	atomic_inc(&cxl_dcd_counters.devs);
	return dcd;
}

/*
 * A memdev has come: is it one of ours? Others are left as they are. The lock of
 * the device behind it is held, so that it does not go, nor come a second time.
 */
static void memdev_added(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS];
	struct device *dev = &cxlmd->dev;
	unsigned int nr_parts;
	struct cxl_dcd *dcd;
	int rc;

	if (!cxlmd->cxlds || !dev_is_pci(cxlmd->cxlds->dev) ||
	    !cxlmd->cxlds->cxl_mbox.mbox_send || cxl_dcd_is_ours(cxlmd))
		return;
	rc = cxl_dcd_get_config(cxlmd->cxlds, parts, &nr_parts);
	if (rc) {
		if (rc == -EPROTO)
			dev_err(dev, "the device's dynamic capacity configuration contradicts itself, not used\n");
		return;
	}
	dcd = dcd_alloc(cxlmd);
	if (!dcd) {
		dev_err(dev, "no memory for dynamic capacity\n");
		return;
	}
	memcpy(dcd->parts, parts, sizeof(parts));
	dcd->nr_parts = nr_parts;
	rc = cxl_dcd_dpa_extend(dcd);
	if (rc) {
		dev_err(dev, "cannot add dynamic capacity to the device's address space: %d\n",
			rc);
		cxl_dcd_put(dcd);
		return;
	}

	mutex_lock(&cxl_dcd_mutex);
	spin_lock(&devs_lock);
	list_add_tail(&dcd->node, &cxl_dcd_devs);
	spin_unlock(&devs_lock);
	cxl_dcd_unlock();
	dev_info(dev, "dynamic capacity: %u region%s of the device\n", nr_parts,
		 nr_parts > 1 ? "s" : "");
	cxl_dcd_roots_take();
	cxl_dcd_parts_show(dcd);
	cxl_dcd_decoders_take(dcd);
	if (READ_ONCE(ready))
		queue_delayed_work(dcd->wq, &dcd->start_work, 0);
}

/* Begin with the devices that were there before the driver of their regions. */
static void start_all(void)
{
	struct cxl_dcd *dcd;

	mutex_lock(&cxl_dcd_mutex);
	WRITE_ONCE(ready, true);
	list_for_each_entry(dcd, &cxl_dcd_devs, node)
		queue_delayed_work(dcd->wq, &dcd->start_work, 0);
	cxl_dcd_unlock();
}

/* The memdev is about to be removed, or we are: let go of it. */
static void memdev_gone(struct cxl_memdev *cxlmd)
{
	struct cxl_dcd *dcd;

	if (!cxl_dcd_is_ours(cxlmd))
		return;
	mutex_lock(&cxl_dcd_mutex);
	dcd = cxl_dcd_find(cxlmd);
	/* The device would wait for ever for the answer to an open offer. */
	if (dcd && dcd->chain.open)
		cxl_dcd_offer_expired(dcd);
	if (dcd) {
		spin_lock(&devs_lock);
		list_del(&dcd->node);
		spin_unlock(&devs_lock);
		dcd->dying = true;
	}
	cxl_dcd_unlock();
	if (!dcd)
		return;

	cancel_delayed_work_sync(&dcd->start_work);
	cxl_dcd_events_stop(dcd);
	cxl_dcd_decoders_drop(dcd);
	cxl_dcd_parts_hide(dcd);
	cxl_dcd_put(dcd);
}

static int add_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct device *dev = data;

	if (action != BUS_NOTIFY_ADD_DEVICE)
		return NOTIFY_DONE;
	if (is_cxl_memdev(dev))
		memdev_added(to_cxl_memdev(dev));
	else if (is_endpoint_decoder(dev))
		cxl_dcd_decoder_added(dev);
	else if (is_cxl_region(dev))
		cxl_dcd_region_added(dev);
	else if (is_root_decoder(dev))
		cxl_dcd_roots_take();
	return NOTIFY_DONE;
}

static int del_event(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	struct device *dev = data;

	switch (action) {
	case BUS_NOTIFY_DEL_DEVICE:
		if (is_cxl_memdev(dev))
			memdev_gone(to_cxl_memdev(dev));
		else if (is_endpoint_decoder(dev))
			cxl_dcd_decoder_gone(dev);
		else if (is_cxl_region(dev))
			cxl_dcd_region_gone(dev);
		break;
	case BUS_NOTIFY_UNBIND_DRIVER:
		if (is_cxl_port(dev))
			cxl_dcd_port_unbinds(dev);
		break;
	}
	return NOTIFY_DONE;
}

/* Two, since an unload hears of what goes longer than of what comes. */
static struct notifier_block add_nb = { .notifier_call = add_event };
static struct notifier_block del_nb = { .notifier_call = del_event };

static int add_memdev(struct device *dev, void *unused)
{
	if (is_cxl_memdev(dev) && device_is_registered(dev))
		memdev_added(to_cxl_memdev(dev));
	return 0;
}

/*
 * Memdevs come and go with the lock of their PCI device. Looked for on their own
 * bus, they could be met before they are told of, or while they go.
 */
static void add_present(void)
{
	struct pci_dev *pdev = NULL;

	for_each_pci_dev(pdev) {
		if (pdev->class >> 8 != PCI_CLASS_MEMORY_CXL)
			continue;
		device_lock(&pdev->dev);
		device_for_each_child(&pdev->dev, NULL, add_memdev);
		device_unlock(&pdev->dev);
	}
}

/* Some memdev that is ours, referenced, and the device behind it; or NULL. */
static struct cxl_memdev *memdev_any(struct device **host)
{
	struct cxl_memdev *cxlmd = NULL;
	struct cxl_dcd *dcd;

	mutex_lock(&cxl_dcd_mutex);
	dcd = list_first_entry_or_null(&cxl_dcd_devs, struct cxl_dcd, node);
	if (dcd) {
		cxlmd = dcd->cxlmd;
		get_device(&cxlmd->dev);
		*host = get_device(cxlmd->dev.parent);
	}
	cxl_dcd_unlock();
	return cxlmd;
}

/* Let go of all devices; of such as are just being removed, before they are. */
static void drop_all(void)
{
	struct cxl_memdev *cxlmd;
	struct device *host;

	while ((cxlmd = memdev_any(&host))) {
		device_lock(host);
		memdev_gone(cxlmd);
		device_unlock(host);
		put_device(host);
		put_device(&cxlmd->dev);
	}
}

/* Leave what comes from now on in the devices' logs, for the next load. */
static void stop_all(void)
{
	struct cxl_dcd *dcd;

	mutex_lock(&cxl_dcd_mutex);
	cxl_dcd_unloading = true;
	list_for_each_entry(dcd, &cxl_dcd_devs, node)
		dcd->armed = false;
	cxl_dcd_unlock();
}

static int __init cxl_dcd_init(void)
{
	int rc;

	rc = cxl_dcd_names_init();
	if (rc)
		return rc;
	cxl_dcd_sysfs_init();
	rc = cxl_dcd_flush_init();
	if (rc)
		return rc;
	rc = bus_register_notifier(&cxl_bus_type, &del_nb);
	if (rc)
		goto no_del;
	rc = bus_register_notifier(&cxl_bus_type, &add_nb);
	if (rc)
		goto no_add;
	/* Memdevs first: regions that exist already need them. */
	add_present();
	cxl_dcd_regions_take();
	rc = cxl_dcd_dax_init();
	if (rc)
		goto no_dax;
	cxl_dcd_regions_enable();
	start_all();
	cxl_dcd_firmware_retry();
	return 0;

no_dax:
	bus_unregister_notifier(&cxl_bus_type, &add_nb);
	cxl_dcd_regions_drop();
	cxl_dcd_roots_drop();
	drop_all();
no_add:
	bus_unregister_notifier(&cxl_bus_type, &del_nb);
no_del:
	cxl_dcd_flush_exit();
	return rc;
}

/*
 * Accepted extents stay with the device and regions stay committed, but without
 * a driver, since any other than ours would hand out what is not there. The next
 * load takes both up again.
 */
static void __exit cxl_dcd_exit(void)
{
	stop_all();
	/* Waits for what is being added just now. */
	bus_unregister_notifier(&cxl_bus_type, &add_nb);
	cxl_dcd_regions_disable();
	cxl_dcd_dax_exit();
	cxl_dcd_regions_drop();
	cxl_dcd_roots_drop();
	drop_all();
	bus_unregister_notifier(&cxl_bus_type, &del_nb);
	cxl_dcd_flush_exit();
	WARN_ON(atomic_read(&cxl_dcd_counters.devs));
	WARN_ON(atomic_read(&cxl_dcd_counters.regions));
	WARN_ON(atomic_read(&cxl_dcd_counters.extents));
}

module_init(cxl_dcd_init);
module_exit(cxl_dcd_exit);

MODULE_DESCRIPTION("CXL: Dynamic Capacity Devices");
MODULE_LICENSE("GPL");
CXL_DCD_IMPORT_NS;
MODULE_ALIAS_CXL(CXL_DEVICE_MEMORY_EXPANDER);
MODULE_ALIAS_CXL(CXL_DEVICE_DAX_REGION);
