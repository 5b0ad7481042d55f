/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for /metrics, counted by any thread; one daemon a process */
#ifndef CXL_FMD_COUNTERS_H
#define CXL_FMD_COUNTERS_H

#include "fmd-count.h"

void counter_add(enum fmd_counter counter, unsigned act, uint64_t value);
uint64_t counter_get(enum fmd_counter counter, unsigned act);

#endif /* CXL_FMD_COUNTERS_H */
