/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cxl-fm pool: which host has what of a pool */
#include <json-c/json.h>
#include <stdio.h>
#include "commands.h"
#include "json.h"
#include "options.h"
#include "pool.h"
#include "table.h"
#include "text.h"

#define MAP_CELLS 64

static struct json_object *pool_json_extent(const struct cxlfm_pool_extent *e)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "offset", json_object_new_uint64(e->offset));
    json_object_object_add(o, "length", json_object_new_uint64(e->length));
    json_object_object_add(o, "region", json_object_new_int(e->region));
    json_object_object_add(o, "shared", json_object_new_boolean(e->shared));
    json_object_object_add(o, "state",
                           json_object_new_string(pool_state_name(e->state)));
    return o;
}

static struct json_object *pool_json_host(const PoolView *view,
                                          const struct cxlfm_pool_host *host)
{
    struct json_object *o = json_object_new_object();
    struct json_object *extents = json_object_new_array();
    size_t i;

    json_object_object_add(o, "host", json_object_new_int(host->id));
    json_object_object_add(o, "alive", json_object_new_boolean(host->alive));
    json_object_object_add(o, "owned", json_object_new_uint64(host->owned));
    for (i = 0; i < view->pool->extent_count; i++) {
        if (view->pool->extents[i].host == host->id) {
            json_object_array_add(extents,
                                  pool_json_extent(&view->pool->extents[i]));
        }
    }
    json_object_object_add(o, "extents", extents);
    return o;
}

static void pool_print_json(const PoolView *view)
{
    const struct cxlfm_pool *pool = view->pool;
    struct json_object *o = json_object_new_object();
    struct json_object *hosts = json_object_new_array();
    size_t i;

    json_object_object_add(o, "pool", json_object_new_string(pool->name));
    json_object_object_add(o, "file", json_object_new_string(pool->file));
    json_object_object_add(o, "size", json_object_new_uint64(pool->size));
    json_object_object_add(o, "block-size",
                           json_object_new_uint64(pool->block_size));
    json_object_object_add(o, "available",
                           json_object_new_uint64(pool->available));
    json_object_object_add(o, "largest",
                           json_object_new_uint64(pool->largest));
    for (i = 0; i < pool->host_count; i++) {
        json_object_array_add(hosts, pool_json_host(view, &pool->hosts[i]));
    }
    json_object_object_add(o, "hosts", hosts);
    json_object_object_add(o, "identity",
                           json_object_new_string(pool->identity));
    json_print(o, true);
}

/* '0' to '9', 'a' to 'z', then '#' */
static char pool_letter(const struct cxlfm_pool_extent *e)
{
    return e->shared ? '=' : e->host < 10 ? '0' + e->host :
           e->host < 36 ? 'a' + e->host - 10 : '#';
}

static uint64_t pool_overlap(const struct cxlfm_pool_extent *e, uint64_t start,
                             uint64_t end)
{
    uint64_t first = MAX(e->offset, start);
    uint64_t last = MIN(e->offset + e->length, end);

    return last > first ? last - first : 0;
}

/* What most of [@start, @end) is: '.' is free. */
static char pool_cell(const struct cxlfm_pool *pool, uint64_t start,
                      uint64_t end)
{
    uint64_t bytes[128] = { ['.'] = end - start };
    char most = '.';
    size_t i;

    for (i = 0; i < pool->extent_count; i++) {
        const struct cxlfm_pool_extent *e = &pool->extents[i];
        uint64_t part = pool_overlap(e, start, end);

        /* Of what is shared each host has an extent. */
        part = MIN(part, bytes['.']);
        bytes['.'] -= part;
        bytes[(unsigned char)pool_letter(e)] += part;
    }
    for (i = 0; i < G_N_ELEMENTS(bytes); i++) {
        most = bytes[i] > bytes[(unsigned char)most] ? (char)i : most;
    }
    return most;
}

static char *pool_map(const struct cxlfm_pool *pool, size_t cells)
{
    uint64_t size = pool->size / cells;
    char *map = g_strnfill(cells, '.');
    size_t at;

    for (at = 0; at < cells; at++) {
        map[at] = pool_cell(pool, size * at, size * (at + 1));
    }
    return map;
}

/* Where the monitor of @host is; "-" when no address of ours is it. */
static char *pool_monitor(const PoolView *view, uint16_t host)
{
    Target target;

    return g_strdup(pool_head(view, host, &target, NULL) ?
                    cxlfm_address(target.fm) : "-");
}

/* False with @error: a column is not known. */
static bool pool_print(const Tool *tool, const PoolView *view, GError **error)
{
    static const char *const headings[] = {
        ">HOST", "ALIVE", ">HAS", ">EXTENTS", "MONITOR", NULL
    };
    const struct cxlfm_pool *pool = view->pool;
    g_autofree char *size = format_size(pool->size);
    g_autofree char *free_size = format_size(pool->available);
    g_autofree char *map = pool_map(pool, MAP_CELLS);
    g_autofree char *text = NULL;
    Table *table = table_new(headings);
    size_t i, j;

    if (!table_choose(table, tool->columns, error)) {
        table_free(table);
        return false;
    }
    for (i = 0; i < pool->host_count; i++) {
        const struct cxlfm_pool_host *host = &pool->hosts[i];
        uint64_t bytes = 0;       /* with shared capacity, unlike @owned */
        size_t count = 0;

        for (j = 0; j < pool->extent_count; j++) {
            if (pool->extents[j].host == host->id) {
                bytes += pool->extents[j].length;
                count++;
            }
        }
        table_row(table, g_strdup_printf("%u", host->id),
                  g_strdup(host->alive ? "yes" : "no"),
                  format_size(bytes), g_strdup_printf("%zu", count),
                  pool_monitor(view, host->id), NULL);
    }
    text = table_text(table, !tool->no_headings);
    if (tool->columns) {
        fputs(text, stdout);
    } else {
        printf("%s: %s, %s free\n%s[%s]\n", pool->name, size, free_size, text,
               map);
    }
    table_free(table);
    return true;
}

int cmd_pool(Tool *tool, int argc, char **argv, GError **error)
{
    const GOptionEntry entries[] = {
        POOL_OPTION_ENTRY(tool),
        TABLE_OPTION_ENTRY(tool),
        { NULL }
    };
    PoolView view;
    bool good = true;

    if (!options_parse(tool, entries, 0, 0, &argc, &argv, error) ||
        !pool_view(tool, &view, error)) {
        return -1;
    }
    if (tool->json) {
        pool_print_json(&view);
    } else {
        good = pool_print(tool, &view, error);
    }
    pool_view_free(&view);
    return good ? TOOL_OK : -1;
}
