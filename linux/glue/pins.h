/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of a DAX device that somebody holds beyond his mapping. */
#ifndef CXL_DCD_PINS_H
#define CXL_DCD_PINS_H

struct device;

void cxl_dcd_pins_guard(struct device *dev);

#endif /* CXL_DCD_PINS_H */
