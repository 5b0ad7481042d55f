/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The QMP door: the pool of a multi-headed device. Any process that has the
 * pool open answers for all of it.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <sys/stat.h>
#include "error.h"
#include "handle.h"
#include "qmp-parse.h"
#include "qmp-pool.h"
#include "qmp.h"

static const char *const state_names[CXLFM_POOL_STATE_MAX] = {
    "pending", "accepted", "leaving",
};

static bool cxlfm_qmp_pool_true(struct json_object *from, const char *key)
{
    struct json_object *value;

    return json_object_object_get_ex(from, key, &value) &&
           json_object_get_boolean(value);
}

struct pool_tag {
    uint8_t bytes[CXLFM_TAG_SIZE];
};

static bool cxlfm_qmp_pool_extent(struct json_object *from, uint16_t host,
                                  GArray *fill, GArray *tags)
{
    struct cxlfm_pool_extent e = { .host = host };
    const char *text = cxlfm_qmp_string(from, "tag");
    struct pool_tag tag = { { 0 } };
    uint64_t region;
    int state = cxlfm_qmp_name(from, "state", state_names,
                               CXLFM_POOL_STATE_MAX, CXLFM_POOL_ACCEPTED);

    if (state < 0 ||
        !cxlfm_qmp_number(from, "offset", 0, INT64_MAX, &e.offset) ||
        !cxlfm_qmp_number(from, "len", 0, INT64_MAX, &e.length) ||
        !cxlfm_qmp_number(from, "region", 0, CXLFM_MAX_REGIONS - 1,
                          &region) ||
        (*text && cxlfm_tag_parse(text, tag.bytes))) {
        return false;
    }
    e.region = region;
    e.state = state;
    e.shared = cxlfm_qmp_pool_true(from, "shared");
    g_array_append_val(fill, e);
    g_array_append_val(tags, tag);
    return true;
}

static bool cxlfm_qmp_pool_host(struct json_object *from,
                                struct cxlfm_pool_host *fill, GArray *extents,
                                GArray *tags)
{
    struct json_object *list = cxlfm_qmp_list(from, "extents");
    size_t count = list ? json_object_array_length(list) : 0, i;
    uint64_t id;

    if (!cxlfm_qmp_number(from, "host-id", UINT64_MAX, UINT16_MAX, &id) ||
        id > UINT16_MAX ||
        !cxlfm_qmp_number(from, "owned", 0, INT64_MAX, &fill->owned)) {
        return false;
    }
    fill->id = id;
    fill->alive = cxlfm_qmp_pool_true(from, "alive");
    fill->path = g_strdup(cxlfm_qmp_string(from, "path"));
    fill->here = *fill->path;
    for (i = 0; i < count; i++) {
        if (!cxlfm_qmp_pool_extent(json_object_array_get_idx(list, i), id,
                                   extents, tags)) {
            return false;
        }
    }
    return true;
}

static bool cxlfm_qmp_pool_hosts(struct json_object *from,
                                 struct cxlfm_pool *pool)
{
    struct json_object *list = cxlfm_qmp_list(from, "hosts");
    size_t count = list ? json_object_array_length(list) : 0;
    GArray *extents = g_array_new(false, false,
                                  sizeof(struct cxlfm_pool_extent));
    GArray *tags = g_array_new(false, false, sizeof(struct pool_tag));
    bool ok = true;

    pool->hosts = g_new0(struct cxlfm_pool_host, count);
    while (ok && pool->host_count < count) {
        ok = cxlfm_qmp_pool_host(
            json_object_array_get_idx(list, pool->host_count),
            &pool->hosts[pool->host_count], extents, tags);
        pool->host_count++;
    }
    pool->extent_count = extents->len;
    pool->extents = (struct cxlfm_pool_extent *)g_array_free(extents, false);
    pool->extent_tags = (void *)g_array_free(tags, false);
    return ok;
}

static bool cxlfm_qmp_pool_regions(struct json_object *from,
                                   struct cxlfm_pool *pool)
{
    struct json_object *list = cxlfm_qmp_list(from, "regions");
    size_t count = list ? json_object_array_length(list) : 0, i;

    for (i = 0; i < MIN(count, CXLFM_MAX_REGIONS); i++) {
        if (!cxlfm_qmp_number(json_object_array_get_idx(list, i), "available",
                              0, INT64_MAX, &pool->region_available[i])) {
            return false;
        }
    }
    pool->region_count = count;
    return count <= CXLFM_MAX_REGIONS;
}

/*
 * A file has one device and inode number, however its path is written. That of
 * a machine elsewhere says nothing here: then the path has to do.
 */
static char *cxlfm_qmp_pool_identity(const cxlfm *fm, struct json_object *from,
                                     const char *file)
{
    const char *uuid = cxlfm_qmp_string(from, "uuid");
    struct stat st;

    if (*uuid) {
        return g_strdup(uuid);
    }
    if (!g_str_has_prefix(fm->address, "qmp:tcp:") && !stat(file, &st)) {
        return g_strdup_printf("inode:%" PRIu64 ":%" PRIu64,
                               (uint64_t)st.st_dev, (uint64_t)st.st_ino);
    }
    return g_strdup_printf("file:%s", file);
}

struct cxlfm_pool *cxlfm_qmp_pool_parse(const cxlfm *fm,
                                        struct json_object *from)
{
    struct cxlfm_pool *pool = g_new0(struct cxlfm_pool, 1);
    uint64_t max_hosts;

    pool->name = g_strdup(cxlfm_qmp_string(from, "pool"));
    pool->file = g_strdup(cxlfm_qmp_string(from, "file"));
    pool->identity = cxlfm_qmp_pool_identity(fm, from, pool->file);
    if (!*pool->name ||
        !cxlfm_qmp_number(from, "size", 0, INT64_MAX, &pool->size) ||
        !cxlfm_qmp_number(from, "block-size", 0, INT64_MAX,
                          &pool->block_size) ||
        !cxlfm_qmp_number(from, "available", 0, pool->size,
                          &pool->available) ||
        !cxlfm_qmp_number(from, "largest", 0, pool->size, &pool->largest) ||
        !cxlfm_qmp_number(from, "max-hosts", 0, UINT16_MAX + 1, &max_hosts) ||
        !cxlfm_qmp_pool_regions(from, pool) ||
        !cxlfm_qmp_pool_hosts(from, pool)) {
        cxlfm_pool_free(pool);
        return NULL;
    }
    pool->max_hosts = max_hosts;
    return pool;
}

int cxlfm_qmp_pool_query(cxlfm *fm, GPtrArray *pools)
{
    struct json_object *list = NULL;
    int ret = cxlfm_qmp_call(fm, "query-cxl-dc-pool", NULL, &list);
    size_t count, i;

    if (ret < 0) {
        return ret;
    }
    count = json_object_is_type(list, json_type_array) ?
            json_object_array_length(list) : 0;
    for (i = 0; i < count && ret >= 0; i++) {
        struct cxlfm_pool *pool = cxlfm_qmp_pool_parse(
            fm, json_object_array_get_idx(list, i));

        if (pool) {
            g_ptr_array_add(pools, pool);
        } else {
            ret = cxlfm_qmp_senseless(fm, "description of a pool");
        }
    }
    json_object_put(list);
    return ret;
}

int cxlfm_qmp_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                           uint64_t *ret_freed)
{
    struct json_object *args = json_object_new_object(), *result = NULL;
    int ret;

    json_object_object_add(args, "pool", json_object_new_string(pool));
    json_object_object_add(args, "host-id", json_object_new_int(host));
    ret = cxlfm_qmp_call(fm, "cxl-dc-pool-reclaim", args, &result);
    if (ret >= 0) {
        if (!cxlfm_qmp_number(result, "freed", 0, INT64_MAX, ret_freed)) {
            ret = cxlfm_qmp_senseless(fm, "answer to a reclaim");
        }
        json_object_put(result);
    }
    return ret;
}
