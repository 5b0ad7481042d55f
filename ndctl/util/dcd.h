/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __UTIL_DCD_H__
#define __UTIL_DCD_H__

#include <errno.h>
#include <string.h>
#include <stdbool.h>
#include <uuid/uuid.h>
#include <ccan/list/list.h>

/*
 * What libcxl and libdaxctl share about dynamic capacity: the names that
 * partitions have had, and the extents below a DAX region.
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
	DCD_IDENT_SELECTOR,
};

/**
 * struct dcd_ident - a partition name, taken apart
 * @kind: NONE when the text names no dynamic capacity at all
 * @index: for INDEX, position of the partition in the device, from 0
 * @shareable: for SELECTOR, CDAT DSMAS "shareable"
 * @read_only: for SELECTOR, CDAT DSMAS "read only"
 */
struct dcd_ident {
	enum dcd_ident_kind kind;
	int index;
	bool shareable;
	bool read_only;
};

struct dcd_ident dcd_parse_ident(const char *name);

/**
 * struct dcd_extent - one device extent below a DAX region
 * @list: entry in the list that dcd_read_extents() fills, by rising offset
 * @name: sysfs name, to be treated as opaque
 * @offset: bytes from the start of the region
 * @length: bytes
 * @uuid: tag, null for an untagged extent
 * @state: what the kernel says about it, "" where it says nothing
 */
struct dcd_extent {
	struct list_node list;
	char name[DCD_NAME_MAX];
	unsigned long long offset;
	unsigned long long length;
	uuid_t uuid;
	char state[16];
};

/**
 * dcd_state_shown - the state of an extent, as lists show it
 * @state: of struct dcd_extent
 *
 * Returns: NULL for one that is there and stays there, which goes without
 * saying.
 */
static inline const char *dcd_state_shown(const char *state)
{
	return strcmp(state, "releasing") == 0 || strcmp(state, "forced") == 0 ?
		       state : NULL;
}

struct log_ctx;
int dcd_read_extents(struct log_ctx *log, const char *dir,
		     struct list_head *head);
void dcd_free_extents(struct list_head *head);

/**
 * dcd_parse_tag - read a tag as a user types it
 * @text: a UUID, or "0" for "no tag"
 * @tag: written only on success
 *
 * Returns: 0 or -EINVAL.
 */
static inline int dcd_parse_tag(const char *text, uuid_t tag)
{
	uuid_t parsed;

	if (strcmp(text, "0") == 0)
		uuid_clear(parsed);
	else if (uuid_parse(text, parsed) < 0)
		return -EINVAL;
	uuid_copy(tag, parsed);
	return 0;
}

#endif /* __UTIL_DCD_H__ */
