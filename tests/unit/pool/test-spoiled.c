/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pool's file, changed by somebody while it is open
 *
 * A process has a pool open and does what heads do, while bits of all that lies
 * behind the memory turn over: whatever it reads then, it ends by itself, with
 * refusals perhaps, but without a crash and in time.
 *
 * CXL_DCD_POOL_SPOILED sets how many such processes there are (60), each with a
 * seed that failures name; CXL_DCD_POOL_SEED sets the first.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/cxl/dcd/pool/file.h"
#include "tests/unit/pool-fixture.h"

#define BLOCKS   512ULL
#define HOSTS    4U
#define TAGS     4U
#define STEPS    200
#define SECONDS  60           /* a loop without an end is seen by then */

static const CXLDcdPoolConfig config = {
    .size = BLOCKS * BLOCK, .block_size = BLOCK, .max_hosts = HOSTS,
    .max_records = 512,
};

typedef struct Bed {
    CXLDcdPool *pool;
    GRand *rand;
    off_t length;                 /* of the file */
} Bed;

static uint32_t some(Bed *bed, uint32_t below)
{
    return g_rand_int_range(bed->rand, 0, below);
}

static CXLDcdPoolRange some_range(Bed *bed)
{
    uint64_t first = some(bed, BLOCKS);

    return (CXLDcdPoolRange) { first, 1 + some(bed, MIN(BLOCKS - first, 16)) };
}

/* --- What heads do; refusals are fine --- */

static void act_claim(Bed *bed, uint32_t host)
{
    CXLDcdPoolRange range = some_range(bed);
    bool shared = !some(bed, 4);
    CXLDcdPoolExtent e = extent(range.first, range.count,
                                shared ? 1 + some(bed, TAGS) : 0,
                                shared ? 1 : 0);

    cxl_dcd_pool_claim(bed->pool, host, &e, 1, shared, NULL);
}

static void act_tag(Bed *bed, uint32_t host)
{
    CXLDcdPoolExtent e = extent(0, 1, 1 + some(bed, TAGS), 0);
    GArray *extents;

    switch (some(bed, 4)) {
    case 0:
        cxl_dcd_pool_share(bed->pool, host, e.tag, NULL);
        break;
    case 1:
        cxl_dcd_pool_hold(bed->pool, host, e.tag, some(bed, 2), NULL);
        break;
    default:
        extents = cxl_dcd_pool_tag_extents(bed->pool, e.tag, NULL);
        g_clear_pointer(&extents, g_array_unref);
    }
}

static void act_change(Bed *bed, uint32_t host)
{
    CXLDcdPoolRange range = some_range(bed);

    switch (some(bed, 4)) {
    case 0:
        cxl_dcd_pool_accept(bed->pool, host, &range, NULL);
        break;
    case 1:
        cxl_dcd_pool_leave(bed->pool, host, &range, NULL);
        break;
    case 2:
        cxl_dcd_pool_finish(bed->pool, host, &range, true, NULL);
        break;
    default:
        cxl_dcd_pool_clear(bed->pool, host, range.first * BLOCK,
                           range.count * BLOCK, NULL);
    }
}

static void act_look(Bed *bed, uint32_t host)
{
    CXLDcdPoolRegion regions[CXL_DCD_POOL_REGIONS];
    CXLDcdPoolHostInfo info = { 0 };
    CXLDcdPoolRange found;
    uint32_t number;

    switch (some(bed, 5)) {
    case 0:
        cxl_dcd_pool_host(bed->pool, host, true, &info);
        g_clear_pointer(&info.used, g_array_unref);
        break;
    case 1:
        g_array_unref(cxl_dcd_pool_tags(bed->pool, &number));
        break;
    case 2:
        (some(bed, 2) ? cxl_dcd_pool_find : cxl_dcd_pool_find_apart)(
            bed->pool, some(bed, BLOCKS), BLOCKS, 1 + some(bed, 32), &found,
            NULL);
        cxl_dcd_pool_free_blocks(bed->pool, 0, BLOCKS);
        cxl_dcd_pool_longest(bed->pool);
        break;
    case 3:
        cxl_dcd_pool_regions(bed->pool, regions);
        cxl_dcd_pool_block(bed->pool, some(bed, BLOCKS), &number);
        break;
    default:
        cxl_dcd_pool_check(bed->pool, NULL);
    }
}

static void act(Bed *bed)
{
    uint32_t host = 1 + some(bed, HOSTS - 1);
    uint64_t freed;

    switch (some(bed, 8)) {
    case 0:
    case 1:
        act_claim(bed, host);
        break;
    case 2:
        act_tag(bed, host);
        break;
    case 3:
    case 4:
        act_change(bed, host);
        break;
    case 5:
        cxl_dcd_pool_detach(bed->pool, host);
        cxl_dcd_pool_reclaim(bed->pool, host, &freed, NULL);
        cxl_dcd_pool_attach(bed->pool, host, NULL);
        break;
    default:
        act_look(bed, host);
    }
}

/* --- And what somebody else does to the file --- */

/* Most of what is behind the memory is journals, and of them the begin counts */
static off_t some_place(Bed *bed)
{
    off_t journals = config.size + 2 * POOL_PAGE;
    off_t rest = journals + POOL_ENTRIES_OLD_BYTES;
    off_t parcels = rest - POOL_PARCELS_BYTES;

    switch (some(bed, 5)) {
    case 0:
        return parcels + some(bed, POOL_PARCELS * sizeof(PoolParcel));
    case 1:
        return parcels + POOL_PARCELS * sizeof(PoolParcel) +
               (some(bed, BLOCKS / POOL_LEAF) * POOL_PARCEL_ENTRIES +
                some(bed, 20)) * sizeof(PoolEntry) + some(bed, 40);
    case 2:
        return config.size + some(bed, 2 * POOL_PAGE + 20 * sizeof(PoolEntry));
    case 3:
        return config.size + g_rand_double(bed->rand) *
                             (bed->length - config.size);
    default:
        return rest + g_rand_double(bed->rand) * (bed->length - rest);
    }
}

/* A few bits of a word, or all of it: small numbers, and wild ones */
static void spoil(Bed *bed)
{
    int fd = cxl_dcd_pool_fd(bed->pool);
    off_t at = some_place(bed) & ~7;
    uint64_t word = 0;

    if (pread(fd, &word, sizeof(word), at) != sizeof(word)) {
        return;
    }
    switch (some(bed, 4)) {
    case 0:
        word = g_rand_int(bed->rand) | (uint64_t)g_rand_int(bed->rand) << 32;
        break;
    case 1:
        word = some(bed, 600);
        break;
    case 2:
        word |= (uint64_t)some(bed, 600) << 32;
        break;
    default:
        word ^= 1ULL << some(bed, 64);
    }
    g_assert_cmpint(pwrite(fd, &word, sizeof(word), at), ==, sizeof(word));
}

/* A record in use leads to another one, or to itself; or has other blocks. */
static void spoil_record(Bed *bed)
{
    static const size_t links[] = {
        offsetof(PoolRecord, next), offsetof(PoolRecord, prev),
        offsetof(PoolRecord, peer_next), offsetof(PoolRecord, peer_prev),
        offsetof(PoolRecord, hash_next), offsetof(PoolRecord, parent),
        offsetof(PoolRecord, extents), offsetof(PoolRecord, references),
    };
    uint32_t used = CLAMP(bed->pool->root->fresh_record, 2,
                          config.max_records) - 1;
    uint32_t number = 1 + some(bed, used), other = 1 + some(bed, used);
    PoolRecord *record = &bed->pool->records[number];
    uint32_t kind = some(bed, G_N_ELEMENTS(links) + 2);

    if (kind < G_N_ELEMENTS(links)) {
        *(uint32_t *)(void *)((char *)record + links[kind]) =
            some(bed, 3) ? other : number;
    } else {
        *(kind & 1 ? &record->first : &record->count) = some(bed, BLOCKS + 2);
    }
}

/* Who is there next takes up what he had, and gives it up. */
static void live_again(void)
{
    CXLDcdPool *pool = cxl_dcd_pool_open(path, &config, NULL);

    for (uint32_t host = 1; pool && host < HOSTS; host++) {
        uint64_t freed;

        if (cxl_dcd_pool_attach(pool, host, NULL)) {
            cxl_dcd_pool_detach(pool, host);
        }
        cxl_dcd_pool_reclaim(pool, host, &freed, NULL);
    }
    cxl_dcd_pool_close(pool);
}

static void live(uint32_t seed)
{
    Bed bed = { .rand = g_rand_new_with_seed(seed) };
    uint32_t host;
    int i;

    alarm(SECONDS);
    bed.pool = open_pool();
    for (host = 1; host < HOSTS; host++) {
        cxl_dcd_pool_attach(bed.pool, host, NULL);
    }
    bed.length = lseek(cxl_dcd_pool_fd(bed.pool), 0, SEEK_END);
    for (i = 0; i < STEPS; i++) {
        act(&bed);
    }
    for (i = 0; i < STEPS; i++) {
        /* Often nothing: one thing that is wrong leads far */
        if (!some(&bed, 1 + seed % 16)) {
            (some(&bed, 2) ? spoil : spoil_record)(&bed);
        }
        if (!some(&bed, 16)) {
            /* A host whose process is another one now */
            host = 1 + some(&bed, HOSTS - 1);
            cxl_dcd_pool_detach(bed.pool, host);
            cxl_dcd_pool_attach(bed.pool, host, NULL);
        }
        act(&bed);
    }
    cxl_dcd_pool_close(bed.pool);
    g_rand_free(bed.rand);
    /* What is left of it is opened, or refused */
    live_again();
}

static void test_spoiled(void)
{
    const char *count = g_getenv("CXL_DCD_POOL_SPOILED");
    const char *first = g_getenv("CXL_DCD_POOL_SEED");
    uint32_t seed = first ? strtoul(first, NULL, 10) : 1;
    uint32_t end = seed + (count ? strtoul(count, NULL, 10) : 60);
    int status;

    for (; seed < end; seed++) {
        pid_t child = fork();

        g_assert_cmpint(child, >=, 0);
        if (!child) {
            live(seed);
            _exit(0);
        }
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        if (!WIFEXITED(status) || WEXITSTATUS(status)) {
            g_test_message("seed %u: signal %d, status %d", seed,
                           WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                           WIFEXITED(status) ? WEXITSTATUS(status) : 0);
            g_test_fail();
        }
        g_unlink(path);
    }
}

/*
 * What is accepted leads to itself in its host's list, while the pool is open:
 * whoever follows it comes to an end, and says so.
 */
static void test_astray(void)
{
    CXLDcdPool *pool = open_pool();
    CXLDcdPoolRange range = { 0, 1 };
    CXLDcdPoolExtent e = extent(0, 1, 0, 0);
    g_autoptr(GError) error = NULL;
    uint64_t freed;

    alarm(SECONDS);
    g_assert_true(cxl_dcd_pool_attach(pool, 1, NULL));
    g_assert_true(cxl_dcd_pool_claim(pool, 1, &e, 1, false, NULL));
    g_assert_true(cxl_dcd_pool_accept(pool, 1, &range, NULL));
    pool->records[pool->hosts[1].first].next = pool->hosts[1].first;
    cxl_dcd_pool_detach(pool, 1);
    g_assert_false(cxl_dcd_pool_attach(pool, 1, &error));
    g_assert_cmpint(error->code, ==, EIO);
    g_clear_error(&error);
    cxl_dcd_pool_reclaim(pool, 1, &freed, NULL);
    cxl_dcd_pool_close(pool);
    alarm(0);
    g_unlink(path);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pool/spoiled", test_spoiled);
    g_test_add_func("/pool/astray", test_astray);
    return run_in_folder();
}
