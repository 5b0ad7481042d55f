/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What partitions are called in sysfs: slots, their names, and what they mean.
 */
#ifndef CXL_DCD_NAMES_H
#define CXL_DCD_NAMES_H

#include "judge.h"

#define CXL_DCD_NAME_MAX 24

int cxl_dcd_names_choose(const char *choice);
bool cxl_dcd_names_need_cdat(void);

unsigned int cxl_dcd_slots(void);
const char *cxl_dcd_slot_name(unsigned int slot);
const char *cxl_dcd_slot_kind(unsigned int slot);
unsigned int cxl_dcd_slot_of(const struct cxl_dcd_part *part,
			     unsigned int index);
int cxl_dcd_slot_part(const struct cxl_dcd_part *parts, unsigned int nr,
		      unsigned int slot);
int cxl_dcd_name_part(const struct cxl_dcd_part *parts, unsigned int nr,
		      const char *text);

#endif /* CXL_DCD_NAMES_H */
