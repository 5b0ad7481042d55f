/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others see of a pool */
#include <string.h>
#include "pool-own.h"
#include "pool-view.h"
#include "words.h"

#define PUBLISH_US (G_USEC_PER_SEC)

static const char *const state_names[CXLFM_EXTENT_STATE_MAX] = {
    "pending", "accepted", "releasing", "sanitizing", "dead", "referenced",
};

/* --- JSON of what was seen --- */

static void view_null(struct json_object *to, const char *key)
{
    json_object_object_add(to, key, NULL);
}

static struct json_object *view_host(const struct pool *pool,
                                     const struct head *head)
{
    struct json_object *to = json_object_new_object();

    fmd_write_text(to, "uuid", head->host->uuid);
    fmd_write_text(to, "name", head->host->name);
    fmd_write_number(to, "head", head->id);
    fmd_write_bool(to, "reachable", head->state == HEAD_UP);
    fmd_write_bool(to, "alive", head->state == HEAD_UP ||
                   head->state == HEAD_HUNG);
    if (head->error) {
        fmd_write_text(to, "error", head->error);
    } else {
        view_null(to, "error");
    }
    return to;
}

static struct json_object *view_note(const struct pool *pool,
                                     const struct head *head)
{
    struct json_object *to = view_host(pool, head);
    const struct truth_sum *sum = truth_sum(pool->truth, head);
    bool known = head->truth || pool->truth->known;

    fmd_write_number(to, "lives", head->life);
    json_object_object_add(to, "owned", known ?
                           json_object_new_uint64(sum->accepted) : NULL);
    json_object_object_add(to, "offered", known ?
                           json_object_new_uint64(sum->offered) : NULL);
    json_object_object_add(to, "releasing", known ?
                           json_object_new_uint64(sum->releasing) : NULL);
    json_object_object_add(to, "untagged", known ?
                           json_object_new_uint64(sum->untagged) : NULL);
    return to;
}

static struct json_object *view_piece(const struct pool *pool,
                                      const struct truth_piece *piece)
{
    struct json_object *to = json_object_new_object();
    char tag[CXLFM_TAG_TEXT] = "";
    bool tagged = !cxlfm_tag_is_zero(piece->tag);
    g_autofree char *key = NULL;
    struct store_entry *entry = NULL;

    if (tagged) {
        cxlfm_tag_format(piece->tag, tag);
        key = fmd_key_claim(tag);
        entry = mirror_get(pool->fmd->mirror, key);
    }
    fmd_write_text(to, "host", piece->head ? piece->head->host->uuid : "");
    fmd_write_number(to, "head", piece->id);
    fmd_write_number(to, "region", piece->region);
    fmd_write_number(to, "offset", piece->offset);
    fmd_write_number(to, "length", piece->length);
    fmd_write_text(to, "state", state_names[piece->state]);
    fmd_write_text(to, "tag", tag);
    json_object_object_add(to, "claim", entry ? json_object_new_string(tag) :
                           NULL);
    fmd_write_bool(to, "shared", piece->shared);
    store_entry_free(entry);
    return to;
}

static struct json_object *view_orphan(const struct pool *pool,
                                       const char *tag)
{
    const GArray *index = truth_tag(pool->truth, tag);
    struct json_object *to = json_object_new_object();
    const struct truth_piece *first = NULL;
    uint64_t bytes = 0;
    unsigned i;

    for (i = 0; index && i < index->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece,
            g_array_index(index, guint, i));

        first = first ? first : piece;
        bytes += piece->length;
    }
    fmd_write_text(to, "pool", pool->uuid);
    fmd_write_text(to, "tag", tag);
    fmd_write_text(to, "host", first && first->head ? first->head->host->uuid :
                   "");
    fmd_write_number(to, "bytes", bytes);
    return to;
}

static struct json_object *view_orphans(const struct pool *pool,
                                        unsigned *ret_count)
{
    struct json_object *list = json_object_new_array();
    GHashTableIter iter;
    void *tag, *passes;

    *ret_count = 0;
    g_hash_table_iter_init(&iter, pool->orphans);
    while (g_hash_table_iter_next(&iter, &tag, &passes)) {
        /* What was seen once may be on its way. */
        if (GPOINTER_TO_UINT(passes) > 1) {
            json_object_array_add(list, view_orphan(pool, tag));
            ++*ret_count;
        }
    }
    return list;
}

void pool_view(struct pool *pool)
{
    struct json_object *to = fmd_pool_json(pool->truth->pool);
    struct json_object *hosts = json_object_new_array();
    struct json_object *pieces = json_object_new_array();
    GHashTable *notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              g_free);
    unsigned i, orphans;

    for (i = 0; i < pool->heads->len; i++) {
        const struct head *head = pool->heads->pdata[i];

        json_object_array_add(hosts, view_host(pool, head));
        g_hash_table_insert(notes, g_strdup(head->host->uuid),
                            fmd_write_end(view_note(pool, head)));
    }
    for (i = 0; i < pool->truth->pieces->len; i++) {
        json_object_array_add(pieces, view_piece(pool, &g_array_index(
            pool->truth->pieces, struct truth_piece, i)));
    }
    fmd_write_bool(to, "known", pool->truth->known);
    json_object_object_add(to, "hosts", hosts);
    json_object_object_add(to, "extents", pieces);
    json_object_object_add(to, "orphans", view_orphans(pool, &orphans));
    g_mutex_lock(&pool->lock);
    g_free(pool->live);
    pool->live = fmd_write_end(to);
    pool->live_at = g_get_monotonic_time();
    pool->shown_epoch = pool->epoch;
    pool->shown_orphans = orphans;
    g_free(pool->shown_error);
    pool->shown_error = g_strdup(pool->error);
    g_hash_table_unref(pool->notes);
    pool->notes = notes;
    g_mutex_unlock(&pool->lock);
}

struct json_object *pool_live(struct pool *pool)
{
    struct json_object *live = NULL;

    g_mutex_lock(&pool->lock);
    if (pool->live) {
        live = json_tokener_parse(pool->live);
        fmd_write_number(live, "seen",
                         (g_get_monotonic_time() - pool->live_at) / 1000);
    }
    g_mutex_unlock(&pool->lock);
    return live;
}

struct json_object *pool_note(struct pool *pool, const char *host)
{
    const char *text;
    struct json_object *note = NULL;

    g_mutex_lock(&pool->lock);
    text = g_hash_table_lookup(pool->notes, host);
    if (text) {
        note = json_tokener_parse(text);
    }
    g_mutex_unlock(&pool->lock);
    return note;
}

/* --- The store --- */

static void publish_pool(struct pool *pool)
{
    g_autofree char *value = fmd_pool_text(pool->truth->pool);
    g_autofree char *key = fmd_key_pool(pool->uuid);
    int64_t now = g_get_monotonic_time();

    if (!pool->truth->pool->region_count ||
        !g_strcmp0(value, pool->published)) {
        return;
    }
    if (pool->published && now - pool->published_at < PUBLISH_US) {
        pool->again = MIN(pool->again, pool->published_at + PUBLISH_US);
        return;
    }
    if (pool_write(pool, NULL, 0, &(struct store_op) { .key = key,
                   .value = value }, 1, NULL)) {
        g_free(pool->published);
        pool->published = g_steal_pointer(&value);
        pool->published_at = now;
    }
}

static char *publish_value(const struct pool *pool, const struct head *head)
{
    fmd_alive *alive = fmd_alive_new();
    char *text;

    g_free(alive->pool);
    alive->pool = g_strdup(pool->uuid);
    alive->head = head->id;
    alive->answers = true;
    text = fmd_alive_text(alive);
    fmd_alive_free(alive);
    return text;
}

void pool_unpublish(struct pool *pool, struct head *head)
{
    g_autofree char *key = fmd_key_alive(head->host->uuid);

    if (head->published &&
        core_write(pool->fmd, NULL, 0, &(struct store_op) { .key = key }, 1,
                   NULL, NULL)) {
        head->published = 0;
    }
}

/* That it is alive goes with our lease; where it was is remembered. */
static void publish_head(struct pool *pool, struct head *head)
{
    g_autofree char *alive = fmd_key_alive(head->host->uuid);
    g_autofree char *place = fmd_key_place(head->host->uuid);
    g_autofree char *host = fmd_key_host(head->host->uuid);
    g_autofree char *value = publish_value(pool, head);
    struct store_entry *old, *put = mirror_get(pool->fmd->mirror, host);
    struct store_op ops[2] = { { .key = alive, .value = value },
                               { .key = place, .value = value } };
    struct store_cmp compare;
    int64_t lease;

    if (head->state != HEAD_UP || !put || !lease_get(pool->lease, &lease)) {
        if (head->state != HEAD_UP) {
            pool_unpublish(pool, head);
        }
        store_entry_free(put);
        return;
    }
    /* Who is not put any more leaves no traces. */
    compare = (struct store_cmp) { STORE_IF_CREATED, host, put->create_rev };
    old = mirror_get(pool->fmd->mirror, place);
    ops[0].lease = lease;
    if ((head->published != lease || head->published_life != head->life) &&
        core_write(pool->fmd, &compare, 1, ops,
                   old && !strcmp(old->value, value) ? 1 : 2, NULL, NULL)) {
        head->published = lease;
        head->published_life = head->life;
    }
    store_entry_free(old);
    store_entry_free(put);
}

void pool_publish(struct pool *pool)
{
    unsigned i;

    for (i = 0; i < pool->heads->len; i++) {
        publish_head(pool, pool->heads->pdata[i]);
    }
    if (pool_is_own(pool)) {
        publish_pool(pool);
    }
}
