/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which claims concern whom: the index against a look at all of them */
#include <string.h>
#include "claim-index.h"
#include "log.h"

#define CLAIMS 12
#define POOLS  3
#define HOSTS  4
#define MAKERS 3
#define STEPS  20000

/* A claim and its status as they are in the store; numbers from 1, 0: none */
struct entry {
    bool put, said, broken, deleted, has;
    unsigned host, by, pool;
    enum fmd_phase phase;
    uint64_t bytes;
};

struct bench {
    struct claim_index *index;
    struct entry claims[CLAIMS];
    bool owned[POOLS + 1];
    GRand *dice;
};

static const char *pool_name(unsigned n)
{
    static const char *const names[] = {
        "", "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
        "00000000-0000-4000-8000-000000000003",
    };

    return names[n];
}

static char *claim_name(unsigned n)
{
    return g_strdup_printf("aaaaaaaa-0000-4000-8000-0000000000%02x", n);
}

static char *host_name(unsigned n)
{
    return n ? g_strdup_printf("vm%u", n) : g_strdup("");
}

static char *maker_name(unsigned n)
{
    return n ? g_strdup_printf("token %u", n) : g_strdup("");
}

/* --- Changes --- */

static struct claim_news *tell(struct bench *b, char *key, char *value)
{
    struct claim_news *news = claim_news_new();
    const struct store_entry entry = { .key = key, .value = value };

    claim_index_put(b->index, &entry, news);
    g_free(key);
    g_free(value);
    return news;
}

static char *wish_text(const struct entry *e)
{
    g_autoptr(fmd_claim) claim = fmd_claim_new();

    if (!e->put) {
        return NULL;
    }
    if (e->broken) {
        return g_strdup("{\"v\":1}");
    }
    g_free(claim->host);
    g_free(claim->by);
    claim->host = host_name(e->host);
    claim->by = maker_name(e->by);
    claim->bytes = e->bytes;
    claim->deleted = e->deleted;
    return fmd_claim_text(claim);
}

static char *status_text(const struct entry *e)
{
    fmd_status *status = fmd_status_new();
    struct fmd_extent extent;
    char *text = NULL;

    memset(&extent, 0, sizeof(extent));
    extent.length = 4096;
    g_strlcpy(extent.host, pool_name(1), sizeof(extent.host));
    if (e->said) {
        g_free(status->pool);
        status->pool = g_strdup(pool_name(e->pool));
        status->phase = e->phase;
        if (e->has) {
            g_array_append_val(status->extents, extent);
        }
        text = fmd_status_text(status);
    }
    fmd_status_free(status);
    return text;
}

static bool hears(const struct claim_news *news, const struct entry *e)
{
    g_autofree char *host = host_name(e->broken ? 0 : e->host);

    if ((!e->put && !e->said) || (!(e->said && e->pool) && !*host)) {
        return true;              /* nobody need hear of it */
    }
    return e->said && e->pool ?
           g_hash_table_contains(news->pools, pool_name(e->pool)) :
           !e->put || g_hash_table_contains(news->hosts, host);
}

static void change_claim(struct bench *b)
{
    unsigned n = g_rand_int_range(b->dice, 0, CLAIMS);
    struct entry *e = &b->claims[n], before = *e;
    g_autofree char *uuid = claim_name(n);
    struct claim_news *news;

    if (g_rand_boolean(b->dice)) {
        e->put = g_rand_int_range(b->dice, 0, 4);
        e->broken = !g_rand_int_range(b->dice, 0, 8);
        e->host = g_rand_int_range(b->dice, 0, HOSTS + 1);
        e->by = g_rand_int_range(b->dice, 0, MAKERS + 1);
        e->bytes = g_rand_int_range(b->dice, 1, 9) * 4096;
        e->deleted = g_rand_boolean(b->dice);
        news = tell(b, fmd_key_claim(uuid), wish_text(e));
    } else {
        e->said = g_rand_int_range(b->dice, 0, 4);
        e->pool = g_rand_int_range(b->dice, 0, POOLS + 1);
        e->phase = g_rand_int_range(b->dice, 0, FMD_PHASE_MAX);
        e->has = g_rand_boolean(b->dice);
        news = tell(b, fmd_key_status(uuid), status_text(e));
    }
    g_assert_true(hears(news, &before) && hears(news, e));
    claim_news_free(news);
}

/* Those who could take over hosts of a pool without owner are told, too. */
static void change_owner(struct bench *b)
{
    unsigned pool = g_rand_int_range(b->dice, 1, POOLS + 1), i;
    struct claim_news *news;

    b->owned[pool] = g_rand_boolean(b->dice);
    news = tell(b, fmd_key_owner(pool_name(pool)),
                b->owned[pool] ? g_strdup("{}") : NULL);
    g_assert_true(g_hash_table_contains(news->pools, pool_name(pool)));
    for (i = 0; i < CLAIMS && !b->owned[pool]; i++) {
        const struct entry *e = &b->claims[i];
        g_autofree char *host = host_name(e->host);

        g_assert_true(!e->put || !e->said || e->broken || e->pool != pool ||
                      !e->host || g_hash_table_contains(news->hosts, host));
    }
    claim_news_free(news);
}

/* What is none of it harms nothing. */
static void change_other(struct bench *b)
{
    static const char *const keys[] = {
        FMD_CLAIMS "x", FMD_CLAIMS, FMD_POOLS "x/owner", FMD_PLACER,
        FMD_CLAIMS "aaaaaaaa-0000-4000-8000-000000000001/other",
        FMD_CLAIMS "AAAAAAAA-0000-4000-8000-000000000001",
        FMD_CLAIMS "00000000-0000-0000-0000-000000000000",
        FMD_HOSTS "aaaaaaaa-0000-4000-8000-000000000001",
    };

    claim_news_free(tell(b, g_strdup(keys[g_rand_int_range(
        b->dice, 0, G_N_ELEMENTS(keys))]), g_strdup("{}")));
}

/* --- Looking at all of them --- */

static void expect_set(GHashTable *set, const struct bench *b,
                       const bool wanted[CLAIMS])
{
    unsigned i, count = 0;

    for (i = 0; i < CLAIMS; i++) {
        g_autofree char *uuid = claim_name(i);

        g_assert_cmpint(g_hash_table_contains(set, uuid), ==, wanted[i]);
        count += wanted[i];
    }
    g_assert_cmpuint(g_hash_table_size(set), ==, count);
    g_hash_table_remove_all(set);
}

static bool is_there(const struct entry *e)
{
    return e->put || e->said;
}

static unsigned pool_of(const struct entry *e)
{
    return e->said ? e->pool : 0;
}

static void check_sets(struct bench *b)
{
    g_autoptr(GHashTable) set = g_hash_table_new_full(g_str_hash, g_str_equal,
                                                      g_free, NULL);
    g_autoptr(GPtrArray) hosts = g_ptr_array_new();
    unsigned pool = g_rand_int_range(b->dice, 1, POOLS + 1), i;
    bool of_pool[CLAIMS], left[CLAIMS];

    g_ptr_array_add(hosts, "vm1");
    g_ptr_array_add(hosts, "vm3");
    for (i = 0; i < CLAIMS; i++) {
        const struct entry *e = &b->claims[i];
        bool named = e->put && !e->broken && (e->host == 1 || e->host == 3);

        of_pool[i] = is_there(e) && (pool_of(e) == pool || named);
        left[i] = is_there(e) && (!pool_of(e) || !b->owned[pool_of(e)]);
    }
    claim_index_of_pool(b->index, pool_name(pool), hosts, set);
    expect_set(set, b, of_pool);
    claim_index_left(b->index, set);
    expect_set(set, b, left);
}

static void add_promise(const char *pool, uint64_t bytes, void *opaque)
{
    unsigned i;

    for (i = 1; i <= POOLS; i++) {
        ((uint64_t *)opaque)[i] += strcmp(pool, pool_name(i)) ? 0 : bytes;
    }
}

static void check_numbers(struct bench *b)
{
    uint64_t promises[POOLS + 1] = { 0 }, wanted[POOLS + 1] = { 0 };
    uint64_t phases[FMD_PHASE_MAX], said[FMD_PHASE_MAX] = { 0 };
    unsigned maker = g_rand_int_range(b->dice, 1, MAKERS + 1);
    g_autofree char *by = maker_name(maker);
    unsigned count = 0, his = 0, i;

    for (i = 0; i < CLAIMS; i++) {
        const struct entry *e = &b->claims[i];

        count += e->put;
        his += e->put && !e->broken && e->by == maker;
        said[e->said ? e->phase : FMD_PENDING] += e->put;
        if (e->put && !e->broken && !e->deleted && !(e->said && e->has)) {
            wanted[pool_of(e)] += e->bytes;
        }
    }
    wanted[0] = 0;
    claim_index_promises(b->index, add_promise, promises);
    claim_index_phases(b->index, phases);
    g_assert_cmpmem(promises, sizeof(promises), wanted, sizeof(wanted));
    g_assert_cmpmem(phases, sizeof(phases), said, sizeof(said));
    g_assert_cmpuint(claim_index_count(b->index), ==, count);
    g_assert_cmpuint(claim_index_count_by(b->index, by), ==, his);
}

static void test_random(void)
{
    struct bench b = { .index = claim_index_new(), .dice = g_rand_new() };
    guint32 seed = g_test_rand_int();
    int i;

    g_test_message("seed %u", seed);
    g_rand_set_seed(b.dice, seed);
    for (i = 0; i < STEPS; i++) {
        int what = g_rand_int_range(b.dice, 0, 10);

        if (what == 0) {
            change_owner(&b);
        } else if (what == 1) {
            change_other(&b);
        } else {
            change_claim(&b);
        }
        check_sets(&b);
        check_numbers(&b);
    }
    claim_index_free(b.index);
    g_rand_free(b.dice);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    log_begin((enum log_level)(LOG_LEVEL_ERROR - 1));
    g_test_add_func("/claim-index/random", test_random);
    return g_test_run();
}
