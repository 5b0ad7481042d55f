/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the placer sees: pools, hosts that live, claims that wait for it */
#ifndef CXL_FMD_PLACER_VIEW_H
#define CXL_FMD_PLACER_VIEW_H

#include "core.h"

struct place_host {
    fmd_host *host;
    fmd_alive *alive;             /* NULL: it is not */
};

struct place_pool {
    fmd_pool *pool;               /* NULL: it was not told yet */
    bool owned;
    uint64_t promised;            /* to claims that do not have it yet */
};

struct place_claim {
    char uuid[FMD_UUID_TEXT];
    fmd_claim *claim;             /* NULL: it makes no sense */
    fmd_status *status;           /* never NULL */
    uint64_t claim_rev;
    uint64_t status_rev;          /* 0: there is none */
};

struct place_view {
    GHashTable *hosts;            /* UUID: struct place_host */
    GHashTable *names;            /* the same by name */
    uint64_t hosts_rev;           /* as of which these are */
    GHashTable *pools;            /* UUID: struct place_pool */
    GPtrArray *claims;            /* struct place_claim: those in no pool with
                                     an owner */
};

struct place_view *place_view_new(void);
/* As it is now; what has not changed is not read again. */
void place_view_read(struct place_view *view, struct mirror *mirror);
void place_view_free(struct place_view *view);
/* By name or UUID; NULL */
struct place_host *place_view_host(struct place_view *view, const char *name);
/*
 * The host that can best have @claim; NULL: none. *ret_declined: hosts that
 * would do, but have said no or had no room.
 */
struct place_host *place_view_choose(struct place_view *view,
                                     const struct place_claim *claim,
                                     unsigned *ret_declined);

#endif /* CXL_FMD_PLACER_VIEW_H */
