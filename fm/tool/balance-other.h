/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who else balances a pool that cxl-fmd keeps
 *
 * Two balancers, of two users or machines, would undo what the other did, and no
 * lock reaches both. But both see all claims: each says in its own who has made
 * it, and leaves the pool alone while there are some of another one. Of two that
 * make their first claims at once, the daemon's order of them says who was first.
 */
#ifndef CXL_FM_BALANCE_OTHER_H
#define CXL_FM_BALANCE_OTHER_H

#include "pool.h"

struct json_object;

#define BALANCE_KIND "balance"

/* What a claim says of who has made it: "user@machine" */
char *balance_other_name(void);
/*
 * Is @claim, of balance, for a host of @view and @region, and not to end? *ret_other:
 * it was made by somebody else than @name. @names: of hosts, by UUID
 */
bool balance_other_is_here(const PoolView *view, uint8_t region,
                           const char *name, GHashTable *names,
                           struct json_object *claim, bool *ret_other);
/* All claims of balance in @list are by @name; else false with @error. */
bool balance_other_is_none(const PoolView *view, uint8_t region,
                           const char *name, GHashTable *names,
                           struct json_object *list, GError **error);
/* From now on they are. */
bool balance_other_take_over(Tool *tool, const PoolView *view, uint8_t region,
                             const char *name, GHashTable *names,
                             struct json_object *list, GError **error);
/* Is there none of another that was made before @revision? */
bool balance_other_is_later(Tool *tool, const PoolView *view, uint8_t region,
                            const char *name, uint64_t revision,
                            GError **error);

#endif /* CXL_FM_BALANCE_OTHER_H */
