/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known of the endpoint decoders of our devices. */
#ifndef CXL_DCD_DECODER_LIST_H
#define CXL_DCD_DECODER_LIST_H

#include <linux/list.h>
#include <linux/mutex.h>

#include "device.h"

/**
 * struct cxl_dcd_decoder - what is known of an endpoint decoder of a DC memdev
 * @node: entry in the list; that changes with cxl_dcd_decoder_change and the
 *	  list's spinlock held, and each of them is enough to look; so do @part,
 *	  @base, @size and @over. The stock resource is freed without asking us,
 *	  and is not looked into but where it was just made
 * @cxled: the decoder
 * @part: partition chosen with `mode`, -1 for none
 * @base: first DPA of what it has reserved
 * @size: bytes of that, 0 for none
 * @over: partition that this is in, -1 for static capacity
 * @own_skip: its DPA skip is not backed by a resource
 */
struct cxl_dcd_decoder {
	struct list_head node;
	struct cxl_endpoint_decoder *cxled;
	int part;
	u64 base;
	u64 size;
	int over;
	bool own_skip;
};

extern struct mutex cxl_dcd_decoder_change; /* for one change at a time */

int cxl_dcd_decoder_insert(struct cxl_dcd_decoder *dec);
void cxl_dcd_decoder_gone(struct device *dev);
struct cxl_dcd_decoder *cxl_dcd_decoder_find(const struct device *dev);
bool cxl_dcd_decoder_is_ours(const struct device *dev);
int cxl_dcd_decoder_part(const struct cxl_dcd_decoder *dec);
int cxl_dcd_decoder_part_of(const struct device *dev);
void cxl_dcd_decoder_note(struct cxl_dcd *dcd, struct cxl_dcd_decoder *dec);
void cxl_dcd_decoder_choose(struct cxl_dcd_decoder *dec, int part);
void cxl_dcd_decoder_forget_skip(struct cxl_dcd_decoder *dec);
void cxl_dcd_port_unbinds(struct device *dev);

u64 cxl_dcd_decoder_dpa_used(const struct cxl_endpoint_decoder *cxled);
bool cxl_dcd_decoder_above(const struct cxl_region *cxlr);
bool cxl_dcd_dpa_is_ram(struct cxl_dcd *dcd, u64 dpa, u64 len);

#endif /* CXL_DCD_DECODER_LIST_H */
