/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pool seen from one place: every head's monitor is an address of ours */
#ifndef CXL_FM_POOL_H
#define CXL_FM_POOL_H

#include "reach.h"

typedef struct PoolHead {
    uint16_t host;
    Target target;                    /* the device that is this host's */
} PoolHead;

typedef struct PoolView {
    struct cxlfm_pool *pool;
    cxlfm *fm;                        /* who told */
    GArray *heads;                    /* PoolHead: those of this pool */
} PoolView;

/* --pool, for a command's table of entries */
#define POOL_OPTION_ENTRY(tool) \
    { "pool", 0, 0, G_OPTION_ARG_STRING, &(tool)->pool, \
      "Which pool, of several: its name or file", "POOL" }

/*
 * Ask the addresses for the pool that tool->pool names, or the only one. A pool
 * is what its identity says: hosts of others, and devices that are in none, are
 * no heads of it. False with @error set. Free with pool_view_free().
 */
bool pool_view(Tool *tool, PoolView *view, GError **error);
void pool_view_free(PoolView *view);
/*
 * Of each of @targets, the pool it is a head of: its identity, NULL when it is
 * of none, or cannot be asked; in *ret_names the pool's name. Both for
 * g_ptr_array_unref().
 */
GPtrArray *pool_of_targets(Tool *tool, const GArray *targets,
                           GPtrArray **ret_names);
/* NULL when the pool has no such host */
const struct cxlfm_pool_host *pool_find_host(const PoolView *view,
                                             uint16_t host);
/* The device of @host, or an error that says what to do. */
bool pool_head(const PoolView *view, int host, Target *ret_target,
               GError **error);

#endif /* CXL_FM_POOL_H */
