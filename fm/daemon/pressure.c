/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How short of memory the hosts of the configuration are
 *
 * Each host that has a command has a thread: a guest that hangs keeps no other
 * from being asked, and one command of a host runs at a time. What it says is
 * told to the other daemons by the same thread.
 */
#include <json-c/json.h>
#include "pressure-command.h"
#include "pressure-told.h"
#include "pressure.h"
#include "words.h"

#define PERIOD_US (10 * G_USEC_PER_SEC) /* the kernel's own, for avg10 */
#define TELL_US   (G_USEC_PER_SEC)      /* until what could not be told is tried
                                           again, and a lapsed lease is seen */

struct reader {
    struct pressure *all;
    char *uuid, *name, *command;
    GThread *thread;
    volatile sig_atomic_t stop;   /* set by another thread */
    double percent;               /* negative: not known; under all->lock */
    char *error;                  /* the same; NULL */
};

struct pressure {
    struct fmd *fmd;
    struct lease *lease;
    bool ends;                    /* what was told goes with the lease */
    GMutex lock;
    GCond wake;
    GHashTable *readers;          /* UUID: struct reader */
};

static double pressure_read(struct reader *reader)
{
    char *error;
    double percent = pressure_command_run(reader->command, &reader->stop,
                                          &error);

    g_mutex_lock(&reader->all->lock);
    reader->percent = percent;
    g_free(reader->error);
    reader->error = error;
    g_mutex_unlock(&reader->all->lock);
    return percent;
}

/* At most until @end, or until it is to stop; true: it goes on */
static bool pressure_wait(struct reader *reader, int64_t end)
{
    struct pressure *all = reader->all;
    bool stop;

    g_mutex_lock(&all->lock);
    while (!reader->stop && g_cond_wait_until(&all->wake, &all->lock, end)) {
        continue;
    }
    stop = reader->stop;
    g_mutex_unlock(&all->lock);
    return !stop;
}

static gpointer pressure_run(gpointer opaque)
{
    struct reader *reader = opaque;
    struct pressure *all = reader->all;
    struct pressure_told told = { 0 };
    int64_t now, next = 0;
    double percent = -1;

    do {
        now = g_get_monotonic_time();
        if (now >= next) {
            next = now + PERIOD_US;
            percent = pressure_read(reader);
        }
        /* A command that was ended in its middle has said nothing. */
        if (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
            pressure_tell(all->fmd, all->lease, reader->uuid, percent, &told);
        }
    } while (pressure_wait(reader, MIN(next, now + TELL_US)));
    if (!all->ends) {
        pressure_tell(all->fmd, all->lease, reader->uuid, -1, &told);
    }
    return NULL;
}

static struct reader *reader_start(struct pressure *all, const fmd_host *host)
{
    struct reader *reader = g_new0(struct reader, 1);

    reader->all = all;
    reader->uuid = g_strdup(host->uuid);
    reader->name = g_strdup(host->name);
    reader->command = g_strdup(host->pressure);
    reader->percent = -1;
    reader->thread = g_thread_new("fmd-pressure", pressure_run, reader);
    return reader;
}

/* Of one that was told to stop; without the lock: it ends its command first. */
static void reader_free(struct reader *reader)
{
    g_thread_join(reader->thread);
    g_free(reader->uuid);
    g_free(reader->name);
    g_free(reader->command);
    g_free(reader->error);
    g_free(reader);
}

/* Is @reader what @hosts want? */
static bool reader_is_wanted(const struct reader *reader,
                             const GPtrArray *hosts)
{
    unsigned i;

    for (i = 0; i < hosts->len; i++) {
        const fmd_host *host = hosts->pdata[i];

        if (!g_strcmp0(host->uuid, reader->uuid)) {
            return !g_strcmp0(host->pressure, reader->command) &&
                   !g_strcmp0(host->name, reader->name);
        }
    }
    return false;
}

/* They leave the table and are told to stop, all of them before one is waited
   for. */
static GPtrArray *pressure_unwanted(struct pressure *pressure,
                                    const GPtrArray *hosts)
{
    GPtrArray *gone = g_ptr_array_new();
    GHashTableIter iter;
    void *reader;

    g_mutex_lock(&pressure->lock);
    g_hash_table_iter_init(&iter, pressure->readers);
    while (g_hash_table_iter_next(&iter, NULL, &reader)) {
        if (!reader_is_wanted(reader, hosts)) {
            g_hash_table_iter_steal(&iter);
            __atomic_store_n(&((struct reader *)reader)->stop, 1,
                             __ATOMIC_RELAXED);
            g_ptr_array_add(gone, reader);
        }
    }
    g_cond_broadcast(&pressure->wake);
    g_mutex_unlock(&pressure->lock);
    return gone;
}

static void pressure_set(struct pressure *pressure, const GPtrArray *hosts)
{
    g_autoptr(GPtrArray) gone = pressure_unwanted(pressure, hosts);
    unsigned i;

    for (i = 0; i < gone->len; i++) {
        reader_free(gone->pdata[i]);
    }
    g_mutex_lock(&pressure->lock);
    for (i = 0; i < hosts->len; i++) {
        const fmd_host *host = hosts->pdata[i];

        if (*host->pressure &&
            !g_hash_table_contains(pressure->readers, host->uuid)) {
            struct reader *reader = reader_start(pressure, host);

            g_hash_table_insert(pressure->readers, reader->uuid, reader);
        }
    }
    g_mutex_unlock(&pressure->lock);
}

void pressure_reload(struct pressure *pressure)
{
    struct fmd *fmd = pressure->fmd;
    g_autoptr(GPtrArray) hosts = NULL;

    g_mutex_lock(&fmd->hosts_lock);
    hosts = g_ptr_array_ref(fmd->hosts);
    g_mutex_unlock(&fmd->hosts_lock);
    pressure_set(pressure, hosts);
}

struct pressure *pressure_start(struct fmd *fmd, struct lease *lease)
{
    struct pressure *pressure = g_new0(struct pressure, 1);

    pressure->fmd = fmd;
    pressure->lease = lease;
    g_mutex_init(&pressure->lock);
    g_cond_init(&pressure->wake);
    pressure->readers = g_hash_table_new(g_str_hash, g_str_equal);
    pressure_reload(pressure);
    return pressure;
}

void pressure_stop(struct pressure *pressure)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();

    if (pressure) {
        /* Seen by the threads when they see that they are to stop. */
        pressure->ends = true;
        pressure_set(pressure, none);
        g_hash_table_unref(pressure->readers);
        g_cond_clear(&pressure->wake);
        g_mutex_clear(&pressure->lock);
        g_free(pressure);
    }
}

void pressure_note(struct pressure *pressure, const char *uuid, bool heard,
                   struct json_object *to)
{
    double percent = heard ? pressure_heard(pressure->fmd, uuid) : -1;
    const struct reader *reader;

    g_mutex_lock(&pressure->lock);
    reader = g_hash_table_lookup(pressure->readers, uuid);
    percent = reader ? reader->percent : percent;
    json_object_object_add(to, "pressure_now", percent >= 0 ?
                           json_object_new_double(percent) : NULL);
    json_object_object_add(to, "pressure_error", NULL);
    if (reader && reader->error) {
        fmd_write_text(to, "pressure_error", reader->error);
    }
    g_mutex_unlock(&pressure->lock);
}

/* Who asks for all of them */
struct asker {
    struct pressure *pressure;
    void (*fn)(const char *uuid, const char *name, double percent,
               void *opaque);
    void *opaque;
};

static void pressure_one_heard(const char *uuid, const char *name,
                               double percent, void *opaque)
{
    const struct asker *asker = opaque;
    bool ours;

    g_mutex_lock(&asker->pressure->lock);
    ours = g_hash_table_contains(asker->pressure->readers, uuid);
    g_mutex_unlock(&asker->pressure->lock);
    if (!ours) {
        asker->fn(uuid, name, percent, asker->opaque);
    }
}

void pressure_each(struct pressure *pressure,
                   void (*fn)(const char *uuid, const char *name,
                              double percent, void *opaque), void *opaque)
{
    struct asker asker = { pressure, fn, opaque };
    GHashTableIter iter;
    void *value;

    g_mutex_lock(&pressure->lock);
    g_hash_table_iter_init(&iter, pressure->readers);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const struct reader *reader = value;

        if (reader->percent >= 0) {
            fn(reader->uuid, reader->name, reader->percent, opaque);
        }
    }
    g_mutex_unlock(&pressure->lock);
    pressure_each_heard(pressure->fmd, pressure_one_heard, &asker);
}
