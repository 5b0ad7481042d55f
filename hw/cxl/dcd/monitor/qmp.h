/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: operators name devices
 */
#ifndef CXL_DCD_QMP_H
#define CXL_DCD_QMP_H

#include "hw/cxl/dcd/device.h"

/* The device at a QOM path, which must have dynamic capacity. */
CXLDcdDevice *cxl_dcd_qmp_device(const char *path, Error **errp);

/* Its faults (monitor/fault.c). The caller frees the list. */
CxlDcdFaultInfoList *cxl_dcd_fault_query(const CXLDcdDevice *device);

#endif /* CXL_DCD_QMP_H */
