/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What devices tell by themselves becomes events of the daemon */
#ifndef CXL_FMD_POOL_EVENT_H
#define CXL_FMD_POOL_EVENT_H

#include "pool.h"

/* @since: us, what waits there has come then or later. */
void pool_events(struct pool *pool, struct head *head, int64_t since);

#endif /* CXL_FMD_POOL_EVENT_H */
