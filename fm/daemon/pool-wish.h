/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of a pass: read, and what is said of them written */
#ifndef CXL_FMD_POOL_WISH_H
#define CXL_FMD_POOL_WISH_H

#include "pool.h"

/* UUID: struct wish, as they were read last */
GHashTable *pool_wishes_new(void);
/*
 * The claims of the pool and those for its hosts, oldest first, of struct wish *
 * that belong to it. Only what has changed is read.
 */
GPtrArray *pool_wishes(struct pool *pool);
/* Write @next as the claim's status, if it is another. False: it was not. */
bool pool_wish_write(struct pool *pool, struct wish *wish, fmd_status *next,
                     GError **error);
/* The claim leaves the store. */
bool pool_wish_gone(struct pool *pool, struct wish *wish);
fmd_status *pool_status_copy(const fmd_status *status);
void pool_status_text(char **to, const char *text);

#endif /* CXL_FMD_POOL_WISH_H */
