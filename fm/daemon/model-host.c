/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pools, who owns them, hosts and their life: to JSON and back */
#include <string.h>
#include "cxlfm.h"
#include "words.h"

#define SECONDS_MAX (365 * 24 * 3600)

/* --- Pools --- */

fmd_pool *fmd_pool_new(void)
{
    fmd_pool *pool = g_new0(fmd_pool, 1);

    pool->uuid = g_strdup("");
    pool->name = g_strdup("");
    pool->machine = g_strdup("");
    pool->kind = g_strdup("");
    pool->file = g_strdup("");
    return pool;
}

void fmd_pool_free(fmd_pool *pool)
{
    if (pool) {
        g_free(pool->uuid);
        g_free(pool->name);
        g_free(pool->machine);
        g_free(pool->kind);
        g_free(pool->file);
        g_free(pool);
    }
}

static void fmd_pool_read_region(struct fmd_reader *reader,
                                 struct json_object *from,
                                 struct fmd_region *ret)
{
    struct fmd_reader inner;

    fmd_read_begin(&inner, "region", NULL, json_object_to_json_string(from));
    ret->index = fmd_read_number(&inner, "index", 0, 0, FMD_REGIONS_MAX - 1);
    ret->length = fmd_read_number(&inner, "length", 0, 0, INT64_MAX);
    ret->available = fmd_read_number(&inner, "available", CXLFM_UNKNOWN, 0,
                                     INT64_MAX);
    ret->block_size = fmd_read_number(&inner, "block_size", 0, 0, INT64_MAX);
    ret->sharable = fmd_read_bool(&inner, "sharable", false);
    if (!fmd_read_end(&inner, reader->error ? NULL : &reader->error)) {
        return;
    }
}

static void fmd_pool_read_regions(struct fmd_reader *reader, fmd_pool *pool)
{
    struct json_object *list = fmd_read_any(reader, "regions");
    size_t i, count;

    if (!list) {
        return;
    }
    count = json_object_is_type(list, json_type_array) ?
            json_object_array_length(list) : SIZE_MAX;
    if (count > FMD_REGIONS_MAX) {
        fmd_read_fail(reader, "\"regions\" must be a list of at most %d",
                      FMD_REGIONS_MAX);
        return;
    }
    for (i = 0; i < count; i++) {
        fmd_pool_read_region(reader, json_object_array_get_idx(list, i),
                             &pool->regions[i]);
    }
    pool->region_count = count;
}

fmd_pool *fmd_pool_parse(const char *uuid, const char *text, GError **error)
{
    g_autoptr(fmd_pool) pool = g_new0(fmd_pool, 1);
    struct fmd_reader reader;

    fmd_read_begin(&reader, "pool", uuid, text);
    pool->uuid = g_strdup(uuid);
    pool->name = fmd_read_text(&reader, "name");
    pool->machine = fmd_read_text(&reader, "machine");
    pool->kind = fmd_read_text(&reader, "kind");
    pool->file = fmd_read_text(&reader, "file");
    pool->size = fmd_read_number(&reader, "size", 0, 0, INT64_MAX);
    pool->block_size = fmd_read_number(&reader, "block_size", 0, 0, INT64_MAX);
    pool->available = fmd_read_number(&reader, "available", 0, 0, INT64_MAX);
    pool->largest = fmd_read_number(&reader, "largest", 0, 0, INT64_MAX);
    fmd_pool_read_regions(&reader, pool);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&pool) : NULL;
}

struct json_object *fmd_pool_json(const fmd_pool *pool)
{
    struct json_object *to = fmd_write_begin(pool->uuid);
    struct json_object *list = json_object_new_array();
    unsigned i;

    fmd_write_text(to, "name", pool->name);
    fmd_write_text(to, "machine", pool->machine);
    fmd_write_text(to, "kind", pool->kind);
    fmd_write_text(to, "file", pool->file);
    fmd_write_number(to, "size", pool->size);
    fmd_write_number(to, "block_size", pool->block_size);
    fmd_write_number(to, "available", pool->available);
    fmd_write_number(to, "largest", pool->largest);
    for (i = 0; i < pool->region_count; i++) {
        const struct fmd_region *r = &pool->regions[i];
        struct json_object *one = json_object_new_object();

        fmd_write_number(one, "index", r->index);
        fmd_write_number(one, "length", r->length);
        if (r->available != CXLFM_UNKNOWN) {
            fmd_write_number(one, "available", r->available);
        }
        fmd_write_number(one, "block_size", r->block_size);
        fmd_write_bool(one, "sharable", r->sharable);
        json_object_array_add(list, one);
    }
    json_object_object_add(to, "regions", list);
    return to;
}

char *fmd_pool_text(const fmd_pool *pool)
{
    return fmd_write_end(fmd_pool_json(pool));
}

/* --- Owners --- */

fmd_owner *fmd_owner_new(void)
{
    fmd_owner *owner = g_new0(fmd_owner, 1);

    owner->machine = g_strdup("");
    owner->instance = g_strdup("");
    owner->url = g_strdup("");
    return owner;
}

void fmd_owner_free(fmd_owner *owner)
{
    if (owner) {
        g_free(owner->machine);
        g_free(owner->instance);
        g_free(owner->url);
        g_free(owner);
    }
}

fmd_owner *fmd_owner_parse(const char *uuid, const char *text, GError **error)
{
    g_autoptr(fmd_owner) owner = g_new0(fmd_owner, 1);
    struct fmd_reader reader;

    fmd_read_begin(&reader, "owner", NULL, text);
    owner->machine = fmd_read_text(&reader, "machine");
    owner->instance = fmd_read_text(&reader, "instance");
    owner->url = fmd_read_text(&reader, "url");
    owner->pid = fmd_read_number(&reader, "pid", 0, 0, INT32_MAX);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&owner) : NULL;
}

struct json_object *fmd_owner_json(const fmd_owner *owner)
{
    struct json_object *to = fmd_write_begin(NULL);

    fmd_write_text(to, "machine", owner->machine);
    fmd_write_text(to, "instance", owner->instance);
    fmd_write_text(to, "url", owner->url);
    fmd_write_number(to, "pid", owner->pid);
    return to;
}

char *fmd_owner_text(const fmd_owner *owner)
{
    return fmd_write_end(fmd_owner_json(owner));
}

/* --- Hosts --- */

static GHashTable *fmd_labels_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

fmd_host *fmd_host_new(void)
{
    fmd_host *host = g_new0(fmd_host, 1);

    host->uuid = g_strdup("");
    host->name = g_strdup("");
    host->machine = g_strdup("");
    host->monitor = g_strdup("");
    host->pool = g_strdup("");
    host->pressure = g_strdup("");
    host->labels = fmd_labels_new();
    host->max = UINT64_MAX;
    host->weight = 1;
    host->ask_timeout = 30;
    host->force_after = -1;
    host->reclaim_after = 60;
    host->kill_after = -1;
    return host;
}

void fmd_host_free(fmd_host *host)
{
    if (host) {
        g_free(host->uuid);
        g_free(host->name);
        g_free(host->machine);
        g_free(host->monitor);
        g_free(host->pool);
        g_free(host->pressure);
        g_clear_pointer(&host->labels, g_hash_table_unref);
        g_free(host);
    }
}

static void fmd_host_check(struct fmd_reader *reader, const fmd_host *host)
{
    if (!fmd_name_is_good(host->name)) {
        fmd_read_fail(reader, "\"name\" must be 1 to %d letters, digits and "
                      "\"._-\", the first of them no dot or dash, and is "
                      "\"%.64s\"", FMD_NAME_MAX, host->name);
    }
    if (*host->machine && !fmd_name_is_good(host->machine)) {
        fmd_read_fail(reader, "\"machine\" must be a name of letters, digits "
                      "and \"._-\", and is \"%.64s\"", host->machine);
    }
    if (!g_str_has_prefix(host->monitor, "qmp:/") &&
        !g_str_has_prefix(host->monitor, "fm:/")) {
        fmd_read_fail(reader, "\"monitor\" must be \"qmp:/PATH\" or "
                      "\"fm:/PATH\", a socket of its machine, and is "
                      "\"%.64s\"", host->monitor);
    }
    if (host->min > host->max) {
        fmd_read_fail(reader, "\"min\" is above \"max\"");
    }
}

fmd_host *fmd_host_parse(const char *uuid, const char *text, GError **error)
{
    g_autoptr(fmd_host) host = g_new0(fmd_host, 1);
    struct fmd_reader reader;

    fmd_read_begin(&reader, "host", uuid, text);
    host->uuid = g_strdup(uuid);
    host->name = fmd_read_text(&reader, "name");
    host->machine = fmd_read_text(&reader, "machine");
    host->monitor = fmd_read_text(&reader, "monitor");
    host->pool = fmd_read_uuid(&reader, "pool");
    host->labels = fmd_read_labels(&reader, "labels");
    host->min = fmd_read_size(&reader, "min", 0);
    host->max = fmd_read_size(&reader, "max", UINT64_MAX);
    host->weight = fmd_read_double(&reader, "weight", 1, 0, 1e6);
    host->pressure = fmd_read_text(&reader, "pressure");
    host->ask_timeout = fmd_read_number(&reader, "ask_timeout", 30, 0,
                                        SECONDS_MAX);
    host->force_after = fmd_read_never(&reader, "force_after", -1,
                                       SECONDS_MAX);
    host->reclaim_after = fmd_read_never(&reader, "reclaim_after", 60,
                                         SECONDS_MAX);
    host->kill_after = fmd_read_never(&reader, "kill_after", -1, SECONDS_MAX);
    host->from_config = fmd_read_bool(&reader, "from_config", false);
    fmd_host_check(&reader, host);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&host) : NULL;
}

struct json_object *fmd_host_json(const fmd_host *host)
{
    struct json_object *to = fmd_write_begin(host->uuid);

    fmd_write_text(to, "name", host->name);
    fmd_write_text(to, "machine", host->machine);
    fmd_write_text(to, "monitor", host->monitor);
    fmd_write_text(to, "pool", host->pool);
    fmd_write_labels(to, "labels", host->labels);
    fmd_write_number(to, "min", host->min);
    if (host->max != UINT64_MAX) {
        fmd_write_number(to, "max", host->max);
    }
    json_object_object_add(to, "weight", json_object_new_double(host->weight));
    fmd_write_text(to, "pressure", host->pressure);
    fmd_write_number(to, "ask_timeout", host->ask_timeout);
    fmd_write_never(to, "force_after", host->force_after);
    fmd_write_never(to, "reclaim_after", host->reclaim_after);
    fmd_write_never(to, "kill_after", host->kill_after);
    fmd_write_bool(to, "from_config", host->from_config);
    return to;
}

char *fmd_host_text(const fmd_host *host)
{
    return fmd_write_end(fmd_host_json(host));
}

/* --- Their life --- */

fmd_alive *fmd_alive_new(void)
{
    fmd_alive *alive = g_new0(fmd_alive, 1);

    alive->pool = g_strdup("");
    alive->start = g_strdup("");
    return alive;
}

void fmd_alive_free(fmd_alive *alive)
{
    if (alive) {
        g_free(alive->pool);
        g_free(alive->start);
        g_free(alive);
    }
}

fmd_alive *fmd_alive_parse(const char *uuid, const char *text, GError **error)
{
    g_autoptr(fmd_alive) alive = g_new0(fmd_alive, 1);
    struct fmd_reader reader;

    fmd_read_begin(&reader, "alive", uuid, text);
    alive->pool = fmd_read_uuid(&reader, "pool");
    alive->head = fmd_read_number(&reader, "head", 0, 0, UINT16_MAX);
    alive->pid = fmd_read_number(&reader, "pid", 0, 0, INT32_MAX);
    alive->start = fmd_read_text(&reader, "start");
    alive->answers = fmd_read_bool(&reader, "answers", false);
    return fmd_read_end(&reader, error) ? g_steal_pointer(&alive) : NULL;
}

struct json_object *fmd_alive_json(const fmd_alive *alive)
{
    struct json_object *to = fmd_write_begin(NULL);

    fmd_write_text(to, "pool", alive->pool);
    fmd_write_number(to, "head", alive->head);
    fmd_write_number(to, "pid", alive->pid);
    fmd_write_text(to, "start", alive->start);
    fmd_write_bool(to, "answers", alive->answers);
    return to;
}

char *fmd_alive_text(const fmd_alive *alive)
{
    return fmd_write_end(fmd_alive_json(alive));
}
