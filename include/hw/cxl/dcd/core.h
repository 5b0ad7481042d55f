/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CXL Dynamic Capacity: the core
 *
 * The dynamic capacity of one logical device, as one host sees it: regions,
 * blocks, extents and the rules by which capacity changes hands (CXL r3.2
 * 9.13.3, 8.2.10.9.9, 7.6.7.6). Plain C with GLib; knows no device model.
 *
 * Terms
 *   region    range of DPA with one block size and one set of attributes
 *   block     smallest piece of a region that can be given away
 *   extent    contiguous blocks that were offered together, with one tag
 *   group     extents of one request; one More chain of event records,
 *             answered by one Add Dynamic Capacity Response
 *   listed    shown by Get Dynamic Capacity Extent List: accepted + releasing
 *
 * States of an extent, and what holds in each
 *   pending     offered, in a group; not listed, not reachable
 *   accepted    listed, reachable
 *   releasing   as accepted; the fabric manager has asked for it, or for a
 *               part of it
 *   dead        its group was pending when some of it was removed by force;
 *               not listed, not reachable, tracked until the host answers the
 *               group, which can only be with an empty list
 *   referenced  sharable, held by the fabric manager's reference only; not
 *               listed, not reachable, contents kept
 *   sanitizing  nobody's any more, not clean or not out of reach yet: it can
 *               be offered to nobody. Without tag; not listed, not reachable
 *   (free)      not in the tree
 *
 *   free -> pending                [cxl_dcd_add]
 *   pending -> accepted | sanitizing  [cxl_dcd_chain_end of 4802h]
 *   pending | dead -> sanitizing      [cxl_dcd_reset]
 *   pending -> dead                   [cxl_dcd_remove, forced]
 *   dead -> sanitizing                [cxl_dcd_chain_end of 4802h, empty]
 *   accepted -> releasing             [cxl_dcd_remove]
 *   accepted | releasing -> sanitizing [cxl_dcd_chain_end of 4803h,
 *                                     cxl_dcd_remove forced, cxl_dcd_reset]
 *   accepted | releasing | pending | dead -> referenced
 *                             instead of sanitizing, when the tag is referenced
 *   referenced -> pending             [cxl_dcd_add, enable shared access]
 *   referenced -> sanitizing          [cxl_dcd_reference_remove]
 *   sanitizing -> free                [cxl_dcd_sanitized]
 *
 * Invariants (cxl_dcd_assert_state)
 *   1. Extents do not overlap, lie in one region, are whole blocks.
 *   2. Every pending or dead extent belongs to exactly one group, whose extents
 *      are all pending or all dead; no other extent has a group.
 *   3. A block's bit is set if and only if an accepted or releasing extent
 *      covers it; the reach callback has told the owner the same.
 *   4. extents in the tree, but for sanitizing ones, <= max_extents, tags <=
 *      max_tags.
 *   5. Extents of a sharable region carry a tag that is one allocation: in one
 *      region, in one group or none, numbered 0 to n-1, accepted or released as
 *      a whole. Only such a tag can be referenced, and only then an extent be
 *      in state referenced. A tag exists while an extent carries it.
 *   6. An answer is collected only while its chain is open.
 *   7. Every sanitizing extent left with others, of which it is known what is
 *      said when the last of them is clean: that they were released, taken by
 *      force or rejected. Nobody is told before.
 *   The generation changes whenever the list of listed extents does.
 *
 * Every function either does all that was asked or changes nothing. Errors are
 * GErrors of CXL_DCD_ERROR whose code is the CCI return code and whose message
 * tells an operator what to do. Not thread-safe.
 */
#ifndef CXL_DCD_H
#define CXL_DCD_H

#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "hw/cxl/dcd/event_log.h"
#include "hw/cxl/dcd/wire_fm.h"

#define CXL_DCD_ERROR (cxl_dcd_error_quark())
GQuark cxl_dcd_error_quark(void);

typedef struct CXLDcd CXLDcd;

typedef struct CXLDcdTag {
    uint8_t bytes[CXL_DCD_TAG_SIZE];    /* all zero: untagged */
} CXLDcdTag;

typedef struct CXLDcdRange {
    uint64_t dpa;                       /* bytes */
    uint64_t len;                       /* bytes */
} CXLDcdRange;

typedef enum CXLDcdExtentState {
    CXL_DCD_PENDING,
    CXL_DCD_ACCEPTED,
    CXL_DCD_RELEASING,
    CXL_DCD_DEAD,
    CXL_DCD_REFERENCED,
    CXL_DCD_SANITIZING,
    CXL_DCD_STATE_MAX
} CXLDcdExtentState;

/* In the host's list, and reachable */
static inline bool cxl_dcd_state_listed(uint8_t state)
{
    return state == CXL_DCD_ACCEPTED || state == CXL_DCD_RELEASING;
}

/* An extent as callers see it: a copy, no ownership */
typedef struct CXLDcdExtent {
    uint64_t dpa;                       /* bytes */
    uint64_t len;                       /* bytes */
    CXLDcdTag tag;
    uint16_t sequence;
    uint8_t region;
    CXLDcdExtentState state;
    bool sanitize;                      /* asked for with its release */
} CXLDcdExtent;

typedef struct CXLDcdRegionConfig {
    uint64_t base;                      /* DPA, 256 MiB aligned */
    uint64_t decode_length;             /* bytes, 256 MiB aligned */
    uint64_t length;                    /* bytes, whole blocks */
    uint64_t block_size;                /* bytes, power of two >= 64 */
    /* What 5602h can set: bit n is 2^n bytes; has the bit of block_size */
    uint64_t block_sizes;
    uint32_t dsmad_handle;
    uint8_t attributes;                 /* CXL_DCD_REGION_NONVOLATILE ... */
    bool sanitize;                      /* on release */
    bool sanitize_configurable;
} CXLDcdRegionConfig;

/* What cxl_dcd_save() makes of so many can be restored by another machine */
#define CXL_DCD_EXTENTS_MAX (4u << 20)

typedef struct CXLDcdConfig {
    uint16_t host_id;
    uint32_t max_extents;         /* tracked: all but sanitizing ones; 1.. */
    uint32_t max_tags;            /* both up to CXL_DCD_EXTENTS_MAX */
    unsigned num_regions;               /* 1..8 */
    CXLDcdRegionConfig regions[CXL_DCD_MAX_REGIONS];
} CXLDcdConfig;

typedef enum CXLDcdOutcome {
    CXL_DCD_OUTCOME_ADDED,              /* the host accepted these extents */
    CXL_DCD_OUTCOME_REJECTED,           /* offered, not accepted */
    CXL_DCD_OUTCOME_RELEASED,           /* the host gave them back */
    CXL_DCD_OUTCOME_FORCED,             /* taken without the host's consent */
} CXLDcdOutcome;

/* What the core asks of its owner. Members other than @event may be NULL. */
typedef struct CXLDcdOps {
    /* Records that fit into the host's log 4 without a drop. NULL: any. */
    uint32_t (*event_room)(void *opaque);
    /*
     * What records of @type the host has not cleared yet: a set of CXLDcdRange
     * to be unreferenced. NULL: it is not known, or nothing.
     */
    GHashTable *(*event_ranges)(void *opaque, uint8_t type);
    /* Record types 0..3 for the host's log, 4 and 5 for the FM's. */
    void (*event)(void *opaque, const CXLDcdEvent *event);
    /*
     * From now on the host can (not) reach @range. Called for each range of a
     * transition, then @commit once: after it returned with ranges that were
     * taken away, nobody reaches them any more.
     */
    void (*reach)(void *opaque, const CXLDcdRange *range, bool reachable);
    void (*commit)(void *opaque);
    /*
     * Capacity left the host for good, or was offered and not accepted: have
     * its contents go when nobody can reach it any more. @must: they must be
     * zero for whoever gets it next (else that is allowed, not required). After
     * @commit. True: it is clean already; false: cxl_dcd_sanitized() follows,
     * later and with the same range.
     */
    bool (*sanitize)(void *opaque, const CXLDcdRange *range, bool must);
    /*
     * Before capacity becomes the host's, or is no longer: whoever keeps a
     * record of its own takes it down first. False with @error set refuses the
     * command, and nothing has changed. A reset cannot be refused and does not
     * ask. NULL: nobody keeps one.
     */
    bool (*accept)(void *opaque, const CXLDcdExtent *extents, size_t count,
                   GError **error);
    bool (*leave)(void *opaque, const CXLDcdExtent *extents, size_t count,
                  GError **error);
    /*
     * Before a fabric manager's request changes anything: may it, here and now?
     * False with @error set refuses it. NULL: always.
     */
    bool (*may_change)(void *opaque, GError **error);
    /* Can the host use what it is offered at all? False with @error set. */
    bool (*offerable)(void *opaque, GError **error);
    /* For operators: what became of a request. @extents is valid in the call */
    void (*outcome)(void *opaque, CXLDcdOutcome outcome,
                    const CXLDcdExtent *extents, size_t count);
    /*
     * A pool shared with other hosts. All that is free is the pool's: what the
     * extents of this host leave free may be another's.
     *
     * @gap: the first free run of @len bytes at least in [@from, @end), as long
     * as it is. @available: free bytes in [@from, @end). Both NULL: what no
     * extent of this host covers is free. @room: like @gap, but any such run,
     * away from where other hosts are busy; NULL: the first.
     */
    bool (*gap)(void *opaque, uint64_t from, uint64_t end, uint64_t len,
                CXLDcdRange *ret, GError **error);
    bool (*room)(void *opaque, uint64_t from, uint64_t end, uint64_t len,
                 CXLDcdRange *ret, GError **error);
    bool (*available)(void *opaque, uint64_t from, uint64_t end, uint64_t *ret,
                      GError **error);
    /*
     * Bytes there that others had, and that will be free when this host has
     * sanitized them; NULL: there are none.
     */
    uint64_t (*sanitizing)(void *opaque, uint64_t from, uint64_t end);
    /*
     * The extents (dpa, len, region, tag, sequence) of a tag that other hosts
     * have, ascending sequence, for @region; to be freed. NULL with @error set.
     */
    GArray *(*shared)(void *opaque, const CXLDcdTag *tag, unsigned region,
                      GError **error);
    /*
     * Take blocks before they are offered; @join: take part in what @shared
     * told of. All extents or none; false with @error set refuses the request.
     * Busy means: somebody else was faster, choose others.
     */
    bool (*claim)(void *opaque, const CXLDcdExtent *extents, size_t count,
                  bool join, GError **error);
    /* The fabric manager's reference is the pool's to keep. */
    bool (*reference)(void *opaque, const CXLDcdTag *tag, bool held,
                      GError **error);
} CXLDcdOps;

/*
 * @ops must outlive the core. NULL with @error set when a region's geometry is
 * not what 9.13.3 allows. Free with cxl_dcd_free(), NULL allowed.
 */
CXLDcd *cxl_dcd_new(const CXLDcdConfig *config, const CXLDcdOps *ops,
                    void *opaque, GError **error);
void cxl_dcd_free(CXLDcd *dcd);

/* --- Requests of the fabric manager (QMP and 56xxh are fronts of these) --- */

typedef struct CXLDcdAddRequest {
    uint16_t host_id;
    uint8_t policy;                     /* CXL_DCD_POLICY_* */
    uint8_t region;                     /* all policies but prescriptive */
    uint64_t length;                    /* bytes; free and contiguous */
    CXLDcdTag tag;                      /* all policies but prescriptive */
    const CXLDcdExtent *extents;        /* prescriptive: dpa, len, tag, seq */
    size_t count;
} CXLDcdAddRequest;

typedef struct CXLDcdRemoveRequest {
    uint16_t host_id;
    uint8_t policy;                     /* CXL_DCD_REMOVE_* */
    bool forced;
    bool sanitize;
    uint64_t length;                    /* bytes; by tag; 0 = all of the tag */
    CXLDcdTag tag;                      /* by tag */
    const CXLDcdExtent *extents;        /* prescriptive: dpa, len */
    size_t count;
} CXLDcdRemoveRequest;

/*
 * 7.6.7.6.5: offer capacity; done when the offer is in the host's log.
 *
 * Free takes one run of blocks when there is one, else gaps by address.
 * Prescriptive may name extents of several plain regions, or one tag in one
 * sharable region.
 *
 * Invalid Input        host, policy, region, length; tag, unless prescriptive
 * Invalid Extent List  prescriptive: anything wrong with the list, overlap
 * Resources Exhausted  no room in the region, for extents or for tags
 * Retry Required       the host's event log has no room for the records; other
 *                      hosts of a pool were faster; what would be free is still
 *                      being sanitized
 */
bool cxl_dcd_add(CXLDcd *dcd, const CXLDcdAddRequest *request, GError **error);
/*
 * 7.6.7.6.6: ask for capacity back, or take it. Of a tag whose length is more
 * than was asked for, the lowest addresses go. A forced request that touches a
 * pending group kills all of it. A request that the host has not read yet is
 * not put into its log again.
 *
 * Invalid Input            host, policy; unknown tag; part of a shared tag
 * Invalid Extent List      malformed list
 * Invalid Physical Address a range is not the host's, or only pending
 * Resources Exhausted      more than the tag has; splits past the limit
 * Retry Required           not forced, and the event log has no room; the pool
 *                          cannot take it down now
 */
bool cxl_dcd_remove(CXLDcd *dcd, const CXLDcdRemoveRequest *request,
                    GError **error);
/*
 * 7.6.7.6.3: only while none of the region's capacity is out (Unsupported).
 * Tells the host (event type 3) when anything changed.
 */
bool cxl_dcd_set_region(CXLDcd *dcd, uint8_t region, uint64_t block_size,
                        bool sanitize, GError **error);
/*
 * @range, as the sanitize operation was given it, is clean and nobody can reach
 * it: it is free. When all that left with it is, it is said so.
 */
void cxl_dcd_sanitized(CXLDcd *dcd, const CXLDcdRange *range);
/* Bytes of all regions that are not clean yet */
uint64_t cxl_dcd_sanitizing(const CXLDcd *dcd);
/* 7.6.7.6.7, .8: idempotent */
bool cxl_dcd_reference_add(CXLDcd *dcd, const CXLDcdTag *tag, GError **error);
bool cxl_dcd_reference_remove(CXLDcd *dcd, const CXLDcdTag *tag,
                              GError **error);

typedef struct CXLDcdTagInfo {
    CXLDcdTag tag;
    bool referenced;                    /* by the fabric manager */
    bool accepted;                      /* by this host */
    bool pending;                       /* offered to this host */
} CXLDcdTagInfo;

/* 7.6.7.6.9: the @index-th sharable tag, false past the end. */
bool cxl_dcd_tag_info(const CXLDcd *dcd, uint32_t index, CXLDcdTagInfo *ret);
uint32_t cxl_dcd_tag_count(const CXLDcd *dcd);
uint32_t cxl_dcd_tag_generation(const CXLDcd *dcd);

/* --- The host's answers, 8.2.10.9.9.3 and .4 --- */

typedef enum CXLDcdChain {
    CXL_DCD_CHAIN_NONE,
    CXL_DCD_CHAIN_ADD_RESPONSE,         /* 4802h */
    CXL_DCD_CHAIN_RELEASE,              /* 4803h */
} CXLDcdChain;

/*
 * Add the entries of one command to the answer that is being collected; a
 * chain of another kind that is open is dropped. On error the chain is gone.
 */
bool cxl_dcd_chain_append(CXLDcd *dcd, CXLDcdChain kind,
                          const CXLDcdRange *ranges, size_t count,
                          GError **error);
/*
 * More = 0 arrived: apply all or nothing. The chain is empty afterwards. The
 * answer to an offer is to the oldest one; touching ranges count as one. Codes
 * and the order of checks: 8.2.10.9.9.3 and .4.
 */
bool cxl_dcd_chain_end(CXLDcd *dcd, CXLDcdChain kind, GError **error);
/* Drop what was collected; groups stay pending. */
void cxl_dcd_chain_abort(CXLDcd *dcd);

/* --- Reading --- */

const CXLDcdConfig *cxl_dcd_config(const CXLDcd *dcd);
uint32_t cxl_dcd_listed_count(const CXLDcd *dcd);
/* The @index-th extent of the 4801h list, O(log n); false past the end. */
bool cxl_dcd_listed(const CXLDcd *dcd, uint32_t index, CXLDcdExtent *ret);
/* Ascending DPA over extents of all states: first that ends above @dpa. */
bool cxl_dcd_extent_from(const CXLDcd *dcd, uint64_t dpa, CXLDcdExtent *ret);
uint32_t cxl_dcd_generation(const CXLDcd *dcd);
uint32_t cxl_dcd_available_extents(const CXLDcd *dcd);
uint32_t cxl_dcd_available_tags(const CXLDcd *dcd);
/* Bytes of a region that no extent of any state covers. */
uint64_t cxl_dcd_available(const CXLDcd *dcd, unsigned region);
/* The same; false with @error set: it cannot be told now (else it is 0). */
bool cxl_dcd_tell_available(const CXLDcd *dcd, unsigned region, uint64_t *ret,
                            GError **error);
/* Region that holds all of the range, -1 when none does. Overflow-safe. */
int cxl_dcd_region_of(const CXLDcd *dcd, uint64_t dpa, uint64_t len);
/* May the host reach [@dpa, @dpa + @len)? O(1) for ranges inside one block. */
bool cxl_dcd_reachable(const CXLDcd *dcd, uint64_t dpa, uint64_t len);
bool cxl_dcd_tag_is_null(const CXLDcdTag *tag);
/* The tag as the text of a UUID; the caller frees. */
char *cxl_dcd_tag_text(const uint8_t bytes[CXL_DCD_TAG_SIZE]);

/* --- Resets (9.5, 9.7) --- */

typedef enum CXLDcdReset {
    CXL_DCD_RESET_CONVENTIONAL,
    CXL_DCD_RESET_CXL,
    CXL_DCD_RESET_FLR,                  /* changes nothing here */
} CXLDcdReset;

/*
 * Conventional and CXL reset: an answer that is being collected is dropped,
 * offers that were not answered are withdrawn (the specification is silent; a
 * host that has lost its memory cannot answer them), shared capacity is
 * released without an event to the host (9.5), other accepted capacity stays.
 * The caller empties the host's event log.
 */
void cxl_dcd_reset(CXLDcd *dcd, CXLDcdReset kind);

/* --- Snapshots, earlier lives --- */

/*
 * What this host has from an earlier life, before anything else happens: the
 * extents (dpa, len, tag) are accepted. Nothing is changed when one of them
 * cannot be: Invalid Extent List, Resources Exhausted.
 */
bool cxl_dcd_adopt(CXLDcd *dcd, const CXLDcdExtent *extents, size_t count,
                   GError **error);
/* All state as bytes (little-endian, versioned); the caller frees. */
GByteArray *cxl_dcd_save(const CXLDcd *dcd);
/*
 * The same of what outlives a loss of power: capacity of non-volatile regions
 * that the host has (as accepted; not of sharable ones, 9.5) or that the
 * fabric manager references; regions as they are set. For cxl_dcd_restore().
 */
GByteArray *cxl_dcd_save_persistent(const CXLDcd *dcd);
/*
 * Replace all state. Fails, changing nothing, when the bytes are damaged or
 * were saved with another geometry. Tells @reach of every accepted range (and
 * of those that go), then @commit; no event, no outcome.
 */
bool cxl_dcd_restore(CXLDcd *dcd, const uint8_t *bytes, size_t len,
                     GError **error);

/*
 * Abort when an invariant does not hold, O(n). With CXL_DCD_DEBUG defined it
 * runs at the door of every change; tests call it besides.
 */
void cxl_dcd_assert_state(const CXLDcd *dcd);

#endif /* CXL_DCD_H */
