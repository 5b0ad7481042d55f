// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupt of the Dynamic Capacity event log.
 */
#include <linux/interrupt.h>

#include "device.h"
#include "events.h"
#include "interrupt.h"
#include "lock.h"
#include "mailbox.h"

/* Time between looks at a PCI driver that is still in its probe. */
#define PROBE_POLL (HZ / 20)
/* Time between looks at the Event Status register (8.2.8.3.1). */
#define WATCH_TIME (4 * HZ)
#define STATUS_DYNAMIC_CAPACITY BIT(4)
/* How often to try for the interrupt; the time between is doubled each time. */
#define ARM_TRIES 6

static irqreturn_t dcd_interrupt_thread(int irq, void *data)
{
	cxl_dcd_events_kick(data);
	return IRQ_HANDLED;
}

static bool dcd_interrupt_is_on(const CXLDcdEventIrqPolicy *policy)
{
	return (policy->dynamic_capacity & CXL_DCD_IRQ_MODE_MASK) ==
	       CXL_DCD_IRQ_MODE_MSI;
}

/*
 * Switch on the log's interrupt and learn its message number. The other logs
 * keep what cxl_pci has set: a write changes all five.
 *
 * QEMU's own device reports message 0 and means the one of the informational
 * log. So where both are named, and ours is 0, either may be it.
 *
 * Returns: how many numbers there are in @message, or -errno.
 */
static int dcd_interrupt_policy(struct cxl_dcd *dcd, unsigned int *message)
{
	CXLDcdEventIrqPolicy policy;
	int rc;

	rc = cxl_dcd_get_irq_policy(dcd, &policy);
	if (rc)
		return rc;
	policy.dynamic_capacity = CXL_DCD_IRQ_MODE_MSI;
	rc = cxl_dcd_set_irq_policy(dcd, &policy);
	if (rc)
		return rc;
	rc = cxl_dcd_get_irq_policy(dcd, &policy);
	if (rc)
		return rc;
	if (!dcd_interrupt_is_on(&policy))
		return -ENXIO;
	message[0] = policy.dynamic_capacity >> CXL_DCD_IRQ_MESSAGE_SHIFT;
	message[1] = policy.informational >> CXL_DCD_IRQ_MESSAGE_SHIFT;
	if (!message[0] && message[1] &&
	    (policy.informational & CXL_DCD_IRQ_MODE_MASK) ==
	    CXL_DCD_IRQ_MODE_MSI)
		return 2;
	return 1;
}

static void dcd_interrupt_free(struct cxl_dcd *dcd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dcd->irq); i++) {
		if (dcd->irq[i])
			free_irq(dcd->irq[i], dcd);
		dcd->irq[i] = 0;
	}
}

static int dcd_interrupt_request(struct cxl_dcd *dcd,
				 const unsigned int *message, unsigned int nr)
{
	struct pci_dev *pdev = to_pci_dev(dcd->cxlds->dev);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		int irq = pci_irq_vector(pdev, message[i]);
		int rc;

		/* As cxl_pci asks for its own, with which ours is shared. */
		rc = irq < 0 ? irq :
		     request_threaded_irq(irq, NULL, dcd_interrupt_thread,
					  IRQF_SHARED | IRQF_ONESHOT,
					  "cxl_dcd", dcd);
		if (rc)
			return rc;
		dcd->irq[i] = irq;
	}
	return 0;
}

/*
 * After a reset of the device (an error of its link, a bus reset) nobody has set
 * its policy anew: so we do.
 *
 * @lost: no interrupt came for records that are there
 *
 * Returns: whether it was looked at.
 */
static bool dcd_interrupt_look(struct cxl_dcd *dcd, bool lost)
{
	CXLDcdEventIrqPolicy policy;
	unsigned int message[2];
	bool reset;
	int rc;

	/* A work only tries: who does nothing else would never get it. */
	if (!cxl_dcd_trylock(dcd))
		return false;
	if (dcd->dying || !dcd->armed) {
		cxl_dcd_unlock(dcd);
		return true;
	}
	rc = cxl_dcd_get_irq_policy(dcd, &policy);
	reset = !rc && !dcd_interrupt_is_on(&policy);
	if (reset)
		rc = dcd_interrupt_policy(dcd, message);
	cxl_dcd_unlock(dcd);
	if (reset && rc >= 0)
		dev_warn(&dcd->cxlmd->dev,
			 "the device was reset: the interrupt of its dynamic capacity log is set up again\n");
	else if (lost)
		dev_warn(&dcd->cxlmd->dev,
			 "there are dynamic capacity events, but no interrupt came: reading them\n");
	return true;
}

/*
 * A log that is not empty stays silent, so an interrupt that was lost would
 * never be made up for. So look at the register, which costs no command: when it
 * tells of records twice in a row, and nobody was about them meanwhile, none has
 * come. Where there is no interrupt, this is how records are found.
 *
 * The queue is ordered: event_work does not run at the same time.
 */
static void dcd_interrupt_watch_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, watch_work);
	u32 status = readl(dcd->cxlds->regs.status +
			   CXLDEV_DEV_EVENT_STATUS_OFFSET);
	bool unread = status & STATUS_DYNAMIC_CAPACITY;
	bool lost;

	if (READ_ONCE(dcd->rebound) && dcd->irq[0] &&
	    dcd_interrupt_look(dcd, false))
		WRITE_ONCE(dcd->rebound, false);
	/*
	 * Who is about them may be so for long: a park, a retry, another turn.
	 * All ones are of a device that is gone, or asleep. While we are being
	 * unloaded they stay for the next load.
	 */
	unread = unread && status != U32_MAX && READ_ONCE(dcd->armed) &&
		 !READ_ONCE(dcd->parked) &&
		 !delayed_work_pending(&dcd->event_work);
	/* What is there now came after it was read: it is new. */
	if (dcd->drained)
		dcd->unread = 0;
	dcd->drained = false;
	lost = unread && dcd->unread;
	if (lost || (unread && !dcd->irq[0])) {
		/* Not looked at: so when the next one is lost. */
		if (dcd->irq[0] && dcd->unread == 1 &&
		    !dcd_interrupt_look(dcd, true))
			unread = false;
		cxl_dcd_events_kick(dcd);
	}
	dcd->unread = unread ? min(dcd->unread + 1, 2) : 0;
	queue_delayed_work(dcd->wq, &dcd->watch_work, WATCH_TIME);
}

/* Take events from now on; whatever the log already holds is handled. */
static void dcd_interrupt_begin(struct cxl_dcd *dcd)
{
	cxl_dcd_lock(dcd);
	dcd->armed = !cxl_dcd_unloading();
	cxl_dcd_unlock(dcd);
	cxl_dcd_events_kick(dcd);
	if (dcd->cxlds->regs.status)
		queue_delayed_work(dcd->wq, &dcd->watch_work, WATCH_TIME);
}

/*
 * Begin to take events of a device whose PCI driver has finished its probe.
 *
 * Returns: 0; -ENXIO when the device has no interrupt for us; any other -errno
 * when it did not do as told, which may be tried again.
 */
static int dcd_interrupt_start(struct cxl_dcd *dcd)
{
	unsigned int message[2];
	int nr, rc;

	/* Not between the commands of a chain of ours, which that would end. */
	cxl_dcd_lock(dcd);
	nr = dcd_interrupt_policy(dcd, message);
	cxl_dcd_unlock(dcd);
	if (nr < 0)
		return nr;
	rc = dcd_interrupt_request(dcd, message, nr);
	if (rc) {
		dcd_interrupt_free(dcd);
		return rc;
	}
	dcd_interrupt_begin(dcd);
	return 0;
}

/*
 * cxl_pci writes the interrupt policy late in its probe, and with four bytes,
 * which switches ours off. So begin when that is over, which holding the device
 * lock proves; only try for it, since whoever unbinds holds it and waits for
 * us.
 */
static void dcd_interrupt_start_work(struct work_struct *work)
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
		rc = dcd_interrupt_start(dcd);
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
	if (!rc)
		return;
	dev_err(&dcd->cxlmd->dev,
		"no interrupt for the dynamic capacity log (%d): it is looked at every %u seconds\n",
		rc, WATCH_TIME / HZ);
	dcd_interrupt_begin(dcd);
}

/* Before anything else that is here is called for a device. */
void cxl_dcd_interrupt_attach(struct cxl_dcd *dcd)
{
	INIT_DELAYED_WORK(&dcd->start_work, dcd_interrupt_start_work);
	INIT_DELAYED_WORK(&dcd->watch_work, dcd_interrupt_watch_work);
}

/* Take events as soon as the device's PCI driver has finished its probe. */
void cxl_dcd_interrupt_arm(struct cxl_dcd *dcd)
{
	queue_delayed_work(dcd->wq, &dcd->start_work, 0);
}

/*
 * The memdev has got its driver, and not for the first time, perhaps: after an
 * error of the link the PCI core resets the device and has it bound anew.
 */
void cxl_dcd_interrupt_rebound(struct cxl_dcd *dcd)
{
	if (!dcd->cxlds->regs.status)
		return;
	WRITE_ONCE(dcd->rebound, true);
	mod_delayed_work(dcd->wq, &dcd->watch_work, 0);
}

/* No handler of ours runs for this device once this returns. */
void cxl_dcd_interrupt_detach(struct cxl_dcd *dcd)
{
	disable_delayed_work_sync(&dcd->start_work);
	disable_delayed_work_sync(&dcd->watch_work);
	dcd_interrupt_free(dcd);
}
