/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the hosts of a policy fare: what they have, and what they say */
#ifndef CXL_FM_BALANCE_LOOK_H
#define CXL_FM_BALANCE_LOOK_H

#include <signal.h>
#include "balance-policy.h"
#include "pool.h"

/*
 * Run the hosts' commands, those that have one, until *@stop. A guest may take
 * its time: hold no monitor meanwhile.
 */
void balance_read_pressures(const BalancePolicy *policy,
                            const volatile sig_atomic_t *stop);
/* Fill in what @host has of @region. */
void balance_look(const PoolView *view, uint8_t region, BalanceHost *host);
/* Free bytes of @region, of which all heads see the same */
uint64_t balance_available(const PoolView *view, uint8_t region);

#endif /* CXL_FM_BALANCE_LOOK_H */
