/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One look at all claims of a pool, and what is to be done about each */
#ifndef CXL_FMD_POOL_PASS_H
#define CXL_FMD_POOL_PASS_H

#include "pool.h"

/*
 * The pool's truth has been read. @pool->at_once: something was done; another
 * pass follows. @pool->again: it follows by then anyhow.
 */
void pool_pass(struct pool *pool);

#endif /* CXL_FMD_POOL_PASS_H */
