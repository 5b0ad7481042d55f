/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people read: names, sizes, lists, events. format_*(): g_free() it. */
#ifndef CXL_FM_TEXT_H
#define CXL_FM_TEXT_H

#include "cxlfm.h"

/* Letters of units, by rising power of 1024; the first is for bytes */
extern const char size_units[];

/* "1 GiB", "1.5 GiB", "4 KiB", "100 B". Exact. */
char *format_size(uint64_t bytes);
/* From now on format_size() gives bytes as a number: columns can be compared. */
void format_size_as_number(void);
/* "1 extent", "2 extents" */
char *format_count(size_t count, const char *singular);
/* "[0x0, +0x40000000] and 3 more": at most @limit of them */
char *format_extents(const struct cxlfm_extent *extents, size_t count,
                     size_t limit);
/* A tag as people write it, "-" for none */
char *format_tag(const uint8_t tag[CXLFM_TAG_SIZE]);
/* "sharable, read-only" or "-" */
char *format_attributes(uint8_t attributes);
/* "0, 3" or "-" */
char *format_hosts(const uint8_t bitmap[32]);
/* One line about an event of device @name. */
char *format_event(const struct cxlfm_event *event, const char *name);

/* Static words; "unknown" for what a later library may bring */
const char *policy_name(unsigned policy);
const char *extent_state_name(unsigned state);
const char *mapping_name(unsigned mapping);
const char *event_name(unsigned type);
const char *outcome_name(unsigned state);
const char *pool_state_name(unsigned state);
/* Of one bit of enum cxlfm_attribute, by its number; NULL: none */
const char *attribute_name(unsigned bit);

#endif /* CXL_FM_TEXT_H */
