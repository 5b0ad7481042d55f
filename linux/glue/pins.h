/* SPDX-License-Identifier: GPL-2.0-only */
/* Pages of a DAX device that somebody holds beyond his mapping. */
#ifndef CXL_DCD_PINS_H
#define CXL_DCD_PINS_H

struct dev_dax;
struct device;

void cxl_dcd_pins_guard(struct device *dev);
void cxl_dcd_pins_watch(struct dev_dax *dev_dax);

int cxl_dcd_pins_init(void);
void cxl_dcd_pins_exit(void);

#endif /* CXL_DCD_PINS_H */
