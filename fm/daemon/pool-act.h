/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of devices */
#ifndef CXL_FMD_POOL_ACT_H
#define CXL_FMD_POOL_ACT_H

#include "pool.h"

/*
 * @act for the tag @uuid at @head, which the status says already. True when the
 * device did what it was asked; otherwise @memo has why, or the pool is not
 * ours any more. @pool->truth is told what is taken.
 */
bool pool_act(struct pool *pool, enum fmd_act act, const char *uuid,
              struct head *head, uint8_t region, uint64_t bytes,
              struct memo *memo);

#endif /* CXL_FMD_POOL_ACT_H */
