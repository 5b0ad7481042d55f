/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two partitions, with a gap after the first, that cases begin with.
 */
#ifndef DCD_TEST_PARTS_H
#define DCD_TEST_PARTS_H

#include "../judge.h"
#include "nasty.h"

static const struct cxl_dcd_part parts[] = {
	{ .base = GIB, .size = 4 * GIB, .decode = 4 * GIB, .block = 2 * MIB,
	  .known = true },
	{ .base = 8 * GIB, .size = GIB, .decode = GIB, .block = 2 * MIB,
	  .known = true, .shareable = true },
};

#endif /* DCD_TEST_PARTS_H */
