/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One claim in a pass: what is asked of the plan, and what is done */
#ifndef CXL_FMD_POOL_CLAIM_H
#define CXL_FMD_POOL_CLAIM_H

#include "pool-wish.h"

/* The claim is this pool's: do the one next thing about it. */
void pool_claim_step(struct pool *pool, struct wish *wish);
/* The head of the host of that name or UUID; NULL: not in this pool */
struct head *pool_find_head(const struct pool *pool, const char *name);

#endif /* CXL_FMD_POOL_CLAIM_H */
