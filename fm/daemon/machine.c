/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that this daemon holds
 *
 * A thread follows the hosts that the store has for this machine. One that is
 * new is reached by a worker, so that a monitor that hangs holds up no other;
 * its monitor says which pool it is of, and that pool's thread has it then.
 */
#include <string.h>
#include "lease.h"
#include "log.h"
#include "machine.h"
#include "placer.h"
#include "pool-view.h"
#include "pool.h"
#include "wish-host.h"
#include "words.h"

#define WORKERS  8
#define TURN_MS  500
#define LIVE_US  (60 * G_USEC_PER_SEC)

/* A host of this machine */
struct tenant {
    char *value;                  /* in the store */
    char *name;
    char *monitor;
    struct head *head;
    struct pool *pool;            /* that has the head; NULL: nobody yet */
    bool reaching;                /* a worker has it */
};

struct machine {
    struct fmd *fmd;
    struct lease *lease;
    struct placer *placer;
    GThread *thread;
    GThreadPool *workers;
    GMutex lock;                  /* of all that follows */
    GCond wake;
    bool woken, reload, ended;
    int64_t alive;
    uint64_t followed;            /* the thread's: revision of hosts */
    GHashTable *tenants;          /* UUID: struct tenant */
    GHashTable *names;            /* of those: UUID */
    GHashTable *pools;            /* UUID: struct pool; they never go */
};

static void tenant_free(void *opaque)
{
    struct tenant *tenant = opaque;

    head_unref(tenant->head);
    g_free(tenant->value);
    g_free(tenant->name);
    g_free(tenant->monitor);
    g_free(tenant);
}

/* --- Pools; with the lock --- */

static void machine_moved(struct fmd *fmd, struct head *head);

static void machine_assign(struct machine *machine, struct tenant *tenant)
{
    const char *uuid = tenant->head->pool_uuid;
    struct pool *pool = g_hash_table_lookup(machine->pools, uuid);

    if (!pool) {
        pool = pool_start(machine->fmd, machine->lease, uuid, machine_moved);
        g_hash_table_insert(machine->pools, g_strdup(uuid), pool);
    }
    tenant->pool = pool;
    pool_add_head(pool, tenant->head);
}

/* A pool has seen that its head is of another; by that pool's thread */
static void machine_moved(struct fmd *fmd, struct head *head)
{
    struct machine *machine = fmd->machine;
    struct tenant *tenant;

    g_mutex_lock(&machine->lock);
    tenant = g_hash_table_lookup(machine->tenants, head->uuid);
    if (tenant && tenant->head == head && !machine->ended) {
        machine_assign(machine, tenant);
        /* A policy that was on its way to the old pool is lost there. */
        pool_change_host(tenant->pool, fmd_host_parse(head->uuid,
                                                      tenant->value, NULL));
    }
    g_mutex_unlock(&machine->lock);
}

/* --- Workers --- */

/* @data: a reference of its own */
static void machine_reach(void *data, void *opaque)
{
    struct machine *machine = opaque;
    struct head *head = data;
    bool ok = !__atomic_load_n(&machine->ended, __ATOMIC_ACQUIRE) &&
              head_connect(head, machine->fmd->config->machine);
    struct tenant *tenant;

    g_mutex_lock(&machine->lock);
    tenant = g_hash_table_lookup(machine->tenants, head->uuid);
    if (tenant && tenant->head == head) {
        tenant->reaching = false;
        if (ok && !machine->ended) {
            machine_assign(machine, tenant);
        }
    }
    machine->woken = true;
    g_cond_broadcast(&machine->wake);
    g_mutex_unlock(&machine->lock);
    head_unref(head);
}

/* --- The hosts of the store --- */

static void machine_place(struct machine *machine, struct tenant *tenant,
                          const char *uuid)
{
    g_autofree char *key = fmd_key_place(uuid);
    struct store_entry *entry = mirror_get(machine->fmd->mirror, key);
    g_autoptr(fmd_alive) place = entry ? fmd_alive_parse(NULL, entry->value,
                                                         NULL) : NULL;

    /* Where it was last: its pool is kept as it is although it is not there. */
    if (place && *place->pool) {
        head_place(tenant->head, place->pool, place->head);
        machine_assign(machine, tenant);
    }
    store_entry_free(entry);
}

/* @name NULL: it has none any more. */
static void machine_name(struct machine *machine, const char *uuid,
                         struct tenant *tenant, const char *name)
{
    /* It may be another's by now. */
    if (tenant->name && !g_strcmp0(g_hash_table_lookup(
        machine->names, tenant->name), uuid)) {
        g_hash_table_remove(machine->names, tenant->name);
    }
    g_free(tenant->name);
    tenant->name = g_strdup(name);
    if (name) {
        g_hash_table_replace(machine->names, g_strdup(name), g_strdup(uuid));
    }
}

static void machine_drop(struct machine *machine, const char *uuid,
                         struct tenant *tenant)
{
    machine_name(machine, uuid, tenant, NULL);
    if (tenant->pool) {
        pool_drop_head(tenant->pool, uuid);
    }
}

/* One that is new here, or is not as it was */
static void machine_host(struct machine *machine, const char *uuid,
                         const char *value, const fmd_host *host)
{
    struct tenant *tenant = g_hash_table_lookup(machine->tenants, uuid);

    if (tenant && !strcmp(tenant->monitor, host->monitor) && tenant->pool) {
        pool_change_host(tenant->pool, fmd_host_parse(uuid, value, NULL));
        machine_name(machine, uuid, tenant, host->name);
        g_free(tenant->value);
        tenant->value = g_strdup(value);
        return;
    }
    if (tenant) {
        machine_drop(machine, uuid, tenant);
    }
    tenant = g_new0(struct tenant, 1);
    tenant->value = g_strdup(value);
    tenant->monitor = g_strdup(host->monitor);
    tenant->head = head_new(host);
    machine_name(machine, uuid, tenant, host->name);
    g_hash_table_replace(machine->tenants, g_strdup(uuid), tenant);
    machine_place(machine, tenant, uuid);
}

static bool machine_has(struct machine *machine, const char *uuid,
                        const char *value)
{
    const struct tenant *tenant = g_hash_table_lookup(machine->tenants, uuid);

    return tenant && !strcmp(tenant->value, value);
}

static void machine_follow_one(struct machine *machine,
                               const struct store_entry *entry,
                               GHashTable *seen)
{
    const char *id = entry->key + strlen(FMD_HOSTS);
    g_autoptr(fmd_host) host = NULL;

    if (strchr(id, '/')) {
        return;
    }
    if (machine_has(machine, id, entry->value)) {
        g_hash_table_add(seen, (char *)id);
        return;
    }
    host = fmd_host_parse(id, entry->value, NULL);
    if (host && !strcmp(host->machine, machine->fmd->config->machine)) {
        g_hash_table_add(seen, (char *)id);
        machine_host(machine, id, entry->value, host);
    }
}

static void machine_follow(struct machine *machine)
{
    uint64_t rev = mirror_hosts(machine->fmd->mirror);
    g_autoptr(GPtrArray) entries = NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    GHashTableIter iter;
    void *uuid, *tenant;
    unsigned i;

    if (rev == machine->followed) {
        return;
    }
    machine->followed = rev;
    entries = mirror_list(machine->fmd->mirror, FMD_HOSTS, NULL);
    g_mutex_lock(&machine->lock);
    for (i = 0; i < entries->len; i++) {
        machine_follow_one(machine, entries->pdata[i], seen);
    }
    g_hash_table_iter_init(&iter, machine->tenants);
    while (g_hash_table_iter_next(&iter, &uuid, &tenant)) {
        if (!g_hash_table_contains(seen, uuid)) {
            machine_drop(machine, uuid, tenant);
            g_hash_table_iter_remove(&iter);
        }
    }
    g_mutex_unlock(&machine->lock);
}

static void machine_reach_all(struct machine *machine)
{
    GHashTableIter iter;
    void *value;

    g_mutex_lock(&machine->lock);
    g_hash_table_iter_init(&iter, machine->tenants);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        struct tenant *tenant = value;

        if (!tenant->pool && !tenant->reaching && !head_due(tenant->head)) {
            tenant->reaching = true;
            g_thread_pool_push(machine->workers, head_ref(tenant->head), NULL);
        }
    }
    g_mutex_unlock(&machine->lock);
}

/* --- The thread --- */

static void machine_wake_pool(struct pool *pool, void *opaque)
{
    pool_wake(pool);
}

/* The pool of a host as a claim names it; NULL. With the lock */
static struct pool *machine_pool_of(struct machine *machine, const char *name)
{
    const struct tenant *tenant = g_hash_table_lookup(machine->tenants, name);
    const char *uuid = tenant ? NULL : g_hash_table_lookup(machine->names,
                                                           name);

    if (uuid) {
        tenant = g_hash_table_lookup(machine->tenants, uuid);
    }
    return tenant ? tenant->pool : NULL;
}

static void machine_wake_some(struct machine *machine,
                              const struct claim_news *news)
{
    GHashTableIter iter;
    struct pool *pool;
    void *name;

    g_mutex_lock(&machine->lock);
    g_hash_table_iter_init(&iter, news->pools);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if ((pool = g_hash_table_lookup(machine->pools, name))) {
            pool_wake(pool);
        }
    }
    g_hash_table_iter_init(&iter, news->hosts);
    while (g_hash_table_iter_next(&iter, &name, NULL)) {
        if ((pool = machine_pool_of(machine, name))) {
            pool_wake(pool);
        }
    }
    g_mutex_unlock(&machine->lock);
}

static void *machine_run(void *opaque)
{
    struct machine *machine = opaque;
    bool ended = false, reload = true;

    while (!ended) {
        int64_t end = g_get_monotonic_time() + TURN_MS * 1000;

        /* Nothing is decided before the store was read once. */
        if (mirror_stale(machine->fmd->mirror, NULL) >= 0) {
            events_follow(machine->fmd->events, machine->fmd->store, NULL);
            reload = reload && !wish_config_hosts(machine->fmd);
            machine_follow(machine);
            machine_reach_all(machine);
            placer_turn(machine->placer);
        }
        g_mutex_lock(&machine->lock);
        machine->alive = g_get_monotonic_time();
        while (!machine->ended && !machine->woken &&
               g_cond_wait_until(&machine->wake, &machine->lock, end)) {
            continue;
        }
        machine->woken = false;
        reload |= machine->reload;
        machine->reload = false;
        ended = machine->ended;
        g_mutex_unlock(&machine->lock);
    }
    return NULL;
}

void machine_wake(struct machine *machine, const struct claim_news *news)
{
    g_mutex_lock(&machine->lock);
    machine->woken = true;
    g_cond_broadcast(&machine->wake);
    g_mutex_unlock(&machine->lock);
    if (news) {
        machine_wake_some(machine, news);
    } else {
        machine_each_pool(machine, machine_wake_pool, NULL);
    }
}

void machine_wake_host(struct machine *machine, const char *uuid)
{
    struct pool *pool;

    g_mutex_lock(&machine->lock);
    pool = machine_pool_of(machine, uuid);
    if (pool) {
        pool_wake(pool);
    }
    g_mutex_unlock(&machine->lock);
}

void machine_reload(struct machine *machine)
{
    g_mutex_lock(&machine->lock);
    machine->reload = machine->woken = true;
    g_cond_broadcast(&machine->wake);
    g_mutex_unlock(&machine->lock);
}

static void machine_lease_changed(void *opaque)
{
    machine_wake(opaque, NULL);
}

void machine_start(struct fmd *fmd)
{
    struct machine *machine = g_new0(struct machine, 1);

    machine->fmd = fmd;
    g_mutex_init(&machine->lock);
    g_cond_init(&machine->wake);
    machine->alive = g_get_monotonic_time();
    machine->tenants = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             tenant_free);
    machine->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           g_free);
    machine->pools = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           NULL);
    machine->followed = UINT64_MAX;
    machine->lease = lease_start(fmd->store, fmd->config->owner_ttl,
                                 machine_lease_changed, machine);
    machine->placer = placer_new(fmd, machine->lease);
    /* Ours alone: those of shared pools are made by sched_setattr(). */
    machine->workers = g_thread_pool_new(machine_reach, machine, WORKERS,
                                         true, NULL);
    /* Whole, before the thread that follows changes may wake it */
    __atomic_store_n(&fmd->machine, machine, __ATOMIC_RELEASE);
    machine->thread = g_thread_new("fmd-machine", machine_run, machine);
}

static void machine_end_pool(struct pool *pool, void *opaque)
{
    pool_end(pool);
}

void machine_stop(struct machine *machine)
{
    GHashTableIter iter;
    void *pool;

    if (!machine) {
        return;
    }
    g_mutex_lock(&machine->lock);
    __atomic_store_n(&machine->ended, true, __ATOMIC_RELEASE);
    g_cond_broadcast(&machine->wake);
    g_mutex_unlock(&machine->lock);
    /* All are told before one is waited for: each may take its time. */
    machine_each_pool(machine, machine_end_pool, NULL);
    g_thread_join(machine->thread);
    g_thread_pool_free(machine->workers, false, true);
    machine_each_pool(machine, machine_end_pool, NULL);
    g_hash_table_iter_init(&iter, machine->pools);
    while (g_hash_table_iter_next(&iter, NULL, &pool)) {
        pool_stop(pool);
    }
    placer_free(machine->placer);
    lease_stop(machine->lease);
    g_hash_table_unref(machine->pools);
    g_hash_table_unref(machine->tenants);
    g_hash_table_unref(machine->names);
    g_mutex_clear(&machine->lock);
    g_cond_clear(&machine->wake);
    g_free(machine);
}

/* --- Looking --- */

bool machine_with_pool(struct machine *machine, const char *uuid,
                       void (*fn)(struct pool *pool, void *opaque),
                       void *opaque)
{
    struct pool *pool;

    g_mutex_lock(&machine->lock);
    pool = g_hash_table_lookup(machine->pools, uuid);
    g_mutex_unlock(&machine->lock);
    if (pool) {
        fn(pool, opaque);
    }
    return pool;
}

void machine_each_pool(struct machine *machine,
                       void (*fn)(struct pool *pool, void *opaque),
                       void *opaque)
{
    g_autoptr(GList) pools = NULL;

    g_mutex_lock(&machine->lock);
    pools = g_hash_table_get_values(machine->pools);
    g_mutex_unlock(&machine->lock);
    for (GList *at = pools; at; at = at->next) {
        fn(at->data, opaque);
    }
}

struct head *machine_head(struct machine *machine, const char *uuid)
{
    struct tenant *tenant;
    struct head *head;

    g_mutex_lock(&machine->lock);
    tenant = g_hash_table_lookup(machine->tenants, uuid);
    head = tenant ? head_ref(tenant->head) : NULL;
    g_mutex_unlock(&machine->lock);
    return head;
}

GPtrArray *machine_heads(struct machine *machine)
{
    GPtrArray *heads = g_ptr_array_new_with_free_func(
        (GDestroyNotify)head_unref);
    GHashTableIter iter;
    void *tenant;

    g_mutex_lock(&machine->lock);
    g_hash_table_iter_init(&iter, machine->tenants);
    while (g_hash_table_iter_next(&iter, NULL, &tenant)) {
        g_ptr_array_add(heads, head_ref(((struct tenant *)tenant)->head));
    }
    g_mutex_unlock(&machine->lock);
    return heads;
}

struct json_object *machine_note(struct machine *machine, const char *uuid)
{
    struct json_object *note = NULL;
    struct tenant *tenant;
    struct pool *pool;

    g_mutex_lock(&machine->lock);
    tenant = g_hash_table_lookup(machine->tenants, uuid);
    pool = tenant ? tenant->pool : NULL;
    if (tenant && !pool) {
        note = json_object_new_object();
        fmd_write_bool(note, "reachable", false);
        /* A worker writes it while it has the head. */
        fmd_write_text(note, "error", tenant->reaching ||
                       !tenant->head->error ? "not reached yet" :
                       tenant->head->error);
    }
    g_mutex_unlock(&machine->lock);
    return pool ? pool_note(pool, uuid) : note;
}

struct lease *machine_lease(struct machine *machine)
{
    return machine->lease;
}

bool machine_is_placer(struct machine *machine)
{
    return placer_is(machine->placer);
}

static void machine_pool_live(struct pool *pool, void *opaque)
{
    *(bool *)opaque &= pool_is_live(pool);
}

bool machine_is_live(struct machine *machine)
{
    bool live;

    g_mutex_lock(&machine->lock);
    live = g_get_monotonic_time() - machine->alive < LIVE_US;
    g_mutex_unlock(&machine->lock);
    machine_each_pool(machine, machine_pool_live, &live);
    return live;
}
