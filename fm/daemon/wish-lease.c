/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A consumer says that it is still there */
#include "core.h"
#include "fmd.h"
#include "wish-lease.h"
#include "words.h"

#define TRIES   16                /* others may change the same claim */
#define SHOW_MS 2000

char *wish_lease_text(unsigned seconds, int64_t silent)
{
    struct json_object *to = fmd_write_begin(NULL);

    fmd_write_number(to, "seconds", seconds);
    if (silent) {
        fmd_write_number(to, "silent", silent);
    }
    return fmd_write_end(to);
}

unsigned wish_lease_read(const char *text, int64_t *ret_silent)
{
    struct fmd_reader reader;
    unsigned seconds;

    fmd_read_begin(&reader, "lease", NULL, text);
    seconds = fmd_read_number(&reader, "seconds", 0, FMD_LEASE_MIN,
                              FMD_LEASE_MAX);
    *ret_silent = fmd_read_number(&reader, "silent", 0, 0,
                                  FMD_LEASE_MAX * 1000ll);
    if (!fmd_read_end(&reader, NULL)) {
        seconds = *ret_silent = 0;
    }
    return seconds;
}

/* Its lease begins anew, if the claim is as it was read. */
static bool wish_renew(struct fmd *fmd, const struct store_entry *entry,
                       uint64_t if_rev, uint64_t *ret_rev, GError **error)
{
    const char *uuid = entry->key + sizeof(FMD_CLAIMS) - 1;
    g_autoptr(fmd_claim) claim = fmd_claim_parse(uuid, entry->value, error);
    const struct store_cmp compare = { STORE_IF_MODIFIED, entry->key,
                                       entry->mod_rev };
    g_autofree char *key = fmd_key_lease(uuid);
    g_autofree char *value = NULL;

    if (!claim) {
        return false;
    }
    if (if_rev && if_rev != entry->mod_rev) {
        return fmd_fail(error, FMD_ERROR_STALE, "claim %s is at revision %"
                        G_GUINT64_FORMAT ", not at %" G_GUINT64_FORMAT
                        ": read it again", uuid, entry->mod_rev, if_rev);
    }
    if (claim->deleted) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "claim %s is being "
                        "released%s: put another one", uuid, claim->lapsed ?
                        ", as its lease was not renewed in time" : "");
    }
    if (!claim->lease) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "claim %s has no lease: it "
                        "stays until it is deleted; put it with \"lease\" to "
                        "give it one", uuid);
    }
    value = wish_lease_text(claim->lease, 0);
    return core_write(fmd, &compare, 1, &(struct store_op) {
                      .key = key, .value = value }, 1, ret_rev, error);
}

/* One try; CONFLICT with *ret_again when somebody else was faster. */
static bool wish_renew_try(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                           uint64_t *ret_rev, bool *ret_again, GError **error)
{
    g_autofree char *key = fmd_key_claim(uuid);
    GError *inner = NULL;
    struct store_entry *now, *entry = core_read(fmd, key, &inner);
    bool ok = false;

    *ret_again = false;
    if (inner) {
        g_propagate_error(error, inner);
    } else if (!entry) {
        fmd_fail(error, FMD_ERROR_NOT_FOUND, "there is no claim %s", uuid);
    } else if (!(ok = wish_renew(fmd, entry, if_rev, ret_rev, &inner))) {
        now = core_read(fmd, key, NULL);
        *ret_again = inner->code == FMD_ERROR_CONFLICT &&
                     (!now || now->mod_rev != entry->mod_rev);
        store_entry_free(now);
        g_propagate_error(error, inner);
    }
    store_entry_free(entry);
    return ok;
}

bool fmd_claim_renew(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                     uint64_t *ret_rev, GError **error)
{
    char id[FMD_UUID_TEXT];
    GError *inner = NULL;
    bool ok = false, again = true;
    unsigned i;

    if (!fmd_uuid_parse(uuid, id)) {
        return fmd_fail(error, FMD_ERROR_INVALID, "\"%.64s\" is no UUID (36 "
                        "characters, not all zeros)", uuid);
    }
    for (i = 0; !ok && again && i < TRIES; i++) {
        g_clear_error(&inner);
        ok = wish_renew_try(fmd, id, if_rev, ret_rev, &again, &inner);
    }
    if (!ok) {
        g_propagate_error(error, inner);
        return false;
    }
    mirror_wait(fmd->mirror, *ret_rev, SHOW_MS);
    return true;
}
