/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Claims whose consumer has fallen silent
 *
 * A claim with a lease has a key beside it, which each renewal writes anew. The
 * placer ends the claim once that key was watched for the time of the lease and
 * nobody wrote it. Time counts while somebody was there to take a renewal: not
 * while no placer ran, the store was away, or there was so much to do that
 * requests waited. After each such gap there is time for one more try.
 *
 * How long it was watched in vain is written to the key now and then, and at the
 * end: so it goes on after a restart, and with another placer. It is a duration;
 * no clock that jumps ends a claim.
 */
#ifndef CXL_FMD_PLACER_LAPSE_H
#define CXL_FMD_PLACER_LAPSE_H

#include "core.h"

struct lapse;

struct lapse *lapse_new(struct fmd *fmd);
/* The placer ends: what was watched is kept. */
void lapse_free(struct lapse *lapse);
/* Now and then, at least each second. @epoch: of the placer; 0: not ours */
void lapse_turn(struct lapse *lapse, uint64_t epoch);

#endif /* CXL_FMD_PLACER_LAPSE_H */
