/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims whose consumer has fallen silent */
#include <string.h>
#include "counters.h"
#include "log.h"
#include "placer-lapse.h"
#include "words.h"

#define GAP_US  (2 * G_USEC_PER_SEC) /* without a turn: all begins anew */
#define TURN_US (GAP_US / 2)        /* of one turn; what is left waits */

/* A lease, since it was renewed */
struct watched {
    uint64_t rev;                 /* of its key */
    int64_t since;                /* us, when we saw that first */
};

struct lapse {
    struct fmd *fmd;
    uint64_t epoch;
    int64_t turned;               /* us, of the last turn */
    GHashTable *watched;          /* claim's UUID: struct watched */
};

static GHashTable *lapse_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

struct lapse *lapse_new(struct fmd *fmd)
{
    struct lapse *lapse = g_new0(struct lapse, 1);

    lapse->fmd = fmd;
    lapse->watched = lapse_table();
    return lapse;
}

void lapse_free(struct lapse *lapse)
{
    g_hash_table_unref(lapse->watched);
    g_free(lapse);
}

/* Nobody's lease: its claim is gone, or has none any more. */
static void lapse_drop(struct lapse *lapse, const struct store_entry *entry,
                       const char *claim_key,
                       const struct store_entry *claim)
{
    const struct store_cmp compares[] = {
        { STORE_IF_MODIFIED, entry->key, entry->mod_rev },
        { claim ? STORE_IF_MODIFIED : STORE_IF_ABSENT, claim_key,
          claim ? claim->mod_rev : 0 },
    };

    core_write(lapse->fmd, compares, 2, &(struct store_op) {
               .key = entry->key }, 1, NULL, NULL);
}

/* Nobody has renewed it up to now: only then is it ended. */
static void lapse_end(struct lapse *lapse, const struct store_entry *entry,
                      const struct store_entry *there, fmd_claim *claim)
{
    const struct store_cmp compares[] = {
        { STORE_IF_CREATED, FMD_PLACER, lapse->epoch },
        { STORE_IF_MODIFIED, entry->key, entry->mod_rev },
        { STORE_IF_MODIFIED, there->key, there->mod_rev },
    };
    g_autofree char *value = NULL;

    claim->deleted = claim->lapsed = true;
    value = fmd_claim_text(claim);
    if (core_write(lapse->fmd, compares, 3, (struct store_op[]) {
                   { .key = there->key, .value = value },
                   { .key = entry->key } }, 2, NULL, NULL)) {
        log_line(LOG_LEVEL_INFO, "claim %s: its lease of %u s was not renewed: "
                 "it is ended", claim->uuid, claim->lease);
        counter_add(FMD_COUNT_LAPSED, 0, 1);
    }
}

static void lapse_judge(struct lapse *lapse, const struct store_entry *entry,
                        const char *uuid, int64_t watched)
{
    g_autofree char *key = fmd_key_claim(uuid);
    struct store_entry *there = mirror_get(lapse->fmd->mirror, key);
    g_autoptr(fmd_claim) claim = there ? fmd_claim_parse(uuid, there->value,
                                                         NULL) : NULL;

    if (!there || (claim && (claim->deleted || !claim->lease))) {
        lapse_drop(lapse, entry, key, there);
    } else if (claim && watched >= claim->lease * G_USEC_PER_SEC) {
        lapse_end(lapse, entry, there, claim);
    }
    store_entry_free(there);
}

static void lapse_look(struct lapse *lapse, int64_t now)
{
    g_autoptr(GPtrArray) entries = mirror_list(lapse->fmd->mirror, FMD_LEASES,
                                               NULL);
    GHashTable *watched = lapse_table();
    unsigned i;

    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        const char *uuid = entry->key + strlen(FMD_LEASES);
        const struct watched *old = g_hash_table_lookup(lapse->watched, uuid);
        struct watched *one = g_new(struct watched, 1);

        *one = old && old->rev == entry->mod_rev ? *old :
               (struct watched) { entry->mod_rev, now };
        g_hash_table_insert(watched, g_strdup(uuid), one);
        if (now - one->since >= FMD_LEASE_MIN * G_USEC_PER_SEC &&
            g_get_monotonic_time() - now < TURN_US) {
            lapse_judge(lapse, entry, uuid, now - one->since);
        }
    }
    g_hash_table_unref(lapse->watched);
    lapse->watched = watched;
}

void lapse_turn(struct lapse *lapse, uint64_t epoch)
{
    int64_t now = g_get_monotonic_time();

    /* A renewal may be among what has waited here as long as a gap is. */
    if (epoch != lapse->epoch || now - lapse->turned > GAP_US ||
        core_waited(lapse->fmd) > GAP_US) {
        g_hash_table_remove_all(lapse->watched);
    }
    lapse->epoch = 0;
    if (epoch && !mirror_stale(lapse->fmd->mirror, NULL)) {
        lapse->epoch = epoch;
        lapse->turned = now;
        lapse_look(lapse, now);
    }
}
