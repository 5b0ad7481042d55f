/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool seen from one place: every head's monitor is an address of ours
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pool.h"

/* What one address told of one pool; the views of a search share nothing. */
typedef struct PoolTold {
    cxlfm *fm;
    struct cxlfm_pool *pool;
} PoolTold;

static void pool_told_clear(gpointer data)
{
    cxlfm_pool_free(((PoolTold *)data)->pool);
}

/*
 * @fm does not answer. As long as another one tells of the pool, that is a
 * warning; the first reason is kept in @wrong in case none does.
 */
static void pool_missing(Tool *tool, cxlfm *fm, int ret, GError **wrong)
{
    const Target any = { fm, 0, cxlfm_address(fm) };
    g_autoptr(GError) why = NULL;

    reach_fail(tool, &any, ret, &why);
    if (*wrong) {
        fprintf(stderr, "cxl-fm: %s\n", why->message);
    } else {
        *wrong = g_steal_pointer(&why);
    }
    tool->some_missing = true;
}

/* What @fm tells, appended to @told. 0, or why it tells nothing */
static int pool_ask_one(cxlfm *fm, GArray *told)
{
    struct cxlfm_pool **pools;
    size_t count, i;
    int ret = cxlfm_pools(fm, &pools, &count);

    if (ret < 0) {
        return ret;
    }
    for (i = 0; i < count; i++) {
        const PoolTold one = { fm, pools[i] };

        g_array_append_val(told, one);
    }
    free(pools);
    return 0;
}

/* All pools that the addresses know; false with @error when there is none. */
static bool pool_ask(Tool *tool, GArray *told, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    unsigned i;

    for (i = 0; i < tool->connections->len; i++) {
        cxlfm *fm = tool->connections->pdata[i];
        int ret = pool_ask_one(fm, told);

        if (ret < 0 && ret != CXLFM_ERROR_INVALID) {
            pool_missing(tool, fm, ret, &wrong);
        }
    }
    if (told->len && wrong) {
        fprintf(stderr, "cxl-fm: %s\n", wrong->message);
    } else if (wrong) {
        g_propagate_error(error, g_steal_pointer(&wrong));
    } else if (!told->len) {
        /* None has one: say why the last one has not. */
        cxlfm *fm = tool->connections->pdata[tool->connections->len - 1];

        tool_fail(error, TOOL_USAGE, "%s", cxlfm_error_text(fm));
    }
    return told->len;
}

static bool pool_is_named(const struct cxlfm_pool *pool, const char *name)
{
    return !name || !strcmp(name, pool->name) || !strcmp(name, pool->file) ||
           !strcmp(name, pool->identity);
}

/* "pool0 (/dev/shm/pool), ..." of different pools */
static char *pool_names(const GArray *told)
{
    GString *names = g_string_new(NULL);
    unsigned i, j;

    for (i = 0; i < told->len; i++) {
        const struct cxlfm_pool *pool = g_array_index(told, PoolTold, i).pool;

        for (j = 0; strcmp(pool->identity, g_array_index(
                               told, PoolTold, j).pool->identity); j++) {
            continue;
        }
        if (i == j) {
            g_string_append_printf(names, "%s%s (%s)", names->len ? ", " : "",
                                   pool->name, pool->file);
        }
    }
    return g_string_free(names, false);
}

/* The one pool that is meant: an index of @told, or -1 with @error. */
static int pool_choose(const Tool *tool, const GArray *told, GError **error)
{
    g_autofree char *names = pool_names(told);
    const char *identity;
    int chosen = -1;
    unsigned i;

    for (i = 0; i < told->len; i++) {
        const struct cxlfm_pool *pool = g_array_index(told, PoolTold, i).pool;

        if (!pool_is_named(pool, tool->pool)) {
            continue;
        }
        if (chosen < 0) {
            chosen = i;
            identity = pool->identity;
        } else if (strcmp(identity, pool->identity)) {
            return tool_fail(error, TOOL_USAGE, "there are several pools, say "
                             "which with --pool NAME or FILE: %s", names);
        }
    }
    if (chosen < 0) {
        tool_fail(error, TOOL_USAGE, "there is no pool '%s'; there are: %s",
                  tool->pool, names);
    }
    return chosen;
}

/* The devices at the addresses that are heads of @pool, as who told says it */
static void pool_add_heads(GArray *heads, const PoolTold *told,
                           const GArray *targets)
{
    size_t i;
    unsigned j;

    for (i = 0; i < told->pool->host_count; i++) {
        const struct cxlfm_pool_host *host = &told->pool->hosts[i];

        for (j = 0; j < targets->len; j++) {
            const PoolHead head = {
                host->id, g_array_index(targets, Target, j),
            };

            if (*host->path && head.target.fm == told->fm &&
                !strcmp(host->path, cxlfm_device_path(told->fm,
                                                      head.target.device))) {
                g_array_append_val(heads, head);
            }
        }
    }
}

bool pool_view(Tool *tool, PoolView *view, GError **error)
{
    g_autoptr(GArray) targets = reach_targets(tool, error);
    g_autoptr(GArray) told = g_array_new(false, false, sizeof(PoolTold));
    int chosen;
    unsigned i;

    memset(view, 0, sizeof(*view));
    g_array_set_clear_func(told, pool_told_clear);
    if (!targets || !pool_ask(tool, told, error) ||
        (chosen = pool_choose(tool, told, error)) < 0) {
        return false;
    }
    view->heads = g_array_new(false, false, sizeof(PoolHead));
    view->pool = g_array_index(told, PoolTold, chosen).pool;
    view->fm = g_array_index(told, PoolTold, chosen).fm;
    for (i = 0; i < told->len; i++) {
        const PoolTold *one = &g_array_index(told, PoolTold, i);

        if (!strcmp(one->pool->identity, view->pool->identity)) {
            pool_add_heads(view->heads, one, targets);
        }
    }
    g_array_index(told, PoolTold, chosen).pool = NULL;
    return true;
}

/* Those of @targets that are heads of the pool that @one tells of */
static void pool_mark_targets(const PoolTold *one, const GArray *targets,
                              GPtrArray *identities, GPtrArray *names)
{
    g_autoptr(GArray) heads = g_array_new(false, false, sizeof(PoolHead));
    unsigned i, j;

    pool_add_heads(heads, one, targets);
    for (i = 0; i < heads->len; i++) {
        const Target *head = &g_array_index(heads, PoolHead, i).target;

        for (j = 0; j < targets->len; j++) {
            const Target *t = &g_array_index(targets, Target, j);

            if (t->fm == head->fm && t->device == head->device &&
                !identities->pdata[j]) {
                identities->pdata[j] = g_strdup(one->pool->identity);
                names->pdata[j] = g_strdup(one->pool->name);
            }
        }
    }
}

GPtrArray *pool_of_targets(Tool *tool, const GArray *targets,
                           GPtrArray **ret_names)
{
    g_autoptr(GArray) told = g_array_new(false, false, sizeof(PoolTold));
    GPtrArray *identities = g_ptr_array_new_with_free_func(g_free);
    unsigned i;

    *ret_names = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_set_size(identities, targets->len);
    g_ptr_array_set_size(*ret_names, targets->len);
    g_array_set_clear_func(told, pool_told_clear);
    pool_ask(tool, told, NULL);
    for (i = 0; i < told->len; i++) {
        pool_mark_targets(&g_array_index(told, PoolTold, i), targets,
                          identities, *ret_names);
    }
    return identities;
}

void pool_view_free(PoolView *view)
{
    cxlfm_pool_free(view->pool);
    view->pool = NULL;
    g_clear_pointer(&view->heads, g_array_unref);
}

const struct cxlfm_pool_host *pool_find_host(const PoolView *view,
                                             uint16_t host)
{
    size_t i;

    for (i = 0; i < view->pool->host_count; i++) {
        if (view->pool->hosts[i].id == host) {
            return &view->pool->hosts[i];
        }
    }
    return NULL;
}

bool pool_head(const PoolView *view, int host, Target *ret_target,
               GError **error)
{
    const struct cxlfm_pool_host *known;
    unsigned i;

    for (i = 0; i < view->heads->len; i++) {
        const PoolHead *head = &g_array_index(view->heads, PoolHead, i);

        if (head->host == host) {
            *ret_target = head->target;
            return true;
        }
    }
    known = host < 0 ? NULL : pool_find_host(view, host);
    tool_fail(error, TOOL_USAGE, !known ? "pool %s has no host %d; 'cxl-fm "
              "pool' shows those it has" : known->alive ? "pool %s: host %d is "
              "alive, but none of the addresses is its monitor; give it with "
              "--address" : "pool %s: host %d is not alive; 'cxl-fm reclaim' "
              "takes back what it has", view->pool->name, host);
    return false;
}
