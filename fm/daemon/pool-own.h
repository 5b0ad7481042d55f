/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose the pool is: the lease in the store, and the lock of this machine */
#ifndef CXL_FMD_POOL_OWN_H
#define CXL_FMD_POOL_OWN_H

#include "pool.h"

/* True when it is ours now; tries to get it. */
bool pool_own(struct pool *pool);
/* As far as we know: no question to the store */
bool pool_is_own(const struct pool *pool);
void pool_disown(struct pool *pool, const char *why);
/* Gives it to whoever wants it; when the daemon ends. */
void pool_give_up(struct pool *pool);
/*
 * Write as the owner: refused when it is somebody else's, whatever we believe.
 * Up to 4 compares and 4 changes more.
 */
bool pool_write(struct pool *pool, const struct store_cmp *compares,
                size_t compare_count, const struct store_op *ops,
                size_t op_count, GError **error);

#endif /* CXL_FMD_POOL_OWN_H */
