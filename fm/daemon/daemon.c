/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's core: begins and ends */
#include <errno.h>
#include <string.h>
#include "core.h"
#include "fmd.h"
#include "log.h"
#include "machine.h"
#include "pressure.h"
#include "words.h"

static void fmd_changed(const struct claim_news *news, void *opaque)
{
    struct fmd *fmd = opaque;
    struct machine *machine = __atomic_load_n(&fmd->machine, __ATOMIC_ACQUIRE);

    if (machine) {
        machine_wake(machine, news);
    }
}

static bool fmd_open(struct fmd *fmd, GError **error)
{
    g_autofree char *path = g_build_filename(fmd->config->state, "events.db",
                                             NULL);
    GError *inner = NULL;

    fmd->store = store_open(fmd->config->store, &inner);
    if (!fmd->store) {
        return core_fail(error, inner);
    }
    fmd->events = events_open(path, &inner);
    return fmd->events || core_fail(error, inner);
}

struct fmd *fmd_start(const struct fmd_config *config, GError **error)
{
    struct fmd *fmd = g_new0(struct fmd, 1);

    fmd->config = (struct fmd_config *)config;
    fmd->hosts = g_ptr_array_ref(config->hosts);
    g_mutex_init(&fmd->hosts_lock);
    g_mutex_init(&fmd->waited_lock);
    fmd_uuid_random(fmd->instance);
    if (!fmd_open(fmd, error)) {
        fmd_stop(fmd);
        return NULL;
    }
    /* If the store does not answer yet, the machine's thread tries again. */
    events_follow(fmd->events, fmd->store, NULL);
    events_add(fmd->events, "daemon", fmd->instance, NULL, "cxl-fmd of machine "
               "%s has started", config->machine);
    fmd->mirror = mirror_start(fmd->store, FMD_KEYS, fmd_changed, fmd);
    machine_start(fmd);
    fmd->pressure = pressure_start(fmd, machine_lease(fmd->machine));
    return fmd;
}

void fmd_stop(struct fmd *fmd)
{
    if (!fmd) {
        return;
    }
    if (fmd->mirror) {
        mirror_quiet(fmd->mirror);
        pressure_stop(fmd->pressure);
        machine_stop(fmd->machine);
        events_add(fmd->events, "daemon", fmd->instance, NULL, "cxl-fmd of "
                   "machine %s ends", fmd->config->machine);
        fmd->machine = NULL;
        mirror_stop(fmd->mirror);
    }
    if (fmd->events) {
        events_unfollow(fmd->events);
        events_close(fmd->events);
    }
    store_close(fmd->store);
    g_ptr_array_unref(fmd->hosts);
    g_mutex_clear(&fmd->hosts_lock);
    g_mutex_clear(&fmd->waited_lock);
    g_free(fmd);
}

void fmd_reload(struct fmd *fmd, const struct fmd_config *config)
{
    g_mutex_lock(&fmd->hosts_lock);
    g_ptr_array_unref(fmd->hosts);
    fmd->hosts = g_ptr_array_ref(config->hosts);
    g_mutex_unlock(&fmd->hosts_lock);
    pressure_reload(fmd->pressure);
    machine_reload(fmd->machine);
}

const struct fmd_config *fmd_config(const struct fmd *fmd)
{
    return fmd->config;
}

struct store *fmd_store(struct fmd *fmd)
{
    return fmd->store;
}

void fmd_events(struct fmd *fmd, uint64_t after, unsigned max,
                GPtrArray **ret, bool *ret_lost)
{
    events_since(fmd->events, after, max, ret, ret_lost);
}

uint64_t fmd_events_last(struct fmd *fmd)
{
    return events_last(fmd->events);
}

void fmd_events_notify(struct fmd *fmd, void (*fn)(void *opaque), void *opaque)
{
    events_notify(fmd->events, fn, opaque);
}

void fmd_waited_from(struct fmd *fmd, int64_t (*fn)(void *opaque), void *opaque)
{
    g_mutex_lock(&fmd->waited_lock);
    fmd->waited = fn;
    fmd->waited_opaque = opaque;
    g_mutex_unlock(&fmd->waited_lock);
}
