/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Capacity from one host of a pool to another, or from what is free */
#ifndef CXL_FM_POOL_MOVE_H
#define CXL_FM_POOL_MOVE_H

#include "change.h"
#include "pool.h"

/*
 * Ask @from for @bytes, wait, add them to @to. Exit status, or -1 with @error.
 */
int pool_move(Tool *tool, const PoolView *view, uint16_t from, uint16_t to,
              uint64_t bytes, bool force, const ChangeOptions *options,
              GError **error);
/* Add @bytes of what is free in the pool to @to. The same. */
int pool_add(Tool *tool, const PoolView *view, uint16_t to, uint64_t bytes,
             const ChangeOptions *options, GError **error);

#endif /* CXL_FM_POOL_MOVE_H */
