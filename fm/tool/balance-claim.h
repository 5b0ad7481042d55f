/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of balance as claims: where cxl-fmd keeps the pool, it alone acts */
#ifndef CXL_FM_BALANCE_CLAIM_H
#define CXL_FM_BALANCE_CLAIM_H

#include "balance-plan.h"
#include "change.h"
#include "pool.h"

/* Who balances what */
typedef struct BalanceWho {
    const char *name;                 /* balance_other_name() */
    uint8_t region;
    bool take_over;                   /* what others have made is ours */
    bool looks;                       /* and changes nothing */
} BalanceWho;

/* Is each head reached through a cxl-fmd? */
bool balance_claim_is_due(const PoolView *view);
/* Of a round before: hosts of @policy have no claims */
void balance_claim_forget(BalancePolicy *policy);
/*
 * Fill in the claims of @policy's hosts that balance has made, and that are bound.
 * False with @error: also when somebody else balances the pool.
 */
bool balance_claim_read(Tool *tool, const PoolView *view,
                        const BalanceWho *who, BalancePolicy *policy,
                        GError **error);
/*
 * Carry out @step: claims of its source end, and when they are gone, one is made
 * for its target. A claim that does not come to be bound is taken back. Exit
 * status, or -1 with @error.
 */
int balance_claim_step(Tool *tool, const PoolView *view,
                       const BalanceWho *who, const BalancePolicy *policy,
                       const BalanceStep *step,
                       const ChangeOptions *options, GError **error);

#endif /* CXL_FM_BALANCE_CLAIM_H */
