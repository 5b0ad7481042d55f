// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Dynamic Capacity event log (log 4; CXL r3.2 section 8.2.10.2).
 *
 * cxl_pci sets up logs 0 to 3 and ignores this one, so it is ours: we ask for
 * its interrupt, read it until it is empty, act on every record in order and
 * clear what was acted on. The interrupt fires when the log goes from empty to
 * not empty, hence "until it is empty"; and where a command fails, none will come
 * until we try again by ourselves.
 */
#include <linux/interrupt.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "cxl_dcd.h"
#include "trace.h"

static unsigned int max_chain = 16384;
module_param(max_chain, uint, 0644);
MODULE_PARM_DESC(max_chain, "most extents in one offer; a longer one is refused");

static unsigned int chain_timeout = 20;
module_param(chain_timeout, uint, 0644);
MODULE_PARM_DESC(chain_timeout, "seconds after which an unfinished offer is refused");

/* Time for records before all other devices get their turn at the mutex. */
#define DRAIN_TIME HZ
/* The others' turn: some of them only look now and then whether it is free. */
#define REST_TIME (HZ / 20)
/* Time between tries for the mutex, longer than that of files (main.c). */
#define TRY_TIME (HZ / 50)
/* Time from a failed command to the next try, doubled so many times at most. */
#define RETRY_TIME HZ
#define RETRY_DOUBLED 6

static const u8 dcd_uuid[16] = { CXL_DCD_EVENT_UUID_BYTES };

/* Take one add record into the open offer. */
static void chain_stage(struct cxl_dcd *dcd, const CXLDcdEventRecord *record)
{
	struct cxl_dcd_chain *chain = &dcd->chain;
	u32 room;

	chain->open = true;
	if (chain->broken)
		return;
	if (chain->nr >= max_chain) {
		dev_warn(&dcd->cxlmd->dev,
			 "offer of more than %u extents is refused: see module parameter max_chain\n",
			 max_chain);
		chain->broken = true;
		return;
	}
	if (chain->nr == chain->room) {
		struct cxl_dcd_rec *recs;

		room = max(chain->room * 2, 64U);
		recs = kvmalloc_array(room, sizeof(*recs), GFP_KERNEL);
		if (!recs) {
			chain->broken = true;
			return;
		}
		if (chain->nr)
			memcpy(recs, chain->recs, chain->nr * sizeof(*recs));
		kvfree(chain->recs);
		chain->recs = recs;
		chain->room = room;
	}
	cxl_dcd_rec_decode(&chain->recs[chain->nr], &record->extent, chain->nr);
	chain->nr++;
}

void cxl_dcd_chain_reset(struct cxl_dcd_chain *chain)
{
	kvfree(chain->recs);
	*chain = (struct cxl_dcd_chain) { };
}

/* An offer is open: give what it lacks its time. */
void cxl_dcd_stall_begin(struct cxl_dcd *dcd)
{
	mod_delayed_work(dcd->wq, &dcd->stall_work,
			 msecs_to_jiffies(min(chain_timeout, 3600) * 1000));
}

static void handle_add(struct cxl_dcd *dcd, const CXLDcdEventRecord *record)
{
	if (dcd->chain.refused) {
		dcd->chain.refused = record->flags & CXL_DCD_EVENT_MORE;
		if (!dcd->chain.refused)
			dev_info(&dcd->cxlmd->dev,
				 "the rest of the offer that was refused has come\n");
		return;
	}
	chain_stage(dcd, record);
	if (record->flags & CXL_DCD_EVENT_MORE) {
		cxl_dcd_stall_begin(dcd);
		return;
	}
	cxl_dcd_offer(dcd);
}

static void handle_record(struct cxl_dcd *dcd, const CXLDcdEventRecord *record)
{
	struct cxl_dcd_rec rec;

	if (memcmp(record->uuid, dcd_uuid, sizeof(dcd_uuid))) {
		dev_warn_ratelimited(&dcd->cxlmd->dev,
				     "record %u of the dynamic capacity log is of another kind (%pUb), skipped\n",
				     le16_to_cpu(record->handle), record->uuid);
		return;
	}
	cxl_dcd_rec_decode(&rec, &record->extent, 0);
	trace_cxl_dynamic_capacity(&dcd->cxlmd->dev, record->type,
				   record->flags, &rec);

	/* Records of one offer are adjacent (9.13.3): this one cuts it off. */
	if (dcd->chain.open && record->type != CXL_DCD_EVENT_ADD) {
		dcd->chain.broken = true;
		cxl_dcd_offer(dcd);
		dcd->chain.refused = true;
	}

	switch (record->type) {
	case CXL_DCD_EVENT_ADD:
		handle_add(dcd, record);
		break;
	case CXL_DCD_EVENT_RELEASE:
		cxl_dcd_release_asked(dcd, &rec);
		break;
	case CXL_DCD_EVENT_FORCED_RELEASE:
		cxl_dcd_release_forced(dcd, &rec);
		break;
	case CXL_DCD_EVENT_REGION_CONFIG:
		dev_info(&dcd->cxlmd->dev,
			 "dynamic capacity region %u was reconfigured: reload the device's driver to use it\n",
			 record->region_index);
		break;
	default:
		dev_warn_ratelimited(&dcd->cxlmd->dev,
				     "dynamic capacity event of unknown type %u, skipped\n",
				     record->type);
	}
}

/*
 * How many records at the head of the log have been acted on before? Those of
 * the last time of which the device has not cleared all that it was told to.
 */
static unsigned int handled_before(struct cxl_dcd *dcd,
				   const CXLDcdGetEventsResponse *resp,
				   unsigned int nr)
{
	unsigned int i, first = 0;

	while (nr && first < dcd->nr_handled &&
	       dcd->handled[first] != le16_to_cpu(resp->records[0].handle))
		first++;
	for (i = 0; i < nr && first + i < dcd->nr_handled; i++)
		if (dcd->handled[first + i] !=
		    le16_to_cpu(resp->records[i].handle))
			break;
	return i;
}

/* Clear the first @nr records; remember them where that fails. */
static int clear(struct cxl_dcd *dcd, const CXLDcdGetEventsResponse *resp,
		 unsigned int nr)
{
	int rc = cxl_dcd_clear_events(dcd, resp, nr);
	unsigned int i;

	for (i = 0; rc && i < nr; i++)
		dcd->handled[i] = le16_to_cpu(resp->records[i].handle);
	dcd->nr_handled = rc ? nr : 0;
	return rc;
}

/*
 * Read and handle what the log holds, for some time.
 *
 * @more: set when there may be more that must wait for another turn
 *
 * Returns: 0, or -errno when it has to be tried again.
 */
static int drain(struct cxl_dcd *dcd, bool *more)
{
	CXLDcdGetEventsResponse *resp = dcd->events;
	unsigned long end = jiffies + DRAIN_TIME;
	unsigned int nr = 0, i;
	bool late = false;
	int rc;

	lockdep_assert_held(&cxl_dcd_mutex);
	do {
		rc = cxl_dcd_get_events(dcd, resp, &nr);
		if (rc)
			break;
		if (resp->flags & CXL_DCD_EVENTS_OVERFLOW) {
			if (!dcd->overflow)
				dev_warn(&dcd->cxlmd->dev,
					 "the dynamic capacity log overflowed: reading the extent list anew\n");
			dcd->overflow = true;
		}
		i = handled_before(dcd, resp, nr);
		while (i < nr && !dcd->parked && !late) {
			handle_record(dcd, &resp->records[i++]);
			late = time_after(jiffies, end);
			cond_resched();
		}
		rc = clear(dcd, resp, i);
	} while (!rc && nr && !dcd->parked && !late);

	if (rc && !dcd->failures)
		dev_err(&dcd->cxlmd->dev,
			"cannot read the dynamic capacity log: %d; trying again\n",
			rc);
	if (!rc) {
		rc = cxl_dcd_reconcile(dcd, !nr);
		if (rc && !dcd->failures)
			dev_err(&dcd->cxlmd->dev,
				"cannot read the extent list: %d; trying again\n",
				rc);
	}
	cxl_dcd_release_ready();
	*more = !rc && nr && !dcd->parked;
	return rc;
}

void cxl_dcd_event_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, event_work);
	unsigned long wait = 0;
	bool more = false;

	/*
	 * Several slow devices would hand the mutex to each other if their works
	 * slept for it, and those that only try for it would never have it.
	 */
	if (!mutex_trylock(&cxl_dcd_mutex)) {
		queue_delayed_work(dcd->wq, &dcd->event_work, TRY_TIME);
		return;
	}
	if (!dcd->dying && dcd->armed && !dcd->parked) {
		if (drain(dcd, &more))
			wait = RETRY_TIME << min(dcd->failures++,
						 RETRY_DOUBLED);
		else
			dcd->failures = 0;
		if (more)
			wait = REST_TIME;
		if (wait)
			queue_delayed_work(dcd->wq, &dcd->event_work, wait);
	}
	cxl_dcd_unlock();
}

void cxl_dcd_stall_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, stall_work);

	mutex_lock(&cxl_dcd_mutex);
	if (!dcd->dying && dcd->chain.open)
		cxl_dcd_offer_expired(dcd);
	cxl_dcd_unlock();
	cxl_dcd_kick(dcd);
}

/* Have the log looked at, from any context. */
void cxl_dcd_kick(struct cxl_dcd *dcd)
{
	mod_delayed_work(dcd->wq, &dcd->event_work, 0);
}

static irqreturn_t event_thread(int irq, void *data)
{
	cxl_dcd_kick(data);
	return IRQ_HANDLED;
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
static int arm_policy(struct cxl_dcd *dcd, unsigned int *message)
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
	if ((policy.dynamic_capacity & CXL_DCD_IRQ_MODE_MASK) !=
	    CXL_DCD_IRQ_MODE_MSI)
		return -ENXIO;
	message[0] = policy.dynamic_capacity >> CXL_DCD_IRQ_MESSAGE_SHIFT;
	message[1] = policy.informational >> CXL_DCD_IRQ_MESSAGE_SHIFT;
	if (!message[0] && message[1] &&
	    (policy.informational & CXL_DCD_IRQ_MODE_MASK) ==
	    CXL_DCD_IRQ_MODE_MSI)
		return 2;
	return 1;
}

static void irqs_free(struct cxl_dcd *dcd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(dcd->irq); i++) {
		if (dcd->irq[i])
			free_irq(dcd->irq[i], dcd);
		dcd->irq[i] = 0;
	}
}

static int irqs_request(struct cxl_dcd *dcd, const unsigned int *message,
			unsigned int nr)
{
	struct pci_dev *pdev = to_pci_dev(dcd->cxlds->dev);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		int irq = pci_irq_vector(pdev, message[i]);
		int rc;

		/* As cxl_pci asks for its own, with which ours is shared. */
		rc = irq < 0 ? irq :
		     request_threaded_irq(irq, NULL, event_thread,
					  IRQF_SHARED | IRQF_ONESHOT,
					  "cxl_dcd", dcd);
		if (rc)
			return rc;
		dcd->irq[i] = irq;
	}
	return 0;
}

/**
 * cxl_dcd_events_start - begin to take events
 * @dcd: device, whose PCI driver has finished its probe
 *
 * Whatever the log already holds is handled.
 *
 * Returns: 0; -ENXIO when the device has no interrupt for us; any other -errno
 * when it did not do as told, which may be tried again.
 */
int cxl_dcd_events_start(struct cxl_dcd *dcd)
{
	unsigned int message[2];
	int nr, rc;

	/* A command between those of a chain of ours would end it. */
	mutex_lock(&cxl_dcd_mutex);
	nr = arm_policy(dcd, message);
	cxl_dcd_unlock();
	if (nr < 0)
		return nr;
	rc = irqs_request(dcd, message, nr);
	if (rc) {
		irqs_free(dcd);
		return rc;
	}
	mutex_lock(&cxl_dcd_mutex);
	dcd->armed = !cxl_dcd_unloading;
	cxl_dcd_unlock();
	cxl_dcd_kick(dcd);
	return 0;
}

/* No handler of ours runs for this device once this returns. */
void cxl_dcd_events_stop(struct cxl_dcd *dcd)
{
	irqs_free(dcd);
	cancel_delayed_work_sync(&dcd->stall_work);
	cancel_delayed_work_sync(&dcd->event_work);
}
