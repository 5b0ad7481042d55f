/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A core whose owner writes down all that it is asked, for tests
 *
 * Requests, states and callbacks are text, so that a case reads as one:
 *
 *   0:3+2        region 0, from block 3, two blocks
 *   2:0+4 A#1    the same with tag A (16 bytes 'A') and sequence 1
 *   @1000+2000   bytes, in hexadecimal, for what is no block of a region
 *
 * Lists are separated by ", ". Every request below is followed by the check of
 * all invariants; one that is refused must have left the state byte-equal and
 * must not have called the owner.
 */
#ifndef OWNER_H
#define OWNER_H

#include <string.h>
#include "hw/cxl/dcd/core.h"

#define MIB (1ULL << 20)

/*
 * The regions of every owner that owner_new() makes, with their block sizes.
 * Region 0 is plain; its block size can be set to 1, 2 or 4 MiB and its
 * sanitize setting can be changed. Region 3 has the largest gap behind it.
 */
#define REGION0_BASE    0x10000000ULL   /* 64 blocks of 2 MiB */
#define REGION1_BASE    0x20000000ULL   /* 16 of 4 MiB, sanitize on release */
#define REGION2_BASE    0x30000000ULL   /* 32 of 2 MiB, sharable */
#define REGION3_BASE    0x40000000ULL   /* 32 of 2 MiB, sharable, read-only */
#define HOST            5               /* host id */
#define MAX_EXTENTS     24
#define MAX_TAGS        3

typedef struct Owner {
    CXLDcd *dcd;
    GString *trace;                     /* callbacks since it was last taken */
    uint32_t room;                      /* what event_room answers */
    const char *refuse_claim;           /* why; NULL: claims are granted */
    unsigned busy_claims;               /* so many are lost to somebody else */
    bool slow;                          /* sanitizing ends by sanitized() */
    const char *refuse_change;          /* why capacity does not change hands */
    const char *refuse_offer;           /* why nothing can be offered */
    const char *refuse_all;             /* why no manager changes anything */
    bool trace_agreement;               /* trace accept and leave */
    CXLDcdEventLog *unread;             /* the host's log; NULL: it has none */
} Owner;

CXLDcdConfig owner_config(void);
Owner *owner_new(void);
Owner *owner_new_with(const CXLDcdConfig *config);
void owner_free(Owner *owner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Owner, owner_free)

/* One with something in every state, a second group behind, a chain half way */
Owner *owner_with_everything(void);
#define EVERYTHING \
    "0:0+4 A#0 accepted, 0:5+4 A#0 accepted, 0:10+1 A#0 pending, " \
    "0:12+1 pending, 0:20+1 dead, 0:30+2 A#0 dead, 1:0+2 releasing, " \
    "2:0+2 B#0 referenced, 2:9+1 B#1 referenced, 3:0+1 C#0 accepted"

/* A second core of the same kind, with the first's state restored into it. */
Owner *owner_copy(const Owner *owner);

/* --- Text --- */

CXLDcdTag tag_of(char letter);          /* 0: untagged */
/* Extents of a list; free with g_array_unref() */
GArray *parse_extents(const Owner *owner, const char *text);
void append_extent(const Owner *owner, GString *out, const CXLDcdExtent *e);

/* --- Requests; each gives the return code, 0 for success --- */

uint16_t add(Owner *owner, const char *extents);
uint16_t add_free(Owner *owner, uint8_t region, uint64_t blocks, char tag);
uint16_t add_contiguous(Owner *owner, uint8_t region, uint64_t blocks,
                        char tag);
uint16_t add_shared(Owner *owner, uint8_t region, char tag);
uint16_t add_request(Owner *owner, const CXLDcdAddRequest *request);

uint16_t ask_back(Owner *owner, const char *extents);
uint16_t force(Owner *owner, const char *extents);
uint16_t ask_tag(Owner *owner, char tag, uint64_t bytes);
uint16_t force_tag(Owner *owner, char tag, uint64_t bytes);
uint16_t remove_request(Owner *owner, const CXLDcdRemoveRequest *request);

uint16_t answer(Owner *owner, const char *ranges);      /* 4802h, More = 0 */
uint16_t give_back(Owner *owner, const char *ranges);   /* 4803h, More = 0 */
uint16_t append(Owner *owner, CXLDcdChain kind, const char *ranges);
uint16_t end(Owner *owner, CXLDcdChain kind);

uint16_t set_region(Owner *owner, uint8_t region, uint64_t block_size,
                    bool sanitize);
/* These ranges are clean now */
void sanitized(Owner *owner, const char *ranges);
uint16_t hold(Owner *owner, char tag);                  /* 5606h */
uint16_t let_go(Owner *owner, char tag);                /* 5607h */

/* Message of the last refusal. */
const char *last_error(void);
void forget_error(void);

/* --- Checks --- */

/* All extents with their states, one line; "" when there are none. */
void assert_extents(const Owner *owner, const char *expected);
/* Callbacks since the last call, one per line with a final newline. */
void assert_trace(Owner *owner, const char *expected);
/* Forget what was traced so far. */
void skip_trace(Owner *owner);
void assert_message(const char *part);

#define assert_ok(call)         g_assert_cmphex(call, ==, CXL_DCD_RC_SUCCESS)
#define assert_rc(call, code)   g_assert_cmphex(call, ==, CXL_DCD_RC_##code)

#endif /* OWNER_H */
