/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which extents to ask for when only a size was given */
#ifndef CXL_FM_PICK_H
#define CXL_FM_PICK_H

#include <stdbool.h>
#include <glib.h>
#include "cxlfm.h"

/*
 * Extents of @held (accepted, of one host) that make up @bytes exactly: whole
 * extents first, one that fits exactly before all, then the end of one that is
 * larger; pieces are multiples of @block_size. g_free() the result. False when
 * @held has less, or @bytes is no multiple.
 */
bool pick_extents(const struct cxlfm_extent *held, size_t count,
                  uint64_t bytes, uint64_t block_size,
                  struct cxlfm_extent **ret_extents, size_t *ret_count,
                  GError **error);

/* Bytes of all of @held that have a part in @picked */
uint64_t pick_whole_bytes(const struct cxlfm_extent *held, size_t count,
                          const struct cxlfm_extent *picked,
                          size_t picked_count);

#endif /* CXL_FM_PICK_H */
