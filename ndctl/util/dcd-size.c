// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sizes as users type them, for commands where a misread one does harm.
 */
#include <stdio.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <util/dcd-size.h>

/* What dcd_parse_size() takes, for error messages. */
#define SIZE_WORDS "bytes, or with a suffix K, M, G or T, below 8 EiB"

/**
 * dcd_parse_size - read a size, and nothing but a size
 * @text: digits (0x: hexadecimal), perhaps a suffix K, M, G or T
 * @ret_size: bytes, at most LLONG_MAX; written only on success
 *
 * parse_size64() turns a sign around, cuts off what is too large, and gives
 * ULLONG_MAX for what it cannot read, which is -1 ("not given") to some.
 *
 * Returns: 0 or -EINVAL.
 */
int dcd_parse_size(const char *text, unsigned long long *ret_size)
{
	static const char suffixes[] = "KMGT";
	unsigned long long size;
	unsigned int shift = 0;
	const char *suffix;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	size = strtoull(text, &end, 0);
	if (errno)
		return -EINVAL;
	if (*end) {
		/* The bit makes a capital letter small. */
		for (suffix = suffixes; *suffix; suffix++)
			if ((*end | 0x20) == (*suffix | 0x20))
				break;
		if (!*suffix || end[1])
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (size > (unsigned long long)LLONG_MAX >> shift)
		return -EINVAL;
	*ret_size = size << shift;
	return 0;
}

/**
 * dcd_size_arg - read a size, or say what is wrong with it
 * @what: what the user calls it
 *
 * Returns: 0, or -EINVAL after a message.
 */
int dcd_size_arg(const char *text, const char *what,
		 unsigned long long *ret_size)
{
	int rc = dcd_parse_size(text, ret_size);

	if (rc < 0)
		fprintf(stderr, "bad %s '%s': " SIZE_WORDS "\n", what,
			text);
	return rc;
}
