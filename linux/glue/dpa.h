/* SPDX-License-Identifier: GPL-2.0-only */
/* DPA of partitions for endpoint decoders. */
#ifndef CXL_DCD_DPA_H
#define CXL_DCD_DPA_H

#include "device.h"
#include "glue/decoder_list.h"

int cxl_dcd_dpa_extend(struct cxl_dcd *dcd);
void cxl_dcd_dpa_shrink(struct cxl_dcd *dcd);
void cxl_dcd_dpa_recall_skip(struct cxl_dcd *dcd, struct cxl_dcd_decoder *dec);
int cxl_dcd_dpa_files_add(struct device *dev);
void cxl_dcd_dpa_files_del(struct device *dev);

#endif /* CXL_DCD_DPA_H */
