/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hosts are put and deleted, by clients or by the configuration
 *
 * A name leads to one host, and so does a monitor: keys beside the host's say
 * whose they are, and are written with it as one.
 */
#include <string.h>
#include "core.h"
#include "fmd.h"
#include "log.h"
#include "wish-host.h"
#include "words.h"

#define SHOW_MS 2000

/* Claims that are for the host, or have something there */
static bool wish_host_is_wanted(struct fmd *fmd, const fmd_host *host,
                                char ret_claim[FMD_UUID_TEXT])
{
    g_autoptr(GPtrArray) entries = mirror_list(fmd->mirror, FMD_CLAIMS, NULL);
    unsigned i, j;

    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        g_autofree char *id = g_strndup(entry->key + strlen(FMD_CLAIMS), 36);
        bool is = false;

        if (g_str_has_suffix(entry->key, "/status")) {
            g_autoptr(fmd_status) status = fmd_status_parse(id, entry->value,
                                                            NULL);

            is = status && !strcmp(status->host, host->uuid);
        } else {
            g_autoptr(fmd_claim) claim = fmd_claim_parse(id, entry->value,
                                                         NULL);

            is = claim && (!strcmp(claim->host, host->uuid) ||
                           !strcmp(claim->host, host->name));
            for (j = 0; claim && !is && j < claim->shared_with->len; j++) {
                is = !strcmp(claim->shared_with->pdata[j], host->uuid) ||
                     !strcmp(claim->shared_with->pdata[j], host->name);
            }
        }
        if (is) {
            g_strlcpy(ret_claim, id, FMD_UUID_TEXT);
            return true;
        }
    }
    return false;
}

struct host_txn {
    struct store_cmp compares[3];
    struct store_op ops[5];
    unsigned compare_count;
    unsigned op_count;
};

/* The key that says whose a name or monitor is goes from @old to @new. */
static void host_txn_move(struct host_txn *txn, const char *old,
                          const char *new, const char *value)
{
    if (old && new && !strcmp(old, new)) {
        return;
    }
    if (old) {
        txn->ops[txn->op_count++] = (struct store_op) { .key = old };
    }
    if (new) {
        txn->compares[txn->compare_count++] =
            (struct store_cmp) { STORE_IF_ABSENT, new, 0 };
        txn->ops[txn->op_count++] =
            (struct store_op) { .key = new, .value = value };
    }
}

/* @old or @new may be NULL; @entry is @old's. */
static bool wish_host_write(struct fmd *fmd, const struct store_entry *entry,
                            const fmd_host *old, const fmd_host *new,
                            uint64_t *ret_rev, GError **error)
{
    const fmd_host *any = new ? new : old;
    g_autofree char *key = fmd_key_host(any->uuid);
    g_autofree char *value = new ? fmd_host_text(new) : NULL;
    g_autofree char *quoted = g_strdup_printf("\"%s\"", any->uuid);
    g_autofree char *old_name = old ? fmd_key_name(old->name) : NULL;
    g_autofree char *new_name = new ? fmd_key_name(new->name) : NULL;
    g_autofree char *old_monitor = old ? fmd_key_monitor(
        old->machine, old->monitor) : NULL;
    g_autofree char *new_monitor = new ? fmd_key_monitor(
        new->machine, new->monitor) : NULL;
    struct host_txn txn = {
        .compares = { { entry ? STORE_IF_MODIFIED : STORE_IF_ABSENT, key,
                        entry ? entry->mod_rev : 0 } },
        .ops = { { .key = key, .value = value } },
        .compare_count = 1, .op_count = 1,
    };
    GError *inner = NULL;
    bool ok;

    if (new && entry && !strcmp(entry->value, value)) {
        *ret_rev = entry->mod_rev;
        return true;
    }
    host_txn_move(&txn, old_name, new_name, quoted);
    host_txn_move(&txn, old_monitor, new_monitor, quoted);
    ok = core_write(fmd, txn.compares, txn.compare_count, txn.ops,
                    txn.op_count, ret_rev, &inner);
    if (!ok && inner->code == FMD_ERROR_CONFLICT) {
        fmd_fail(error, FMD_ERROR_CONFLICT, "host %s: another host has this "
                 "name or monitor, or somebody else changed it: read it again",
                 any->name);
        g_error_free(inner);
    } else if (!ok) {
        g_propagate_error(error, inner);
    }
    return ok;
}

static bool wish_host_may_become(struct fmd *fmd, const fmd_host *old,
                                 const fmd_host *new, bool config,
                                 GError **error)
{
    char claim[FMD_UUID_TEXT];

    if (!config && ((old && old->from_config) || (new && new->from_config))) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "host %s is written in the "
                        "configuration of machine %s: change it there",
                        (old ? old : new)->name, (old ? old : new)->machine);
    }
    /* Its monitor may have another path: what is behind it is looked at. */
    if (old && (!new || strcmp(old->machine, new->machine) ||
                strcmp(old->name, new->name)) &&
        wish_host_is_wanted(fmd, old, claim)) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "claim %s is for host %s: "
                        "delete it first", claim, old->name);
    }
    return true;
}

/* @new NULL: delete */
static bool wish_host_change(struct fmd *fmd, const char *uuid,
                             const fmd_host *new, uint64_t if_rev, bool config,
                             bool *ret_created, uint64_t *ret_rev,
                             GError **error)
{
    g_autofree char *key = fmd_key_host(uuid);
    GError *inner = NULL;
    struct store_entry *entry = core_read(fmd, key, &inner);
    g_autoptr(fmd_host) old = NULL;
    bool ok = !inner;

    if (inner) {
        g_propagate_error(error, inner);
    } else if (if_rev && (entry ? entry->mod_rev : 0) != if_rev) {
        ok = fmd_fail(error, FMD_ERROR_STALE, "host %s is not at revision %"
                      G_GUINT64_FORMAT ": read it again", uuid, if_rev);
    } else if (!new && !entry) {
        ok = fmd_fail(error, FMD_ERROR_NOT_FOUND, "there is no host %s", uuid);
    }
    if (ok && entry) {
        old = fmd_host_parse(uuid, entry->value, error);
        ok = old;
    }
    ok = ok && wish_host_may_become(fmd, old, new, config, error) &&
         wish_host_write(fmd, entry, old, new, ret_rev, error);
    if (ret_created) {
        *ret_created = !entry;
    }
    store_entry_free(entry);
    if (ok) {
        mirror_wait(fmd->mirror, *ret_rev, SHOW_MS);
    }
    return ok;
}

static bool wish_host_uuid(const char *text, char uuid[FMD_UUID_TEXT],
                           GError **error)
{
    return fmd_uuid_parse(text, uuid) ||
           fmd_fail(error, FMD_ERROR_INVALID, "\"%.64s\" is no UUID (36 "
                    "characters, not all zeros)", text);
}

bool fmd_host_put(struct fmd *fmd, const char *uuid, const char *text,
                  uint64_t if_rev, bool *ret_created, uint64_t *ret_rev,
                  GError **error)
{
    char id[FMD_UUID_TEXT];
    g_autoptr(fmd_host) host = NULL;

    if (!wish_host_uuid(uuid, id, error) ||
        !(host = fmd_host_parse(id, text, error))) {
        return false;
    }
    /* It is run as we are: only who may write our configuration says it. */
    if (*host->pressure) {
        return fmd_fail(error, FMD_ERROR_INVALID, "host: \"pressure\" is a "
                        "command, which only the configuration may have");
    }
    if (!*host->machine) {
        g_free(host->machine);
        host->machine = g_strdup(fmd->config->machine);
    }
    return wish_host_change(fmd, id, host, if_rev, false, ret_created, ret_rev,
                            error);
}

bool fmd_host_delete(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                     uint64_t *ret_rev, GError **error)
{
    char id[FMD_UUID_TEXT];

    return wish_host_uuid(uuid, id, error) &&
           wish_host_change(fmd, id, NULL, if_rev, false, NULL, ret_rev,
                            error);
}

/* --- The configuration's --- */

static bool wish_config_has(struct fmd *fmd, const char *uuid)
{
    unsigned i;

    for (i = 0; i < fmd->hosts->len; i++) {
        if (!strcmp(((fmd_host *)fmd->hosts->pdata[i])->uuid, uuid)) {
            return true;
        }
    }
    return false;
}

/* What cannot be is said, and does not hold up the others. */
static bool wish_config_change(struct fmd *fmd, const char *uuid,
                               const fmd_host *host)
{
    g_autoptr(GError) error = NULL;
    uint64_t rev;

    if (wish_host_change(fmd, uuid, host, 0, true, NULL, &rev, &error)) {
        return true;
    }
    log_line(LOG_LEVEL_WARNING, "host %s of the configuration: %s",
             host ? host->name : uuid, error->message);
    return error->code == FMD_ERROR_CONFLICT ||
           error->code == FMD_ERROR_INVALID;
}

bool wish_config_hosts(struct fmd *fmd)
{
    g_autoptr(GPtrArray) entries = NULL;
    bool ok = true;
    unsigned i;

    if (!store_range(fmd->store, FMD_HOSTS, &entries, NULL, NULL)) {
        return false;
    }
    g_mutex_lock(&fmd->hosts_lock);
    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        const char *uuid = entry->key + strlen(FMD_HOSTS);
        g_autoptr(fmd_host) host = strchr(uuid, '/') ? NULL :
                                   fmd_host_parse(uuid, entry->value, NULL);

        if (host && host->from_config && !wish_config_has(fmd, uuid) &&
            !strcmp(host->machine, fmd->config->machine)) {
            ok &= wish_config_change(fmd, uuid, NULL);
        }
    }
    for (i = 0; i < fmd->hosts->len; i++) {
        const fmd_host *host = fmd->hosts->pdata[i];

        ok &= wish_config_change(fmd, host->uuid, host);
    }
    g_mutex_unlock(&fmd->hosts_lock);
    return ok;
}
