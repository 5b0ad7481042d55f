/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what of a guest's command reaches the parent
 */
#ifndef CXL_DCD_JUDGE_H
#define CXL_DCD_JUDGE_H

#include "hw/cxl/dcd/device.h"

/* Is @opcode one whose input we know how to judge? Others are not offered. */
bool cxl_dcd_judge_knows(uint16_t opcode);
/*
 * May the parent carry out @opcode with these @in_len bytes? If not, *@ret_code
 * is the answer, which has no payload; it may be Success, where there is
 * nothing to be done. What is judged is all that a handler takes for granted:
 * lengths, sums of offset and length, and that the answer fits.
 */
bool cxl_dcd_judge(CXLDcdDevice *device, uint16_t opcode, const uint8_t *in,
                   size_t in_len, CXLRetCode *ret_code);

/* Get Feature, 0501h, and Set Feature, 0502h: what the above says of them */
bool cxl_dcd_judge_get_feature(CXLDcdDevice *device, const uint8_t *in,
                               size_t in_len, CXLRetCode *ret_code);
bool cxl_dcd_judge_feature(CXLDcdDevice *device, const uint8_t *in,
                           size_t in_len, CXLRetCode *ret_code);
/* A transfer that is under way ends. */
void cxl_dcd_feature_forget(CXLDcdDevice *device);

#endif /* CXL_DCD_JUDGE_H */
