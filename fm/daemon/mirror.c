/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of what is in the store
 *
 * A watch keeps it. A store without quorum leaves a watch open and silent, so a
 * thread of its own asks for a key now and then: that it is answered says that
 * the copy is not old.
 */
#include <string.h>
#include "counters.h"
#include "mirror.h"
#include "model.h"

#define PROBE_MS  1000
#define LIVE_MS   60000           /* longer than any one call may take */

struct mirror {
    struct store *store;
    char *prefix;
    GMutex fn_lock;               /* of the next; held while it is called */
    mirror_fn fn;
    void *opaque;
    struct store_watch *watch;    /* the thread's */
    GThread *thread;
    GMutex lock;                  /* of all that follows */
    GCond changed;
    GTree *entries;               /* key: struct store_entry */
    struct claim_index *claims;
    uint64_t rev;
    uint64_t news;                /* of what is acted on */
    uint64_t hosts;               /* of these */
    bool filled;                  /* the range was read */
    bool again;                   /* it must be read anew */
    bool ended;
    char *error;                  /* of the last probe; NULL: it went well */
    int64_t good;                 /* us, of the last that went well; 0: none */
    int64_t alive;                /* us, when the thread was seen last */
};

static int mirror_order(const void *a, const void *b, void *opaque)
{
    return strcmp(a, b);
}

static GTree *mirror_tree(void)
{
    return g_tree_new_full(mirror_order, NULL, NULL,
                           (GDestroyNotify)store_entry_free);
}

static void mirror_put(GTree *entries, struct claim_index *claims,
                       const struct store_entry *entry,
                       struct claim_news *news)
{
    claim_index_put(claims, entry, news);
    if (entry->value) {
        struct store_entry *copy = store_entry_copy(entry);

        g_tree_replace(entries, copy->key, copy);
    } else {
        g_tree_remove(entries, entry->key);
    }
}

static void mirror_tell(struct mirror *mirror, const struct claim_news *news)
{
    g_mutex_lock(&mirror->fn_lock);
    if (mirror->fn) {
        mirror->fn(news, mirror->opaque);
    }
    g_mutex_unlock(&mirror->fn_lock);
}

void mirror_quiet(struct mirror *mirror)
{
    g_mutex_lock(&mirror->fn_lock);
    mirror->fn = NULL;
    g_mutex_unlock(&mirror->fn_lock);
}

static bool mirror_is_acted_on(const struct store_entry *entry)
{
    return !g_str_has_prefix(entry->key, FMD_PRESSURES) &&
           !g_str_has_prefix(entry->key, FMD_LEASES);
}

/* Where it was last is remembered, and changes nothing. */
static bool mirror_is_host(const struct store_entry *entry)
{
    return g_str_has_prefix(entry->key, FMD_HOSTS) &&
           !g_str_has_suffix(entry->key, "/place");
}

static void mirror_heard(struct store *store, uint64_t rev,
                         const GPtrArray *entries, void *opaque)
{
    struct mirror *mirror = opaque;
    struct claim_news *whom = claim_news_new();
    bool news = false, hosts = false;
    unsigned i;

    g_mutex_lock(&mirror->lock);
    /* Then it is filled anew, and everybody is told. */
    mirror->again |= !entries;
    for (i = 0; entries && i < entries->len; i++) {
        mirror_put(mirror->entries, mirror->claims, entries->pdata[i], whom);
        news |= mirror_is_acted_on(entries->pdata[i]);
        hosts |= mirror_is_host(entries->pdata[i]);
    }
    if (entries) {
        mirror->rev = MAX(mirror->rev, rev);
        mirror->news = news ? mirror->rev : mirror->news;
        mirror->hosts = hosts ? mirror->rev : mirror->hosts;
    }
    g_cond_broadcast(&mirror->changed);
    g_mutex_unlock(&mirror->lock);
    if (news) {
        mirror_tell(mirror, whom);
    }
    claim_news_free(whom);
}

/* --- The thread --- */

static void mirror_note(struct mirror *mirror, GError *error)
{
    g_mutex_lock(&mirror->lock);
    g_clear_pointer(&mirror->error, g_free);
    if (error) {
        mirror->error = g_strdup(error->message);
        counter_add(FMD_COUNT_STORE_FAILED, 0, 1);
    } else {
        mirror->good = g_get_monotonic_time();
    }
    g_mutex_unlock(&mirror->lock);
    g_clear_error(&error);
}

static void mirror_fill(struct mirror *mirror)
{
    g_autoptr(GPtrArray) entries = NULL;
    struct claim_index *claims;
    GError *error = NULL;
    GTree *filled;
    uint64_t rev;
    unsigned i;

    g_clear_pointer(&mirror->watch, store_watch_end);
    if (!store_range(mirror->store, mirror->prefix, &entries, &rev, &error)) {
        mirror_note(mirror, error);
        return;
    }
    claims = claim_index_new();
    filled = mirror_tree();
    for (i = 0; i < entries->len; i++) {
        mirror_put(filled, claims, entries->pdata[i], NULL);
    }
    g_mutex_lock(&mirror->lock);
    g_tree_unref(mirror->entries);
    claim_index_free(mirror->claims);
    mirror->entries = filled;
    mirror->claims = claims;
    mirror->rev = mirror->news = mirror->hosts = rev;
    mirror->again = false;
    g_mutex_unlock(&mirror->lock);
    mirror->watch = store_watch_begin(mirror->store, mirror->prefix, rev,
                                      mirror_heard, mirror, &error);
    g_mutex_lock(&mirror->lock);
    mirror->filled = mirror->watch;
    g_cond_broadcast(&mirror->changed);
    g_mutex_unlock(&mirror->lock);
    mirror_note(mirror, error);
    mirror_tell(mirror, NULL);
}

static void mirror_probe(struct mirror *mirror)
{
    g_autoptr(GPtrArray) entries = NULL;
    g_autofree char *key = g_strconcat(mirror->prefix, "probe", NULL);
    GError *error = NULL;

    store_range(mirror->store, key, &entries, NULL, &error);
    mirror_note(mirror, error);
}

static void *mirror_run(void *opaque)
{
    struct mirror *mirror = opaque;
    bool ended = false, fill = true;

    while (!ended) {
        int64_t end = g_get_monotonic_time() + PROBE_MS * 1000;

        if (fill) {
            mirror_fill(mirror);
        } else {
            mirror_probe(mirror);
        }
        g_mutex_lock(&mirror->lock);
        mirror->alive = g_get_monotonic_time();
        while (!mirror->ended && !(mirror->again && mirror->filled) &&
               g_cond_wait_until(&mirror->changed, &mirror->lock, end)) {
            continue;
        }
        ended = mirror->ended;
        fill = mirror->again || !mirror->filled;
        if (fill) {
            mirror->filled = false;
        }
        g_mutex_unlock(&mirror->lock);
    }
    g_clear_pointer(&mirror->watch, store_watch_end);
    return NULL;
}

struct mirror *mirror_start(struct store *store, const char *prefix,
                            mirror_fn fn, void *opaque)
{
    struct mirror *mirror = g_new0(struct mirror, 1);

    mirror->store = store;
    mirror->prefix = g_strdup(prefix);
    mirror->fn = fn;
    mirror->opaque = opaque;
    mirror->entries = mirror_tree();
    mirror->claims = claim_index_new();
    mirror->alive = g_get_monotonic_time();
    g_mutex_init(&mirror->fn_lock);
    g_mutex_init(&mirror->lock);
    g_cond_init(&mirror->changed);
    mirror->thread = g_thread_new("fmd-mirror", mirror_run, mirror);
    return mirror;
}

void mirror_stop(struct mirror *mirror)
{
    if (!mirror) {
        return;
    }
    g_mutex_lock(&mirror->lock);
    mirror->ended = true;
    g_cond_broadcast(&mirror->changed);
    g_mutex_unlock(&mirror->lock);
    g_thread_join(mirror->thread);
    g_tree_unref(mirror->entries);
    claim_index_free(mirror->claims);
    g_mutex_clear(&mirror->fn_lock);
    g_mutex_clear(&mirror->lock);
    g_cond_clear(&mirror->changed);
    g_free(mirror->error);
    g_free(mirror->prefix);
    g_free(mirror);
}

/* --- Reading --- */

GPtrArray *mirror_list(struct mirror *mirror, const char *prefix,
                       uint64_t *ret_rev)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(
        (GDestroyNotify)store_entry_free);
    GTreeNode *node;

    g_mutex_lock(&mirror->lock);
    node = g_tree_lower_bound(mirror->entries, prefix);
    while (node && g_str_has_prefix(g_tree_node_key(node), prefix)) {
        g_ptr_array_add(list, store_entry_copy(g_tree_node_value(node)));
        node = g_tree_node_next(node);
    }
    if (ret_rev) {
        *ret_rev = mirror->rev;
    }
    g_mutex_unlock(&mirror->lock);
    return list;
}

struct store_entry *mirror_get(struct mirror *mirror, const char *key)
{
    struct store_entry *entry;

    g_mutex_lock(&mirror->lock);
    entry = g_tree_lookup(mirror->entries, key);
    entry = entry ? store_entry_copy(entry) : NULL;
    g_mutex_unlock(&mirror->lock);
    return entry;
}

uint64_t mirror_news(struct mirror *mirror)
{
    uint64_t news;

    g_mutex_lock(&mirror->lock);
    news = mirror->news;
    g_mutex_unlock(&mirror->lock);
    return news;
}

uint64_t mirror_hosts(struct mirror *mirror)
{
    uint64_t hosts;

    g_mutex_lock(&mirror->lock);
    hosts = mirror->hosts;
    g_mutex_unlock(&mirror->lock);
    return hosts;
}

bool mirror_wait(struct mirror *mirror, uint64_t rev, unsigned timeout)
{
    int64_t end = g_get_monotonic_time() + timeout * 1000ll;
    bool seen;

    g_mutex_lock(&mirror->lock);
    while (mirror->rev < rev &&
           g_cond_wait_until(&mirror->changed, &mirror->lock, end)) {
        continue;
    }
    seen = mirror->rev >= rev;
    g_mutex_unlock(&mirror->lock);
    return seen;
}

int64_t mirror_stale(struct mirror *mirror, char **ret_error)
{
    int64_t stale;

    g_mutex_lock(&mirror->lock);
    stale = !mirror->good ? -1 : mirror->error || !mirror->filled ?
            (g_get_monotonic_time() - mirror->good) / 1000 + 1 : 0;
    if (ret_error) {
        *ret_error = g_strdup(mirror->error);
    }
    g_mutex_unlock(&mirror->lock);
    return stale;
}

bool mirror_is_live(struct mirror *mirror)
{
    bool live;

    g_mutex_lock(&mirror->lock);
    live = g_get_monotonic_time() - mirror->alive < LIVE_MS * 1000;
    g_mutex_unlock(&mirror->lock);
    return live;
}

/* --- By the index --- */

static void mirror_add(struct mirror *mirror, const char *key, GPtrArray *list)
{
    const struct store_entry *entry = g_tree_lookup(mirror->entries, key);

    if (entry) {
        g_ptr_array_add(list, store_entry_copy(entry));
    }
}

/* The claims of @set; with the lock */
static GPtrArray *mirror_claims(struct mirror *mirror, GHashTable *set)
{
    GPtrArray *list = g_ptr_array_new_with_free_func(
        (GDestroyNotify)store_entry_free);
    GHashTableIter iter;
    void *uuid;

    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &uuid, NULL)) {
        g_autofree char *claim = fmd_key_claim(uuid);
        g_autofree char *status = fmd_key_status(uuid);

        if (g_tree_lookup(mirror->entries, claim)) {
            mirror_add(mirror, claim, list);
            mirror_add(mirror, status, list);
        }
    }
    return list;
}

static GHashTable *mirror_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

GPtrArray *mirror_claims_of_pool(struct mirror *mirror, const char *pool,
                                 const GPtrArray *hosts)
{
    g_autoptr(GHashTable) set = mirror_set();
    GPtrArray *list;

    g_mutex_lock(&mirror->lock);
    claim_index_of_pool(mirror->claims, pool, hosts, set);
    list = mirror_claims(mirror, set);
    g_mutex_unlock(&mirror->lock);
    return list;
}

GPtrArray *mirror_claims_left(struct mirror *mirror,
                              void (*fn)(const char *pool, uint64_t bytes,
                                         void *opaque), void *opaque)
{
    g_autoptr(GHashTable) set = mirror_set();
    GPtrArray *list;

    g_mutex_lock(&mirror->lock);
    claim_index_left(mirror->claims, set);
    list = mirror_claims(mirror, set);
    claim_index_promises(mirror->claims, fn, opaque);
    g_mutex_unlock(&mirror->lock);
    return list;
}

unsigned mirror_count(struct mirror *mirror, const char *by, unsigned *ret_by)
{
    unsigned count;

    g_mutex_lock(&mirror->lock);
    count = claim_index_count(mirror->claims);
    *ret_by = claim_index_count_by(mirror->claims, by);
    g_mutex_unlock(&mirror->lock);
    return count;
}

void mirror_phases(struct mirror *mirror, uint64_t ret[FMD_PHASE_MAX])
{
    g_mutex_lock(&mirror->lock);
    claim_index_phases(mirror->claims, ret);
    g_mutex_unlock(&mirror->lock);
}
