/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is remembered of claims at hosts: since when, how often */
#ifndef CXL_FMD_POOL_MEMO_H
#define CXL_FMD_POOL_MEMO_H

#include "pool.h"

struct memo *pool_memo(struct pool *pool, const char *claim, const char *host);
void pool_memo_forget(struct pool *pool, const char *claim);
GHashTable *pool_memos_new(void);

/* What the devices say of @claim at @head now; @want: all that it shall have */
void pool_memo_see(struct memo *memo, const struct head *head,
                   const uint64_t bytes[CXLFM_EXTENT_STATE_MAX], bool wanted,
                   uint64_t want);
/* An act failed: when is the next try, and what is said until then? */
void pool_memo_failed(struct memo *memo, const char *why, bool soon);
/* It was asked to give it back. */
void pool_memo_asked(struct memo *memo);
void pool_memo_fill(const struct memo *memo, const struct head *head,
                    struct plan_host *host);

#endif /* CXL_FMD_POOL_MEMO_H */
