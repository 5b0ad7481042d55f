/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of a device, and the checks of what it answers. */
#ifndef CXL_DCD_MAILBOX_H
#define CXL_DCD_MAILBOX_H

#include "device.h"

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

#endif /* CXL_DCD_MAILBOX_H */
