/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pool seen from one place: every head's monitor is an address of ours
 */
#include <stdio.h>
#include <string.h>
#include "tool.h"

static bool pool_add_head(Tool *tool, PoolView *view, const Target *target,
                          GError **error)
{
    struct cxlfm_snapshot *s;
    PoolHead head = { .target = *target };
    int ret;

    if (cxlfm_is_fmapi(target->fm)) {
        return true;              /* it tells of all hosts, and not its own */
    }
    ret = cxlfm_snapshot(target->fm, target->device, &s);
    if (ret < 0) {
        tool_library_error(tool, target, ret, error);
        return false;
    }
    if (s->host_count) {
        head.host = s->hosts[0].id;
        g_array_append_val(view->heads, head);
    }
    cxlfm_snapshot_free(s);
    return true;
}

bool pool_view_again(Tool *tool, PoolView *view, GError **error)
{
    struct cxlfm_pool *pool;
    unsigned i;
    int ret = 0;

    for (i = 0; i < tool->connections->len; i++) {
        view->fm = tool->connections->pdata[i];
        ret = cxlfm_pool_query(view->fm, &pool);
        if (ret >= 0) {
            cxlfm_pool_free(view->pool);
            view->pool = pool;
            return true;
        }
    }
    /* Why the last one did not tell */
    tool_fail(error, ret == CXLFM_ERROR_INVALID ? TOOL_USAGE :
              TOOL_UNREACHABLE, "%s", cxlfm_error_text(view->fm));
    return false;
}

bool pool_view(Tool *tool, PoolView *view, GError **error)
{
    g_autoptr(GArray) targets = tool_targets(tool, error);
    unsigned i;

    memset(view, 0, sizeof(*view));
    if (!targets) {
        return false;
    }
    view->heads = g_array_new(false, false, sizeof(PoolHead));
    for (i = 0; i < targets->len; i++) {
        if (!pool_add_head(tool, view, &g_array_index(targets, Target, i),
                           error)) {
            pool_view_free(view);
            return false;
        }
    }
    if (!pool_view_again(tool, view, error)) {
        pool_view_free(view);
        return false;
    }
    return true;
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

char *pool_map(const struct cxlfm_pool *pool, size_t cells)
{
    char *map = g_strnfill(cells, '.');
    size_t i, at;

    for (i = 0; i < pool->extent_count; i++) {
        const struct cxlfm_pool_extent *e = &pool->extents[i];
        uint64_t end = e->offset + e->length;

        for (at = 0; at < cells; at++) {
            uint64_t start = pool->size / cells * at;

            if (e->offset < start + pool->size / cells && end > start) {
                map[at] = e->shared ? '=' : '0' + e->host % 10;
            }
        }
    }
    return map;
}

int pool_give(Tool *tool, const PoolView *view, uint16_t to, uint64_t bytes,
              const ChangeOptions *options, GError **error)
{
    const struct cxlfm_add request = {
        .host = to, .region = MAX(options->region, 0), .length = bytes,
        .policy = CXLFM_POLICY_FREE,
    };
    Target target;

    return pool_head(view, to, &target, error) ?
           change_add(tool, &target, &request, options, error) : -1;
}

int pool_move(Tool *tool, const PoolView *view, uint16_t from, uint16_t to,
              uint64_t bytes, bool force, const ChangeOptions *options,
              GError **error)
{
    struct cxlfm_release request = {
        .host = from, .region = MAX(options->region, 0), .length = bytes,
        .force = force,
    };
    g_autofree struct cxlfm_extent *extents = NULL;
    Target source, sink;
    int ret;

    /* Know that it can be given before it is taken. */
    if (!pool_head(view, from, &source, error) ||
        !pool_head(view, to, &sink, error) ||
        release_choose(tool, &source, &request, false, &extents, error) < 0) {
        return -1;
    }
    ret = change_release(tool, &source, &request, options, error);
    if (ret) {
        if (ret > 0) {
            fprintf(stderr, "cxl-fm: nothing was given to host %u; what comes "
                    "back later is free for all\n", to);
        }
        return ret;
    }
    ret = pool_give(tool, view, to, bytes, options, error);
    if (ret && !options->dry_run) {
        fprintf(stderr, "cxl-fm: host %u has given it back and host %u does "
                "not have it: it is free for all\n", from, to);
    }
    return ret;
}
