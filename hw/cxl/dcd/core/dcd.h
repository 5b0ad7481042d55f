/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: one logical device, as the files of the core see it
 */
#ifndef CXL_DCD_DCD_H
#define CXL_DCD_DCD_H

#include "hw/cxl/dcd/core.h"
#include "tree.h"

/* One tag that some extent carries or the fabric manager references. */
typedef struct CXLDcdTagEntry {
    CXLDcdTag tag;
    CXLDcdNode *first;
    CXLDcdNode *last;
    uint32_t extents;
    uint32_t index;             /* place in CXLDcd.tag_order */
    bool sharable;
    bool referenced;            /* by the fabric manager, 5606h */
} CXLDcdTagEntry;

/* One request's extents, until the host has answered. */
typedef struct CXLDcdGroup {
    GArray *starts;             /* uint64_t: DPA of each extent, as offered */
    bool dead;                  /* withdrawn by force: all its extents are */
} CXLDcdGroup;

/*
 * Capacity that left together, until all of it is clean. What is said of it
 * afterwards: an outcome, or nothing.
 */
typedef struct CXLDcdLeave {
    GArray *pieces;               /* CXLDcdExtent: sanitizing or referenced */
    size_t waiting;               /* pieces that are not clean yet */
    int outcome;                  /* CXLDcdOutcome, CXL_DCD_LEAVE_SILENT */
} CXLDcdLeave;

#define CXL_DCD_LEAVE_SILENT (-1)

typedef struct CXLDcdRegion {
    CXLDcdTree tree;
    uint64_t allocated;         /* bytes in the tree */
    uint64_t sanitizing;          /* of these */
    uint8_t **pieces;           /* block bits, see core/blocks.c */
    uint64_t num_pieces;
    unsigned block_shift;
} CXLDcdRegion;

struct CXLDcd {
    CXLDcdConfig config;
    const CXLDcdOps *ops;
    void *opaque;
    CXLDcdRegion regions[CXL_DCD_MAX_REGIONS];
    uint32_t extents;             /* in all trees, but for sanitizing ones */
    uint32_t sanitizing;          /* the others */
    uint32_t generation;
    GHashTable *tags;           /* of CXLDcdTagEntry, by tag */
    GPtrArray *tag_order;       /* sharable ones, any order but stable */
    uint32_t tag_generation;
    GQueue groups;              /* of CXLDcdGroup, oldest first */
    GQueue leaves;                /* of CXLDcdLeave, oldest first */
    CXLDcdChain chain_kind;
    GArray *chain;              /* of CXLDcdRange */
};

/* False with @error set: no fabric manager's request may change anything. */
static inline bool cxl_dcd_may_change(const CXLDcd *dcd, GError **error)
{
    return !dcd->ops->may_change || dcd->ops->may_change(dcd->opaque, error);
}

#endif
