/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the devices of a pool say */
#include <string.h>
#include "truth.h"

static void truth_index_free(void *index)
{
    g_array_unref(index);
}

static struct truth *truth_new(const char *uuid, const char *machine)
{
    struct truth *truth = g_new0(struct truth, 1);

    truth->pieces = g_array_new(false, true, sizeof(struct truth_piece));
    truth->tags = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        truth_index_free);
    truth->sums = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    truth->pool = fmd_pool_new();
    g_free(truth->pool->uuid);
    g_free(truth->pool->machine);
    truth->pool->uuid = g_strdup(uuid);
    truth->pool->machine = g_strdup(machine);
    return truth;
}

void truth_free(struct truth *truth)
{
    if (truth) {
        g_array_unref(truth->pieces);
        g_hash_table_unref(truth->tags);
        g_hash_table_unref(truth->sums);
        fmd_pool_free(truth->pool);
        g_free(truth);
    }
}

/* --- Pieces --- */

static void truth_count(struct truth *truth, const struct truth_piece *piece)
{
    struct truth_sum *sum = g_hash_table_lookup(truth->sums, piece->head);

    if (!sum) {
        sum = g_new0(struct truth_sum, 1);
        g_hash_table_insert(truth->sums, piece->head, sum);
    }
    /* What is being sanitized has lost its tag, and is nobody's. */
    if (cxlfm_tag_is_zero(piece->tag) &&
        piece->state != CXLFM_EXTENT_SANITIZING) {
        sum->untagged += piece->length;
    }
    if (piece->shared) {
        return;
    }
    switch (piece->state) {
    case CXLFM_EXTENT_RELEASING:
        sum->releasing += piece->length;
        /* fall through */
    case CXLFM_EXTENT_ACCEPTED:
        sum->accepted += piece->length;
        break;
    case CXLFM_EXTENT_PENDING:
        sum->offered += piece->length;
        break;
    }
}

static void truth_add(struct truth *truth, const struct truth_piece *piece)
{
    char text[CXLFM_TAG_TEXT];
    GArray *index;
    guint at = truth->pieces->len;

    g_array_append_val(truth->pieces, *piece);
    truth_count(truth, piece);
    if (cxlfm_tag_is_zero(piece->tag) ||
        piece->state == CXLFM_EXTENT_SANITIZING) {
        return;
    }
    cxlfm_tag_format(piece->tag, text);
    index = g_hash_table_lookup(truth->tags, text);
    if (!index) {
        index = g_array_new(false, false, sizeof(guint));
        g_hash_table_insert(truth->tags, g_strdup(text), index);
    }
    g_array_append_val(index, at);
}

static bool truth_is_sharable(const struct cxlfm_host *host, unsigned region)
{
    unsigned i;

    for (i = 0; i < host->region_count; i++) {
        if (host->regions[i].index == region) {
            return host->regions[i].attributes & CXLFM_REGION_SHARABLE;
        }
    }
    return false;
}

static void truth_of_head(struct truth *truth, struct head *head)
{
    const struct cxlfm_snapshot *s = head->truth;
    size_t i;

    for (i = 0; i < s->extent_count; i++) {
        const struct cxlfm_extent *e = &s->extents[i];
        struct truth_piece piece = {
            .head = head, .id = head->id, .region = e->region,
            .state = e->state, .offset = e->offset, .length = e->length,
            .shared = s->host_count && truth_is_sharable(s->hosts, e->region),
        };

        memcpy(piece.tag, e->tag, sizeof(piece.tag));
        truth_add(truth, &piece);
    }
}

/* --- The pool's view --- */

static struct head *truth_head(const GPtrArray *heads, uint16_t id)
{
    unsigned i;

    for (i = 0; i < heads->len; i++) {
        struct head *head = heads->pdata[i];

        if (head->placed && head->id == id) {
            return head;
        }
    }
    return NULL;
}

static void truth_of_pool(struct truth *truth, const struct cxlfm_pool *pool,
                          const GPtrArray *heads)
{
    static const uint8_t states[] = {
        [CXLFM_POOL_PENDING] = CXLFM_EXTENT_PENDING,
        [CXLFM_POOL_ACCEPTED] = CXLFM_EXTENT_ACCEPTED,
        [CXLFM_POOL_LEAVING] = CXLFM_EXTENT_SANITIZING,
    };
    size_t i;

    for (i = 0; i < pool->extent_count; i++) {
        const struct cxlfm_pool_extent *e = &pool->extents[i];
        struct head *head = truth_head(heads, e->host);
        struct truth_piece piece = {
            .head = head, .id = e->host, .region = e->region,
            .offset = e->offset, .length = e->length, .shared = e->shared,
            .state = states[e->state],
        };

        if (head && head->truth) {
            continue;
        }
        if (pool->extent_tags) {
            memcpy(piece.tag, pool->extent_tags[i], sizeof(piece.tag));
        }
        truth_add(truth, &piece);
    }
    for (i = 0; i < pool->host_count; i++) {
        struct head *head = truth_head(heads, pool->hosts[i].id);

        if (head && head->state != HEAD_UP) {
            head->state = pool->hosts[i].alive ? HEAD_HUNG : HEAD_DEAD;
        }
    }
}

static bool truth_goes_on(const bool *ended)
{
    return !__atomic_load_n(ended, __ATOMIC_ACQUIRE);
}

static struct cxlfm_pool *truth_ask_pool(struct truth *truth,
                                         const GPtrArray *heads,
                                         const bool *ended)
{
    struct cxlfm_pool *pool = NULL;
    unsigned i;

    for (i = 0; !pool && i < heads->len && truth_goes_on(ended); i++) {
        struct head *head = heads->pdata[i];

        if (head->state == HEAD_UP && *head->pool_name) {
            pool = head_pool(head);
            truth->speaker = pool ? head : NULL;
        }
    }
    return pool;
}

/* --- Sizes --- */

static void truth_set(char **to, const char *text)
{
    g_free(*to);
    *to = g_strdup(text);
}

static void truth_regions(struct truth *truth, const struct cxlfm_host *host,
                          const struct cxlfm_pool *pool)
{
    unsigned i;

    truth->pool->region_count = MIN(host->region_count, FMD_REGIONS_MAX);
    for (i = 0; i < truth->pool->region_count; i++) {
        const struct cxlfm_region *from = &host->regions[i];
        struct fmd_region *to = &truth->pool->regions[i];

        *to = (struct fmd_region) {
            .index = from->index, .length = from->length,
            .available = from->available, .block_size = from->block_size,
            .sharable = from->attributes & CXLFM_REGION_SHARABLE,
        };
        if (pool && from->index < pool->region_count) {
            to->available = pool->region_available[from->index];
        }
    }
}

static void truth_sizes(struct truth *truth, const GPtrArray *heads,
                        const struct cxlfm_pool *pool)
{
    struct head *first = NULL;
    unsigned i;

    for (i = 0; !first && i < heads->len; i++) {
        struct head *head = heads->pdata[i];

        first = head->truth && head->truth->host_count ? head : NULL;
    }
    if (first) {
        truth_regions(truth, first->truth->hosts, pool);
        truth_set(&truth->pool->kind, first->kind);
        truth_set(&truth->pool->file, first->pool_file);
    }
    if (pool) {
        g_autofree char *base = g_path_get_basename(pool->file);

        truth_set(&truth->pool->name, base);
        truth->pool->size = pool->size;
        truth->pool->block_size = pool->block_size;
        truth->pool->available = pool->available;
        truth->pool->largest = pool->largest;
    } else if (first) {
        truth_set(&truth->pool->name, first->host->name);
        truth->pool->size = first->truth->total_capacity;
        for (i = 0; i < truth->pool->region_count; i++) {
            const struct fmd_region *r = &truth->pool->regions[i];

            truth->pool->available += r->available == CXLFM_UNKNOWN ? 0 :
                                      r->available;
            truth->pool->block_size = r->block_size;
        }
    }
}

struct truth *truth_read(const GPtrArray *heads, const char *uuid,
                         const char *machine, const bool *ended)
{
    struct truth *truth = truth_new(uuid, machine);
    struct cxlfm_pool *pool;
    unsigned i;

    for (i = 0; i < heads->len && truth_goes_on(ended); i++) {
        struct head *head = heads->pdata[i];

        if (head->state == HEAD_UP) {
            head_read(head);
        }
    }
    pool = truth_ask_pool(truth, heads, ended);
    /* Asking may have shown that one more is down. */
    for (i = 0; i < heads->len; i++) {
        struct head *head = heads->pdata[i];

        if (head->truth) {
            truth_of_head(truth, head);
            truth->known |= !strcmp(head->kind, "device");
        }
    }
    if (pool) {
        truth->known = true;
        truth_of_pool(truth, pool, heads);
    }
    truth_sizes(truth, heads, pool);
    cxlfm_pool_free(pool);
    return truth;
}

/* --- Looking --- */

const GArray *truth_tag(const struct truth *truth, const char *uuid)
{
    return g_hash_table_lookup(truth->tags, uuid);
}

const struct truth_sum *truth_sum(const struct truth *truth,
                                  const struct head *head)
{
    static const struct truth_sum none;
    const struct truth_sum *sum = g_hash_table_lookup(truth->sums, head);

    return sum ? sum : &none;
}

struct fmd_region *truth_region(const struct truth *truth, unsigned region)
{
    unsigned i;

    for (i = 0; i < truth->pool->region_count; i++) {
        if (truth->pool->regions[i].index == region) {
            return &truth->pool->regions[i];
        }
    }
    return NULL;
}
