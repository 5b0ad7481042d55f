/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who shall get capacity, and from whom */
#ifndef CXL_FM_BALANCE_PLAN_H
#define CXL_FM_BALANCE_PLAN_H

#include "balance-policy.h"

typedef struct BalanceStep {
    int from;                         /* host, -1: from what is free */
    uint16_t to;
    uint64_t bytes;
    char *why;
} BalanceStep;

/*
 * What to do now: BalanceStep, for g_ptr_array_unref(). @available is free.
 * No host is in two of them; no minimum and no maximum is broken.
 */
GPtrArray *balance_plan(const BalancePolicy *policy, uint64_t available);
/*
 * Which of @claims (BalanceClaim) end when @bytes are asked for: @picked[i] is
 * set. What they are together; UINT64_MAX: all of them are less.
 */
uint64_t balance_pick_claims(const GArray *claims, uint64_t bytes,
                             bool *picked);

#endif /* CXL_FM_BALANCE_PLAN_H */
