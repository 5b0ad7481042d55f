/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and writing the store, as all parts of the daemon do it */
#include <string.h>
#include <unistd.h>
#include "core.h"
#include "counters.h"
#include "words.h"

bool core_fail(GError **error, GError *from)
{
    static const enum fmd_error codes[] = {
        [STORE_ERROR_CONFLICT] = FMD_ERROR_CONFLICT,
        [STORE_ERROR_UNAVAILABLE] = FMD_ERROR_UNAVAILABLE,
        [STORE_ERROR_UNKNOWN] = FMD_ERROR_UNKNOWN,
        [STORE_ERROR_FULL] = FMD_ERROR_FULL,
        [STORE_ERROR_COMPACTED] = FMD_ERROR_UNAVAILABLE,
        [STORE_ERROR_NO_LEASE] = FMD_ERROR_CONFLICT,
        [STORE_ERROR_INVALID] = FMD_ERROR_INVALID,
        [STORE_ERROR_BROKEN] = FMD_ERROR_INTERNAL,
    };
    enum fmd_error code = from->domain == STORE_ERROR ? codes[from->code] :
                          FMD_ERROR_INTERNAL;

    fmd_fail(error, code, "%s", from->message);
    g_error_free(from);
    return false;
}

bool core_write(struct fmd *fmd, const struct store_cmp *compares,
                size_t compare_count, const struct store_op *ops,
                size_t op_count, uint64_t *ret_rev, GError **error)
{
    int64_t begin = g_get_monotonic_time();
    GError *inner = NULL;
    bool ok = store_txn(fmd->store, compares, compare_count, ops, op_count,
                        ret_rev, &inner);

    counter_add(FMD_COUNT_STORE_WRITES, 0, 1);
    counter_add(FMD_COUNT_STORE_US, 0, g_get_monotonic_time() - begin);
    if (ok) {
        return true;
    }
    counter_add(inner->code == STORE_ERROR_CONFLICT ?
                FMD_COUNT_STORE_CONFLICTS : FMD_COUNT_STORE_FAILED, 0, 1);
    return core_fail(error, inner);
}

struct store_entry *core_read(struct fmd *fmd, const char *key, GError **error)
{
    g_autoptr(GPtrArray) entries = NULL;
    struct store_entry *first;
    GError *inner = NULL;

    if (!store_range(fmd->store, key, &entries, NULL, &inner)) {
        core_fail(error, inner);
        return NULL;
    }
    first = entries->len ? entries->pdata[0] : NULL;
    return first && !strcmp(first->key, key) ? store_entry_copy(first) : NULL;
}

bool core_waited(struct fmd *fmd, int64_t *ret_waited)
{
    bool heard;

    g_mutex_lock(&fmd->waited_lock);
    heard = fmd->waited;
    *ret_waited = heard ? fmd->waited(fmd->waited_opaque) : 0;
    g_mutex_unlock(&fmd->waited_lock);
    return heard;
}

char *core_owner_text(struct fmd *fmd)
{
    fmd_owner *owner = fmd_owner_new();
    char *text;

    g_free(owner->machine);
    g_free(owner->instance);
    g_free(owner->url);
    owner->machine = g_strdup(fmd->config->machine);
    owner->instance = g_strdup(fmd->instance);
    owner->url = g_strdup(fmd->config->url);
    owner->pid = getpid();
    text = fmd_owner_text(owner);
    fmd_owner_free(owner);
    return text;
}

bool core_owner_is_us(struct fmd *fmd, const struct store_entry *entry,
                      int64_t lease)
{
    g_autoptr(fmd_owner) owner = fmd_owner_parse(NULL, entry->value, NULL);

    return owner && !strcmp(owner->instance, fmd->instance) &&
           entry->lease == lease;
}

fmd_host *core_host(struct fmd *fmd, const char *name)
{
    char uuid[FMD_UUID_TEXT];
    g_autofree char *key = NULL;
    struct store_entry *entry;
    fmd_host *host;

    if (!fmd_uuid_parse(name, uuid)) {
        g_autofree char *name_key = fmd_key_name(name);
        struct store_entry *named = mirror_get(fmd->mirror, name_key);
        bool good = named && strlen(named->value) == FMD_UUID_TEXT + 1;

        if (good) {
            named->value[FMD_UUID_TEXT] = '\0';
            good = fmd_uuid_parse(named->value + 1, uuid);
        }
        store_entry_free(named);
        if (!good) {
            return NULL;
        }
    }
    key = fmd_key_host(uuid);
    entry = mirror_get(fmd->mirror, key);
    host = entry ? fmd_host_parse(uuid, entry->value, NULL) : NULL;
    store_entry_free(entry);
    return host;
}
