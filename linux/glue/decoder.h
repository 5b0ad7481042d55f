/* SPDX-License-Identifier: GPL-2.0-only */
/* Endpoint decoders of our devices come and go. */
#ifndef CXL_DCD_DECODER_H
#define CXL_DCD_DECODER_H

#include "device.h"

void cxl_dcd_decoders_attach(struct cxl_dcd *dcd);
void cxl_dcd_decoder_added(struct device *dev);
void cxl_dcd_decoders_detach(struct cxl_dcd *dcd);

#endif /* CXL_DCD_DECODER_H */
