/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a daemon tells the others of its fleet of its hosts' pressure */
#include <math.h>
#include <string.h>
#include "lease.h"
#include "pressure-told.h"
#include "words.h"

/* --- Telling --- */

static void pressure_put(struct fmd *fmd, const struct store_entry *host,
                         int64_t lease, const char *uuid, double percent,
                         struct pressure_told *told)
{
    /* Who is not put any more leaves no traces. */
    const struct store_cmp compare = { STORE_IF_CREATED, host->key,
                                       host->create_rev };
    struct json_object *to = fmd_write_begin(NULL);
    g_autofree char *key = fmd_key_pressure(uuid);
    g_autofree char *value = NULL;

    json_object_object_add(to, "percent", json_object_new_double(percent));
    value = fmd_write_end(to);
    if (core_write(fmd, &compare, 1, &(struct store_op) { key, value, lease },
                   1, NULL, NULL)) {
        *told = (struct pressure_told) { lease, percent };
    }
}

static void pressure_take_back(struct fmd *fmd, const char *uuid,
                               struct pressure_told *told)
{
    g_autofree char *key = fmd_key_pressure(uuid);

    if (told->lease && core_write(fmd, NULL, 0, &(struct store_op) {
                                  .key = key }, 1, NULL, NULL)) {
        *told = (struct pressure_told) { 0 };
    }
}

void pressure_tell(struct fmd *fmd, struct lease *lease, const char *uuid,
                   double percent, struct pressure_told *told)
{
    g_autofree char *key = fmd_key_host(uuid);
    struct store_entry *entry = mirror_get(fmd->mirror, key);
    g_autoptr(fmd_host) host = entry ? fmd_host_parse(uuid, entry->value,
                                                      NULL) : NULL;
    int64_t id;

    if (percent < 0 || !host || strcmp(host->machine, fmd->config->machine)) {
        pressure_take_back(fmd, uuid, told);
    } else if (lease_get(lease, &id) &&
               (told->lease != id ||
                fabs(told->percent - percent) >= TOLD_CHANGE)) {
        pressure_put(fmd, entry, id, uuid, percent, told);
    }
    store_entry_free(entry);
}

/* --- Hearing --- */

/* The copy of the store may be so old that who told it is silent since. */
static bool pressure_copy_is_old(struct fmd *fmd)
{
    int64_t stale = mirror_stale(fmd->mirror, NULL);

    return stale < 0 || stale > fmd->config->owner_ttl * 1000ll;
}

static double pressure_parse_told(const char *text)
{
    struct fmd_reader reader;
    double percent;

    fmd_read_begin(&reader, "pressure", NULL, text);
    percent = fmd_read_double(&reader, "percent", -1, 0, 100);
    return fmd_read_end(&reader, NULL) ? percent : -1;
}

double pressure_heard(struct fmd *fmd, const char *uuid)
{
    g_autofree char *key = fmd_key_pressure(uuid);
    g_autofree char *alive_key = fmd_key_alive(uuid);
    struct store_entry *entry = mirror_get(fmd->mirror, key);
    struct store_entry *alive = entry ? mirror_get(fmd->mirror, alive_key) :
                                NULL;
    double percent = -1;

    if (alive && entry->lease && alive->lease == entry->lease &&
        !pressure_copy_is_old(fmd)) {
        percent = pressure_parse_told(entry->value);
    }
    store_entry_free(alive);
    store_entry_free(entry);
    return percent;
}

void pressure_each_heard(struct fmd *fmd,
                         void (*fn)(const char *uuid, const char *name,
                                    double percent, void *opaque),
                         void *opaque)
{
    g_autoptr(GPtrArray) entries = mirror_list(fmd->mirror, FMD_PRESSURES,
                                               NULL);
    unsigned i;

    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        const char *uuid = entry->key + strlen(FMD_PRESSURES);
        g_autoptr(fmd_host) host = core_host(fmd, uuid);
        double percent = host ? pressure_heard(fmd, host->uuid) : -1;

        if (percent >= 0 && !strcmp(host->uuid, uuid) &&
            strcmp(host->machine, fmd->config->machine)) {
            fn(uuid, host->name, percent, opaque);
        }
    }
}
