/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims are put and deleted */
#include <string.h>
#include "core.h"
#include "fmd.h"
#include "wish-lease.h"
#include "words.h"

#define TRIES   16                /* others may change the same claim */
#define SHOW_MS 2000              /* until the copy must show a write */

static bool wish_uuid(const char *text, char uuid[FMD_UUID_TEXT],
                      GError **error)
{
    return fmd_uuid_parse(text, uuid) ||
           fmd_fail(error, FMD_ERROR_INVALID, "\"%.64s\" is no UUID (36 "
                    "characters, not all zeros)", text);
}

/* What is there must be at @if_rev, if that is not 0. */
static bool wish_is_at(const struct store_entry *entry, uint64_t if_rev,
                       GError **error)
{
    uint64_t rev = entry ? entry->mod_rev : 0;

    return !if_rev || rev == if_rev ||
           fmd_fail(error, FMD_ERROR_STALE, "it is %s%" G_GUINT64_FORMAT ", not"
                    " at revision %" G_GUINT64_FORMAT ": read it again",
                    entry ? "at revision " : "not there, ", rev, if_rev);
}

static bool wish_host_is_known(struct fmd *fmd, const char *name,
                               GError **error)
{
    g_autoptr(fmd_host) host = *name ? core_host(fmd, name) : NULL;
    g_autofree char *key = NULL;
    struct store_entry *entry;
    char uuid[FMD_UUID_TEXT];
    GError *inner = NULL;
    bool known;

    if (!*name || host) {
        return true;
    }
    /* The copy may be behind: only the store knows that there is none. */
    key = fmd_uuid_parse(name, uuid) ? fmd_key_host(uuid) :
          fmd_key_name(name);
    entry = core_read(fmd, key, &inner);
    if (inner) {
        g_propagate_error(error, inner);
    } else if (!entry) {
        fmd_fail(error, FMD_ERROR_INVALID, "host \"%s\" is not known: put it "
                 "first, or name one of GET /v1/hosts", name);
    }
    known = entry;
    store_entry_free(entry);
    return known;
}

static bool wish_hosts_are_known(struct fmd *fmd, const fmd_claim *claim,
                                 GError **error)
{
    unsigned i;

    if (!wish_host_is_known(fmd, claim->host, error)) {
        return false;
    }
    for (i = 0; i < claim->shared_with->len; i++) {
        if (!wish_host_is_known(fmd, claim->shared_with->pdata[i], error)) {
            return false;
        }
    }
    return true;
}

/* Where and how much: what cannot change while the tag is out */
static struct json_object *wish_fixed(const fmd_claim *claim)
{
    static const char *const may_change[] = { "shared_with", "consumer_kind",
                                              "consumer", "lease", "deleted",
                                              "lapsed", "by" };
    struct json_object *fixed = fmd_claim_json(claim);
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(may_change); i++) {
        json_object_object_del(fixed, may_change[i]);
    }
    return fixed;
}

/* --- Limits --- */

/* Is there room for one more, by whoever has put @claim? */
static bool wish_has_room(struct fmd *fmd, const fmd_claim *claim,
                          GError **error)
{
    const struct fmd_config *config = fmd->config;
    unsigned his, all = mirror_count(fmd->mirror, claim->by, &his);

    if (all >= config->claims) {
        return fmd_fail(error, FMD_ERROR_TOO_MANY, "there are %u claims, "
                        "\"claims\" of [daemon] is %u", all, config->claims);
    }
    return !*claim->by || his < config->claims_per_token ||
           fmd_fail(error, FMD_ERROR_TOO_MANY, "there are %u claims of %s, "
                    "\"claims-per-token\" of [daemon] is %u", his, claim->by,
                    config->claims_per_token);
}

/* May @claim take the place of what is in @entry? Who made it stays. */
static bool wish_may_become(const struct store_entry *entry,
                            fmd_claim *claim, GError **error)
{
    g_autoptr(fmd_claim) old = fmd_claim_parse(claim->uuid, entry->value,
                                               error);
    struct json_object *is, *shall;
    bool same;

    if (!old) {
        return false;
    }
    if (old->deleted) {
        return fmd_fail(error, FMD_ERROR_CONFLICT, "claim %s is being "
                        "released: take another UUID, or wait until it is "
                        "gone", claim->uuid);
    }
    g_free(claim->by);
    claim->by = g_strdup(old->by);
    is = wish_fixed(old);
    shall = wish_fixed(claim);
    same = json_object_equal(is, shall);
    json_object_put(is);
    json_object_put(shall);
    return same ||
           fmd_fail(error, FMD_ERROR_CONFLICT, "claim %s is there, with "
                    "another size, region, host, selector or pool: delete it "
                    "and put a new one", claim->uuid);
}

/* One try: CONFLICT of the store when somebody else was faster. */
static bool wish_claim_try(struct fmd *fmd, fmd_claim *claim,
                           uint64_t if_rev, bool *ret_created,
                           uint64_t *ret_rev, bool *ret_again, GError **error)
{
    g_autofree char *key = fmd_key_claim(claim->uuid);
    g_autofree char *value = NULL;
    g_autofree char *lease_key = fmd_key_lease(claim->uuid);
    g_autofree char *lease = claim->lease ? wish_lease_text(claim->lease, 0) :
                              NULL;
    struct store_cmp compare = { .key = key };
    /* Whoever puts it is there: its lease begins anew. */
    struct store_op ops[] = { { .key = lease_key, .value = lease },
                              { .key = key } };
    GError *inner = NULL;
    struct store_entry *entry = core_read(fmd, key, &inner);
    bool ok, same;

    if (inner) {
        g_propagate_error(error, inner);
        return false;
    }
    *ret_created = !entry;
    compare.compare = entry ? STORE_IF_MODIFIED : STORE_IF_ABSENT;
    compare.rev = entry ? entry->mod_rev : 0;
    ok = wish_is_at(entry, if_rev, error) &&
         (entry ? wish_may_become(entry, claim, error) :
          wish_hosts_are_known(fmd, claim, error) &&
          wish_has_room(fmd, claim, error));
    ops[1].value = value = fmd_claim_text(claim);
    same = entry && !strcmp(entry->value, value);
    if (ok && same && !lease) {
        *ret_rev = entry->mod_rev;
    } else if (ok) {
        /* The lease alone, the claim alone, or both */
        ok = core_write(fmd, &compare, 1, entry || lease ? ops : ops + 1,
                        same || !(entry || lease) ? 1 : 2, ret_rev, &inner);
        *ret_again = inner && inner->code == FMD_ERROR_CONFLICT;
        if (inner) {
            g_propagate_error(error, inner);
        }
    }
    store_entry_free(entry);
    return ok;
}

bool fmd_claim_put(struct fmd *fmd, const char *who, const char *uuid,
                   const char *text, uint64_t if_rev, bool *ret_created,
                   uint64_t *ret_rev, GError **error)
{
    char id[FMD_UUID_TEXT];
    g_autoptr(fmd_claim) claim = NULL;
    GError *inner = NULL;
    bool ok, again = true;
    unsigned i;

    if (!wish_uuid(uuid, id, error) ||
        !(claim = fmd_claim_parse(id, text, error))) {
        return false;
    }
    if (claim->deleted || claim->lapsed) {
        return fmd_fail(error, FMD_ERROR_INVALID, "claim: \"%s\" is not "
                        "put: delete the claim", claim->deleted ? "deleted" :
                        "lapsed");
    }
    if (*claim->by) {
        return fmd_fail(error, FMD_ERROR_INVALID, "claim: \"by\" is not put: "
                        "it is who asks");
    }
    /* Without the limit nothing is noted that older daemons do not know. */
    if (fmd->config->claims_per_token) {
        g_free(claim->by);
        claim->by = g_strdup(who);
    }
    for (i = 0, ok = false; !ok && again && i < TRIES; i++) {
        again = false;
        g_clear_error(&inner);
        ok = wish_claim_try(fmd, claim, if_rev, ret_created, ret_rev, &again,
                            &inner);
    }
    if (!ok) {
        g_propagate_error(error, inner);
        return false;
    }
    mirror_wait(fmd->mirror, *ret_rev, SHOW_MS);
    return true;
}

/* --- Deleting --- */

static bool wish_delete_try(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                            uint64_t *ret_rev, bool *ret_again, GError **error)
{
    g_autofree char *key = fmd_key_claim(uuid);
    GError *inner = NULL;
    struct store_entry *entry = core_read(fmd, key, &inner);
    g_autoptr(fmd_claim) claim = NULL;
    bool ok;

    if (!entry) {
        if (inner) {
            g_propagate_error(error, inner);
        } else {
            fmd_fail(error, FMD_ERROR_NOT_FOUND, "there is no claim %s", uuid);
        }
        return false;
    }
    ok = wish_is_at(entry, if_rev, error) &&
         (claim = fmd_claim_parse(uuid, entry->value, error));
    if (ok && claim->deleted) {
        *ret_rev = entry->mod_rev;
    } else if (ok) {
        const struct store_cmp compare = { STORE_IF_MODIFIED, key,
                                           entry->mod_rev };
        g_autofree char *lease_key = fmd_key_lease(uuid);
        g_autofree char *value = NULL;

        claim->deleted = true;
        value = fmd_claim_text(claim);
        ok = core_write(fmd, &compare, 1, (struct store_op[]) {
                        { .key = key, .value = value }, { .key = lease_key } },
                        claim->lease ? 2 : 1, ret_rev, &inner);
        *ret_again = inner && inner->code == FMD_ERROR_CONFLICT;
        if (inner) {
            g_propagate_error(error, inner);
        }
    }
    store_entry_free(entry);
    return ok;
}

bool fmd_claim_delete(struct fmd *fmd, const char *uuid, uint64_t if_rev,
                      uint64_t *ret_rev, GError **error)
{
    char id[FMD_UUID_TEXT];
    GError *inner = NULL;
    bool ok = false, again = true;
    unsigned i;

    if (!wish_uuid(uuid, id, error)) {
        return false;
    }
    for (i = 0; !ok && again && i < TRIES; i++) {
        again = false;
        g_clear_error(&inner);
        ok = wish_delete_try(fmd, id, if_rev, ret_rev, &again, &inner);
    }
    if (!ok) {
        g_propagate_error(error, inner);
        return false;
    }
    mirror_wait(fmd->mirror, *ret_rev, SHOW_MS);
    return true;
}
