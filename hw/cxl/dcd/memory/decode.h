/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one walk through the decoders above a device
 */
#ifndef CXL_DCD_DECODE_H
#define CXL_DCD_DECODE_H

#include "hw/cxl/cxl.h"
#include "hw/cxl/dcd/device.h"

/* One level of a walk: how it spreads addresses */
typedef struct CXLDcdLevel {
    uint64_t period;              /* granularity * ways */
    uint64_t start, end;          /* HPA range that one decoder covers */
} CXLDcdLevel;

/* Window, host bridge, switch */
#define CXL_DCD_LEVELS_MAX 3

/* The committed decoders of a device; returns how many entries are valid. */
unsigned cxl_dcd_device_decoders(CXLType3Dev *ct3d, CXLDcdDecoder *ret);
/*
 * The device that @hpa leads to, NULL when it leads nowhere. @ret_levels
 * entries of @levels say how far that answer can be trusted.
 */
CXLDcdDevice *cxl_dcd_walk(CXLFixedWindow *fw, uint64_t hpa,
                           CXLDcdLevel *levels, unsigned *ret_levels);

#endif /* CXL_DCD_DECODE_H */
