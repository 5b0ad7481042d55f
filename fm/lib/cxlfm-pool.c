/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pool of a multi-headed device: who has what, and reclaiming
 *
 * Over QMP only: any process that has the pool open answers for all of it.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include "cxlfm-private.h"

static uint64_t cxlfm_pool_number(struct json_object *from, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(from, key, &value) ?
           json_object_get_uint64(value) : 0;
}

static char *cxlfm_pool_text(struct json_object *from, const char *key)
{
    struct json_object *value;

    return g_strdup(json_object_object_get_ex(from, key, &value) &&
                    json_object_get_string(value) ?
                    json_object_get_string(value) : "");
}

static bool cxlfm_pool_true(struct json_object *from, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(from, key, &value) &&
           json_object_get_boolean(value);
}

static size_t cxlfm_pool_length(struct json_object *list)
{
    return json_object_is_type(list, json_type_array) ?
           json_object_array_length(list) : 0;
}

static void cxlfm_pool_extents(struct json_object *from, uint16_t host,
                               GArray *fill)
{
    struct json_object *list = json_object_object_get(from, "extents");
    size_t i;

    for (i = 0; i < cxlfm_pool_length(list); i++) {
        struct json_object *one = json_object_array_get_idx(list, i);
        const struct cxlfm_pool_extent extent = {
            .offset = cxlfm_pool_number(one, "offset"),
            .length = cxlfm_pool_number(one, "len"),
            .host = host,
            .region = cxlfm_pool_number(one, "region"),
            .shared = cxlfm_pool_true(one, "shared"),
        };

        g_array_append_val(fill, extent);
    }
}

static struct cxlfm_pool *cxlfm_pool_parse(struct json_object *from)
{
    struct json_object *hosts = json_object_object_get(from, "hosts");
    GArray *extents = g_array_new(false, false,
                                  sizeof(struct cxlfm_pool_extent));
    struct cxlfm_pool *pool = g_new0(struct cxlfm_pool, 1);
    size_t i;

    pool->name = cxlfm_pool_text(from, "pool");
    pool->file = cxlfm_pool_text(from, "file");
    pool->size = cxlfm_pool_number(from, "size");
    pool->block_size = cxlfm_pool_number(from, "block-size");
    pool->available = cxlfm_pool_number(from, "available");
    pool->largest = cxlfm_pool_number(from, "largest");
    pool->max_hosts = cxlfm_pool_number(from, "max-hosts");
    pool->host_count = cxlfm_pool_length(hosts);
    pool->hosts = g_new0(struct cxlfm_pool_host, pool->host_count);
    for (i = 0; i < pool->host_count; i++) {
        struct json_object *one = json_object_array_get_idx(hosts, i);
        struct cxlfm_pool_host *host = &pool->hosts[i];
        g_autofree char *path = cxlfm_pool_text(one, "path");

        host->id = cxlfm_pool_number(one, "host-id");
        host->alive = cxlfm_pool_true(one, "alive");
        host->here = *path;
        host->owned = cxlfm_pool_number(one, "owned");
        cxlfm_pool_extents(one, host->id, extents);
    }
    pool->extent_count = extents->len;
    pool->extents = (struct cxlfm_pool_extent *)g_array_free(extents, false);
    return pool;
}

CXLFM_EXPORT void cxlfm_pool_free(struct cxlfm_pool *pool)
{
    if (pool) {
        g_free(pool->name);
        g_free(pool->file);
        g_free(pool->hosts);
        g_free(pool->extents);
        g_free(pool);
    }
}

static int cxlfm_pool_check(cxlfm *fm)
{
    if (!fm->door || fm->fd < 0) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "not connected");
    }
    if (fm->door->fmapi) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s: a whole pool is seen and reclaimed through a "
                          "monitor; give an address that begins with qmp:",
                          fm->address);
    }
    return 0;
}

CXLFM_EXPORT int cxlfm_pool_query(cxlfm *fm, struct cxlfm_pool **ret_pool)
{
    struct json_object *list = NULL;
    int ret = cxlfm_pool_check(fm);

    if (ret >= 0) {
        ret = cxlfm_qmp_call(fm, "query-cxl-dc-pool", NULL, &list);
    }
    if (ret < 0) {
        return ret;
    }
    if (!cxlfm_pool_length(list)) {
        json_object_put(list);
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID,
                          "%s has no pool (object cxl-dc-pool)", fm->address);
    }
    *ret_pool = cxlfm_pool_parse(json_object_array_get_idx(list, 0));
    json_object_put(list);
    return 0;
}

CXLFM_EXPORT int cxlfm_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                                    uint64_t *ret_freed)
{
    struct json_object *args, *result = NULL;
    int ret = cxlfm_pool_check(fm);

    if (ret < 0) {
        return ret;
    }
    args = json_object_new_object();
    json_object_object_add(args, "pool", json_object_new_string(pool));
    json_object_object_add(args, "host-id", json_object_new_int(host));
    ret = cxlfm_qmp_call(fm, "cxl-dc-pool-reclaim", args, &result);
    if (ret >= 0) {
        *ret_freed = cxlfm_pool_number(result, "freed");
        json_object_put(result);
    }
    return ret;
}
