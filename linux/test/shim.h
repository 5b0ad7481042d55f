/* SPDX-License-Identifier: GPL-2.0-only */
/* The few words of the kernel that the extent logic uses, for user space. */
#ifndef CXL_DCD_TEST_SHIM_H
#define CXL_DCD_TEST_SHIM_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define cond_resched() do { } while (0)
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)

static inline bool is_power_of_2(u64 n)
{
	return n && !(n & (n - 1));
}

static inline void sort(void *base, size_t num, size_t size,
			int (*cmp)(const void *a, const void *b), void *swap)
{
	(void)swap;
	if (num)
		qsort(base, num, size, cmp);
}

#endif /* CXL_DCD_TEST_SHIM_H */
