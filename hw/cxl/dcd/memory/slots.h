/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: mappings that KVM and vhost have room for
 */
#ifndef CXL_DCD_SLOTS_H
#define CXL_DCD_SLOTS_H

/* @mappings: how many there are, at any time. Once or more; BQL. */
void cxl_dcd_slots_init(const uint32_t *mappings);
/* Is there room for one more? Also in the middle of a transaction. */
bool cxl_dcd_slots_room(void);

#endif /* CXL_DCD_SLOTS_H */
