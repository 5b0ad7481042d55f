/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: a pool's file of the format before this one
 */
#ifndef CXL_DCD_POOL_UPGRADE_H
#define CXL_DCD_POOL_UPGRADE_H

#include "file.h"

/*
 * A file that was mapped is of this format from now on; EBUSY while another
 * process has it open as one of the old. To be called before the file is
 * locked.
 */
bool cxl_dcd_pool_upgrade(CXLDcdPool *pool, GError **error);

#endif
