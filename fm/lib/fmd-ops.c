/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fmd door: what each call of the library asks of the daemon
 */
#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/epoll.h>
#include "device.h"
#include "error.h"
#include "fmd-event.h"
#include "fmd-http.h"
#include "fmd-ops.h"
#include "fmd-wire.h"
#include "handle.h"

static const char *cxlfm_fmd_text(struct json_object *o, const char *key)
{
    struct json_object *member;

    return json_object_object_get_ex(o, key, &member) &&
           json_object_is_type(member, json_type_string) ?
           json_object_get_string(member) : "";
}

/*
 * Two processes may have a device at one path; what the daemon calls a device
 * comes first, so that paths tell them apart.
 */
static void cxlfm_fmd_add_device(cxlfm *fm, struct json_object *device)
{
    CxlfmFmd *fmd = fm->state;
    const char *id = cxlfm_fmd_text(device, "id");
    const char *host = cxlfm_fmd_text(device, "host");
    /* All machines may call theirs mem0; the daemon names each host once. */
    const char *name = cxlfm_fmd_text(device, "host_name");
    g_autofree char *path = g_strconcat(id, ":", cxlfm_fmd_text(device, "path"),
                                        NULL);
    struct json_object *member;
    size_t limit = json_object_object_get_ex(device, "extent_limit", &member) ?
                   json_object_get_uint64(member) : 0;

    g_ptr_array_add(fmd->ids, g_strdup(id));
    g_ptr_array_add(fmd->processes, g_strdup(*host ? host : id));
    if (limit && (!fmd->extent_limit || limit < fmd->extent_limit)) {
        fmd->extent_limit = limit;
    }
    cxlfm_devices_add(fm, *name ? name : cxlfm_fmd_text(device, "name"), path);
}

/* An id goes into paths: it must be one word of letters that need no escape. */
static bool cxlfm_fmd_good_id(const char *id)
{
    return *id && !id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
                             "qrstuvwxyz0123456789._-")];
}

/* The devices of one part of the list; *after: where the next part begins */
static int cxlfm_fmd_take_devices(cxlfm *fm, struct json_object *said,
                                  char **after)
{
    const char *next = cxlfm_fmd_text(said, "next");
    g_autofree char *before = g_steal_pointer(after);
    struct json_object *list;
    size_t i, count;
    int ret = 0;

    if (!json_object_object_get_ex(said, "devices", &list) ||
        !json_object_is_type(list, json_type_array)) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s: the answer is not a list of devices",
                          fm->address);
    }
    count = json_object_array_length(list);
    *after = *next ? g_strdup(next) : NULL;
    /* Or it would never end. */
    if (*after && (!count || !g_strcmp0(*after, before))) {
        return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                          "%s: the list of devices does not go on",
                          fm->address);
    }
    for (i = 0; i < count && ret >= 0; i++) {
        struct json_object *device = json_object_array_get_idx(list, i);

        if (cxlfm_fmd_good_id(cxlfm_fmd_text(device, "id"))) {
            cxlfm_fmd_add_device(fm, device);
        } else {
            ret = cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                             "%s: a device has no id", fm->address);
        }
    }
    return ret;
}

static int cxlfm_fmd_find(cxlfm *fm)
{
    g_autofree char *after = NULL;
    int ret;

    do {
        g_autofree char *escaped = g_uri_escape_string(after ? after : "",
                                                       NULL, false);
        g_autofree char *path = g_strconcat(
            "/v1/devices", after ? "?after=" : "", escaped, NULL);
        struct json_object *said;

        ret = cxlfm_fmd_call(fm, path, NULL, &said);
        if (ret >= 0) {
            ret = cxlfm_fmd_take_devices(fm, said, &after);
            json_object_put(said);
        }
    } while (ret >= 0 && after);
    return ret;
}

static int cxlfm_fmd_connect(cxlfm *fm, CxlfmDeadline deadline)
{
    const char *where = fm->address + strlen("fmd:");
    int ret = cxlfm_fmd_open(fm, where);

    if (ret < 0) {
        return ret;
    }
    fm->fd = epoll_create1(EPOLL_CLOEXEC);
    if (fm->fd < 0) {
        return cxlfm_fail(fm, CXLFM_ERROR_UNREACHABLE, "%s: %s", fm->address,
                          g_strerror(errno));
    }
    return cxlfm_fmd_find(fm);
}

/* A call on @device; takes over @body. */
static int cxlfm_fmd_device_call(cxlfm *fm, size_t device, const char *what,
                                 struct json_object *body,
                                 struct json_object **ret_result)
{
    const CxlfmFmd *fmd = fm->state;
    g_autofree char *path = g_strdup_printf(
        "/v1/devices/%s/%s", (char *)fmd->ids->pdata[device], what);

    return cxlfm_fmd_call(fm, path, body, ret_result);
}

static int cxlfm_fmd_nonsense(cxlfm *fm, const char *wrong)
{
    return cxlfm_fail(fm, CXLFM_ERROR_PROTOCOL,
                      "%s: the answer makes no sense: %s", fm->address, wrong);
}

static int cxlfm_fmd_snapshot(cxlfm *fm, size_t device,
                              struct cxlfm_snapshot *fill)
{
    struct json_object *said;
    const char *wrong;
    int ret = cxlfm_fmd_device_call(fm, device, "snapshot", NULL, &said);

    if (ret < 0) {
        return ret;
    }
    wrong = cxlfm_wire_read_snapshot(said, fill);
    json_object_put(said);
    return wrong ? cxlfm_fmd_nonsense(fm, wrong) : 0;
}

static int cxlfm_fmd_tags(cxlfm *fm, size_t device, GArray *fill)
{
    struct json_object *said;
    const char *wrong;
    int ret = cxlfm_fmd_device_call(fm, device, "tags", NULL, &said);

    if (ret < 0) {
        return ret;
    }
    wrong = cxlfm_wire_read_tags(said, fill);
    json_object_put(said);
    return wrong ? cxlfm_fmd_nonsense(fm, wrong) : 0;
}

static int cxlfm_fmd_add(cxlfm *fm, size_t device,
                         const struct cxlfm_add *request)
{
    return cxlfm_fmd_device_call(fm, device, "add", cxlfm_wire_add(request),
                                 NULL);
}

static int cxlfm_fmd_release(cxlfm *fm, size_t device,
                             const struct cxlfm_release *request)
{
    return cxlfm_fmd_device_call(fm, device, "release",
                                 cxlfm_wire_release(request), NULL);
}

static size_t cxlfm_fmd_extent_limit(const cxlfm *fm)
{
    return ((const CxlfmFmd *)fm->state)->extent_limit;
}

static int cxlfm_fmd_reference(cxlfm *fm, size_t device, const uint8_t *tag,
                               bool held)
{
    struct json_object *body = json_object_new_object();
    char text[CXLFM_TAG_TEXT];

    cxlfm_tag_format(tag, text);
    json_object_object_add(body, "tag", json_object_new_string(text));
    json_object_object_add(body, "held", json_object_new_boolean(held));
    return cxlfm_fmd_device_call(fm, device, "reference", body, NULL);
}

static int cxlfm_fmd_set_region(cxlfm *fm, size_t device, uint8_t region,
                                uint64_t block_size, bool sanitize)
{
    struct json_object *body = json_object_new_object();

    json_object_object_add(body, "region", json_object_new_int(region));
    json_object_object_add(body, "block-size",
                           json_object_new_uint64(block_size));
    json_object_object_add(body, "sanitize",
                           json_object_new_boolean(sanitize));
    return cxlfm_fmd_device_call(fm, device, "region", body, NULL);
}

/* --- Pools: each process tells of its own, and has names of its own --- */

/* Paths of heads as cxlfm_device_path() has them */
static void cxlfm_fmd_pool_paths(const char *id, struct cxlfm_pool *pool)
{
    size_t i;

    for (i = 0; i < pool->host_count; i++) {
        char *path = pool->hosts[i].path;

        if (*path) {
            pool->hosts[i].path = g_strconcat(id, ":", path, NULL);
            g_free(path);
        }
    }
}

/* Whether @pools have another pool of @pool's name */
static bool cxlfm_fmd_pool_clash(const GPtrArray *pools,
                                 const struct cxlfm_pool *pool)
{
    unsigned i;

    for (i = 0; i < pools->len; i++) {
        const struct cxlfm_pool *other = pools->pdata[i];

        if (!strcmp(other->name, pool->name) &&
            strcmp(other->identity, pool->identity)) {
            return true;
        }
    }
    return false;
}

static void cxlfm_fmd_pool_add(CxlfmFmd *fmd, const char *id, GPtrArray *pools,
                               struct cxlfm_pool *pool)
{
    char *there = g_strdup_printf("%s %s", id, pool->name);

    cxlfm_fmd_pool_paths(id, pool);
    if (cxlfm_fmd_pool_clash(pools, pool)) {
        char *name = g_strdup_printf("%s@%s", pool->name, id);

        g_free(pool->name);
        pool->name = name;
    }
    g_hash_table_replace(fmd->pools, g_strdup(pool->name), there);
    g_ptr_array_add(pools, pool);
}

/* The pools of the process that has @device */
static int cxlfm_fmd_process_pools(cxlfm *fm, size_t device, GPtrArray *pools)
{
    CxlfmFmd *fmd = fm->state;
    struct json_object *said, *list;
    const char *wrong = NULL;
    size_t i;
    int ret = cxlfm_fmd_device_call(fm, device, "pools", NULL, &said);

    /* One without a pool is no failure. */
    if (ret < 0) {
        return ret == CXLFM_ERROR_INVALID || ret == CXLFM_ERROR_UNSUPPORTED ?
               0 : ret;
    }
    if (!json_object_object_get_ex(said, "pools", &list) ||
        !json_object_is_type(list, json_type_array)) {
        wrong = "pools";
    }
    for (i = 0; !wrong && i < json_object_array_length(list); i++) {
        struct cxlfm_pool *pool;

        wrong = cxlfm_wire_read_pool(json_object_array_get_idx(list, i),
                                     &pool);
        if (!wrong) {
            cxlfm_fmd_pool_add(fmd, fmd->ids->pdata[device], pools, pool);
        }
    }
    json_object_put(said);
    return wrong ? cxlfm_fmd_nonsense(fm, wrong) : 0;
}

static int cxlfm_fmd_pool_query(cxlfm *fm, GPtrArray *pools)
{
    CxlfmFmd *fmd = fm->state;
    unsigned i, j;
    int ret = 0;

    for (i = 0; i < fmd->ids->len && ret >= 0; i++) {
        for (j = 0; strcmp(fmd->processes->pdata[j],
                           fmd->processes->pdata[i]); j++) {
            continue;
        }
        if (i == j) {
            ret = cxlfm_fmd_process_pools(fm, i, pools);
        }
    }
    return ret;
}

static int cxlfm_fmd_pool_reclaim(cxlfm *fm, const char *pool, uint16_t host,
                                  uint64_t *ret_freed)
{
    CxlfmFmd *fmd = fm->state;
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(
        (GDestroyNotify)cxlfm_pool_free);
    struct json_object *body, *said, *freed;
    const char *there;
    size_t device = 0;
    int ret = g_hash_table_contains(fmd->pools, pool) ? 0 :
              cxlfm_fmd_pool_query(fm, all);

    if (ret < 0) {
        return ret;
    }
    there = g_hash_table_lookup(fmd->pools, pool);
    if (!there) {
        return cxlfm_fail(fm, CXLFM_ERROR_INVALID, "%s has no pool '%s'",
                          fm->address, pool);
    }
    while (!g_str_has_prefix(there, fmd->ids->pdata[device]) ||
           there[strlen(fmd->ids->pdata[device])] != ' ') {
        device++;
    }
    body = json_object_new_object();
    json_object_object_add(body, "pool",
                           json_object_new_string(strchr(there, ' ') + 1));
    json_object_object_add(body, "host", json_object_new_int(host));
    ret = cxlfm_fmd_device_call(fm, device, "reclaim", body, &said);
    if (ret < 0) {
        return ret;
    }
    *ret_freed = json_object_object_get_ex(said, "freed", &freed) ?
                 json_object_get_uint64(freed) : 0;
    json_object_put(said);
    return 0;
}

const struct cxlfm_door_ops cxlfm_door_fmd = {
    .fmapi = false,
    .own_line = true,
    .connect = cxlfm_fmd_connect,
    .close = cxlfm_fmd_close,
    .snapshot = cxlfm_fmd_snapshot,
    .tags = cxlfm_fmd_tags,
    .add = cxlfm_fmd_add,
    .release = cxlfm_fmd_release,
    .extent_limit = cxlfm_fmd_extent_limit,
    .reference = cxlfm_fmd_reference,
    .set_region = cxlfm_fmd_set_region,
    .subscribe = cxlfm_fmd_subscribe,
    .waiting = cxlfm_fmd_waiting,
    .pump = cxlfm_fmd_pump,
    .pool_query = cxlfm_fmd_pool_query,
    .pool_reclaim = cxlfm_fmd_pool_reclaim,
    .daemon_call = cxlfm_fmd_daemon_call,
};
