/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what handlers answer with
 */
#ifndef CXL_DCD_RUN_H
#define CXL_DCD_RUN_H

#include "hw/cxl/dcd/commands.h"

/*
 * Answer with @len bytes at @response. Internal Error when the caller's buffer
 * has no room for a fixed-size answer: a fault of ours, not of the requester.
 */
uint16_t cxl_dcd_respond(const void *response, size_t len, uint8_t *out,
                         size_t out_max, size_t *ret_len);

/* The return code of @error, which is freed; Internal Error for NULL. */
uint16_t cxl_dcd_error_code(GError *error);

#endif /* CXL_DCD_RUN_H */
