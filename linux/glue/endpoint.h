/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known at a device's endpoint: its CDAT, and how far away it is. */
#ifndef CXL_DCD_ENDPOINT_H
#define CXL_DCD_ENDPOINT_H

#include "device.h"

void cxl_dcd_read_cdat(struct cxl_dcd *dcd);
bool cxl_dcd_endpoint_speed(struct cxl_dcd *dcd, struct cxl_port *port,
			    unsigned int part, struct access_coordinate *sum);

#endif /* CXL_DCD_ENDPOINT_H */
