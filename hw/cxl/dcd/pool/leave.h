/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: blocks of the pool leave a host
 */
#ifndef CXL_DCD_POOL_LEAVE_H
#define CXL_DCD_POOL_LEAVE_H

#include "file.h"

/* Free what is left to @host (CXLDcdPoolRange), cleaned first, or not. */
bool cxl_dcd_pool_clean_left(CXLDcdPool *pool, uint32_t host,
                             const GArray *left, bool clean, GError **error);

/*
 * Clean and free what @host has in these uses (bit n: use n), and drop its
 * references in them; each is a transaction of its own.
 */
bool cxl_dcd_pool_clean_host(CXLDcdPool *pool, uint32_t host, unsigned uses,
                             bool zero, uint64_t *ret_freed, GError **error);
/* Drop all references of @host, and clean what ends with them */
bool cxl_dcd_pool_drop_all(CXLDcdPool *pool, uint32_t host, GError **error);

#endif
