/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One memdev with dynamic capacity: what we keep of it, which there are, and
 * how long they live.
 */
#ifndef CXL_DCD_DEVICE_H
#define CXL_DCD_DEVICE_H

#include <linux/cleanup.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "stock.h"
#include "judge.h"
#include "lock.h"

/**
 * struct cxl_dcd_chain - add records of one offer that is still open
 * @recs: the records, @nr of them, room for @room
 * @broken: an error or the limit was met: refuse the whole when it closes
 * @open: a record with More = 1 was seen last
 * @refused: the offer was refused before its last record came: drop records up
 *	     to that one, they are not another offer, before @refused_end
 * @blind: how many looks in a row did not see the end of the log behind it
 */
struct cxl_dcd_chain {
	struct cxl_dcd_rec *recs;
	u32 nr;
	u32 room;
	bool broken;
	bool open;
	bool refused;
	unsigned long refused_end;
	unsigned int blind;
};

struct cxl_dcd_event_ops;

/**
 * struct cxl_dcd - one memdev with dynamic capacity
 * @node: entry in the list of all devices
 * @id: of its place in that
 * @kref: held by the list, by every member of a region and by every extent
 * @share: of the books, which guard what follows but for what is said
 * @cxlmd: the memdev; its device is referenced
 * @host: its parent, referenced: nobody else keeps that for one that goes
 * @cxlds: its state; not to be touched once @dying
 * @nr_parts: number of entries of @parts
 * @parts: partitions, by DC region index; attributes come with the CDAT, and do
 *	   not change: looked at without a lock
 * @parts_shown: bit n: the folder of slot n (names.c) is on the memdev
 * @cdat_known: attributes of @parts have been read
 * @qos_class: of each of @parts, CXL_QOS_CLASS_INVALID for none
 * @dpa_end: last DPA of the device's static capacity, to be put back
 * @dying: the memdev is going away: no more commands
 * @armed: interrupts are set up, events are read
 * @ops: who acts on events (events.h)
 * @irq: interrupts that may announce event log 4, 0 for none
 * @generation: of the extent list when it was last read
 * @wq: ordered; everything that talks to the device at its own pace
 * @watch_work: finds records for which no interrupt came
 * @unread: how often in a row there were, 2 for more
 * @rebound: the memdev has got a driver since watch_work looked last
 * @drained: event_work has read the log since watch_work looked last
 * @start_work: sets up events as soon as the PCI probe is over
 * @event_work: drains the log; delayed when it is tried again
 * @stall_work: gives up an offer that is never completed
 * @chain: the open offer
 * @parked: a complete offer that waits for the other members of its set
 * @events: buffer for one mailbox payload of event records
 * @handled: handles of records that were acted on but could not be cleared
 * @nr_handled: length of @handled
 * @overflow: events were lost; our books are still to be compared with the
 *	      device's list
 * @failures: how often in a row the log or the list could not be read
 * @arm_failures: the same of the interrupt
 */
struct cxl_dcd {
	struct list_head node;
	u32 id;
	struct kref kref;
	struct cxl_dcd_share share;
	struct cxl_memdev *cxlmd;
	struct device *host;
	struct cxl_dev_state *cxlds;
	unsigned int nr_parts;
	struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS];
	unsigned long parts_shown;
	bool cdat_known;
	int qos_class[CXL_DCD_MAX_REGIONS];
	resource_size_t dpa_end;
	bool dying;
	bool armed;
	const struct cxl_dcd_event_ops *ops;
	int irq[2];
	u32 generation;
	struct workqueue_struct *wq;
	struct delayed_work start_work;
	struct delayed_work watch_work;
	int unread;
	bool rebound;
	bool drained;
	struct delayed_work event_work;
	struct delayed_work stall_work;
	struct cxl_dcd_chain chain;
	bool parked;
	void *events;
	u16 *handled;
	u32 nr_handled;
	bool overflow;
	unsigned int failures;
	unsigned int arm_failures;
};

struct cxl_dcd *cxl_dcd_alloc(struct cxl_memdev *cxlmd,
			      const struct cxl_dcd_part *parts,
			      unsigned int nr_parts);
struct cxl_dcd *cxl_dcd_get(struct cxl_dcd *dcd);
void cxl_dcd_put(struct cxl_dcd *dcd);
int cxl_dcd_devices_left(void);

void cxl_dcd_devices_add(struct cxl_dcd *dcd);
void cxl_dcd_devices_remove(struct cxl_dcd *dcd);
struct cxl_dcd *cxl_dcd_find_get(const struct cxl_memdev *cxlmd);
struct cxl_dcd *cxl_dcd_next_get(u32 *id);
bool cxl_dcd_devices_any(void);
bool cxl_dcd_is_ours(const struct cxl_memdev *cxlmd);

void cxl_dcd_unload_begin(void);
bool cxl_dcd_unloading(void);

static inline void cxl_dcd_lock(struct cxl_dcd *dcd)
{
	cxl_dcd_share_lock(&dcd->share);
}

static inline bool cxl_dcd_trylock(struct cxl_dcd *dcd)
{
	return cxl_dcd_share_trylock(&dcd->share);
}

static inline void cxl_dcd_unlock(struct cxl_dcd *dcd)
{
	cxl_dcd_share_unlock(&dcd->share);
}

DEFINE_GUARD(cxl_dcd, struct cxl_dcd *, cxl_dcd_lock(_T), cxl_dcd_unlock(_T))

#define cxl_dcd_assert_held(dcd) cxl_dcd_share_assert_held(&(dcd)->share)

int cxl_dcd_lock_in_file(struct cxl_dcd *dcd);
void cxl_dcd_join(struct cxl_dcd *dcd, struct cxl_dcd *other);

bool cxl_dcd_may_log(void);
size_t cxl_dcd_payload(struct cxl_dcd *dcd);

#endif /* CXL_DCD_DEVICE_H */
