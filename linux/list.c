// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device lists as accepted, and releasing until it lists it no more.
 *
 * The list of accepted extents shows what a reply or a release did. Where it
 * took several commands, nothing else does: another user of the mailbox may
 * have sent a command between them (cxl_pci for an event, `cxl list -H`). That
 * ends the chain, and the device takes what follows for a chain of its own,
 * with success.
 */
#include <linux/slab.h>

#include "device.h"
#include "judge.h"
#include "list.h"
#include "mailbox.h"

/* How often a chain is sent again that somebody else's command has ended. */
#define RELEASE_TRIES 8

/**
 * cxl_dcd_listed - which addresses does the device hold for us?
 * @dcd: device
 * @spans: set to ranges for cxl_dcd_spans_cover(), to be freed with kvfree();
 *	   NULL on error
 * @nr: their number
 */
int cxl_dcd_listed(struct cxl_dcd *dcd, struct cxl_dcd_span **spans, u32 *nr)
{
	struct cxl_dcd_rec *recs;
	u32 i;
	int rc;

	*spans = NULL;
	rc = cxl_dcd_read_extents(dcd, &recs, nr);
	if (rc)
		return rc;
	*spans = kvmalloc_array(max(*nr, 1), sizeof(**spans), GFP_KERNEL);
	for (i = 0; *spans && i < *nr; i++)
		(*spans)[i] = (struct cxl_dcd_span) {
			.dpa = recs[i].dpa,
			.len = recs[i].len,
		};
	kvfree(recs);
	if (!*spans)
		return -ENOMEM;
	*nr = cxl_dcd_spans_join(*spans, *nr);
	return 0;
}

/* Leave in @spans what the device still lists. */
static int dcd_list_keep_listed(struct cxl_dcd *dcd, struct cxl_dcd_span *spans,
				u32 *nr)
{
	struct cxl_dcd_span *listed;
	u32 nr_listed, i, n = 0;
	int rc;

	rc = cxl_dcd_listed(dcd, &listed, &nr_listed);
	if (rc)
		return rc;
	for (i = 0; i < *nr; i++)
		if (cxl_dcd_spans_cover(listed, nr_listed, spans[i].dpa,
					spans[i].len))
			spans[n++] = spans[i];
	*nr = n;
	kvfree(listed);
	return 0;
}

/**
 * cxl_dcd_list_release - release capacity, and see to it that it leaves (4803h)
 * @dcd: device
 * @spans: DPA ranges; overwritten
 * @nr: their number
 *
 * A device takes a chain as a whole or not at all. What it does not list any
 * more is left out of the next try; what is left of a chain that was ended is
 * sent again.
 *
 * Returns: 0; -EREMOTEIO: the device refuses some of it; any other -errno:
 * nobody knows what it has taken.
 */
int cxl_dcd_list_release(struct cxl_dcd *dcd, struct cxl_dcd_span *spans,
			 u32 nr)
{
	unsigned int tries;
	int rc, err;

	for (tries = 0; tries < RELEASE_TRIES; tries++) {
		bool chain = nr > cxl_dcd_update_room(dcd);
		u32 before = nr;

		rc = cxl_dcd_update(dcd, CXL_DCD_OP_RELEASE, spans, nr);
		if (!rc && !chain)
			return 0;
		if (rc && (rc != -EREMOTEIO || before == 1))
			return rc;
		err = dcd_list_keep_listed(dcd, spans, &nr);
		if (err)
			return rc ?: err;
		if (!nr)
			return 0;
		/* In one command, the same list fails for the same reason. */
		if (nr == before && !chain)
			return rc;
	}
	return -EREMOTEIO;
}
