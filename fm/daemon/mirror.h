/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of what is in the store that follows it, for reads that must not wait
 * for a store without quorum
 */
#ifndef CXL_FMD_MIRROR_H
#define CXL_FMD_MIRROR_H

#include "claim-index.h"
#include "store.h"

struct mirror;

/*
 * Called after something in the copy that is acted on has changed, by a thread
 * of the mirror. @news: whom it concerns; NULL: perhaps everybody.
 */
typedef void (*mirror_fn)(const struct claim_news *news, void *opaque);

/* Returns at once; what is in the store comes when the store answers. */
struct mirror *mirror_start(struct store *store, const char *prefix,
                            mirror_fn fn, void *opaque);
void mirror_stop(struct mirror *mirror);
/* @fn is not called any more; waits for one that is under way. */
void mirror_quiet(struct mirror *mirror);

/* Copies of all below @prefix, in order, of struct store_entry *. */
GPtrArray *mirror_list(struct mirror *mirror, const char *prefix,
                       uint64_t *ret_rev);
/* NULL: not there */
struct store_entry *mirror_get(struct mirror *mirror, const char *key);
/* The revision of the last change that is acted on */
uint64_t mirror_news(struct mirror *mirror);
/* The same of hosts: that they are put, and that they are heard */
uint64_t mirror_hosts(struct mirror *mirror);

/*
 * --- By the index ---
 *
 * Copies of claims, each followed by its status if it has one, in no order.
 */
/* Those in @pool, or for one of @hosts (names or UUIDs) */
GPtrArray *mirror_claims_of_pool(struct mirror *mirror, const char *pool,
                                 const GPtrArray *hosts);
/*
 * Those in no pool with an owner. @fn is called with what claims in each pool
 * want and do not have yet, and must not wait.
 */
GPtrArray *mirror_claims_left(struct mirror *mirror,
                              void (*fn)(const char *pool, uint64_t bytes,
                                         void *opaque), void *opaque);
/* How many there are, and of them by @by */
unsigned mirror_count(struct mirror *mirror, const char *by, unsigned *ret_by);
void mirror_phases(struct mirror *mirror, uint64_t ret[FMD_PHASE_MAX]);

/* Until it has seen revision @rev, at most @timeout ms */
bool mirror_wait(struct mirror *mirror, uint64_t rev, unsigned timeout);
/*
 * ms since it was last known to be what the store has; 0: it is now; -1: never.
 * *ret_error: what the store said, NULL when all is well; freed by the caller.
 */
int64_t mirror_stale(struct mirror *mirror, char **ret_error);
/* Its thread moves on. */
bool mirror_is_live(struct mirror *mirror);

#endif /* CXL_FMD_MIRROR_H */
