/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One daemon of this machine acts on a pool: a lock that ends with the process,
 * not with time
 */
#ifndef CXL_FMD_POOL_LOCK_H
#define CXL_FMD_POOL_LOCK_H

#include <glib.h>
#include <stdbool.h>

/*
 * Descriptors that hold the lock until they are closed; false with @error. It
 * is on a file of the pool's UUID in @folder, and on the pool's own @file where we
 * can open that, so that it holds whatever folder a daemon uses.
 */
bool pool_lock_take(const char *folder, const char *uuid, const char *file,
                    int ret_fds[2], GError **error);
void pool_lock_drop(int fds[2]);

#endif /* CXL_FMD_POOL_LOCK_H */
