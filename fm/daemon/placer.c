/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The placer: elected by a key on its lease, as a pool's owner is
 *
 * What it writes, it writes as the placer of this epoch and over what it has
 * read. What it decides is where, never what a device does.
 */
#include <string.h>
#include "placer-lapse.h"
#include "placer-view.h"
#include "placer.h"

struct placer {
    struct fmd *fmd;
    struct lease *lease;
    struct lapse *lapse;          /* of the consumers' leases */
    struct place_view *view;
    uint64_t epoch;               /* 0: it is somebody else */
    int64_t epoch_lease;
    bool shown;                   /* atomic */
    uint64_t seen;                /* revision of the copy, at the last look */
    bool waiting;                 /* time alone may change something */
    int64_t next;                 /* us: no look before */
    GHashTable *since;            /* pool's or claim's UUID: us, when something
                                     about it was seen first */
};

/* --- The office --- */

static void placer_begin(struct placer *placer, uint64_t epoch, int64_t lease)
{
    placer->epoch = epoch;
    placer->epoch_lease = lease;
    placer->seen = 0;
    g_hash_table_remove_all(placer->since);
}

static bool placer_elect(struct placer *placer)
{
    struct store_entry *there;
    g_autofree char *value = NULL;
    int64_t lease;
    uint64_t rev;

    if (placer->epoch && lease_is(placer->lease, placer->epoch_lease)) {
        return true;
    }
    placer->epoch = 0;
    if (!lease_get(placer->lease, &lease)) {
        return false;
    }
    there = mirror_get(placer->fmd->mirror, FMD_PLACER);
    if (there) {
        bool us = core_owner_is_us(placer->fmd, there, lease);

        if (us) {
            placer_begin(placer, there->create_rev, lease);
        }
        store_entry_free(there);
        return us;
    }
    value = core_owner_text(placer->fmd);
    if (core_write(placer->fmd, &(struct store_cmp) { STORE_IF_ABSENT,
                   FMD_PLACER, 0 }, 1, &(struct store_op) { FMD_PLACER, value,
                   lease }, 1, &rev, NULL)) {
        placer_begin(placer, rev, lease);
        return true;
    }
    return false;
}

static bool placer_write(struct placer *placer, struct place_claim *c,
                         const char *pool_is_gone, const char *value,
                         bool delete)
{
    g_autofree char *claim_key = fmd_key_claim(c->uuid);
    g_autofree char *status_key = fmd_key_status(c->uuid);
    g_autofree char *owner_key = pool_is_gone ? fmd_key_owner(pool_is_gone) :
                                 NULL;
    const struct store_cmp compares[] = {
        { STORE_IF_CREATED, FMD_PLACER, placer->epoch },
        { STORE_IF_MODIFIED, claim_key, c->claim_rev },
        { c->status_rev ? STORE_IF_MODIFIED : STORE_IF_ABSENT, status_key,
          c->status_rev },
        { STORE_IF_ABSENT, owner_key, 0 },
    };
    const struct store_op ops[] = { { .key = status_key, .value = value },
                                    { .key = claim_key } };
    GError *error = NULL;
    uint64_t rev;
    bool ok = core_write(placer->fmd, compares, pool_is_gone ? 4 : 3, ops,
                         delete ? 2 : 1, &rev, &error);

    if (ok) {
        c->status_rev = rev;
        mirror_wait(placer->fmd->mirror, rev, 1000);
    } else if (error->code == FMD_ERROR_CONFLICT) {
        struct store_entry *entry = core_read(placer->fmd, FMD_PLACER, NULL);

        if (!entry || entry->create_rev != placer->epoch) {
            placer->epoch = 0;
        }
        store_entry_free(entry);
    }
    g_clear_error(&error);
    return ok;
}

/* Is it @seconds since this was called first for @uuid? */
static bool placer_is_late(struct placer *placer, const char *uuid,
                           unsigned seconds)
{
    int64_t now = g_get_monotonic_time(), *since;

    since = g_hash_table_lookup(placer->since, uuid);
    if (!since) {
        since = g_new(int64_t, 1);
        *since = now;
        g_hash_table_insert(placer->since, g_strdup(uuid), since);
    }
    return now - *since >= (int64_t)seconds * G_USEC_PER_SEC;
}

/* --- One claim --- */

static void placer_say(struct placer *placer, struct place_claim *c,
                       enum fmd_phase phase, const char *host,
                       const char *pool, const char *text,
                       const char *pool_is_gone)
{
    fmd_status *s = c->status;
    g_autofree char *value = NULL;

    if (c->status_rev && s->phase == phase && !strcmp(s->host, host) &&
        !strcmp(s->pool, pool) && !strcmp(s->message, text)) {
        return;
    }
    if (s->phase != phase || !s->since) {
        s->since = g_get_real_time() / 1000;
    }
    s->phase = phase;
    s->epoch = placer->epoch;
    s->act = FMD_ACT_NONE;
    if (s->host != host) {
        g_free(s->host);
        s->host = g_strdup(host);
    }
    if (s->pool != pool) {
        g_free(s->pool);
        s->pool = g_strdup(pool);
        g_array_set_size(s->extents, 0);
    }
    g_free(s->message);
    s->message = g_strdup(text);
    value = fmd_status_text(s);
    placer_write(placer, c, pool_is_gone, value, false);
}

static void placer_named(struct placer *placer, struct place_view *view,
                         struct place_claim *c)
{
    struct place_host *host = place_view_host(view, c->claim->host);
    g_autofree char *text = NULL;

    /* Its pool's owner places it. */
    if (host && host->alive) {
        return;
    }
    text = host ? g_strdup_printf("host %s is not reached by machine %s",
                                  host->host->name, host->host->machine) :
           g_strdup_printf("host %s is not known any more", c->claim->host);
    placer_say(placer, c, c->status->phase == FMD_LOST ? FMD_LOST :
               FMD_PENDING, "", "", text, NULL);
}

static void placer_choose(struct placer *placer, struct place_view *view,
                          struct place_claim *c)
{
    unsigned declined;
    struct place_host *host = place_view_choose(view, c, &declined);
    struct place_pool *pool;

    if (!host && declined &&
        placer_is_late(placer, c->uuid, placer->fmd->config->retry)) {
        g_ptr_array_set_size(c->status->declined, 0);
        g_hash_table_remove(placer->since, c->uuid);
        host = place_view_choose(view, c, &declined);
    }
    if (!host) {
        placer_say(placer, c, declined ? FMD_DECLINED : FMD_PENDING, "", "",
                   declined ? "no host took it; all are asked again after a "
                   "while" : "no host that is alive and fits has room for it",
                   NULL);
        return;
    }
    g_hash_table_remove(placer->since, c->uuid);
    pool = g_hash_table_lookup(view->pools, host->alive->pool);
    pool->promised += c->claim->bytes;
    placer_say(placer, c, FMD_PLACED, host->host->uuid, host->alive->pool, "",
               NULL);
}

/* Nobody has kept its pool for long. */
static void placer_lost(struct placer *placer, struct place_claim *c)
{
    bool anywhere = !*c->claim->host;
    /* Not the status's own text: it is changed. */
    g_autofree char *gone = g_strdup(c->status->pool);
    g_autofree char *host = g_strdup(anywhere ? "" : c->status->host);

    placer_say(placer, c, FMD_LOST, host, anywhere ? "" : gone,
               "the machine of its pool is gone", gone);
}

static void placer_claim(struct placer *placer, struct place_view *view,
                         struct place_claim *c)
{
    struct place_pool *pool = *c->status->pool ?
        g_hash_table_lookup(view->pools, c->status->pool) : NULL;

    placer->waiting |= !*c->status->pool || !pool || !pool->owned;
    if (*c->status->pool) {
        /* It may have got one between two of our reads. */
        if (!(pool && pool->owned) &&
            placer_is_late(placer, c->status->pool,
                           placer->fmd->config->lost_after)) {
            placer_lost(placer, c);
        }
    } else if (c->claim->deleted) {
        struct place_host *host = *c->claim->host ?
            place_view_host(view, c->claim->host) : NULL;

        /* If its host lives, the pool's owner knows whether it has it. */
        if (!host || !host->alive) {
            placer_write(placer, c, NULL, NULL, true);
        }
    } else if (*c->claim->host) {
        placer_named(placer, view, c);
    } else {
        placer_choose(placer, view, c);
    }
}

/* --- All --- */

struct placer *placer_new(struct fmd *fmd, struct lease *lease)
{
    struct placer *placer = g_new0(struct placer, 1);

    placer->fmd = fmd;
    placer->lease = lease;
    placer->lapse = lapse_new(fmd);
    placer->view = place_view_new();
    placer->since = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          g_free);
    return placer;
}

void placer_free(struct placer *placer)
{
    /* While it is still the placer */
    lapse_free(placer->lapse);
    if (placer->epoch) {
        core_write(placer->fmd, &(struct store_cmp) { STORE_IF_CREATED,
                   FMD_PLACER, placer->epoch }, 1,
                   &(struct store_op) { .key = FMD_PLACER }, 1, NULL, NULL);
    }
    place_view_free(placer->view);
    g_hash_table_unref(placer->since);
    g_free(placer);
}

/* Is there anything new? With many claims, a look takes its time. */
static bool placer_is_due(struct placer *placer)
{
    uint64_t rev = mirror_news(placer->fmd->mirror);

    if ((rev == placer->seen && !placer->waiting) ||
        g_get_monotonic_time() < placer->next) {
        return false;
    }
    placer->seen = rev;
    return true;
}

/* Whose pools have owners again are not late any more. */
static void placer_forget_owned(struct placer *placer)
{
    GHashTableIter iter;
    void *uuid, *pool;

    g_hash_table_iter_init(&iter, placer->view->pools);
    while (g_hash_table_iter_next(&iter, &uuid, &pool)) {
        if (((struct place_pool *)pool)->owned) {
            g_hash_table_remove(placer->since, uuid);
        }
    }
}

static void placer_look(struct placer *placer)
{
    int64_t begin = g_get_monotonic_time();
    struct place_view *view = placer->view;
    unsigned i;

    place_view_read(view, placer->fmd->mirror);
    placer_forget_owned(placer);
    placer->waiting = false;
    for (i = 0; i < view->claims->len && placer->epoch; i++) {
        struct place_claim *c = view->claims->pdata[i];

        if (c->claim) {
            placer_claim(placer, view, c);
        }
    }
    /* At most half of the time */
    placer->next = 2 * g_get_monotonic_time() - begin;
}

void placer_turn(struct placer *placer)
{
    if (placer_elect(placer) && placer_is_due(placer)) {
        placer_look(placer);
    }
    lapse_turn(placer->lapse, placer->epoch);
    __atomic_store_n(&placer->shown, placer->epoch != 0, __ATOMIC_RELAXED);
}

bool placer_is(struct placer *placer)
{
    return __atomic_load_n(&placer->shown, __ATOMIC_RELAXED);
}
