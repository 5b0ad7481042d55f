/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the devices of a pool say: who has what, by tag
 *
 * A host that answers is believed first. Of one that does not, the pool knows
 * what it has, as told by any other of its heads.
 */
#ifndef CXL_FMD_TRUTH_H
#define CXL_FMD_TRUTH_H

#include "head.h"

struct truth_piece {
    struct head *head;            /* NULL: of a host that nobody has put */
    uint16_t id;                  /* number of the head */
    uint8_t region;
    uint8_t state;                /* enum cxlfm_extent_state */
    bool shared;                  /* of a sharable region */
    uint64_t offset;              /* in the region */
    uint64_t length;
    uint8_t tag[CXLFM_TAG_SIZE];
};

/* Bytes of one head, without what is sharable unless it says so */
struct truth_sum {
    uint64_t accepted;            /* also those of @releasing */
    uint64_t offered;
    uint64_t releasing;
    uint64_t untagged;            /* but for what is being sanitized */
};

struct truth {
    bool known;                   /* every head's part is, also of heads that
                                     nobody has put: what is not here is
                                     nowhere */
    GArray *pieces;               /* struct truth_piece */
    GHashTable *tags;             /* UUID text: GArray of guint, of @pieces */
    GHashTable *sums;             /* struct head *: struct truth_sum */
    fmd_pool *pool;               /* sizes; uuid, machine, kind are set */
    struct head *speaker;         /* who told of the pool; NULL */
};

/*
 * Reads every head that is up. @uuid, @machine: of the pool. Once *@ended, which
 * other threads set, no more is read: then it is not all there is.
 */
struct truth *truth_read(const GPtrArray *heads, const char *uuid,
                         const char *machine, const bool *ended);
void truth_free(struct truth *truth);

/* Indexes of @truth->pieces with the tag; NULL: it is nowhere. */
const GArray *truth_tag(const struct truth *truth, const char *uuid);
/* Never NULL */
const struct truth_sum *truth_sum(const struct truth *truth,
                                  const struct head *head);
/* NULL: there is no such region */
struct fmd_region *truth_region(const struct truth *truth, unsigned region);

#endif /* CXL_FMD_TRUTH_H */
