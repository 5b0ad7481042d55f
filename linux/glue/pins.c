// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a DAX device that somebody holds beyond his mapping.
 *
 * A buffer that is registered with io_uring, RDMA or VFIO, or given to a pipe,
 * is held page by page. When a device loses its driver the stock code takes
 * every mapping away, but does not wait for such pages: it frees the kernel's
 * records of them, and the kernel crashes as soon as they are let go. A fabric
 * manager must not be able to do that. So ours waits, between the two.
 *
 * Unloading the module must not come to that wait, which nothing ends. While a
 * device is open its file keeps the module loaded (opened.c); where pages of it
 * are held still when that is closed, a watch does, until they are let go.
 */
#include <linux/cleanup.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "stock.h"
#include "users.h"
#include "glue/pins.h"

/* Time between looks, in milliseconds; and until the log says why it waits. */
#define PINS_POLL_MS 50
#define PINS_TELL_TIME HZ
/* Time for a look at all pages, while who closes the device waits. */
#define PINS_CLOSE_TIME (HZ / 50)

/**
 * struct dcd_pins_watch - a look at all pages of a device, one after the other
 * @work: goes on with it
 * @dev_dax: the device, referenced by @work
 * @range: the range that it has come to
 * @pfn: and the page there, 0 for the first
 * @tell: when the log says why it waits
 * @told: it does
 * @again: the device was closed once more since: begin with the first page
 * @node: in the list of all, one for each device at most
 */
struct dcd_pins_watch {
	struct list_head node;
	struct delayed_work work;
	struct dev_dax *dev_dax;
	int range;
	unsigned long pfn;
	unsigned long tell;
	bool told;
	bool again;
};

/* All watches, and whether one is to begin again */
static LIST_HEAD(all);
static DEFINE_MUTEX(all_lock);

/* Destroying it waits until no work of ours is in our text any more. */
static struct workqueue_struct *watches;

/*
 * Does anybody hold a page? The record of one that is idle has one reference,
 * and pages as large as the device's alignment share a record.
 */
static bool dcd_pins_held(unsigned long pfn)
{
	return page_count(pfn_to_page(pfn)) > 1;
}

/* Wait for one page; @told: the log says so since @tell, or not yet. */
static void dcd_pins_wait_page(struct dev_dax *dev_dax, unsigned long pfn,
			       unsigned long tell, bool *told)
{
	while (dcd_pins_held(pfn)) {
		if (!*told && time_after(jiffies, tell)) {
			dev_warn(&dev_dax->dev,
				 "loses its driver, but pages of it are held (by io_uring, RDMA, VFIO, a pipe): waiting until they are let go\n");
			*told = true;
		}
		msleep(PINS_POLL_MS);
	}
}

/* The driver goes; what it made is undone after this. */
static void dcd_pins_wait(void *data)
{
	struct dev_dax *dev_dax = data;
	unsigned long step = dev_dax->align >> PAGE_SHIFT;
	unsigned long tell = jiffies + PINS_TELL_TIME;
	bool told = false;
	int i;

	/* Every mapping goes, and nobody maps it again. */
	kill_dev_dax(dev_dax);
	/* Who looks pages up without a lock may have seen one of them still. */
	synchronize_rcu();
	/* Nobody gets one now who has none: none needs a second look. */
	for (i = 0; i < dev_dax->nr_range; i++) {
		const struct range *r = &dev_dax->ranges[i].range;
		unsigned long pfn = PHYS_PFN(r->start), end;

		for (end = PHYS_PFN(r->end) + 1; pfn < end; pfn += step) {
			cond_resched();
			dcd_pins_wait_page(dev_dax, pfn, tell, &told);
		}
	}
	if (told)
		dev_info(&dev_dax->dev, "its pages are let go\n");
}

/**
 * cxl_dcd_pins_guard - a DAX device of one of our regions has got a driver
 * @dev: the device, locked
 *
 * What is added to a device last is undone first. System RAM has a driver that
 * removes its memory only when nobody has a page.
 */
void cxl_dcd_pins_guard(struct device *dev)
{
	struct dev_dax *dev_dax = to_dev_dax(dev);

	if (!dev_dax->pgmap)
		return;
	if (devm_add_action(dev, dcd_pins_wait, dev_dax))
		dev_err(dev, "no memory: let go of all its pages before it loses its driver\n");
}

/*
 * Go on until a page is held, or the time is up. The device is locked, so that
 * it keeps its ranges and the records of its pages.
 *
 * Returns: whether it is over.
 */
static bool dcd_pins_look(struct dcd_pins_watch *watch, unsigned long end)
{
	struct dev_dax *dev_dax = watch->dev_dax;
	unsigned long step = dev_dax->align >> PAGE_SHIFT;

	/* Its driver has gone, and waited for all of them. */
	if (!dev_dax->pgmap)
		return true;
	for (; watch->range < dev_dax->nr_range; watch->range++) {
		const struct range *r = &dev_dax->ranges[watch->range].range;

		watch->pfn = max(watch->pfn, PHYS_PFN(r->start));
		for (; watch->pfn <= PHYS_PFN(r->end); watch->pfn += step) {
			if (dcd_pins_held(watch->pfn) ||
			    time_after(jiffies, end))
				return false;
			cond_resched();
		}
		watch->pfn = 0;
	}
	return true;
}

/*
 * The device is only tried for: whoever has it may be waiting for the very
 * pages that are held by who is closing it.
 */
static bool dcd_pins_trylook(struct dcd_pins_watch *watch)
{
	struct device *dev = &watch->dev_dax->dev;
	bool over;

	if (!device_trylock(dev))
		return false;
	over = dcd_pins_look(watch, jiffies + PINS_CLOSE_TIME);
	device_unlock(dev);
	return over;
}

/* Is it over? Then it is in the list no more. */
static bool dcd_pins_watch_over(struct dcd_pins_watch *watch)
{
	if (!dcd_pins_trylook(watch))
		return false;
	guard(mutex)(&all_lock);
	if (watch->again) {
		watch->again = false;
		watch->range = 0;
		watch->pfn = 0;
		return false;
	}
	list_del(&watch->node);
	return true;
}

/* Is there one for this device already? Then that one looks once more. */
static bool dcd_pins_watch_again(struct dev_dax *dev_dax)
{
	struct dcd_pins_watch *watch;

	lockdep_assert_held(&all_lock);
	list_for_each_entry(watch, &all, node)
		if (watch->dev_dax == dev_dax) {
			watch->again = true;
			return true;
		}
	return false;
}

static void dcd_pins_watch_work(struct work_struct *work)
{
	struct dcd_pins_watch *watch = container_of(to_delayed_work(work),
						    struct dcd_pins_watch,
						    work);
	struct device *dev = &watch->dev_dax->dev;

	if (!dcd_pins_watch_over(watch)) {
		if (!watch->told && time_after(jiffies, watch->tell)) {
			dev_warn(dev,
				 "was closed, but pages of it are held (by io_uring, RDMA, VFIO, a pipe): cxl_dcd cannot be unloaded until they are let go\n");
			watch->told = true;
		}
		queue_delayed_work(watches, &watch->work,
				   msecs_to_jiffies(PINS_POLL_MS));
		return;
	}
	if (watch->told)
		dev_info(dev, "its pages are let go\n");
	cxl_dcd_users_del(dev, CXL_DCD_USE_PAGES);
	put_device(dev);
	kfree(watch);
	module_put(THIS_MODULE);
}

/**
 * cxl_dcd_pins_watch - a DAX device is closed
 * @dev_dax: the device, whose file has a reference to the module
 *
 * Where pages of it are held, the module stays until they are let go.
 */
void cxl_dcd_pins_watch(struct dev_dax *dev_dax)
{
	struct dcd_pins_watch look = { .dev_dax = dev_dax }, *watch;

	if (dcd_pins_trylook(&look))
		return;
	guard(mutex)(&all_lock);
	if (dcd_pins_watch_again(dev_dax))
		return;
	watch = kmemdup(&look, sizeof(look), GFP_KERNEL);
	if (!watch)
		return;
	__module_get(THIS_MODULE);
	get_device(&dev_dax->dev);
	cxl_dcd_users_add(&dev_dax->dev, CXL_DCD_USE_PAGES);
	watch->tell = jiffies + PINS_TELL_TIME;
	list_add_tail(&watch->node, &all);
	INIT_DELAYED_WORK(&watch->work, dcd_pins_watch_work);
	queue_delayed_work(watches, &watch->work, 1);
}

int cxl_dcd_pins_init(void)
{
	watches = alloc_workqueue("cxl_dcd_pins", WQ_UNBOUND, 0);
	return watches ? 0 : -ENOMEM;
}

void cxl_dcd_pins_exit(void)
{
	destroy_workqueue(watches);
}
