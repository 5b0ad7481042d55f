/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of what is in the store that follows it, for reads that must not wait
 * for a store without quorum
 */
#ifndef CXL_FMD_MIRROR_H
#define CXL_FMD_MIRROR_H

#include "store.h"

struct mirror;

/*
 * Called after something in the copy that is acted on has changed, by a thread
 * of the mirror.
 */
typedef void (*mirror_fn)(void *opaque);

/* Returns at once; what is in the store comes when the store answers. */
struct mirror *mirror_start(struct store *store, const char *prefix,
                            mirror_fn fn, void *opaque);
void mirror_stop(struct mirror *mirror);
/* @fn is not called any more; waits for one that is under way. */
void mirror_quiet(struct mirror *mirror);

/* Copies of all below @prefix, in order, of struct store_entry *. */
GPtrArray *mirror_list(struct mirror *mirror, const char *prefix,
                       uint64_t *ret_rev);
/* Call @fn for each below @prefix, in order; it must not wait. */
void mirror_each(struct mirror *mirror, const char *prefix,
                 void (*fn)(const struct store_entry *entry, void *opaque),
                 void *opaque);
/* NULL: not there */
struct store_entry *mirror_get(struct mirror *mirror, const char *key);
/* The revision of the last change that is acted on */
uint64_t mirror_news(struct mirror *mirror);
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
