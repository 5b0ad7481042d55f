/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lease on which all hangs that this daemon owns
 *
 * A thread keeps it alive whatever the others wait for. That it is ours is
 * believed until its time is over, by the clock that goes on in suspend: who
 * was stopped for long does not believe it any more.
 */
#ifndef CXL_FMD_LEASE_H
#define CXL_FMD_LEASE_H

#include <stdbool.h>
#include <stdint.h>
#include "store.h"

struct lease;

/* @fn: called by the thread when there is another lease, or none any more. */
struct lease *lease_start(struct store *store, unsigned ttl,
                          void (*fn)(void *opaque), void *opaque);
void lease_stop(struct lease *lease);
/* False when there is none now. */
bool lease_get(struct lease *lease, int64_t *ret_id);
bool lease_is(struct lease *lease, int64_t id);

#endif /* CXL_FMD_LEASE_H */
