/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that are most likely to go wrong. */
#ifndef NASTY_H
#define NASTY_H

#include "shim.h"

#define MIB 0x100000ULL
#define GIB 0x40000000ULL

static inline u64 nasty(void)
{
	static const u64 edge[] = {
		0, 1, 63, 64, 2 * MIB, GIB, 256 * MIB, 1ULL << 63, UINT64_MAX,
	};
	u64 value = edge[rand() % (ARRAY_SIZE(edge))];

	switch (rand() % 4) {
	case 0:
		return value - 1;
	case 1:
		return value + (u64)(rand() % 64) * MIB;
	case 2:
		return (u64)rand() << 33 ^ (u64)rand() << 12 ^ rand();
	default:
		return value;
	}
}

#endif
