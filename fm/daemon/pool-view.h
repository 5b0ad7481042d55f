/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others see of a pool: in this process, and in the store */
#ifndef CXL_FMD_POOL_VIEW_H
#define CXL_FMD_POOL_VIEW_H

#include "pool.h"

/* For readers of this process */
void pool_view(struct pool *pool);
/* For the store: the pool's value, and that its heads are alive */
void pool_publish(struct pool *pool);
/* "alive" of one head goes with it. */
void pool_unpublish(struct pool *pool, struct head *head);

/* By any thread; the caller's, NULL: nothing was seen yet */
struct json_object *pool_live(struct pool *pool);
struct json_object *pool_note(struct pool *pool, const char *host);

#endif /* CXL_FMD_POOL_VIEW_H */
