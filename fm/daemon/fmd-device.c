/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices by hand: the monitors' connections, lent for a call */
#include "core.h"
#include "fmd.h"
#include "machine.h"
#include "pool.h"
#include "words.h"

#define TRY_US  2000
#define LOOK_MS 20                /* a monitor that is well is free by then */
#define FIRST_MS 2000

/* False: it was not our turn in time. */
static bool device_lock(struct head *head, unsigned timeout)
{
    int64_t end = g_get_monotonic_time() + timeout * 1000ll;

    while (!g_mutex_trylock(&head->lock)) {
        if (g_get_monotonic_time() > end) {
            return false;
        }
        g_usleep(TRY_US);
    }
    return true;
}

/*
 * What was told of each device last, by its host's UUID: a monitor that hangs
 * must not hold up who only asks what there is.
 */
static GMutex told_lock;
static GHashTable *told;

/* Takes over @text; NULL: the device is not there. */
static void device_remember(const char *uuid, char *text)
{
    g_mutex_lock(&told_lock);
    if (!told) {
        told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    }
    g_hash_table_replace(told, g_strdup(uuid), text);
    g_mutex_unlock(&told_lock);
}

static struct json_object *device_recall(const char *uuid)
{
    struct json_object *to = NULL;
    const char *text;

    g_mutex_lock(&told_lock);
    text = told ? g_hash_table_lookup(told, uuid) : NULL;
    if (text) {
        to = json_tokener_parse(text);
    }
    g_mutex_unlock(&told_lock);
    return to;
}

/* @patience: ms that are left for those that were not told of before */
static struct json_object *device_json(struct head *head, unsigned *patience)
{
    gint64 begin = g_get_monotonic_time();
    struct json_object *to = NULL;
    bool locked;

    if (!device_lock(head, LOOK_MS)) {
        to = device_recall(head->uuid);
        /* One that answers and was not told of before is worth a while. */
        if (to || !*patience ||
            !__atomic_load_n(&head->connected, __ATOMIC_RELAXED)) {
            return to;
        }
        locked = device_lock(head, *patience);
        *patience -= MIN(*patience, (g_get_monotonic_time() - begin) / 1000);
        if (!locked) {
            return NULL;
        }
    }
    if (head->connected) {
        to = json_object_new_object();
        fmd_write_text(to, "id", head->uuid);
        fmd_write_text(to, "name", cxlfm_device_name(head->fm, head->device));
        fmd_write_text(to, "path", cxlfm_device_path(head->fm, head->device));
        fmd_write_text(to, "host", head->uuid);
        fmd_write_text(to, "host_name", head->host->name);
        fmd_write_bool(to, "fmapi", cxlfm_is_fmapi(head->fm));
        fmd_write_number(to, "extent_limit", cxlfm_extent_limit(head->fm));
    }
    g_mutex_unlock(&head->lock);
    device_remember(head->uuid, to ? g_strdup(
                        json_object_to_json_string(to)) : NULL);
    return to;
}

struct json_object *fmd_device_list(struct fmd *fmd)
{
    g_autoptr(GPtrArray) heads = machine_heads(fmd->machine);
    struct json_object *list = json_object_new_array();
    unsigned i, patience = FIRST_MS;

    for (i = 0; i < heads->len; i++) {
        struct json_object *one = device_json(heads->pdata[i], &patience);

        if (one) {
            json_object_array_add(list, one);
        }
    }
    return list;
}

bool fmd_device_call(struct fmd *fmd, const char *id, unsigned timeout,
                     fmd_device_fn fn, void *opaque, GError **error)
{
    struct head *head = machine_head(fmd->machine, id);
    int ret = 0;
    bool ok;

    if (!head) {
        return fmd_fail(error, FMD_ERROR_NOT_FOUND, "there is no device %.64s",
                        id);
    }
    if (!device_lock(head, timeout)) {
        head_unref(head);
        return fmd_fail(error, FMD_ERROR_UNAVAILABLE, "others use device "
                        "%.64s: ask again", id);
    }
    ok = head->connected;
    if (ok) {
        ret = fn(head->fm, head->device, opaque);
        head->connected = !head_is_broken(ret);
    } else {
        fmd_fail(error, FMD_ERROR_UNAVAILABLE, "the monitor of device %.64s "
                 "is not reached now", id);
    }
    g_mutex_unlock(&head->lock);
    head_unref(head);
    if (ret) {
        machine_wake_host(fmd->machine, id);
    }
    return ok;
}
