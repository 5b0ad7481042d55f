/* SPDX-License-Identifier: GPL-2.0-only */
/* Decoders that were committed before the kernel's drivers came. */
#ifndef CXL_DCD_FIRMWARE_H
#define CXL_DCD_FIRMWARE_H

#include "device.h"

void cxl_dcd_decoder_committed(struct cxl_dcd *dcd,
			       struct cxl_endpoint_decoder *cxled);
void cxl_dcd_firmware_retry(void);

#endif /* CXL_DCD_FIRMWARE_H */
