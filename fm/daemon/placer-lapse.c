/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Claims whose consumer has fallen silent */
#include <string.h>
#include "counters.h"
#include "log.h"
#include "placer-lapse.h"
#include "wish-lease.h"
#include "words.h"

#define GAP_US   (2 * G_USEC_PER_SEC) /* without a turn: nobody was there */
#define TURN_US  (GAP_US / 2)       /* of one turn; what is left waits */
#define LOOK_US  (G_USEC_PER_SEC / 4) /* between two looks */
#define GRACE_US (10 * G_USEC_PER_SEC) /* after a gap, or a third of a lease */
#define KEEP_MAX_US (300 * G_USEC_PER_SEC) /* how often it is written down, or */
#define KEEP_MIN_US G_USEC_PER_SEC  /* a quarter of a lease */
#define BATCH    100                /* leases that are written as one */

/* A lease that nobody has renewed since */
struct watched {
    uint64_t rev;                 /* of its key */
    uint64_t written;             /* of what we wrote there; 0: nothing */
    unsigned seconds;             /* 0: it is none that makes sense */
    int64_t from;                 /* us of @clock */
    int64_t kept;                 /* us, as it is written there */
};

struct lapse {
    struct fmd *fmd;
    uint64_t epoch;
    int64_t turned;               /* us, of the last turn */
    int64_t looked;
    int64_t clock;                /* us that we have watched */
    int64_t resumed;              /* the same, at the end of the last gap */
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

static int64_t lapse_silent(const struct lapse *lapse,
                            const struct watched *one)
{
    return lapse->clock - one->from;
}

/* --- Writing it down --- */

struct batch {
    struct store_cmp compares[BATCH + 1];
    struct store_op ops[BATCH];
    struct watched *of[BATCH];
    unsigned count;
};

static bool batch_write(struct lapse *lapse, struct batch *batch,
                        unsigned first, unsigned count)
{
    struct store_cmp compares[BATCH + 1] = {
        { STORE_IF_CREATED, FMD_PLACER, lapse->epoch },
    };
    uint64_t rev;
    unsigned i;

    memcpy(compares + 1, batch->compares + first, count * sizeof(*compares));
    if (!core_write(lapse->fmd, compares, count + 1, batch->ops + first, count,
                    &rev, NULL)) {
        return false;
    }
    for (i = first; i < first + count; i++) {
        batch->of[i]->written = rev;
        batch->of[i]->kept = lapse_silent(lapse, batch->of[i]);
    }
    return true;
}

static void batch_end(struct lapse *lapse, struct batch *batch)
{
    unsigned i;

    /* One that was renewed in the meantime must not keep the others back. */
    if (batch->count && !batch_write(lapse, batch, 0, batch->count)) {
        for (i = 0; batch->count > 1 && i < batch->count; i++) {
            batch_write(lapse, batch, i, 1);
        }
    }
    for (i = 0; i < batch->count; i++) {
        g_free((char *)batch->ops[i].key);
        g_free((char *)batch->ops[i].value);
    }
    batch->count = 0;
}

static void batch_add(struct lapse *lapse, struct batch *batch,
                      const char *uuid, struct watched *one)
{
    const char *key = fmd_key_lease(uuid);
    uint64_t rev = MAX(one->rev, one->written);

    batch->compares[batch->count] =
        (struct store_cmp) { STORE_IF_MODIFIED, key, rev };
    batch->ops[batch->count] = (struct store_op) {
        .key = key,
        .value = wish_lease_text(one->seconds,
                                 lapse_silent(lapse, one) / 1000),
    };
    batch->of[batch->count++] = one;
    if (batch->count == BATCH) {
        batch_end(lapse, batch);
    }
}

/* Those of which at least so much is not written down: all of it at the end */
static void lapse_keep(struct lapse *lapse, bool all)
{
    struct batch batch = { .count = 0 };
    GHashTableIter iter;
    void *uuid, *value;

    g_hash_table_iter_init(&iter, lapse->watched);
    while (g_hash_table_iter_next(&iter, &uuid, &value)) {
        struct watched *one = value;
        int64_t least = all ? KEEP_MIN_US / 10 :
                        CLAMP(one->seconds * G_USEC_PER_SEC / 4, KEEP_MIN_US,
                              KEEP_MAX_US);

        if (one->seconds && lapse_silent(lapse, one) - one->kept >= least) {
            batch_add(lapse, &batch, uuid, one);
        }
    }
    batch_end(lapse, &batch);
}

void lapse_free(struct lapse *lapse)
{
    if (lapse->epoch) {
        lapse_keep(lapse, true);
    }
    g_hash_table_unref(lapse->watched);
    g_free(lapse);
}

/* --- Ending --- */

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
                        const char *uuid, int64_t silent)
{
    int64_t since_gap = lapse->clock - lapse->resumed;
    g_autofree char *key = fmd_key_claim(uuid);
    struct store_entry *there = mirror_get(lapse->fmd->mirror, key);
    g_autoptr(fmd_claim) claim = there ? fmd_claim_parse(uuid, there->value,
                                                         NULL) : NULL;

    if (!there || (claim && (claim->deleted || !claim->lease))) {
        lapse_drop(lapse, entry, key, there);
    } else if (claim && silent >= claim->lease * G_USEC_PER_SEC &&
               since_gap >= MIN(claim->lease * G_USEC_PER_SEC / 3, GRACE_US)) {
        lapse_end(lapse, entry, there, claim);
    }
    store_entry_free(there);
}

/* --- Watching --- */

static struct watched *lapse_watch(const struct lapse *lapse,
                                   const struct store_entry *entry,
                                   const char *uuid)
{
    const struct watched *old = g_hash_table_lookup(lapse->watched, uuid);
    struct watched *one = g_new0(struct watched, 1);

    if (old && (entry->mod_rev == old->rev ||
                entry->mod_rev == old->written)) {
        *one = *old;
        one->rev = entry->mod_rev;
        return one;
    }
    one->rev = entry->mod_rev;
    one->seconds = wish_lease_read(entry->value, &one->kept);
    one->kept *= 1000;
    one->from = lapse->clock - one->kept;
    return one;
}

static void lapse_look(struct lapse *lapse, int64_t now)
{
    g_autoptr(GPtrArray) entries = mirror_list(lapse->fmd->mirror, FMD_LEASES,
                                               NULL);
    GHashTable *watched = lapse_table();
    unsigned i;

    lapse->looked = now;
    for (i = 0; i < entries->len; i++) {
        const struct store_entry *entry = entries->pdata[i];
        const char *uuid = entry->key + strlen(FMD_LEASES);
        struct watched *one = lapse_watch(lapse, entry, uuid);
        int64_t silent = lapse_silent(lapse, one);

        g_hash_table_insert(watched, g_strdup(uuid), one);
        if (silent >= FMD_LEASE_MIN * G_USEC_PER_SEC &&
            g_get_monotonic_time() - now < TURN_US) {
            lapse_judge(lapse, entry, uuid, silent);
        }
    }
    g_hash_table_unref(lapse->watched);
    lapse->watched = watched;
    lapse_keep(lapse, false);
}

void lapse_turn(struct lapse *lapse, uint64_t epoch)
{
    int64_t now = g_get_monotonic_time(), waited;
    bool heard = core_waited(lapse->fmd, &waited);

    /* A renewal may be among what has waited here as long as a gap is. */
    if (!epoch || epoch != lapse->epoch || now - lapse->turned > GAP_US ||
        !heard || waited > GAP_US) {
        lapse->resumed = lapse->clock;
    } else {
        lapse->clock += now - lapse->turned;
    }
    lapse->epoch = 0;
    if (epoch && !mirror_stale(lapse->fmd->mirror, NULL)) {
        lapse->epoch = epoch;
        lapse->turned = now;
        if (now - lapse->looked >= LOOK_US) {
            lapse_look(lapse, now);
        }
    }
}
