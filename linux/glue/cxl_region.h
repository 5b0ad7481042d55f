/* SPDX-License-Identifier: GPL-2.0-only */
/* CXL regions: which lie over a partition, their `mode`, their driver. */
#ifndef CXL_DCD_CXL_REGION_H
#define CXL_DCD_CXL_REGION_H

#include "stock.h"

int cxl_dcd_cxlr_part(struct cxl_region *cxlr);
bool cxl_dcd_cxlr_is_foreign(struct cxl_region *cxlr);

void cxl_dcd_cxlr_know(struct device *dev, unsigned int slot);
void cxl_dcd_cxlr_found(struct cxl_region *cxlr);
void cxl_dcd_cxlr_gone(struct device *dev);
void cxl_dcd_cxlrs_attach(void);
void cxl_dcd_cxlrs_detach(void);
void cxl_dcd_cxlrs_enable(void);
void cxl_dcd_cxlrs_disable(void);

#endif /* CXL_DCD_CXL_REGION_H */
