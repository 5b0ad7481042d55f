/* SPDX-License-Identifier: GPL-2.0-only */
/* The platform's Quality of Service class for a partition. */
#ifndef CXL_DCD_QOS_H
#define CXL_DCD_QOS_H

#include "device.h"

void cxl_dcd_read_qos(struct cxl_dcd *dcd, struct cxl_port *port);

#endif /* CXL_DCD_QOS_H */
