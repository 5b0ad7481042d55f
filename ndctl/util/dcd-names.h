/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __UTIL_DCD_NAMES_H__
#define __UTIL_DCD_NAMES_H__

#include <stdbool.h>

/*
 * The names that partitions of dynamic capacity have had.
 *
 * Every kernel series calls the same things by other names, so nothing here
 * trusts one of them.  A partition is asked for either by its position in the
 * device (dc0 .. dc7, dynamic_ram_a .. _h, dynamic_ram_1 .. _8, and dc for the
 * first) or by its properties (dynamic_ram, dynamic_ram_shared,
 * dynamic_ram_ro, dynamic_ram_shared_ro: the first partition that is exactly
 * that).
 */

#define DCD_NAME_MAX 32
#define DCD_MAX_PARTITIONS 8 /* CXL r3.1 section 9.13.3: regions of a device */

enum dcd_ident_kind {
	DCD_IDENT_NONE,
	DCD_IDENT_INDEX,
	DCD_IDENT_PROPERTIES,
};

/**
 * struct dcd_ident - a partition name, taken apart
 * @kind: NONE when the text names no dynamic capacity at all
 * @index: for INDEX, position of the partition in the device, from 0
 * @shareable: for PROPERTIES, CDAT DSMAS "shareable"
 * @read_only: for PROPERTIES, CDAT DSMAS "read only"
 */
struct dcd_ident {
	enum dcd_ident_kind kind;
	int index;
	bool shareable;
	bool read_only;
};

struct dcd_ident dcd_parse_ident(const char *name);

#endif /* __UTIL_DCD_NAMES_H__ */
