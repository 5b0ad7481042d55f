/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the module cxl_dcd.
 *
 * One mutex, cxl_dcd_mutex, guards every list and every extent of every device.
 * Rules that keep it free of deadlock:
 *  - device locks may be held when it is taken, never the other way round;
 *  - no sysfs file whose method takes it is removed while it is held: what must
 *    go is put on a list that cxl_dcd_unlock() works off after dropping it;
 *  - dax_region_rwsem (private to the DAX core) is taken inside it, by the stock
 *    methods that we call; bus notifiers of the DAX bus run inside that and must
 *    not take it;
 *  - the DAX core removes a DAX device with that rwsem held, and removing waits
 *    for methods that run. So a method of a file of a DAX device, a DAX region or
 *    an extent takes the mutex by cxl_dcd_lock_in_file(), which never waits, and
 *    calls no stock method while any DAX device is deleted (claim.c).
 */
#ifndef CXL_DCD_H
#define CXL_DCD_H

#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "extent.h"

#define CXL_DCD_EXTENT_ALIGN PMD_SIZE

/**
 * struct cxl_dcd_chain - add records of one offer that is still open
 * @recs: the records, @nr of them, room for @room
 * @broken: an error or the limit was met: refuse the whole when it closes
 * @open: a record with More = 1 was seen last
 * @refused: the offer has its answer, but its last record has not come: what
 *	     comes of it still is not another offer
 */
struct cxl_dcd_chain {
	struct cxl_dcd_rec *recs;
	u32 nr;
	u32 room;
	bool broken;
	bool open;
	bool refused;
};

/**
 * struct cxl_dcd - one memdev with dynamic capacity
 * @node: entry in cxl_dcd_devs
 * @kref: held by the list and by every member of a region
 * @cxlmd: the memdev; its device is referenced
 * @cxlds: its state; not to be touched once @dying
 * @nr_parts: number of entries of @parts
 * @parts: partitions, by DC region index
 * @parts_shown: bit n: the folder of slot n (names.c) is on the memdev
 * @cdat_known: attributes of @parts have been read
 * @qos_class: of each of @parts, CXL_QOS_CLASS_INVALID for none
 * @dpa_end: last DPA of the device's static capacity, to be put back
 * @dying: the memdev is going away: no more commands
 * @armed: interrupts are set up, events are read
 * @irq: interrupts that may announce event log 4, 0 for none
 * @generation: of the extent list when it was last read
 * @wq: ordered; everything that talks to the device at its own pace
 * @start_work: sets up events as soon as the PCI probe is over
 * @event_work: drains the log; delayed when it is tried again
 * @stall_work: gives up an offer that is never completed
 * @chain: the open offer
 * @parked: a complete offer that waits for the other members of its set
 * @events: buffer for one mailbox payload of event records
 * @handled: handles of records that were acted on but could not be cleared
 * @nr_handled: length of @handled
 * @overflow: events were lost, and our books not yet compared with the device's
 * @failures: how often in a row the log or the list could not be read
 * @arm_failures: the same of the interrupt
 */
struct cxl_dcd {
	struct list_head node;
	struct kref kref;
	struct cxl_memdev *cxlmd;
	struct cxl_dev_state *cxlds;
	unsigned int nr_parts;
	struct cxl_dcd_part parts[CXL_DCD_MAX_REGIONS];
	unsigned long parts_shown;
	bool cdat_known;
	int qos_class[CXL_DCD_MAX_REGIONS];
	resource_size_t dpa_end;
	bool dying;
	bool armed;
	int irq[2];
	u32 generation;
	struct workqueue_struct *wq;
	struct delayed_work start_work;
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

/**
 * struct cxl_dcd_member - what one device contributes to a region
 * @dcd: the device
 * @dpa: first DPA of its endpoint decoder
 */
struct cxl_dcd_member {
	struct cxl_dcd *dcd;
	u64 dpa;
};

/**
 * struct cxl_dcd_region - a DAX region that we drive
 * @node: entry in cxl_dcd_regions
 * @dev: the dax_regionN device
 * @cxlr: its CXL region
 * @dax: the DAX core's object, NULL once it is gone
 * @closing: its driver is being taken away; see below
 * @part: partition index, the same on every member
 * @shareable: attribute of that partition
 * @hpa: addresses of the window
 * @ways: number of members
 * @granularity: bytes on one member before the next one's turn
 * @dpa_size: bytes of DPA on each member
 * @extents: struct cxl_dcd_extent, by arrival
 * @by_dpa: the same, by DPA offset
 * @nr_extents: length of @extents
 * @nr_releasing: how many of them are asked for
 * @next_id: for the names of extents
 * @stale: a device may have accepted extents that are not here: read its list
 * @member: in interleave order
 *
 * While it is closing the DAX core frees the addresses of its DAX devices without
 * asking us: nobody may look at them, and nothing is opened, closed or claimed
 * any more. It stays listed so that the device gets no answer before the end.
 */
struct cxl_dcd_region {
	struct list_head node;
	struct device *dev;
	struct cxl_region *cxlr;
	struct dax_region *dax;
	bool closing;
	unsigned int part;
	bool shareable;
	struct range hpa;
	unsigned int ways;
	unsigned int granularity;
	u64 dpa_size;
	struct list_head extents;
	struct maple_tree by_dpa;
	u32 nr_extents;
	u32 nr_releasing;
	u32 next_id;
	bool stale;
	struct cxl_dcd_member member[CXL_DECODER_MAX_INTERLEAVE];
};

/**
 * struct cxl_dcd_extent - accepted capacity
 * @node: entry in the region's list, or in cxl_dcd_dead
 * @hash: entry in cxl_dcd_tags when tagged
 * @kobj: its folder extentX.Y
 * @rgn: the region, NULL once the extent is dead
 * @id: Y of its name
 * @dpa: offset from the start of each member's DPA
 * @len: bytes on each member
 * @tag: all zero when untagged
 * @seq: position within the tag
 * @open: its addresses can be taken by DAX devices
 * @releasing: the device asked for it back
 * @forced: the device took it back; only its last user keeps it here
 * @rest: not all of it, or not on every member, need have been taken back
 * @told: that it is busy was said once
 * @stuck: that the kernel does not let go of it was said once
 * @claim: the DAX device that took it as a tag or whole, never dereferenced
 */
struct cxl_dcd_extent {
	struct list_head node;
	struct hlist_node hash;
	struct kobject kobj;
	struct cxl_dcd_region *rgn;
	u32 id;
	u64 dpa;
	u64 len;
	u8 tag[CXL_DCD_TAG_SIZE];
	u32 seq;
	bool open;
	bool releasing;
	bool forced;
	bool rest;
	bool told;
	bool stuck;
	void *claim;
};

/* What must be zero when the module is unloaded. */
struct cxl_dcd_counters {
	atomic_t devs;
	atomic_t regions;
	atomic_t extents;
};

extern struct mutex cxl_dcd_mutex; /* see above */
extern struct list_head cxl_dcd_devs;
extern struct list_head cxl_dcd_regions;
extern struct list_head cxl_dcd_dead;
extern struct cxl_dcd_counters cxl_dcd_counters;
extern bool cxl_dcd_unloading;

/* main.c */
int cxl_dcd_file_again(void);
int cxl_dcd_lock_in_file(void);
void cxl_dcd_unlock(void);
struct cxl_dcd *cxl_dcd_find(const struct cxl_memdev *cxlmd);
bool cxl_dcd_is_ours(const struct cxl_memdev *cxlmd);
struct cxl_dcd *cxl_dcd_get(struct cxl_dcd *dcd);
void cxl_dcd_put(struct cxl_dcd *dcd);
void cxl_dcd_read_cdat(struct cxl_dcd *dcd);
void cxl_dcd_endpoint_ready(struct cxl_dcd *dcd, struct cxl_port *port);

/* mbox.c */
int cxl_dcd_get_config(struct cxl_dev_state *cxlds, struct cxl_dcd_part *parts,
		       unsigned int *nr_parts);
int cxl_dcd_get_events(struct cxl_dcd *dcd, CXLDcdGetEventsResponse *resp,
		       unsigned int *nr);
int cxl_dcd_clear_events(struct cxl_dcd *dcd,
			 const CXLDcdGetEventsResponse *resp, unsigned int nr);
int cxl_dcd_get_irq_policy(struct cxl_dcd *dcd, CXLDcdEventIrqPolicy *policy);
int cxl_dcd_set_irq_policy(struct cxl_dcd *dcd,
			   const CXLDcdEventIrqPolicy *policy);

u32 cxl_dcd_update_room(struct cxl_dcd *dcd);
int cxl_dcd_update(struct cxl_dcd *dcd, u16 opcode,
		   const struct cxl_dcd_span *spans, u32 nr);
int cxl_dcd_read_extents(struct cxl_dcd *dcd, struct cxl_dcd_rec **recs,
			 u32 *nr);
size_t cxl_dcd_payload(struct cxl_dcd *dcd);

/* update.c */
int cxl_dcd_listed(struct cxl_dcd *dcd, struct cxl_dcd_span **spans, u32 *nr);
int cxl_dcd_give_back(struct cxl_dcd *dcd, struct cxl_dcd_span *spans, u32 nr);

/* event.c */
int cxl_dcd_events_start(struct cxl_dcd *dcd);
void cxl_dcd_events_stop(struct cxl_dcd *dcd);
void cxl_dcd_event_work(struct work_struct *work);
void cxl_dcd_stall_work(struct work_struct *work);
void cxl_dcd_stall_begin(struct cxl_dcd *dcd);
void cxl_dcd_kick(struct cxl_dcd *dcd);

/* offer.c */
int cxl_dcd_offer_init(struct cxl_dcd_offer *offer, struct cxl_dcd *dcd,
		       struct cxl_dcd_rec *recs, u32 nr);
void cxl_dcd_offer_free(struct cxl_dcd_offer *offer);
void cxl_dcd_offer_judge(struct cxl_dcd_offer *offer);
void cxl_dcd_offer_explain(struct cxl_dcd_offer *offer);
int cxl_dcd_offer_answer(struct cxl_dcd_offer *offer);
int cxl_dcd_offer_confirm(struct cxl_dcd_offer *offer, bool *lost);
void cxl_dcd_offer_undo(struct cxl_dcd_offer *offer, bool all);
int cxl_dcd_extents_prepare(struct cxl_dcd_offer *offer,
			    struct list_head *list);
void cxl_dcd_extents_refuse(struct cxl_dcd_offer *offer,
			    struct list_head *list);
void cxl_dcd_extents_discard(struct list_head *list);
void cxl_dcd_extents_publish(struct list_head *list);

/* accept.c */
void cxl_dcd_offer(struct cxl_dcd *dcd);
void cxl_dcd_offer_expired(struct cxl_dcd *dcd);
void cxl_dcd_chain_reset(struct cxl_dcd_chain *chain);

/* recover.c */
int cxl_dcd_recover(struct cxl_dcd_region *rgn);
void cxl_dcd_stale(struct cxl_dcd *dcd);
int cxl_dcd_reconcile(struct cxl_dcd *dcd, bool emptied);

/* release.c */
void cxl_dcd_release_asked(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec);
void cxl_dcd_release_ready(void);
int cxl_dcd_release_here(struct cxl_dcd_extent *ext);
void cxl_dcd_return(struct cxl_dcd_region *rgn, struct list_head *extents);

/* force.c */
void cxl_dcd_release_forced(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec);
void cxl_dcd_dax_bound(struct device *dev);
void cxl_dcd_extent_forced(struct cxl_dcd_extent *ext);

/* offline.c */
bool cxl_dcd_online(u64 start, u64 size);
void cxl_dcd_poison(u64 start, u64 size);
int cxl_dcd_offline(struct device *dev, u64 start, u64 size);

/* dax.c */
int cxl_dcd_dax_init(void);
void cxl_dcd_dax_exit(void);
struct cxl_dcd_region *cxl_dcd_dax_to_region(struct device *dax_dev);
int cxl_dcd_region_part(struct cxl_region *cxlr);
struct cxl_dcd_region *cxl_dcd_region_at(struct cxl_dcd *dcd, u64 dpa,
					 u64 *offset);
u64 cxl_dcd_extent_hpa(const struct cxl_dcd_extent *ext);
u64 cxl_dcd_extent_size(const struct cxl_dcd_extent *ext);
void cxl_dcd_dax_bus_seen(struct device *dax_dev);
void cxl_dcd_uevent(struct cxl_dcd_region *rgn, const char *what,
		    const u8 *tag, u64 length);

/* range.c */
int cxl_dcd_range_close_all(struct cxl_dcd_region *rgn);
void cxl_dcd_range_free_all(struct cxl_dcd_region *rgn);
int cxl_dcd_range_open(struct cxl_dcd_region *rgn, u64 start, u64 len);
int cxl_dcd_range_close(struct cxl_dcd_region *rgn, u64 start, u64 len);
bool cxl_dcd_range_is_ram(u64 start, u64 len);
void cxl_dcd_range_close_free(struct cxl_dcd_region *rgn, u64 start, u64 len);

/* decoder.c */
int cxl_dcd_dpa_extend(struct cxl_dcd *dcd);
void cxl_dcd_decoders_take(struct cxl_dcd *dcd);
void cxl_dcd_decoder_added(struct device *dev);
void cxl_dcd_decoder_gone(struct device *dev);
void cxl_dcd_decoders_drop(struct cxl_dcd *dcd);
void cxl_dcd_port_unbinds(struct device *dev);
bool cxl_dcd_dpa_is_ram(struct cxl_dcd *dcd, u64 dpa, u64 len);
void cxl_dcd_region_added(struct device *dev);
void cxl_dcd_region_gone(struct device *dev);
void cxl_dcd_region_found(struct cxl_region *cxlr);
void cxl_dcd_regions_take(void);
void cxl_dcd_regions_enable(void);
void cxl_dcd_regions_disable(void);
void cxl_dcd_roots_take(void);
void cxl_dcd_roots_drop(void);
void cxl_dcd_regions_drop(void);

/* names.c */
#define CXL_DCD_NAME_MAX 24

int cxl_dcd_names_init(void);
unsigned int cxl_dcd_slots(void);
const char *cxl_dcd_slot_name(unsigned int slot);
const char *cxl_dcd_slot_kind(unsigned int slot);
unsigned int cxl_dcd_slot_of(const struct cxl_dcd *dcd, unsigned int part);
int cxl_dcd_slot_part(const struct cxl_dcd *dcd, unsigned int slot);
bool cxl_dcd_names_need_cdat(void);
int cxl_dcd_name_part(const struct cxl_dcd *dcd, const char *text);

/* qos.c */
void cxl_dcd_read_qos(struct cxl_dcd *dcd, struct cxl_port *port);

/* firmware.c */
void cxl_dcd_decoder_committed(struct cxl_dcd *dcd,
			       struct cxl_endpoint_decoder *cxled);
void cxl_dcd_firmware_retry(void);

/* sysfs.c */

/**
 * struct cxl_dcd_override - a stock sysfs file with our methods in its place
 * @group: folder of the file, NULL for none
 * @mine: our methods; name and mode as the stock file has them
 * @stock: the stock attribute, found when first replaced
 */
struct cxl_dcd_override {
	const char *group;
	struct device_attribute mine;
	struct device_attribute *stock;
};

int cxl_dcd_override_add(struct device *dev, struct cxl_dcd_override *ovr);
int cxl_dcd_override_swap(struct device *dev, struct cxl_dcd_override *ovr,
			  bool *busy);
void cxl_dcd_override_settle(struct device *dev, struct cxl_dcd_override *ovr);
void cxl_dcd_override_del(struct device *dev, struct cxl_dcd_override *ovr);
void cxl_dcd_sysfs_init(void);

/* flush.c */
int cxl_dcd_flush_init(void);
void cxl_dcd_flush_exit(void);
void cxl_dcd_parts_show(struct cxl_dcd *dcd);
void cxl_dcd_parts_hide(struct cxl_dcd *dcd);
int cxl_dcd_extent_add(struct cxl_dcd_region *rgn, struct cxl_dcd_extent *ext);
void cxl_dcd_extent_del(struct cxl_dcd_extent *ext);
struct cxl_dcd_extent *cxl_dcd_extent_alloc(const struct cxl_dcd_rec *rec,
					    u64 offset);
void cxl_dcd_extent_reap(struct list_head *dead);
struct cxl_dcd_extent *cxl_dcd_extent_find(struct cxl_dcd_region *rgn,
					   u64 offset, u64 len);
bool cxl_dcd_tag_live(const u8 *tag);

/* claim.c */
int cxl_dcd_dax_region_files(struct device *dev);
int cxl_dcd_dax_device_files(struct device *dax_dev);

#endif /* CXL_DCD_H */
