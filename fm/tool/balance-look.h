/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the hosts of a policy fare: what they have, and what they say */
#ifndef CXL_FM_BALANCE_LOOK_H
#define CXL_FM_BALANCE_LOOK_H

#include "balance-policy.h"
#include "pool.h"

/* Told a sentence for people. */
typedef void (*balance_say_fn)(const char *sentence, void *opaque);

/*
 * Fill in what @host has of @region, and what its command says; it is ended
 * once *@stop (may be NULL).
 */
void balance_look(const PoolView *view, uint8_t region, BalanceHost *host,
                  const volatile sig_atomic_t *stop, balance_say_fn say,
                  void *opaque);
/* Free bytes of @region, of which all heads see the same */
uint64_t balance_available(const PoolView *view, uint8_t region);

#endif /* CXL_FM_BALANCE_LOOK_H */
