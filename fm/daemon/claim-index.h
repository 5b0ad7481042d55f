/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which claims concern whom
 *
 * It follows the copy of the store. By it a pool looks at its own claims only,
 * and a change wakes whom it concerns; else each change would cost as much as
 * there are pools, times claims.
 */
#ifndef CXL_FMD_CLAIM_INDEX_H
#define CXL_FMD_CLAIM_INDEX_H

#include "model.h"
#include "store.h"

struct claim_index;

/* Whom changes concern, each a set of texts */
struct claim_news {
    GHashTable *pools;            /* their UUIDs */
    GHashTable *hosts;            /* UUIDs or names, as claims name them */
};

struct claim_news *claim_news_new(void);
void claim_news_free(struct claim_news *news);

struct claim_index *claim_index_new(void);
void claim_index_free(struct claim_index *index);

/*
 * @entry, of any key, is so now; without value, it is not there any more.
 * @news (may be NULL) is told whom that concerns.
 */
void claim_index_put(struct claim_index *index,
                     const struct store_entry *entry,
                     struct claim_news *news);

/* UUIDs of claims that are in @pool, or for one of @hosts: added to @set */
void claim_index_of_pool(const struct claim_index *index, const char *pool,
                         const GPtrArray *hosts, GHashTable *set);
/* UUIDs of claims that are in no pool with an owner: added to @set */
void claim_index_left(const struct claim_index *index, GHashTable *set);
/*
 * Calls @fn for each pool with the bytes that claims in it want and do not have
 * yet.
 */
void claim_index_promises(const struct claim_index *index,
                          void (*fn)(const char *pool, uint64_t bytes,
                                     void *opaque), void *opaque);

/* All of them; those that @by has put */
unsigned claim_index_count(const struct claim_index *index);
unsigned claim_index_count_by(const struct claim_index *index, const char *by);
/* Those without status are Pending. */
void claim_index_phases(const struct claim_index *index,
                        uint64_t ret[FMD_PHASE_MAX]);

#endif /* CXL_FMD_CLAIM_INDEX_H */
