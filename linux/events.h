/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Dynamic Capacity event log of a device: read until it is empty, and
 * handed record by record to those who know what to do.
 */
#ifndef CXL_DCD_EVENTS_H
#define CXL_DCD_EVENTS_H

#include "device.h"

/**
 * struct cxl_dcd_event_ops - what is done about that which a device says
 * @offer: the chain of the device holds an offer, whole or broken; the chain is
 *	   empty afterwards, unless the offer waits for others (parked)
 * @offer_expired: the offer in the chain, open or parked, has had its time
 * @release: capacity is asked back; what is free goes with @drained
 * @forced_release: capacity is gone
 * @reconcile: the log has been read for now, to its end when @emptied; compare
 *	       our books with the device's where they may differ. -errno has it
 *	       tried again
 * @drained: end of a turn, whether the log could be read or not
 *
 * All are called with the device's books held.
 */
struct cxl_dcd_event_ops {
	void (*offer)(struct cxl_dcd *dcd);
	void (*offer_expired)(struct cxl_dcd *dcd);
	void (*release)(struct cxl_dcd *dcd, const struct cxl_dcd_rec *rec);
	void (*forced_release)(struct cxl_dcd *dcd,
			       const struct cxl_dcd_rec *rec);
	int (*reconcile)(struct cxl_dcd *dcd, bool emptied);
	void (*drained)(struct cxl_dcd *dcd);
};

void cxl_dcd_events_attach(struct cxl_dcd *dcd,
			   const struct cxl_dcd_event_ops *ops);
void cxl_dcd_events_detach(struct cxl_dcd *dcd);
void cxl_dcd_events_kick(struct cxl_dcd *dcd);

void cxl_dcd_stall_begin(struct cxl_dcd *dcd);
void cxl_dcd_rest_begin(struct cxl_dcd *dcd);
void cxl_dcd_chain_reset(struct cxl_dcd_chain *chain);

#endif /* CXL_DCD_EVENTS_H */
