// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Dynamic Capacity event log (log 4; CXL r3.2 section 8.2.10.2).
 *
 * cxl_pci sets up logs 0 to 3 and ignores this one, so it is ours: we read it
 * until it is empty, act on every record in order and clear what was acted on.
 * The interrupt fires only when an empty log gets a record, hence "until it is
 * empty"; and where a command fails, no interrupt comes to have us try again.
 */
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "device.h"
#include "events.h"
#include "judge.h"
#include "lock.h"
#include "mailbox.h"
#include "trace_cxl.h"

static unsigned int max_chain = 16384;
module_param(max_chain, uint, 0644);
MODULE_PARM_DESC(max_chain, "most extents in one offer; a longer one is refused");

static unsigned int chain_timeout = 20;
module_param(chain_timeout, uint, 0644);
MODULE_PARM_DESC(chain_timeout, "seconds after which an unfinished offer is refused");

/* Time for records before others get their turn at the books. */
#define DRAIN_TIME HZ
/* The others' turn: those who only try for it look now and then (lock.c). */
#define REST_TIME (HZ / 20)
/* Time between tries for the books, longer than that of files (lock.c). */
#define TRY_TIME (HZ / 50)
/* Time between looks at the log behind an offer that waits. */
#define PEEK_TIME HZ
/* How many of them in a row may not see the end of the log. */
#define PEEK_BLIND 2
/* Time from a failed command to the next try, doubled so many times at most. */
#define RETRY_TIME HZ
#define RETRY_DOUBLED 6

static const u8 dcd_event_uuid[16] = { CXL_DCD_EVENT_UUID_BYTES };

/* Add one record to the open offer. */
static void dcd_event_chain_add(struct cxl_dcd *dcd,
				const CXLDcdEventRecord *record)
{
	struct cxl_dcd_chain *chain = &dcd->chain;
	u32 room;

	chain->open = true;
	if (chain->broken)
		return;
	if (chain->nr >= max_chain) {
		dev_warn_ratelimited(&dcd->cxlmd->dev,
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

static unsigned long dcd_event_patience(void)
{
	return msecs_to_jiffies(min(chain_timeout, 3600) * 1000);
}

/* An offer is open: from now on, what it lacks has chain_timeout to come. */
void cxl_dcd_stall_begin(struct cxl_dcd *dcd)
{
	mod_delayed_work(dcd->wq, &dcd->stall_work, dcd_event_patience());
}

/*
 * An offer was refused that lacks its last record. What comes within the same
 * time again is its rest; later, it is an offer of a device that never ended the
 * one before.
 */
void cxl_dcd_rest_begin(struct cxl_dcd *dcd)
{
	dcd->chain.refused = true;
	dcd->chain.refused_end = jiffies + dcd_event_patience();
}

static void dcd_event_add(struct cxl_dcd *dcd,
			  const CXLDcdEventRecord *record)
{
	if (dcd->chain.refused &&
	    time_after(jiffies, dcd->chain.refused_end))
		dcd->chain.refused = false;
	if (dcd->chain.refused) {
		dcd->chain.refused = record->flags & CXL_DCD_EVENT_MORE;
		if (dcd->chain.refused)
			cxl_dcd_rest_begin(dcd);
		else if (cxl_dcd_may_log())
			dev_info(&dcd->cxlmd->dev,
				 "the rest of the offer that was refused has come\n");
		return;
	}
	dcd_event_chain_add(dcd, record);
	if (record->flags & CXL_DCD_EVENT_MORE) {
		cxl_dcd_stall_begin(dcd);
		return;
	}
	dcd->ops->offer(dcd);
}

static void dcd_event_record(struct cxl_dcd *dcd,
			     const CXLDcdEventRecord *record)
{
	struct cxl_dcd_rec rec;

	if (memcmp(record->uuid, dcd_event_uuid, sizeof(dcd_event_uuid))) {
		dev_warn_ratelimited(&dcd->cxlmd->dev,
				     "record %u of the dynamic capacity log is of another kind (%pUb), skipped\n",
				     le16_to_cpu(record->handle), record->uuid);
		return;
	}
	cxl_dcd_rec_decode(&rec, &record->extent, 0);
	trace_cxl_dynamic_capacity(&dcd->cxlmd->dev, dcd->cxlds->serial, record);

	/* Records of one offer are adjacent (9.13.3): this one cuts it off. */
	if (dcd->chain.open && record->type != CXL_DCD_EVENT_ADD) {
		dcd->chain.broken = true;
		dcd->ops->offer(dcd);
		cxl_dcd_rest_begin(dcd);
	}

	switch (record->type) {
	case CXL_DCD_EVENT_ADD:
		dcd_event_add(dcd, record);
		break;
	case CXL_DCD_EVENT_RELEASE:
		dcd->ops->release(dcd, &rec);
		break;
	case CXL_DCD_EVENT_FORCED_RELEASE:
		dcd->ops->forced_release(dcd, &rec);
		break;
	case CXL_DCD_EVENT_REGION_CONFIG:
		if (!cxl_dcd_may_log())
			break;
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
 * How many records at the head of the log have been acted on before? The device
 * may not have cleared all of the last time's, though it was told to.
 */
static unsigned int dcd_event_handled_before(struct cxl_dcd *dcd,
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
static int dcd_event_clear(struct cxl_dcd *dcd,
			   const CXLDcdGetEventsResponse *resp,
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
static int dcd_event_drain(struct cxl_dcd *dcd, bool *more)
{
	CXLDcdGetEventsResponse *resp = dcd->events;
	unsigned long end = jiffies + DRAIN_TIME;
	unsigned int nr = 0, i;
	bool late = false;
	int rc;

	cxl_dcd_assert_held(dcd);
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
		i = dcd_event_handled_before(dcd, resp, nr);
		while (i < nr && !dcd->parked && !late) {
			dcd_event_record(dcd, &resp->records[i++]);
			late = time_after(jiffies, end);
			cond_resched();
		}
		rc = dcd_event_clear(dcd, resp, i);
	} while (!rc && nr && !dcd->parked && !late);

	if (rc && !dcd->failures)
		dev_err(&dcd->cxlmd->dev,
			"cannot read the dynamic capacity log: %d; trying again\n",
			rc);
	if (!rc) {
		rc = dcd->ops->reconcile(dcd, !nr);
		if (rc && !dcd->failures)
			dev_err(&dcd->cxlmd->dev,
				"cannot read the extent list: %d; trying again\n",
				rc);
	}
	dcd->ops->drained(dcd);
	*more = !rc && nr && !dcd->parked;
	return rc;
}

/*
 * While an offer waits for the rest of its set, so does the log behind it. But
 * what was taken away is gone now: of what the device shows, act on that. It
 * stays in the log, and has its turn again, when there is nothing left to do.
 *
 * Records are cleared in order, so what is behind those that one command shows
 * is not to be seen before they have had their turn. It may be that something
 * was taken away: then the offer has waited long enough.
 */
static void dcd_event_peek(struct cxl_dcd *dcd)
{
	CXLDcdGetEventsResponse *resp = dcd->events;
	struct cxl_dcd_rec rec;
	bool blind, forced = false;
	unsigned int nr, i;

	cxl_dcd_assert_held(dcd);
	if (cxl_dcd_get_events(dcd, resp, &nr))
		return;
	blind = resp->flags & CXL_DCD_EVENTS_MORE;
	for (i = dcd_event_handled_before(dcd, resp, nr); i < nr; i++) {
		const CXLDcdEventRecord *record = &resp->records[i];

		if (record->type != CXL_DCD_EVENT_FORCED_RELEASE ||
		    memcmp(record->uuid, dcd_event_uuid,
			   sizeof(dcd_event_uuid)))
			continue;
		cxl_dcd_rec_decode(&rec, &record->extent, 0);
		dcd->ops->forced_release(dcd, &rec);
		forced = true;
	}
	dcd->ops->drained(dcd);
	dcd->chain.blind = blind && !forced ? dcd->chain.blind + 1 : 0;
	if (dcd->chain.blind >= PEEK_BLIND)
		dcd->ops->offer_expired(dcd);
}

static void dcd_event_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, event_work);
	unsigned long wait = 0;
	bool more = false;

	/*
	 * The slow devices of an interleave set would hand their books to each
	 * other if their works slept for them, and those that only try for them
	 * would never have them.
	 */
	if (!cxl_dcd_trylock(dcd)) {
		queue_delayed_work(dcd->wq, &dcd->event_work, TRY_TIME);
		return;
	}
	if (!dcd->dying && dcd->armed && !dcd->parked) {
		dcd->drained = true;
		if (dcd_event_drain(dcd, &more))
			wait = RETRY_TIME << min(dcd->failures++,
						 RETRY_DOUBLED);
		else
			dcd->failures = 0;
		if (more)
			wait = REST_TIME;
	}
	/* Behind others in the log, a record comes without an interrupt. */
	if (!dcd->dying && dcd->armed && dcd->parked) {
		dcd_event_peek(dcd);
		wait = dcd->parked ? PEEK_TIME : 1;
	}
	if (wait)
		queue_delayed_work(dcd->wq, &dcd->event_work, wait);
	cxl_dcd_unlock(dcd);
}

static void dcd_stall_work(struct work_struct *work)
{
	struct cxl_dcd *dcd = container_of(to_delayed_work(work),
					   struct cxl_dcd, stall_work);

	cxl_dcd_lock(dcd);
	if (!dcd->dying && dcd->chain.open)
		dcd->ops->offer_expired(dcd);
	cxl_dcd_unlock(dcd);
	cxl_dcd_events_kick(dcd);
}

/* Have the log looked at, from any context. */
void cxl_dcd_events_kick(struct cxl_dcd *dcd)
{
	mod_delayed_work(dcd->wq, &dcd->event_work, 0);
}

/* Before anything else that is here is called for a device. */
void cxl_dcd_events_attach(struct cxl_dcd *dcd,
			   const struct cxl_dcd_event_ops *ops)
{
	dcd->ops = ops;
	INIT_DELAYED_WORK(&dcd->event_work, dcd_event_work);
	INIT_DELAYED_WORK(&dcd->stall_work, dcd_stall_work);
}

/*
 * No work of ours runs for this device once this returns, nor is queued again,
 * though a region that still has the device may kick it.
 */
void cxl_dcd_events_detach(struct cxl_dcd *dcd)
{
	disable_delayed_work_sync(&dcd->stall_work);
	disable_delayed_work_sync(&dcd->event_work);
}
