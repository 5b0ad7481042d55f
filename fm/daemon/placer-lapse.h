/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims whose consumer has fallen silent
 *
 * A claim with a lease has a key beside it, which each renewal writes anew. The
 * placer ends the claim once it has watched that key for the time of the lease
 * and nobody wrote it. No time is in the store: what counts is only how long
 * this daemon has watched without a gap, in which nobody could have renewed it
 * here: it did not run, or had so much to do that requests waited. So a claim has its whole lease again after a restart, with another
 * placer, and when the store was away; and no clock that jumps ends it.
 */
#ifndef CXL_FMD_PLACER_LAPSE_H
#define CXL_FMD_PLACER_LAPSE_H

#include "core.h"

struct lapse;

struct lapse *lapse_new(struct fmd *fmd);
void lapse_free(struct lapse *lapse);
/* Now and then, at least each second. @epoch: of the placer; 0: not ours */
void lapse_turn(struct lapse *lapse, uint64_t epoch);

#endif /* CXL_FMD_PLACER_LAPSE_H */
