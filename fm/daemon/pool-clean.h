/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast what left a host is clean and free again, measured from outside
 *
 * Devices tell the end, and not the beginning: that it has left is seen by a
 * look, and was not so at the look before. When both are so close, and the end
 * was heard so soon, that the time is known to within a tenth, it counts. It
 * goes from the look before until the end was heard: it is never less than it
 * took. Nothing is looked at for this, so most of what is clean soon is not
 * counted.
 */
#ifndef CXL_FMD_POOL_CLEAN_H
#define CXL_FMD_POOL_CLEAN_H

#include "pool.h"

struct pool_clean;

struct pool_clean *pool_clean_new(void);
void pool_clean_free(struct pool_clean *clean);
/* The pool's truth was read, from @begin (us) on. */
void pool_clean_look(struct pool *pool, int64_t begin);
/* A device says that capacity is free, since @since (us) or later. */
void pool_clean_event(struct pool *pool, const struct head *head,
                      const struct cxlfm_event *event, int64_t since);

#endif /* CXL_FMD_POOL_CLEAN_H */
