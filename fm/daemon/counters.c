/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for /metrics */
#include "counters.h"
#include "model.h"

static uint64_t counters[FMD_COUNT_MAX][FMD_ACT_MAX];

void counter_add(enum fmd_counter counter, unsigned act, uint64_t value)
{
    __atomic_fetch_add(&counters[counter][act], value, __ATOMIC_RELAXED);
}

uint64_t counter_get(enum fmd_counter counter, unsigned act)
{
    return act < FMD_ACT_MAX && counter < FMD_COUNT_MAX ?
           __atomic_load_n(&counters[counter][act], __ATOMIC_RELAXED) : 0;
}
