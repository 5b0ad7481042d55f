/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of balance as claims: where cxl-fmd keeps the pool, it alone acts */
#ifndef CXL_FM_BALANCE_CLAIM_H
#define CXL_FM_BALANCE_CLAIM_H

#include "balance-plan.h"
#include "change.h"
#include "pool.h"

/* Is each head reached through a cxl-fmd? */
bool balance_claim_is_due(const PoolView *view);
/* Of a round before: hosts of @policy have no claims */
void balance_claim_forget(BalancePolicy *policy);
/*
 * Fill in the claims of @policy's hosts that balance has made for @region, and
 * that are bound. False with @error.
 */
bool balance_claim_read(Tool *tool, const PoolView *view, uint8_t region,
                        BalancePolicy *policy, GError **error);
/*
 * Carry out @step: claims of its source end, and when they are gone, one is made
 * for its target. A claim that does not come to be bound is taken back. Exit
 * status, or -1 with @error.
 */
int balance_claim_step(Tool *tool, const PoolView *view,
                       const BalancePolicy *policy, const BalanceStep *step,
                       const ChangeOptions *options, GError **error);

#endif /* CXL_FM_BALANCE_CLAIM_H */
