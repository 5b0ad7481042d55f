/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: what the files of the core share
 */
#ifndef CXL_DCD_CORE_H
#define CXL_DCD_CORE_H

#include "hw/cxl/cxl_dcd.h"
#include "cxl-dcd-extent.h"

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
    bool dead;                  /* some of it was removed by force */
} CXLDcdGroup;

/* One bit a block, in pieces that exist only where something is accepted. */
#define CXL_DCD_BITS_PER_PIECE  (32768ULL * 8)

typedef struct CXLDcdRegion {
    CXLDcdTree tree;
    uint64_t allocated;         /* bytes in the tree */
    uint8_t **pieces;
    uint64_t num_pieces;
    unsigned block_shift;
} CXLDcdRegion;

struct CXLDcd {
    CXLDcdConfig config;
    const CXLDcdOps *ops;
    void *opaque;
    CXLDcdRegion regions[CXL_DCD_MAX_REGIONS];
    uint32_t extents;           /* in all trees */
    uint32_t generation;
    GHashTable *tags;           /* of CXLDcdTagEntry, by tag */
    GPtrArray *tag_order;       /* sharable ones, any order but stable */
    uint32_t tag_generation;
    GQueue groups;              /* of CXLDcdGroup, oldest first */
    CXLDcdChain chain_kind;
    GArray *chain;              /* of CXLDcdRange */
};

static inline const CXLDcdRegionConfig *
cxl_dcd_region_config(const CXLDcd *dcd, unsigned region)
{
    return &dcd->config.regions[region];
}

static inline bool cxl_dcd_state_listed(uint8_t state)
{
    return state == CXL_DCD_ACCEPTED || state == CXL_DCD_RELEASING;
}

/* cxl-dcd-state.c: the only code that changes trees, tags and block bits */
CXLDcdTagEntry *cxl_dcd_tag_find(const CXLDcd *dcd, const CXLDcdTag *tag);
CXLDcdTagEntry *cxl_dcd_tag_get(CXLDcd *dcd, const CXLDcdTag *tag,
                                bool sharable);
/* Forget the tag when nothing holds it any more. */
void cxl_dcd_tag_drop(CXLDcd *dcd, CXLDcdTagEntry *entry);
void cxl_dcd_tag_changed(CXLDcd *dcd);

/* Put an extent into its tree; reaches it when its state is listed. */
CXLDcdNode *cxl_dcd_insert(CXLDcd *dcd, const CXLDcdExtent *extent,
                           CXLDcdGroup *group);
/* Take an extent out of its tree and free the node. */
void cxl_dcd_erase(CXLDcd *dcd, unsigned region, CXLDcdNode *node);
/* Same extent, other state; keeps reachability in step. */
void cxl_dcd_transit(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                     CXLDcdExtentState state);
/* Take @piece, a part or all, out of a listed extent; the rest stays. */
void cxl_dcd_cut(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                 const CXLDcdRange *piece);
void cxl_dcd_copy_out(unsigned region, const CXLDcdNode *node,
                      CXLDcdExtent *ret);
void cxl_dcd_commit(CXLDcd *dcd);
void cxl_dcd_tell(CXLDcd *dcd, CXLDcdOutcome outcome, const GArray *extents);
/* Empty block bits for the region's block size; nothing of it is out. */
void cxl_dcd_region_layout(CXLDcd *dcd, unsigned region);
/*
 * cxl-dcd-answer.c: the group's extents leave the pending state. Returns them
 * (CXLDcdExtent), each as it was, or in state referenced when the fabric
 * manager's reference keeps it.
 */
GArray *cxl_dcd_dissolve(CXLDcd *dcd, CXLDcdGroup *group);
/* One group of event records of @type, chained by More. */
void cxl_dcd_emit(CXLDcd *dcd, uint8_t type, const GArray *extents);
void cxl_dcd_listed_changed(CXLDcd *dcd);
CXLDcdGroup *cxl_dcd_group_new(void);
void cxl_dcd_group_free(CXLDcdGroup *group);

/*
 * cxl-dcd-take.c: listed capacity leaves the host, whole extents or pieces.
 * @ranges are sorted, disjoint and covered by listed extents. False, and
 * nothing taken, when splitting extents would pass the tracking limit.
 */
bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error);
/* Nobody holds this any more: sanitize it as asked and give it back. */
void cxl_dcd_give_back(CXLDcd *dcd, const CXLDcdExtent *extent, bool sanitize);
/* Sort and check ranges: alignment, length, overlap among themselves. */
bool cxl_dcd_check_ranges(const CXLDcd *dcd, GArray *ranges, GError **error);
/* Every byte of each range is covered by extents for which @ok holds. */
bool cxl_dcd_covered(const CXLDcd *dcd, const CXLDcdRange *range,
                     bool (*ok)(const CXLDcdNode *node, const void *arg),
                     const void *arg);
const char *cxl_dcd_state_name(uint8_t state);

#define CXL_DCD_EXTENT_FMT "extent [0x%" G_GINT64_MODIFIER "x, +0x%" \
    G_GINT64_MODIFIER "x]"

#endif
