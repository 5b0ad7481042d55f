/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the daemon does */
#include <string.h>
#include "core.h"
#include "counters.h"
#include "fmd.h"
#include "machine.h"
#include "pool.h"
#include "words.h"

uint64_t fmd_counter(struct fmd *fmd, enum fmd_counter counter, unsigned act)
{
    return counter_get(counter, act);
}

void fmd_phases(struct fmd *fmd, uint64_t ret[FMD_PHASE_MAX])
{
    mirror_phases(fmd->mirror, ret);
}

struct health {
    struct json_object *pools;
    unsigned orphans;
    bool ok;
};

static void health_pool(struct pool *pool, void *opaque)
{
    struct health *health = opaque;
    struct json_object *to = json_object_new_object();

    g_mutex_lock(&pool->lock);
    fmd_write_text(to, "uuid", pool->uuid);
    fmd_write_bool(to, "mine", pool->shown_epoch);
    fmd_write_number(to, "epoch", pool->shown_epoch);
    json_object_object_add(to, "error", pool->shown_error ?
                           json_object_new_string(pool->shown_error) : NULL);
    health->orphans += pool->shown_orphans;
    health->ok &= !pool->shown_error;
    g_mutex_unlock(&pool->lock);
    json_object_array_add(health->pools, to);
}

static struct json_object *health_store(struct fmd *fmd, int64_t stale,
                                        const char *error)
{
    struct json_object *to = json_object_new_object();

    fmd_write_text(to, "address", store_address(fmd->store));
    fmd_write_bool(to, "ok", !stale);
    json_object_object_add(to, "stale_ms", stale < 0 ? NULL :
                           json_object_new_int64(stale));
    json_object_object_add(to, "error", error ?
                           json_object_new_string(error) : NULL);
    return to;
}

static struct json_object *health_hosts(struct fmd *fmd,
                                        unsigned *ret_unreachable)
{
    g_autoptr(GPtrArray) heads = machine_heads(fmd->machine);
    struct json_object *to = json_object_new_object();
    unsigned i, reachable = 0;

    for (i = 0; i < heads->len; i++) {
        struct head *head = heads->pdata[i];

        reachable += __atomic_load_n(&head->state, __ATOMIC_RELAXED) ==
                     HEAD_UP;
    }
    fmd_write_number(to, "known", heads->len);
    fmd_write_number(to, "reachable", reachable);
    *ret_unreachable = heads->len - reachable;
    return to;
}

void fmd_is_live(struct fmd *fmd, bool *ret_live, bool *ret_ready)
{
    g_autofree char *error = NULL;

    *ret_live = machine_is_live(fmd->machine) && mirror_is_live(fmd->mirror);
    *ret_ready = !mirror_stale(fmd->mirror, &error);
}

struct json_object *fmd_health(struct fmd *fmd, bool *ret_live,
                               bool *ret_ready)
{
    struct json_object *to = json_object_new_object();
    struct health health = { .pools = json_object_new_array(), .ok = true };
    uint64_t phases[FMD_PHASE_MAX], not_bound = 0;
    g_autofree char *error = NULL;
    int64_t stale = mirror_stale(fmd->mirror, &error);
    struct json_object *hosts;
    unsigned i, unreachable;

    machine_each_pool(fmd->machine, health_pool, &health);
    hosts = health_hosts(fmd, &unreachable);
    fmd_phases(fmd, phases);
    for (i = 0; i < FMD_PHASE_MAX; i++) {
        not_bound += i == FMD_BOUND ? 0 : phases[i];
    }
    fmd_write_bool(to, "ok", health.ok && !stale && !unreachable &&
                   !not_bound && !health.orphans);
    json_object_object_add(to, "store", health_store(fmd, stale, error));
    json_object_object_add(to, "pools", health.pools);
    json_object_object_add(to, "hosts", hosts);
    fmd_write_number(to, "orphans", health.orphans);
    fmd_write_number(to, "not_bound", not_bound);
    fmd_write_bool(to, "placer", machine_is_placer(fmd->machine));
    *ret_live = machine_is_live(fmd->machine) && mirror_is_live(fmd->mirror);
    *ret_ready = !stale;
    return to;
}
