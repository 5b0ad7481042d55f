/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools as JSON
 */
#include <json-c/json.h>
#include "fmd-member.h"
#include "fmd-wire.h"

static const char *const pool_states[] = {
    "pending", "accepted", "leaving", NULL
};

#define POOL(...) CXLFM_MEMBER(cxlfm_pool, __VA_ARGS__)
static const CxlfmMember pool_members[] = {
    POOL(name, "name", TEXT),
    POOL(file, "file", TEXT),
    POOL(identity, "identity", TEXT),
    POOL(size, "size", NUMBER),
    POOL(block_size, "block-size", NUMBER),
    POOL(available, "available", NUMBER),
    POOL(largest, "largest", NUMBER),
    POOL(max_hosts, "max-hosts", NUMBER),
    { .key = NULL },
};

#define POOL_HOST(...) CXLFM_MEMBER(cxlfm_pool_host, __VA_ARGS__)
static const CxlfmMember pool_host_members[] = {
    POOL_HOST(id, "host", NUMBER),
    POOL_HOST(alive, "alive", BOOL),
    POOL_HOST(here, "here", BOOL),
    POOL_HOST(owned, "owned", NUMBER),
    POOL_HOST(path, "path", TEXT),
    { .key = NULL },
};

#define POOL_EXTENT(...) CXLFM_MEMBER(cxlfm_pool_extent, __VA_ARGS__)
static const CxlfmMember pool_extent_members[] = {
    POOL_EXTENT(offset, "offset", NUMBER),
    POOL_EXTENT(length, "length", NUMBER),
    POOL_EXTENT(host, "host", NUMBER),
    POOL_EXTENT(region, "region", NUMBER, .max = CXLFM_MAX_REGIONS - 1),
    POOL_EXTENT(shared, "shared", BOOL),
    POOL_EXTENT(state, "state", WORD, .words = pool_states),
    { .key = NULL },
};

/* Beside the extents, where the struct has them, into each */
static void wire_put_pool_tags(struct json_object *o,
                               const struct cxlfm_pool *pool)
{
    char text[CXLFM_TAG_TEXT];
    size_t i;

    for (i = 0; pool->extent_tags && i < pool->extent_count; i++) {
        struct json_object *tag = NULL;

        if (!cxlfm_tag_is_zero(pool->extent_tags[i])) {
            cxlfm_tag_format(pool->extent_tags[i], text);
            tag = json_object_new_string(text);
        }
        json_object_object_add(cxlfm_list_at(o, "extents", i), "tag", tag);
    }
}

/* All extents have one, perhaps null, or none has. */
static const char *wire_get_pool_tags(struct json_object *o,
                                      struct cxlfm_pool *pool)
{
    struct json_object *tag;
    size_t i;

    if (!pool->extent_count || !json_object_object_get_ex(
            cxlfm_list_at(o, "extents", 0), "tag", &tag)) {
        return NULL;
    }
    pool->extent_tags = g_malloc0_n(pool->extent_count, CXLFM_TAG_SIZE);
    for (i = 0; i < pool->extent_count; i++) {
        struct json_object *extent = cxlfm_list_at(o, "extents", i);

        if (!json_object_object_get_ex(extent, "tag", &tag) ||
            (tag && (!json_object_is_type(tag, json_type_string) ||
                     cxlfm_tag_parse(json_object_get_string(tag),
                                     pool->extent_tags[i]) < 0))) {
            return "tag";
        }
    }
    return NULL;
}

struct json_object *cxlfm_wire_pool(const struct cxlfm_pool *pool)
{
    struct json_object *o = cxlfm_members_write(pool_members, pool);
    struct json_object *free = json_object_new_array();
    unsigned i;

    cxlfm_list_write(o, "hosts", pool_host_members, pool->hosts,
                  pool->host_count, sizeof(*pool->hosts));
    cxlfm_list_write(o, "extents", pool_extent_members, pool->extents,
                  pool->extent_count, sizeof(*pool->extents));
    wire_put_pool_tags(o, pool);
    for (i = 0; i < pool->region_count; i++) {
        json_object_array_add(free, json_object_new_uint64(
                                  pool->region_available[i]));
    }
    json_object_object_add(o, "regions-available", free);
    return o;
}

static const char *wire_read_pool_rest(struct json_object *from,
                                       struct cxlfm_pool *pool)
{
    const char *wrong;
    size_t i;

    pool->host_count = cxlfm_list_length(from, "hosts");
    pool->hosts = g_new0(struct cxlfm_pool_host, pool->host_count);
    pool->extent_count = cxlfm_list_length(from, "extents");
    pool->extents = g_new0(struct cxlfm_pool_extent, pool->extent_count);
    wrong = cxlfm_list_read(from, "hosts", pool_host_members, pool->hosts,
                          sizeof(*pool->hosts));
    if (!wrong) {
        wrong = cxlfm_list_read(from, "extents", pool_extent_members,
                              pool->extents, sizeof(*pool->extents));
    }
    if (!wrong) {
        wrong = wire_get_pool_tags(from, pool);
    }
    if (cxlfm_list_length(from, "regions-available") > CXLFM_MAX_REGIONS) {
        return "regions-available";
    }
    pool->region_count = cxlfm_list_length(from, "regions-available");
    for (i = 0; i < pool->region_count; i++) {
        struct json_object *one = cxlfm_list_at(from, "regions-available", i);

        if (!json_object_is_type(one, json_type_int) ||
            json_object_get_int64(one) < 0) {
            return "regions-available";
        }
        pool->region_available[i] = json_object_get_uint64(one);
    }
    return wrong;
}

const char *cxlfm_wire_read_pool(struct json_object *from,
                                 struct cxlfm_pool **ret_pool)
{
    struct cxlfm_pool *pool = g_new0(struct cxlfm_pool, 1);
    const char *wrong = cxlfm_members_read(pool_members, from, NULL, pool);

    if (!wrong && (pool->available > pool->size ||
                   pool->largest > pool->available)) {
        wrong = "available";
    }
    if (!wrong) {
        wrong = wire_read_pool_rest(from, pool);
    }
    if (wrong) {
        cxlfm_pool_free(pool);
        return wrong;
    }
    *ret_pool = pool;
    return NULL;
}
