/* SPDX-License-Identifier: GPL-2.0-only */
/* The few words of the kernel that the extent logic uses, for user space. */
#ifndef CXL_DCD_TEST_SHIM_H
#define CXL_DCD_TEST_SHIM_H

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define BIT(n) (1U << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define cond_resched() do { } while (0)
#define IS_ALIGNED(x, a) (((x) & ((a) - 1)) == 0)

static inline u64 min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static inline u64 max(u64 a, u64 b)
{
	return a > b ? a : b;
}

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

/* As the kernel's: the length that was copied, or -E2BIG when cut. */
static inline long strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	if (len == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = 0;
		return -E2BIG;
	}
	memcpy(to, from, len + 1);
	return len;
}

static inline char *strim(char *text)
{
	size_t len = strlen(text);

	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = 0;
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static inline size_t str_has_prefix(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? 0 : len;
}

static inline int match_string(const char * const *list, size_t nr,
			       const char *text)
{
	size_t i;

	for (i = 0; i < nr && list[i]; i++)
		if (!strcmp(list[i], text))
			return i;
	return -EINVAL;
}

#endif /* CXL_DCD_TEST_SHIM_H */
