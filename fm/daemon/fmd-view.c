/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What there is, for the faces: from the copy of the store, and what is here */
#include <string.h>
#include "core.h"
#include "fmd.h"
#include "machine.h"
#include "pool-view.h"
#include "pressure.h"
#include "words.h"

/* --- One thing and what hangs on it --- */

static struct json_object *view_value(const struct store_entry *entry)
{
    struct json_object *value = entry ? json_tokener_parse(entry->value) :
                                NULL;

    if (!json_object_is_type(value, json_type_object)) {
        json_object_put(value);
        return NULL;
    }
    return value;
}

static void view_sub(const GPtrArray *entries, unsigned at, const char *rest,
                     const char *member, struct json_object *to)
{
    const struct store_entry *base = entries->pdata[at];
    size_t len = strlen(base->key);
    struct json_object *value = NULL;
    unsigned i;

    /* What hangs on a key follows it. */
    for (i = at + 1; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];

        if (strncmp(entry->key, base->key, len) || entry->key[len] != '/') {
            break;
        }
        if (!strcmp(entry->key + len, rest)) {
            value = view_value(entry);
            if (value && !strcmp(rest, "/owner")) {
                fmd_write_number(to, "epoch", entry->create_rev);
            }
        }
    }
    json_object_object_add(to, member, value);
}

static void view_merge(struct json_object *to, struct json_object *from)
{
    json_object_object_foreach(from, key, value) {
        struct json_object *there;

        if (!json_object_object_get_ex(to, key, &there)) {
            json_object_object_add(to, key, json_object_get(value));
        }
    }
    json_object_put(from);
}

/*
 * One of another machine: what its daemon says hangs on that one's lease. Of this
 * machine, it may be what another daemon said before us.
 */
static bool view_is_heard(struct fmd *fmd, struct json_object *host)
{
    struct json_object *machine, *alive;

    return json_object_object_get_ex(host, "machine", &machine) &&
           g_strcmp0(json_object_get_string(machine), fmd->config->machine) &&
           json_object_object_get_ex(host, "alive", &alive) && alive;
}

static void view_host_here(struct fmd *fmd, const char *uuid,
                           struct json_object *to)
{
    static const char *const unknown[] = { "owned", "offered", "releasing",
                                           "untagged", "head", "error" };
    struct json_object *note = machine_note(fmd->machine, uuid);
    struct json_object *there;
    unsigned i;

    if (note) {
        view_merge(to, note);
    }
    if (!json_object_object_get_ex(to, "reachable", &there)) {
        fmd_write_bool(to, "reachable", view_is_heard(fmd, to));
    }
    pressure_note(fmd->pressure, uuid, view_is_heard(fmd, to), to);
    for (i = 0; i < G_N_ELEMENTS(unknown); i++) {
        if (!json_object_object_get_ex(to, unknown[i], &there)) {
            json_object_object_add(to, unknown[i], NULL);
        }
    }
}

static void view_pool_mine(struct pool *pool, void *opaque)
{
    g_mutex_lock(&pool->lock);
    *(bool *)opaque = pool->shown_epoch;
    g_mutex_unlock(&pool->lock);
}

static struct json_object *view_one(struct fmd *fmd, const char *kind,
                                    const GPtrArray *entries, unsigned at)
{
    const struct store_entry *entry = entries->pdata[at];
    const char *uuid = strrchr(entry->key, '/') + 1;
    struct json_object *to = view_value(entry), *owner;

    if (!to) {
        return NULL;
    }
    fmd_write_text(to, "uuid", uuid);
    fmd_write_number(to, "revision", entry->mod_rev);
    if (!strcmp(kind, "claims")) {
        view_sub(entries, at, "/status", "status", to);
    } else if (!strcmp(kind, "hosts")) {
        view_sub(entries, at, "/alive", "alive", to);
        view_host_here(fmd, uuid, to);
    } else {
        bool mine = false;

        view_sub(entries, at, "/owner", "owner", to);
        machine_with_pool(fmd->machine, uuid, view_pool_mine, &mine);
        fmd_write_bool(to, "mine", mine);
        if (!json_object_object_get_ex(to, "epoch", &owner)) {
            fmd_write_number(to, "epoch", 0);
        }
    }
    return to;
}

/* --- Lists --- */

static struct json_object *view_list(struct fmd *fmd, const char *kind,
                                     uint64_t *ret_rev, int64_t *ret_stale)
{
    g_autofree char *prefix = g_strconcat(FMD_KEYS, kind, "/", NULL);
    g_autoptr(GPtrArray) entries = mirror_list(fmd->mirror, prefix, ret_rev);
    struct json_object *list = json_object_new_array();
    unsigned i;

    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];

        if (!strchr(entry->key + strlen(prefix), '/')) {
            struct json_object *one = view_one(fmd, kind, entries, i);

            if (one) {
                json_object_array_add(list, one);
            }
        }
    }
    if (ret_stale) {
        *ret_stale = mirror_stale(fmd->mirror, NULL);
    }
    return list;
}

struct json_object *fmd_claim_list(struct fmd *fmd, uint64_t *ret_rev,
                                   int64_t *ret_stale)
{
    return view_list(fmd, "claims", ret_rev, ret_stale);
}

struct json_object *fmd_host_list(struct fmd *fmd, uint64_t *ret_rev,
                                  int64_t *ret_stale)
{
    return view_list(fmd, "hosts", ret_rev, ret_stale);
}

struct json_object *fmd_pool_list(struct fmd *fmd, uint64_t *ret_rev,
                                  int64_t *ret_stale)
{
    return view_list(fmd, "pools", ret_rev, ret_stale);
}

struct json_object *fmd_get(struct fmd *fmd, const char *kind,
                            const char *uuid, uint64_t *ret_rev,
                            GError **error)
{
    g_autofree char *key = NULL;
    g_autoptr(GPtrArray) entries = NULL;
    struct json_object *one = NULL;
    char id[FMD_UUID_TEXT];

    if (fmd_uuid_parse(uuid, id)) {
        key = g_strconcat(FMD_KEYS, kind, "/", id, NULL);
        entries = mirror_list(fmd->mirror, key, NULL);
        one = entries->len ? view_one(fmd, kind, entries, 0) : NULL;
    }
    if (!one) {
        fmd_fail(error, FMD_ERROR_NOT_FOUND, "there is no %.*s %.64s",
                 (int)strlen(kind) - 1, kind, uuid);
    } else if (ret_rev) {
        *ret_rev = ((struct store_entry *)entries->pdata[0])->mod_rev;
    }
    return one;
}

/* --- Pools that are here --- */

static void view_live(struct pool *pool, void *opaque)
{
    *(struct json_object **)opaque = pool_live(pool);
}

struct json_object *fmd_pool_live(struct fmd *fmd, const char *uuid,
                                  GError **error)
{
    struct json_object *live = NULL;
    char id[FMD_UUID_TEXT];

    if (!fmd_uuid_parse(uuid, id) ||
        !machine_with_pool(fmd->machine, id, view_live, &live) || !live) {
        fmd_fail(error, FMD_ERROR_NOT_FOUND, "pool %.64s is not of this "
                 "machine: its owner's url is in GET /v1/pools", uuid);
    }
    return live;
}

static void view_orphans(struct pool *pool, void *opaque)
{
    struct json_object *live = pool_live(pool), *list;
    size_t i;

    if (live && json_object_object_get_ex(live, "orphans", &list)) {
        for (i = 0; i < json_object_array_length(list); i++) {
            json_object_array_add(opaque, json_object_get(
                json_object_array_get_idx(list, i)));
        }
    }
    json_object_put(live);
}

struct json_object *fmd_orphans(struct fmd *fmd)
{
    struct json_object *list = json_object_new_array();

    machine_each_pool(fmd->machine, view_orphans, list);
    return list;
}

static void view_pressure(const char *uuid, const char *name, double percent,
                          void *opaque)
{
    struct json_object *one = json_object_new_object();

    fmd_write_text(one, "host", uuid);
    fmd_write_text(one, "name", name);
    json_object_object_add(one, "percent", json_object_new_double(percent));
    json_object_array_add(opaque, one);
}

struct json_object *fmd_pressures(struct fmd *fmd)
{
    struct json_object *list = json_object_new_array();

    pressure_each(fmd->pressure, view_pressure, list);
    return list;
}
