/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast what left a host is clean and free again, measured from outside */
#include "counters.h"
#include "pool-clean.h"
#include "pool-own.h"

#define EXACT 10                  /* so much of the time may be not known */

/* A range that is being sanitized */
struct leaving {
    int64_t before;               /* us: it had not left yet; 0: not known */
    int64_t after;                /* us: it had */
};

struct pool_clean {
    GHashTable *now, *last;       /* range: struct leaving, of two looks */
    int64_t looked;               /* us, when the last one began that knew all;
                                     0: the last one did not */
};

static GHashTable *clean_table(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

struct pool_clean *pool_clean_new(void)
{
    struct pool_clean *clean = g_new0(struct pool_clean, 1);

    clean->now = clean_table();
    clean->last = clean_table();
    return clean;
}

void pool_clean_free(struct pool_clean *clean)
{
    g_hash_table_unref(clean->now);
    g_hash_table_unref(clean->last);
    g_free(clean);
}

static char *clean_key(unsigned head, unsigned region, uint64_t offset,
                       uint64_t length)
{
    return g_strdup_printf("%u %u %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT,
                           head, region, offset, length);
}

static void clean_see(struct pool_clean *clean, const struct truth_piece *piece,
                      int64_t now)
{
    char *key = clean_key(piece->id, piece->region, piece->offset,
                          piece->length);
    const struct leaving *old = g_hash_table_lookup(clean->last, key);
    struct leaving *one = g_new(struct leaving, 1);

    *one = old ? *old : (struct leaving) { clean->looked, now };
    g_hash_table_replace(clean->now, key, one);
}

void pool_clean_look(struct pool *pool, int64_t begin)
{
    struct pool_clean *clean = pool->clean;
    bool known = pool->truth->known && pool_is_own(pool);
    int64_t now = g_get_monotonic_time();
    unsigned i;

    g_hash_table_unref(clean->last);
    clean->last = clean->now;
    clean->now = clean_table();
    for (i = 0; known && i < pool->truth->pieces->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece, i);

        if (piece->state == CXLFM_EXTENT_SANITIZING) {
            clean_see(clean, piece, now);
        }
    }
    clean->looked = known ? begin : 0;
}

/* That it was told may come before the look that sees it free, or after. */
static struct leaving *clean_find(struct pool_clean *clean, const char *key)
{
    struct leaving *one = g_hash_table_lookup(clean->now, key);

    return one ? one : g_hash_table_lookup(clean->last, key);
}

void pool_clean_event(struct pool *pool, const struct head *head,
                      const struct cxlfm_event *event, int64_t since)
{
    int64_t now = g_get_monotonic_time(), before = now, after = now;
    uint64_t bytes = 0;
    size_t i;

    for (i = 0; i < event->extent_count; i++) {
        const struct cxlfm_extent *e = &event->extents[i];
        g_autofree char *key = clean_key(head->id, e->region, e->offset,
                                         e->length);
        struct leaving *one = clean_find(pool->clean, key);

        if (!one || !one->before) {
            return;
        }
        before = MIN(before, one->before);
        after = MIN(after, one->after);
        bytes += e->length;
        one->before = 0;
    }
    if (bytes && (after - before + now - since) * EXACT <= now - before) {
        counter_add(FMD_COUNT_SANITIZED, 0, bytes);
        counter_add(FMD_COUNT_SANITIZE_US, 0, now - before);
    }
}
