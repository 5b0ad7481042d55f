/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool's parcels: who is in one does not wait for who is in another, what
 * reaches over several is one change all the same, and what they share (records
 * and numbers of claims) is neither lost nor given out twice.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/unit/pool-fixture.h"

#define BLOCKS   1024ULL
#define PARCEL   64ULL            /* 16 of them */
#define HOSTS    4U

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = HOSTS,
    .max_records = BLOCKS + 1, .reserve = true,
};

static bool accept(CXLDcdPool *pool, uint32_t host, uint64_t first,
                   uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_accept(pool, host, &range, NULL);
}

static bool leave(CXLDcdPool *pool, uint32_t host, uint64_t first,
                  uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_leave(pool, host, &range, NULL);
}

static bool finish(CXLDcdPool *pool, uint32_t host, uint64_t first,
                   uint64_t count)
{
    CXLDcdPoolRange range = { first, count };

    return cxl_dcd_pool_finish(pool, host, &range, false, NULL);
}

/* --- Against a plain list of owners --- */

typedef struct Model {
    CXLDcdPool *pool[HOSTS];      /* by host: as of so many processes */
    int owner[BLOCKS];            /* -1: nobody */
    uint64_t free;
} Model;

static bool all_of(const Model *model, int owner, uint64_t first,
                   uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) {
        if (model->owner[i] != owner) {
            return false;
        }
    }
    return true;
}

static void becomes(Model *model, int owner, uint64_t first, uint64_t count)
{
    for (uint64_t i = first; i < first + count; i++) {
        model->free += owner < 0;
        model->free -= owner >= 0;
        model->owner[i] = owner;
    }
}

static void model_step(Model *model)
{
    uint32_t host = g_test_rand_int_range(0, HOSTS);
    uint64_t first = g_test_rand_int_range(0, BLOCKS);
    uint64_t most = g_test_rand_bit() ? 8 : 200;
    uint64_t count = g_test_rand_int_range(1, MIN(BLOCKS - first, most) + 1);
    CXLDcdPool *pool = model->pool[host];

    /* Often what is there already is what is asked for */
    if (g_test_rand_int_range(0, 4)) {
        for (int owner = model->owner[first]; count > 1 &&
             !all_of(model, owner, first, count); count--) {
        }
    }
    if (g_test_rand_int_range(0, 5) < 2) {
        bool ok = claim(pool, host, first, count, NULL);

        g_assert_cmpint(ok, ==, all_of(model, -1, first, count));
        if (ok) {
            becomes(model, host, first, count);
        }
    } else if (g_test_rand_bit()) {
        g_assert_cmpint(accept(pool, host, first, count), ==,
                        all_of(model, host, first, count));
    } else {
        bool ok = leave(pool, host, first, count);

        g_assert_cmpint(ok, ==, all_of(model, host, first, count));
        if (ok) {
            g_assert_true(finish(pool, host, first, count));
            becomes(model, -1, first, count);
        }
    }
}

static void model_compare(const Model *model)
{
    uint64_t longest = 0, run = 0;
    uint32_t owner;

    for (uint64_t i = 0; i < BLOCKS; i++) {
        CXLDcdPoolState state = cxl_dcd_pool_block(model->pool[0], i, &owner);

        g_assert_cmpint(state == CXL_DCD_POOL_FREE, ==, model->owner[i] < 0);
        g_assert_true(state == CXL_DCD_POOL_FREE ||
                      (int)owner == model->owner[i]);
        run = model->owner[i] < 0 ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    g_assert_cmpuint(free_blocks(model->pool[0]), ==, model->free);
    g_assert_cmpuint(cxl_dcd_pool_longest(model->pool[0]), ==, longest);
    sound(model->pool[0]);
}

static void agrees_with_a_list(void)
{
    Model model = { .free = BLOCKS };

    for (uint32_t i = 0; i < HOSTS; i++) {
        model.pool[i] = open_host(i);
    }
    memset(model.owner, -1, sizeof(model.owner));
    for (unsigned i = 0; i < 6000; i++) {
        model_step(&model);
        if (i % 20 == 0) {
            model_compare(&model);
        }
    }
    for (uint32_t i = 1; i < HOSTS; i++) {
        cxl_dcd_pool_close(model.pool[i]);
    }
    end(model.pool[0]);
}

/* --- What parcels share --- */

/* Nobody keeps records that others need: all of them can be in use */
static void all_records(void)
{
    CXLDcdPoolConfig few = config;
    g_autoptr(GError) error = NULL;
    CXLDcdPool *a, *b;
    unsigned used = 0;

    few.max_records = 400;
    a = cxl_dcd_pool_open(path, &few, NULL);
    b = cxl_dcd_pool_open(path, &few, NULL);
    g_assert_true(cxl_dcd_pool_attach(a, 1, NULL) &&
                  cxl_dcd_pool_attach(b, 2, NULL));

    /* Each parcel has had some, and has them free now */
    for (uint64_t at = 0; at < BLOCKS; at += PARCEL) {
        g_assert_true(claim(a, 1, at, 1, NULL));
        give_back(a, 1, at, 1);
    }
    sound(a);
    while (claim(b, 2, used * 2, 1, &error)) {
        used++;
    }
    failed(false, &error, ENOSPC, "records");
    g_assert_cmpuint(used, ==, 399);
    sound(a);
    give_back(b, 2, 0, 1);
    g_assert_true(claim(a, 1, BLOCKS - 1, 1, NULL));
    cxl_dcd_pool_close(b);
    end(a);
}

static uint64_t generation_of(CXLDcdPool *pool, uint32_t host)
{
    CXLDcdPoolHostInfo info;
    uint64_t generation;

    g_assert_true(cxl_dcd_pool_host(pool, host, true, &info));
    g_assert_cmpuint(info.used->len, ==, 1);
    generation = g_array_index(info.used, CXLDcdPoolUsed, 0).generation;
    g_array_unref(info.used);
    return generation;
}

/* More than a parcel gets at once, some of it over several parcels */
static void numbers_of_claims(void)
{
    const unsigned claims = 20000;
    CXLDcdPool *pool[] = { open_host(0), open_host(1) };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(
        g_int64_hash, g_int64_equal, g_free, NULL);

    for (unsigned i = 0; i < claims; i++) {
        uint32_t host = i & 1;
        uint64_t at = i % 3 ? 0 : PARCEL * (1 + i % 5) - 1;
        uint64_t count = i % 7 ? 1 : 2, *generation = g_new(uint64_t, 1);

        g_assert_true(claim(pool[host], host, at, count, NULL));
        *generation = generation_of(pool[1 - host], host);
        g_assert_true(g_hash_table_add(seen, generation));
        g_assert_true(leave(pool[host], host, at, count));
        g_assert_true(finish(pool[host], host, at, count));
    }
    g_assert_cmpuint(cxl_dcd_pool_claims(pool[0]), ==, claims);
    /* One that fails is none */
    g_assert_true(claim(pool[0], 0, 5, 1, NULL));
    g_assert_false(claim(pool[1], 1, 5, 1, NULL));
    g_assert_false(claim(pool[1], 1, 0, PARCEL, NULL));
    g_assert_cmpuint(cxl_dcd_pool_claims(pool[0]), ==, claims + 1);
    cxl_dcd_pool_close(pool[1]);
    end(pool[0]);
}

/* Bytes that the system has for a pool's file */
static uint64_t taken(CXLDcdPool *pool)
{
    struct stat st;

    g_assert_cmpint(fstat(cxl_dcd_pool_fd(pool), &st), ==, 0);
    return st.st_blocks * 512ULL;
}

/* Memory that was taken in advance, and another host's claim in each place */
static void memory_in_advance(void)
{
    const uint64_t others[] = { 10, PARCEL + 10, 5 * PARCEL };
    const CXLDcdPoolRange ranges[] = { { 8, 4 }, { PARCEL + 8, 4 } };
    const CXLDcdPoolExtent both[] = { extent(8, 4, 0, 0),
                                      extent(PARCEL + 8, 4, 0, 0) };

    for (unsigned n = 1; n <= G_N_ELEMENTS(ranges); n++) {
        for (unsigned i = 0; i < G_N_ELEMENTS(others); i++) {
            CXLDcdPool *a = open_host(1), *b = open_host(2);
            uint64_t claims, before = taken(a);

            g_assert_true(cxl_dcd_pool_free_since(a, ranges, n, &claims));
            for (unsigned j = 0; j < n; j++) {
                g_assert_true(cxl_dcd_pool_reserve(
                    a, ranges[j].first * BLOCK, ranges[j].count * BLOCK, NULL));
            }
            g_assert_true(claim(b, 2, others[i], 1, NULL));
            give_back(b, 2, others[i], 1);
            g_assert_true(cxl_dcd_pool_claim_reserved(a, 1, both, n, false,
                                                      &claims, NULL));
            g_assert_cmpuint(taken(a), >=, before + n * 4 * BLOCK);
            cxl_dcd_pool_close(b);
            end(a);
        }
    }
}

/* --- Away from others --- */

static uint64_t found(CXLDcdPool *pool, uint64_t from, uint64_t to,
                      uint64_t count)
{
    CXLDcdPoolRange range = { 0 };

    g_assert_true(cxl_dcd_pool_find_apart(pool, from, to, count, &range, NULL));
    g_assert_cmpuint(range.count, >=, count);
    g_assert_cmpuint(range.first, >=, from);
    g_assert_cmpuint(range.first + range.count, <=, to);
    return range.first;
}

/* Who meets nobody gets the first room that there is, as ever */
static void alone(void)
{
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    CXLDcdPoolRange none = { 7, 7 };
    g_autoptr(GError) error = NULL;

    for (unsigned i = 0; i < 300; i++) {
        g_assert_cmpuint(found(a, 0, BLOCKS, 1), ==, i);
        g_assert_true(claim(i & 1 ? a : b, 1 + !(i & 1), i, 1, NULL));
    }
    g_assert_cmpuint(found(a, 500, BLOCKS, BLOCKS - 500), ==, 500);
    g_assert_false(cxl_dcd_pool_find_apart(a, 0, 400, 101, &none, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(none.first, ==, 7);
    cxl_dcd_pool_close(b);
    end(a);
}

static void hammer(uint32_t host)
{
    CXLDcdPool *pool;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pool = open_host(host);
    for (;;) {
        CXLDcdPoolRange range;

        if (cxl_dcd_pool_find_apart(pool, 0, BLOCKS, 1, &range, NULL) &&
            claim(pool, host, range.first, 1, NULL) &&
            (!leave(pool, host, range.first, 1) ||
             !finish(pool, host, range.first, 1))) {
            _exit(3);
        }
    }
}

static pid_t start(void (*what)(uint32_t host), uint32_t host)
{
    pid_t child = fork();

    g_assert_cmpint(child, >=, 0);
    if (!child) {
        what(host);
        _exit(4);
    }
    return child;
}

static void stop(pid_t child)
{
    int status;

    kill(child, SIGKILL);
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/*
 * All that want one block at a time, again and again, killed one after the
 * other: nothing is lost, and each leaves at most the block that it had.
 */
static void hammered(void)
{
    CXLDcdPool *pool = open_host(0);

    for (unsigned round = 0; round < 40; round++) {
        pid_t child[HOSTS] = { 0 };
        uint64_t freed, left = 0;

        for (uint32_t i = 1; i < HOSTS; i++) {
            child[i] = start(hammer, i);
        }
        for (uint32_t i = 1; i < HOSTS; i++) {
            g_usleep(g_test_rand_int_range(1, 8000));
            stop(child[i]);
        }
        sound(pool);
        left = BLOCKS - free_blocks(pool);
        g_assert_cmpuint(left, <=, HOSTS - 1);
        for (uint32_t i = 1; i < HOSTS; i++) {
            g_assert_true(cxl_dcd_pool_reclaim(pool, i, &freed, NULL));
            left -= freed;
        }
        g_assert_cmpuint(left, ==, 0);
        g_assert_cmpuint(free_blocks(pool), ==, BLOCKS);
    }
    end(pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/parcels/agree-with-a-list", agrees_with_a_list);
    g_test_add_func("/pool/parcels/all-records", all_records);
    g_test_add_func("/pool/parcels/numbers-of-claims", numbers_of_claims);
    g_test_add_func("/pool/parcels/memory-in-advance", memory_in_advance);
    g_test_add_func("/pool/parcels/alone", alone);
    g_test_add_func("/pool/parcels/hammered", hammered);
    return run_in_folder();
}
