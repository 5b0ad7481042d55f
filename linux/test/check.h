/* SPDX-License-Identifier: GPL-2.0-only */
/* What is checked in a case, by its name, and how many were wrong. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>

static unsigned int failures;
static const char *name;

#define CHECK(cond) do {						\
	if (!(cond)) {							\
		printf("not ok - %s: %s (line %d)\n", name, #cond,	\
		       __LINE__);					\
		failures++;						\
	}								\
} while (0)

#endif
