/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool: its rules; after each case everything in the file must agree.
 */
#include <errno.h>
#include "tests/unit/pool-fixture.h"

#define BLOCKS 512ULL

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = 8,
    .max_records = 200, .reserve = true,
};

static void owned_once(void)
{
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    CXLDcdPoolRange part = { 5, 1 }, more = { 5, 2 }, found;
    g_autoptr(GError) error = NULL;
    uint32_t owner;

    g_assert_true(claim(a, 1, 4, 3, NULL));
    failed(claim(b, 2, 3, 2, &error), &error, EBUSY, "block 4");
    g_assert_cmpuint(free_blocks(b), ==, BLOCKS - 3);
    failed(cxl_dcd_pool_leave(b, 2, &part, &error), &error, EPERM, "not host");
    failed(cxl_dcd_pool_accept(b, 2, &part, &error), &error, EPERM, "not host");
    failed(cxl_dcd_pool_leave(b, 1, &part, &error), &error, EPERM,
           "not this process's");
    failed(cxl_dcd_pool_finish(a, 1, &part, true, &error), &error, EPERM,
           "not leaving");
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &owner), ==, CXL_DCD_POOL_OWNED);
    g_assert_cmpuint(owner, ==, 1);
    /* The middle goes: nobody gets it before it is clean */
    cxl_dcd_pool_memory(a)[5 * BLOCK] = 7;
    g_assert_true(cxl_dcd_pool_leave(a, 1, &part, NULL));
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &owner), ==, CXL_DCD_POOL_DIRTY);
    failed(claim(b, 2, 5, 1, &error), &error, EBUSY, "being cleaned");
    /* Block 6 is not leaving: then 5 is not free either */
    failed(cxl_dcd_pool_finish(a, 1, &more, true, &error), &error, EPERM,
           "block 6 of the pool is not leaving");
    g_assert_cmpint(cxl_dcd_pool_block(b, 5, &owner), ==, CXL_DCD_POOL_DIRTY);
    g_assert_true(cxl_dcd_pool_finish(a, 1, &part, true, NULL));
    g_assert_true(claim(b, 2, 5, 1, NULL));
    g_assert_cmpint(cxl_dcd_pool_memory(b)[5 * BLOCK], ==, 0);
    g_assert_true(cxl_dcd_pool_find(b, 0, BLOCKS, 5, &found, NULL));
    g_assert_cmpuint(found.first, ==, 7);
    g_assert_cmpuint(found.count, ==, BLOCKS - 7);
    g_assert_true(cxl_dcd_pool_find(b, 0, 6, 1, &found, NULL));
    g_assert_cmpuint(found.count, ==, 4);
    g_assert_false(cxl_dcd_pool_find(b, 0, 7, 5, &found, NULL));
    cxl_dcd_pool_close(b);
    end(a);
}

static void all_or_none(void)
{
    CXLDcdPoolExtent two[] = { extent(0, 4, 0, 0), extent(8, 4, 0, 0) };
    CXLDcdPoolExtent many[CXL_DCD_POOL_RANGES_MAX + 1];
    CXLDcdPool *pool = open_host(1);
    g_autoptr(GError) error = NULL;
    unsigned i;

    g_assert_true(cxl_dcd_pool_attach(pool, 2, NULL));
    g_assert_true(claim(pool, 2, 11, 1, NULL));
    failed(cxl_dcd_pool_claim(pool, 1, two, 2, false, &error), &error, EBUSY,
           "host 2");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    for (i = 0; i < G_N_ELEMENTS(many); i++) {
        many[i] = extent(20 + i % 400, 1, 0, 0);
    }
    failed(cxl_dcd_pool_claim(pool, 1, many, G_N_ELEMENTS(many), false, &error),
           &error, ENOSPC, "1024");
    /* 199 records can be in use */
    failed(cxl_dcd_pool_claim(pool, 1, many, 250, false, &error), &error,
           ENOSPC, "199 records");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    failed(cxl_dcd_pool_claim(pool, 1, many, 0, false, &error), &error, ENOSPC,
           "extents");
    failed(claim(pool, 1, BLOCKS, 1, &error), &error, EINVAL, "512");
    failed(claim(pool, 1, 1, UINT64_MAX, &error), &error, EINVAL, "blocks");
    failed(claim(pool, 1, 1, 0, &error), &error, EINVAL, "0 blocks");
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS - 1);
    end(pool);
}

static void shared(void)
{
    CXLDcdPoolExtent two[] = { extent(10, 2, 'A', 0), extent(4, 3, 'A', 1) };
    CXLDcdPoolExtent plain = extent(100, 1, 'A', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) extents = NULL;
    g_autoptr(GArray) tags = NULL;
    uint32_t generation;
    uint64_t freed;

    g_assert_true(cxl_dcd_pool_claim(a, 1, two, 2, true, NULL));
    failed(cxl_dcd_pool_claim(b, 2, two, 2, true, &error), &error, EEXIST,
           "in use");
    failed(cxl_dcd_pool_claim(b, 2, &plain, 1, false, &error), &error, EEXIST,
           "in use");
    failed(cxl_dcd_pool_share(a, 1, two[0].tag, &error), &error, EEXIST,
           "already");
    failed(cxl_dcd_pool_share(b, 2, (uint8_t *)"no such tag here", &error),
           &error, ENOENT, "no shared");
    extents = cxl_dcd_pool_tag_extents(b, two[0].tag, NULL);
    g_assert_cmpmem(extents->data, extents->len * sizeof(two[0]), two,
                    sizeof(two));
    g_assert_true(cxl_dcd_pool_share(b, 2, two[0].tag, NULL));
    g_assert_true(cxl_dcd_pool_accept(b, 2, &two[1].range, NULL));
    sound(a);
    /* The first host leaves, the second and then only the FM keep it */
    memset(cxl_dcd_pool_memory(a) + 4 * BLOCK, 7, BLOCK);
    give_back(a, 1, 10, 2);
    give_back(a, 1, 4, 3);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 5);
    g_assert_true(cxl_dcd_pool_hold(a, 1, two[0].tag, true, NULL));
    g_assert_true(cxl_dcd_pool_hold(b, 2, two[0].tag, true, NULL));
    give_back(b, 2, 4, 3);
    tags = cxl_dcd_pool_tags(b, &generation);
    g_assert_cmpuint(tags->len, ==, 1);
    g_assert_true(g_array_index(tags, CXLDcdPoolTagInfo, 0).held);
    g_assert_cmpuint(g_array_index(tags, CXLDcdPoolTagInfo, 0).hosts->len, ==,
                     0);
    g_assert_cmpint(cxl_dcd_pool_memory(b)[4 * BLOCK], ==, 7);
    g_assert_true(cxl_dcd_pool_share(b, 2, two[0].tag, NULL));
    g_assert_true(cxl_dcd_pool_hold(a, 1, two[0].tag, false, NULL));
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 5);
    /* The last one dies; what it held is free when it is reclaimed */
    cxl_dcd_pool_close(b);
    g_assert_true(cxl_dcd_pool_reclaim(a, 2, &freed, NULL));
    g_assert_cmpuint(freed, ==, 5);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[4 * BLOCK], ==, 0);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS);
    end(a);
}

static void leave_shared(CXLDcdPool *pool, uint32_t host, bool zero)
{
    const CXLDcdPoolRange range = { 10, 2 };

    g_assert_true(cxl_dcd_pool_leave(pool, host, &range, NULL));
    g_assert_true(cxl_dcd_pool_finish(pool, host, &range, zero, NULL));
}

/*
 * One of several hosts wants a tag's contents gone when it leaves: they are,
 * with the last one, whatever that one wants
 */
static void shared_and_cleaned(void)
{
    CXLDcdPoolExtent shared = extent(10, 2, 'A', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2), *c = open_host(3);

    for (unsigned wants = 0; wants < 8; wants++) {
        uint8_t left = wants ? 0 : 7;

        g_assert_true(cxl_dcd_pool_claim(a, 1, &shared, 1, true, NULL));
        g_assert_true(cxl_dcd_pool_share(b, 2, shared.tag, NULL));
        g_assert_true(cxl_dcd_pool_share(c, 3, shared.tag, NULL));
        memset(cxl_dcd_pool_memory(a) + 10 * BLOCK, 7, 2 * BLOCK);
        leave_shared(a, 1, wants & 1);
        leave_shared(b, 2, wants & 2);
        g_assert_cmpint(cxl_dcd_pool_memory(c)[10 * BLOCK], ==, 7);
        leave_shared(c, 3, wants & 4);
        g_assert_cmpint(cxl_dcd_pool_memory(c)[10 * BLOCK], ==, left);
        g_assert_cmpint(cxl_dcd_pool_memory(c)[12 * BLOCK - 1], ==, left);
        g_assert_cmpuint(free_blocks(a), ==, BLOCKS);
        sound(a);
    }
    cxl_dcd_pool_close(b);
    cxl_dcd_pool_close(c);
    end(a);
}

/* A host that comes back: accepted is its own, offers and shares are gone */
static void comes_back(void)
{
    CXLDcdPoolExtent tagged = extent(40, 4, 'T', 0);
    CXLDcdPoolExtent alone = extent(50, 1, 'S', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    const CXLDcdPoolUsed *used;
    CXLDcdPoolRange accepted = { 41, 2 };
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;
    uint64_t freed;

    g_assert_true(cxl_dcd_pool_claim(a, 1, &tagged, 1, false, NULL));
    g_assert_true(cxl_dcd_pool_accept(a, 1, &accepted, NULL));
    g_assert_true(cxl_dcd_pool_claim(a, 1, &alone, 1, true, NULL));
    g_assert_true(cxl_dcd_pool_accept(a, 1, &alone.range, NULL));
    memset(cxl_dcd_pool_memory(a) + 40 * BLOCK, 9, 11 * BLOCK);
    failed(cxl_dcd_pool_reclaim(b, 1, &freed, &error), &error, EBUSY, "alive");
    failed(cxl_dcd_pool_reclaim(b, 2, &freed, &error), &error, EBUSY, "alive");
    failed(cxl_dcd_pool_reclaim(b, 8, &freed, &error), &error, EINVAL,
           "0 to 7");
    g_assert_true(cxl_dcd_pool_alive(b, 1));
    cxl_dcd_pool_close(a);
    g_assert_false(cxl_dcd_pool_alive(b, 1));
    a = open_host(1);
    sound(a);
    g_assert_cmpuint(free_blocks(a), ==, BLOCKS - 2);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[40 * BLOCK], ==, 0);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[41 * BLOCK], ==, 9);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[50 * BLOCK], ==, 0);
    g_assert_true(cxl_dcd_pool_host(b, 1, true, &info));
    g_assert_cmpuint(info.lives, ==, 2);
    g_assert_cmpuint(info.blocks, ==, 2);
    g_assert_cmpuint(info.used->len, ==, 1);
    used = &g_array_index(info.used, CXLDcdPoolUsed, 0);
    g_assert_cmpuint(used->extent.range.first, ==, 41);
    g_assert_cmpuint(used->use, ==, CXL_DCD_POOL_ACCEPTED);
    g_assert_cmpmem(used->extent.tag, 16, tagged.tag, 16);
    g_array_unref(info.used);
    cxl_dcd_pool_close(a);
    g_assert_true(cxl_dcd_pool_reclaim(b, 1, &freed, NULL));
    g_assert_cmpuint(freed, ==, 2);
    g_assert_cmpint(cxl_dcd_pool_memory(b)[41 * BLOCK], ==, 0);
    end(b);
}

static void cleared(void)
{
    CXLDcdPoolExtent alone = extent(50, 1, 'S', 0);
    CXLDcdPool *a = open_host(1), *b = open_host(2);
    g_autoptr(GError) error = NULL;

    g_assert_true(claim(a, 1, 10, 4, NULL));
    g_assert_true(claim(b, 2, 14, 4, NULL));
    g_assert_true(cxl_dcd_pool_claim(a, 1, &alone, 1, true, NULL));
    memset(cxl_dcd_pool_memory(a) + 10 * BLOCK, 9, 8 * BLOCK);
    failed(cxl_dcd_pool_clear(a, 1, 12 * BLOCK, 4 * BLOCK, &error), &error,
           EPERM, "block 14");
    failed(cxl_dcd_pool_clear(a, 1, 50 * BLOCK, BLOCK, &error), &error, EPERM,
           "block 50");
    failed(cxl_dcd_pool_clear(a, 1, BLOCKS * BLOCK, BLOCK, &error), &error,
           EINVAL, "512");
    g_assert_cmpint(cxl_dcd_pool_memory(a)[12 * BLOCK], ==, 9);
    g_assert_true(cxl_dcd_pool_clear(a, 1, 10 * BLOCK, 4 * BLOCK, NULL));
    g_assert_cmpint(cxl_dcd_pool_memory(a)[14 * BLOCK - 1], ==, 0);
    g_assert_cmpint(cxl_dcd_pool_memory(a)[14 * BLOCK], ==, 9);
    cxl_dcd_pool_close(b);
    end(a);
}

/* --- Of blocks that have many pages --- */

#define LARGE (64 * BLOCK)

static CXLDcdPool *open_large(uint32_t host)
{
    static const CXLDcdPoolConfig large = {
        .size = 64 * LARGE, .block_size = LARGE, .max_hosts = 8,
        .max_records = 200, .reserve = true,
    };
    g_autoptr(GError) error = NULL;
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &large, &error);

    g_assert_no_error(error);
    g_assert_true(cxl_dcd_pool_attach(pool, host, NULL));
    return pool;
}

static void cleared_in_part(void)
{
    CXLDcdPool *a = open_large(1), *b = open_large(2);
    g_autoptr(GError) error = NULL;
    uint8_t *memory = cxl_dcd_pool_memory(a);

    g_assert_true(claim(a, 1, 10, 4, NULL));
    g_assert_true(claim(b, 2, 14, 1, NULL));
    memset(memory + 10 * LARGE, 9, 5 * LARGE);
    failed(cxl_dcd_pool_clear(a, 1, 14 * LARGE - BLOCK, 2 * BLOCK, &error),
           &error, EPERM, "block 14");
    g_assert_cmpint(memory[14 * LARGE - BLOCK], ==, 9);
    g_assert_true(cxl_dcd_pool_clear(a, 1, 12 * LARGE - BLOCK, 2 * BLOCK,
                                     NULL));
    g_assert_cmpint(memory[12 * LARGE - BLOCK - 1], ==, 9);
    g_assert_cmpint(memory[12 * LARGE - BLOCK], ==, 0);
    g_assert_cmpint(memory[12 * LARGE + BLOCK - 1], ==, 0);
    g_assert_cmpint(memory[12 * LARGE + BLOCK], ==, 9);
    cxl_dcd_pool_close(b);
    end(a);
}

/* Bytes that the system has for a pool's file */
static uint64_t taken(CXLDcdPool *pool)
{
    struct stat st;

    g_assert_cmpint(fstat(cxl_dcd_pool_fd(pool), &st), ==, 0);
    return st.st_blocks * 512ULL;
}

static void free_again(CXLDcdPool *pool, uint32_t host,
                       const CXLDcdPoolRange *range)
{
    g_assert_true(cxl_dcd_pool_leave(pool, host, range, NULL));
    g_assert_true(cxl_dcd_pool_finish(pool, host, range, true, NULL));
}

/* What was taken in advance is not taken again, unless it may have gone. */
static void taken_in_advance(void)
{
    CXLDcdPoolExtent two[] = { extent(10, 8, 0, 0), extent(20, 4, 0, 0) };
    CXLDcdPoolRange ranges[] = { { 10, 8 }, { 20, 4 } }, other = { 12, 4 };
    CXLDcdPool *a = open_large(1), *b = open_large(2);
    uint64_t claims, before = taken(a);
    CXLDcdPoolRange no = { 60, 5 };

    g_assert_false(cxl_dcd_pool_free_since(a, &no, 1, &claims));
    /* Nothing was taken: so nothing is there */
    g_assert_true(cxl_dcd_pool_free_since(a, ranges, 2, &claims));
    g_assert_true(cxl_dcd_pool_claim_reserved(a, 1, two, 2, false, &claims,
                                              NULL));
    g_assert_cmpuint(taken(a), <, before + LARGE);
    g_assert_false(cxl_dcd_pool_free_since(a, ranges, 2, &claims));
    g_assert_true(cxl_dcd_pool_leave_all(a, 1, ranges, 2, NULL));
    /* On its way to be free is not free */
    g_assert_false(cxl_dcd_pool_free_since(a, ranges, 2, &claims));
    g_assert_true(cxl_dcd_pool_finish(a, 1, &ranges[0], true, NULL));
    g_assert_true(cxl_dcd_pool_finish(a, 1, &ranges[1], true, NULL));
    /* Taken, and there; then another host has had some of it */
    g_assert_true(cxl_dcd_pool_free_since(a, ranges, 2, &claims));
    g_assert_true(cxl_dcd_pool_reserve(a, 10 * LARGE, 8 * LARGE, NULL));
    g_assert_true(cxl_dcd_pool_reserve(a, 20 * LARGE, 4 * LARGE, NULL));
    g_assert_cmpuint(taken(a), >=, before + 12 * LARGE);
    g_assert_true(claim(b, 2, other.first, other.count, NULL));
    free_again(b, 2, &other);
    g_assert_cmpuint(taken(a), <, before + 9 * LARGE);
    g_assert_true(cxl_dcd_pool_claim_reserved(a, 1, two, 2, false, &claims,
                                              NULL));
    g_assert_cmpuint(taken(a), >=, before + 12 * LARGE);
    cxl_dcd_pool_close(b);
    end(a);
}

static void one_layout(void)
{
    CXLDcdPoolRegion regions[] = { { .count = 100 },
                                   { .first = 100, .count = 412 } };
    CXLDcdPoolRegion seen[CXL_DCD_POOL_REGIONS];
    CXLDcdPoolHead head = { .base = 1 << 30, .read_only = 2 };
    CXLDcdPool *pool = open_host(1);
    g_autoptr(GError) error = NULL;
    CXLDcdPoolHostInfo info;

    g_assert_true(cxl_dcd_pool_attach(pool, 2, NULL));
    g_assert_cmpuint(cxl_dcd_pool_regions(pool, seen), ==, 0);
    g_assert_true(cxl_dcd_pool_set_head(pool, 1, regions, 2, &head, NULL));
    g_assert_true(cxl_dcd_pool_set_head(pool, 2, regions, 2, &head, NULL));
    regions[1].sanitize = 1;
    failed(cxl_dcd_pool_set_head(pool, 2, regions, 2, &head, &error), &error,
           EINVAL, "2 regions");
    failed(cxl_dcd_pool_set_head(pool, 2, regions, 1, &head, &error), &error,
           EINVAL, "2 regions");
    g_assert_cmpuint(cxl_dcd_pool_regions(pool, seen), ==, 2);
    g_assert_true(cxl_dcd_pool_host(pool, 2, false, &info));
    g_assert_cmpuint(info.head.read_only, ==, 2);
    end(pool);
}

/* A search agrees with one block by block */
static void find_as(CXLDcdPool *pool, const bool *used, uint64_t from,
                    uint64_t to, uint64_t want)
{
    uint64_t run = 0, i;
    CXLDcdPoolRange found;

    for (i = from; i < to && run < want; i++) {
        run = used[i] ? 0 : run + 1;
    }
    g_assert_cmpint(cxl_dcd_pool_find(pool, from, to, want, &found, NULL), ==,
                    run >= want);
    if (run >= want) {
        g_assert_cmpuint(found.first, ==, i - want);
        for (; i < to && !used[i]; i++) {
            run++;
        }
        g_assert_cmpuint(found.count, ==, run);
    }
}

static void finds(void)
{
    CXLDcdPool *pool = open_host(0);
    g_autofree bool *used = g_new0(bool, BLOCKS);

    for (unsigned round = 0; round < 300; round++) {
        uint64_t at = g_test_rand_int_range(0, BLOCKS);
        uint64_t want = g_test_rand_int_range(1, 20);
        uint64_t from = g_test_rand_int_range(0, BLOCKS);
        uint64_t to = g_test_rand_int_range(from, BLOCKS + 1);

        if (used[at]) {
            give_back(pool, 0, at, 1);
            used[at] = false;
        } else if (g_test_rand_bit()) {
            used[at] = claim(pool, 0, at, 1, NULL);
        }
        find_as(pool, used, from, to, want);
    }
    end(pool);
}

/* Long runs with little between them; how much is free, and at most at once */
static void finds_long(void)
{
    CXLDcdPool *pool = open_host(0);
    g_autofree bool *used = g_new0(bool, BLOCKS);

    for (unsigned round = 0; round < 600; round++) {
        uint64_t at = g_test_rand_int_range(0, BLOCKS);
        uint64_t count = g_test_rand_int_range(1, 150);
        uint64_t from = g_test_rand_int_range(0, BLOCKS);
        uint64_t to = g_test_rand_int_range(from, BLOCKS + 1);
        uint64_t run = 0, longest = 0, all = 0, part = 0;

        if (used[at]) {
            for (count = 0; at + count < BLOCKS && used[at + count]; count++) {
                used[at + count] = false;
            }
            give_back(pool, 0, at, count);
        } else if (round % 3 == 0 && claim(pool, 0, at, MIN(count, BLOCKS - at),
                                           NULL)) {
            memset(&used[at], true, MIN(count, BLOCKS - at));
        }
        for (uint64_t i = 0; i < BLOCKS; i++) {
            run = used[i] ? 0 : run + 1;
            longest = MAX(longest, run);
            all += !used[i];
            part += !used[i] && i >= from && i < to;
        }
        g_assert_cmpuint(cxl_dcd_pool_longest(pool), ==, longest);
        g_assert_cmpuint(free_blocks(pool), ==, all);
        g_assert_cmpuint(cxl_dcd_pool_free_blocks(pool, from, to), ==, part);
        find_as(pool, used, from, to, g_test_rand_int_range(1, 300));
        find_as(pool, used, 0, BLOCKS, longest);
        find_as(pool, used, 0, BLOCKS, longest + 1);
    }
    end(pool);
}

/*
 * Enough tags and references that some share a bucket of the hash (256); they
 * go in any order, and nobody loses another's.
 */
static void many_tags(void)
{
    enum { TAGS = 60, SHARED = 15, ALL = TAGS + SHARED };
    CXLDcdPool *pool = open_host(1);
    uint8_t left[ALL];

    g_assert_true(cxl_dcd_pool_attach(pool, 2, NULL));
    for (unsigned i = 0; i < TAGS; i++) {
        CXLDcdPoolExtent e = extent(i, 1, 0x10 + i, 0);

        g_assert_true(cxl_dcd_pool_claim(pool, 1, &e, 1, true, NULL));
    }
    for (unsigned i = 0; i < ALL; i++) {
        left[i] = i;
    }
    for (unsigned n = 0; n < SHARED; n++) {
        CXLDcdPoolExtent e = extent(n, 1, 0x10 + n, 0);

        g_assert_true(cxl_dcd_pool_share(pool, 2, e.tag, NULL));
    }
    for (unsigned n = ALL; n; n--) {
        unsigned i = g_test_rand_int_range(0, n), which = left[i];

        left[i] = left[n - 1];
        if (which < TAGS) {
            give_back(pool, 1, which, 1);
        } else {
            CXLDcdPoolExtent e = extent(0, 1, 0x10 + which - TAGS, 0);
            g_autoptr(GArray) extents =
                cxl_dcd_pool_tag_extents(pool, e.tag, NULL);

            g_assert_cmpuint(extents->len, ==, 1);
            give_back(pool, 2, which - TAGS, 1);
        }
        sound(pool);
    }
    g_assert_cmpuint(free_blocks(pool), ==, BLOCKS);
    end(pool);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/owned-once", owned_once);
    g_test_add_func("/pool/all-or-none", all_or_none);
    g_test_add_func("/pool/shared", shared);
    g_test_add_func("/pool/shared-and-cleaned", shared_and_cleaned);
    g_test_add_func("/pool/many-tags", many_tags);
    g_test_add_func("/pool/comes-back", comes_back);
    g_test_add_func("/pool/sanitized", cleared);
    g_test_add_func("/pool/sanitized-in-part", cleared_in_part);
    g_test_add_func("/pool/taken-in-advance", taken_in_advance);
    g_test_add_func("/pool/one-layout", one_layout);
    g_test_add_func("/pool/finds", finds);
    g_test_add_func("/pool/finds-long", finds_long);
    return run_in_folder();
}
