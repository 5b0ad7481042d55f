// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a DAX device that somebody holds beyond his mapping.
 *
 * A buffer that is registered with io_uring, RDMA or VFIO, or given to a pipe,
 * is held page by page. When a device loses its driver the stock code takes
 * every mapping away, but does not wait for such pages: it frees the kernel's
 * records of them, and the kernel crashes as soon as they are let go. A fabric
 * manager must not be able to do that. So ours waits, between the two.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "stock.h"
#include "glue/pins.h"

/* Time between looks, in milliseconds; and until the log says why it waits. */
#define PINS_POLL_MS 50
#define PINS_TELL_TIME HZ

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
