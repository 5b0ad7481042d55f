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
    bool dead;                  /* withdrawn by force: all its extents are */
} CXLDcdGroup;

typedef struct CXLDcdRegion {
    CXLDcdTree tree;
    uint64_t allocated;         /* bytes in the tree */
    uint8_t **pieces;           /* block bits, see cxl-dcd-block.c */
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

static inline bool cxl_dcd_sharable(const CXLDcd *dcd, unsigned region)
{
    return cxl_dcd_region_config(dcd, region)->attributes &
           CXL_DCD_REGION_SHARABLE;
}

/* At the door of every change: in debug and test builds only, O(n) */
#ifdef CXL_DCD_DEBUG
#define CXL_DCD_CHECK(dcd) cxl_dcd_assert_state(dcd)
#else
#define CXL_DCD_CHECK(dcd) ((void)0)
#endif

/* For messages */
#define CXL_DCD_HEX "0x%" G_GINT64_MODIFIER "x"
#define CXL_DCD_EXTENT_FMT "extent [" CXL_DCD_HEX ", +" CXL_DCD_HEX "]"

/* Bits of block sizes that a region may support, Table 8-180 */
#define CXL_DCD_BLOCK_SIZES ((1ULL << 52) - CXL_DCD_MIN_BLOCK)

/*
 * cxl-dcd-state.c: the only code that changes extents. Each keeps the tree, the
 * counts, the tag and the block bits in step; the caller commits and announces.
 */

/* Put an extent into its tree; reaches it when its state is listed. */
CXLDcdNode *cxl_dcd_insert(CXLDcd *dcd, const CXLDcdExtent *extent,
                           CXLDcdGroup *group);
/* Take an extent out of its tree and free the node. */
void cxl_dcd_erase(CXLDcd *dcd, unsigned region, CXLDcdNode *node);
/* Same extent, other state; keeps reachability in step. */
void cxl_dcd_transit(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                     CXLDcdExtentState state);
/*
 * Take @piece, a part or all, out of an extent; the rest stays. A part above
 * the piece is a new extent in no group.
 */
void cxl_dcd_cut(CXLDcd *dcd, unsigned region, CXLDcdNode *node,
                 const CXLDcdRange *piece);
void cxl_dcd_copy_out(unsigned region, const CXLDcdNode *node,
                      CXLDcdExtent *ret);
void cxl_dcd_commit(CXLDcd *dcd);
void cxl_dcd_tell(CXLDcd *dcd, CXLDcdOutcome outcome, const GArray *extents);
/* One group of event records of @type, chained by More. */
void cxl_dcd_emit(CXLDcd *dcd, uint8_t type, const GArray *extents);
/* Records that the host's log has room for; UINT32_MAX when it is not known */
uint32_t cxl_dcd_event_room(const CXLDcd *dcd);
void cxl_dcd_listed_changed(CXLDcd *dcd);
CXLDcdGroup *cxl_dcd_group_new(void);
void cxl_dcd_group_free(CXLDcdGroup *group);

/* --- cxl-dcd-tag.c --- */

void cxl_dcd_tags_init(CXLDcd *dcd);
CXLDcdTagEntry *cxl_dcd_tag_find(const CXLDcd *dcd, const CXLDcdTag *tag);
/* What the list of tags says of this one is no longer so. */
void cxl_dcd_tag_changed(CXLDcd *dcd, const CXLDcdTagEntry *entry);
/* @node carries @tag from now on (not when it is null). */
void cxl_dcd_tag_link(CXLDcd *dcd, CXLDcdNode *node, const CXLDcdTag *tag,
                      bool sharable);
/* The tag is forgotten with the last extent that carries it. */
void cxl_dcd_tag_unlink(CXLDcd *dcd, CXLDcdNode *node);
/*
 * @ranges, disjoint and covered by extents, hold every sharable tag that they
 * touch as a whole. False with @code otherwise.
 */
bool cxl_dcd_check_whole_tags(const CXLDcd *dcd, const GArray *ranges,
                              uint16_t code, GError **error);

/* --- cxl-dcd-block.c --- */

/* Empty block bits for the region's block size; nothing of it is out. */
void cxl_dcd_blocks_layout(CXLDcd *dcd, unsigned region);
void cxl_dcd_blocks_clear(CXLDcdRegion *region);
/* Number of bits set; O(blocks), for checks. */
uint64_t cxl_dcd_blocks_count(const CXLDcdRegion *region);
/* Whole blocks of one region; tells the owner. */
void cxl_dcd_set_reach(CXLDcd *dcd, unsigned region, uint64_t dpa,
                       uint64_t len, bool reachable);

/* --- cxl-dcd-range.c --- */

/* Sort and check ranges: alignment, length, overlap among themselves. */
bool cxl_dcd_check_ranges(const CXLDcd *dcd, GArray *ranges, GError **error);
/* Touching ranges of a sorted list become one. */
void cxl_dcd_join_ranges(const CXLDcd *dcd, GArray *ranges);
/* Every byte of each range is covered by extents for which @ok holds. */
bool cxl_dcd_covered(const CXLDcd *dcd, const CXLDcdRange *range,
                     bool (*ok)(const CXLDcdNode *node, const void *arg),
                     const void *arg);
/*
 * The parts of extents that @ranges cover, in their order, as an array of
 * CXLDcdExtent that the caller frees. @ranges are covered by extents.
 */
GArray *cxl_dcd_pieces(const CXLDcd *dcd, const GArray *ranges);
/* The extent that covers @dpa of @region, NULL when none does. */
CXLDcdNode *cxl_dcd_at(const CXLDcd *dcd, unsigned region, uint64_t dpa);
const char *cxl_dcd_state_name(uint8_t state);

/* --- cxl-dcd-take.c --- */

/*
 * Listed capacity leaves the host, whole extents or pieces. @ranges are sorted,
 * disjoint, joined, and covered by listed extents. False, and nothing taken,
 * when splitting extents would pass the tracking limit.
 */
bool cxl_dcd_take(CXLDcd *dcd, const GArray *ranges, bool sanitize,
                  CXLDcdOutcome outcome, GError **error);
/* Nobody holds this any more: sanitize it as asked and give it back. */
void cxl_dcd_give_back(CXLDcd *dcd, const CXLDcdExtent *extent, bool sanitize);

/* --- cxl-dcd-answer.c --- */

/* The oldest offer is withdrawn; nobody answers it any more. */
void cxl_dcd_withdraw(CXLDcd *dcd);
/* Longest answer that is collected; more is refused. */
uint64_t cxl_dcd_chain_limit(const CXLDcd *dcd);

/* --- cxl-dcd-check.c --- */

/* What invariant does not hold (static text), NULL when all do. O(n). */
const char *cxl_dcd_fault(const CXLDcd *dcd);

#endif
