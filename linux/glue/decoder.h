/* SPDX-License-Identifier: GPL-2.0-only */
/* Endpoint decoders of our devices: `mode` and `dpa_size` know partitions. */
#ifndef CXL_DCD_DECODER_H
#define CXL_DCD_DECODER_H

#include "device.h"

int cxl_dcd_dpa_extend(struct cxl_dcd *dcd);
void cxl_dcd_decoders_attach(struct cxl_dcd *dcd);
void cxl_dcd_decoder_added(struct device *dev);
void cxl_dcd_decoder_gone(struct device *dev);
void cxl_dcd_decoders_detach(struct cxl_dcd *dcd);
void cxl_dcd_port_unbinds(struct device *dev);
bool cxl_dcd_decoder_above(const struct cxl_region *cxlr);
bool cxl_dcd_dpa_is_ram(struct cxl_dcd *dcd, u64 dpa, u64 len);

#endif /* CXL_DCD_DECODER_H */
