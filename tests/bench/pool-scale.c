/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pool-scale - a pool of many hosts, and many processes on one pool
 *
 * usage: pool-scale FOLDER          simulation: up to 10,000 hosts, 100 TiB
 *        pool-scale FOLDER PROCESSES [APART]
 *            claims of so many processes at once, by hosts whose numbers are
 *            that far apart (default 1)
 *
 * The simulation has a core for every host, with the pool's file behind it, as
 * the heads of as many QEMU processes would. Half of the pool is out, in
 * extents with gaps between. Microseconds of one round of a random host (the
 * device picks, the host accepts and gives back), of finding a run that is
 * nearly the longest, of sharing a tag and giving it up; and what it takes in
 * memory. Blocks of 2 MiB; nobody touches the memory itself.
 *
 * Prints lines "name TiB value"; "claims-per-second PROCESSES value".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "hw/cxl/dcd/core.h"
#include "hw/cxl/dcd/pool.h"
#include "scale.h"

#define TIB         (1ULL << 40)
#define BLOCK       (2ULL << 20)
#define EXTENTS     8           /* of each host, and one that comes and goes */
#define ROUNDS      4000
#define HOSTS       64          /* of the pool that processes contend for */
#define SLICES      4000        /* of which the best counts */
#define SLICE       0.0005      /* seconds: others may have the processor then */

typedef struct Host {
    CXLDcd *dcd;
    CXLDcdPool *pool;
    uint32_t id;
} Host;

static CXLDcdPool *pool;
static Host *hosts;
static uint32_t count;

/* --- A head: DPA is the offset in the pool --- */

static CXLDcdPoolRange blocks(uint64_t dpa, uint64_t len)
{
    return (CXLDcdPoolRange) { dpa / BLOCK, len / BLOCK };
}

static void on_event(void *opaque G_GNUC_UNUSED,
                     const CXLDcdEvent *event G_GNUC_UNUSED)
{
}

static bool on_gap(void *opaque G_GNUC_UNUSED, uint64_t from, uint64_t end,
                   uint64_t len, CXLDcdRange *ret, GError **error)
{
    CXLDcdPoolRange found;

    if (!cxl_dcd_pool_find(pool, from / BLOCK, end / BLOCK, len / BLOCK,
                           &found, error)) {
        return false;
    }
    *ret = (CXLDcdRange) { found.first * BLOCK, found.count * BLOCK };
    return true;
}

static bool on_available(void *opaque G_GNUC_UNUSED, uint64_t from,
                         uint64_t end, uint64_t *ret, GError **error)
{
    if (!cxl_dcd_pool_count_free(pool, from / BLOCK, end / BLOCK, ret, error)) {
        return false;
    }
    *ret *= BLOCK;
    return true;
}

static bool on_claim(void *opaque, const CXLDcdExtent *extents, size_t n,
                     bool join G_GNUC_UNUSED, GError **error)
{
    CXLDcdPoolExtent one = { .range = blocks(extents->dpa, extents->len) };

    return n == 1 && cxl_dcd_pool_claim(pool, ((Host *)opaque)->id, &one, 1,
                                        false, error);
}

static void on_outcome(void *opaque, CXLDcdOutcome outcome,
                       const CXLDcdExtent *extents, size_t n)
{
    for (size_t i = 0; outcome == CXL_DCD_OUTCOME_ADDED && i < n; i++) {
        CXLDcdPoolRange range = blocks(extents[i].dpa, extents[i].len);

        must(cxl_dcd_pool_accept(pool, ((Host *)opaque)->id, &range, NULL),
             NULL);
    }
}

static bool on_sanitize(void *opaque, const CXLDcdRange *range, bool zero)
{
    CXLDcdPoolRange gone = blocks(range->dpa, range->len);
    uint32_t id = ((Host *)opaque)->id;
    GError *error = NULL;

    must(cxl_dcd_pool_leave(pool, id, &gone, &error) &&
         cxl_dcd_pool_finish(pool, id, &gone, zero, &error), error);
    return true;
}

static const CXLDcdOps ops = {
    .event = on_event, .gap = on_gap, .available = on_available,
    .claim = on_claim, .outcome = on_outcome, .sanitize = on_sanitize,
};

static CXLDcdRange add(Host *host, uint64_t len)
{
    CXLDcdAddRequest request = {
        .host_id = host->id, .policy = CXL_DCD_POLICY_CONTIGUOUS,
        .length = len,
    };
    CXLDcdExtent extent;
    CXLDcdRange range;
    GError *error = NULL;
    uint64_t at = 0;

    must(cxl_dcd_add(host->dcd, &request, &error), error);
    while (cxl_dcd_extent_from(host->dcd, at, &extent) &&
           extent.state != CXL_DCD_PENDING) {
        at = extent.dpa + extent.len;
    }
    range = (CXLDcdRange) { extent.dpa, extent.len };
    must(cxl_dcd_chain_append(host->dcd, CXL_DCD_CHAIN_ADD_RESPONSE, &range, 1,
                              &error) &&
         cxl_dcd_chain_end(host->dcd, CXL_DCD_CHAIN_ADD_RESPONSE, &error),
         error);
    return range;
}

static void give_back(Host *host, const CXLDcdRange *range)
{
    GError *error = NULL;

    must(cxl_dcd_chain_append(host->dcd, CXL_DCD_CHAIN_RELEASE, range, 1,
                              &error) &&
         cxl_dcd_chain_end(host->dcd, CXL_DCD_CHAIN_RELEASE, &error), error);
}

/* --- What is measured --- */

static void round_of(Host *host)
{
    CXLDcdRange range = add(host, 4 * BLOCK);

    give_back(host, &range);
}

static void round_trip(void *unused, uint64_t *random)
{
    round_of(&hosts[next_random(random) % count]);
}

/* The first of a host also takes the memory that it will use from then on */
static void first_rounds(void)
{
    for (uint32_t i = 0; i < count; i++) {
        round_of(&hosts[i]);
    }
}

/* From anywhere: over gaps that are all too short */
static void find(void *unused, uint64_t *random)
{
    CXLDcdPoolRange found;
    uint64_t all = cxl_dcd_pool_blocks(pool);

    must(cxl_dcd_pool_find(pool, next_random(random) % (all / 2), all,
                           cxl_dcd_pool_longest(pool), &found, NULL), NULL);
}

static void share(void *unused, uint64_t *random)
{
    static const uint8_t tag[CXL_DCD_POOL_TAG_SIZE] = "everybody's";
    Host *host = &hosts[1 + next_random(random) % (count - 1)];
    CXLDcdPoolRange range = { cxl_dcd_pool_blocks(pool) - 1, 1 };
    GError *error = NULL;

    must(cxl_dcd_pool_share(pool, host->id, tag, &error) &&
         cxl_dcd_pool_accept(pool, host->id, &range, &error) &&
         cxl_dcd_pool_leave(pool, host->id, &range, &error) &&
         cxl_dcd_pool_finish(pool, host->id, &range, true, &error), error);
}

static CXLDcdPool *open_pool(const char *path, uint64_t size, uint32_t most)
{
    const CXLDcdPoolConfig config = {
        .size = size, .block_size = BLOCK, .max_hosts = most,
        .max_records = most * (EXTENTS + 8),
    };
    GError *error = NULL;
    CXLDcdPool *opened = cxl_dcd_pool_open(path, &config, &error);

    must(opened, error);
    return opened;
}

/* Half of the pool, gaps between the extents */
static void fill(uint64_t size)
{
    uint64_t step = size / BLOCK / count / EXTENTS, held = step / 2;
    GError *error = NULL;

    for (uint32_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < EXTENTS; j++) {
            uint64_t first = ((uint64_t)j * count + i) * step;
            CXLDcdExtent extent = { .dpa = first * BLOCK,
                                    .len = held * BLOCK };
            CXLDcdAddRequest request = {
                .host_id = i, .policy = CXL_DCD_POLICY_PRESCRIPTIVE,
                .extents = &extent, .count = 1,
            };
            CXLDcdRange range = { extent.dpa, extent.len };

            must(cxl_dcd_add(hosts[i].dcd, &request, &error) &&
                 cxl_dcd_chain_append(hosts[i].dcd, CXL_DCD_CHAIN_ADD_RESPONSE,
                                      &range, 1, &error) &&
                 cxl_dcd_chain_end(hosts[i].dcd, CXL_DCD_CHAIN_ADD_RESPONSE,
                                   &error), error);
        }
    }
}

static void make_hosts(uint64_t size)
{
    CXLDcdConfig config = {
        .max_extents = 1024, .max_tags = 16, .num_regions = 1,
        .regions = { {
            .decode_length = size, .length = size, .block_size = BLOCK,
            .block_sizes = BLOCK, .sanitize = true,
        } },
    };
    GError *error = NULL;

    hosts = g_new0(Host, count);
    for (uint32_t i = 0; i < count; i++) {
        config.host_id = i;
        hosts[i].id = i;
        hosts[i].dcd = cxl_dcd_new(&config, &ops, &hosts[i], &error);
        must(hosts[i].dcd, error);
        must(cxl_dcd_pool_attach(pool, i, &error), error);
    }
}

static void share_one(void)
{
    CXLDcdPoolExtent last = {
        .range = { cxl_dcd_pool_blocks(pool) - 1, 1 },
        .tag = "everybody's",
    };
    GError *error = NULL;

    must(cxl_dcd_pool_claim(pool, 0, &last, 1, true, &error), error);
}

static void simulate(const char *folder, double tib, uint32_t number)
{
    uint64_t size = (uint64_t)(tib * 1024) * (TIB / 1024);
    g_autofree char *path = g_build_filename(folder, "pool", NULL);
    GError *error = NULL;
    double start = seconds();
    size_t before = heap();

    count = number;
    pool = open_pool(path, size, number);
    printf("pool-make-ms %g %.1f\n", tib, (seconds() - start) * 1e3);
    make_hosts(size);
    printf("pool-heap-per-host-bytes %g %.1f\n", tib,
           (double)(heap() - before) / number);
    fill(size);
    share_one();
    first_rounds();
    printf("pool-round %g %.3f\n", tib, best_microseconds(ROUNDS, round_trip, NULL));
    printf("pool-find %g %.3f\n", tib, best_microseconds(ROUNDS, find, NULL));
    printf("pool-share %g %.3f\n", tib, best_microseconds(ROUNDS, share, NULL));
    start = seconds();
    must(cxl_dcd_pool_check(pool, &error), error);
    printf("pool-check-ms %g %.1f\n", tib, (seconds() - start) * 1e3);
    fflush(stdout);
    for (uint32_t i = 0; i < count; i++) {
        cxl_dcd_free(hosts[i].dcd);
    }
    g_free(hosts);
    cxl_dcd_pool_close(pool);
    unlink(path);
}

/* --- Many processes --- */

/* Claims of each process in each slice of time */
typedef uint64_t Slices[SLICES];

static bool claim_one(uint32_t id)
{
    CXLDcdPoolExtent one = { 0 };
    GError *error = NULL;

    if (!cxl_dcd_pool_find_apart(pool, 0, UINT64_MAX, 1, &one.range, NULL)) {
        return false;
    }
    one.range.count = 1;
    /* Somebody may have been faster */
    if (!cxl_dcd_pool_claim(pool, id, &one, 1, false, NULL)) {
        return false;
    }
    must(cxl_dcd_pool_leave(pool, id, &one.range, &error) &&
         cxl_dcd_pool_finish(pool, id, &one.range, false, &error), error);
    return true;
}

/* All begin at @start. */
static void claim_on(const char *path, uint32_t id, double start, Slices done)
{
    GError *error = NULL;
    double now;

    pool = open_pool(path, TIB / 64, HOSTS);
    must(cxl_dcd_pool_attach(pool, id, &error), error);
    while ((now = seconds()) < start + SLICES * SLICE) {
        if (claim_one(id) && now >= start) {
            done[(unsigned)((now - start) / SLICE)]++;
        }
    }
    _exit(0);
}

/* What other programs take from some slices, they do not take from all */
static void contend(const char *folder, uint32_t processes, uint32_t apart)
{
    g_autofree char *path = g_build_filename(folder, "pool", NULL);
    Slices *done = mmap(NULL, processes * sizeof(Slices),
                        PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                        0);
    uint64_t best = 0;
    double start;
    int status;

    must(done != MAP_FAILED, NULL);
    cxl_dcd_pool_close(open_pool(path, TIB / 64, HOSTS));
    start = seconds() + 0.2;
    for (uint32_t i = 0; i < processes; i++) {
        if (!fork()) {
            claim_on(path, i * apart, start, done[i]);
        }
    }
    for (uint32_t i = 0; i < processes; i++) {
        must(wait(&status) > 0 && !status, NULL);
    }
    for (unsigned slice = 0; slice < SLICES; slice++) {
        uint64_t all = 0;

        for (uint32_t i = 0; i < processes; i++) {
            all += done[i][slice];
        }
        best = MAX(best, all);
    }
    munmap(done, processes * sizeof(Slices));
    printf("claims-per-second %u %.0f\n", processes, (double)best / SLICE);
    unlink(path);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: pool-scale FOLDER [PROCESSES [APART]]\n");
        return 2;
    }
    if (argc > 2) {
        contend(argv[1], strtoul(argv[2], NULL, 10),
                argc > 3 ? strtoul(argv[3], NULL, 10) : 1);
        return 0;
    }
    simulate(argv[1], 0.125, 12);
    simulate(argv[1], 1, 100);
    simulate(argv[1], 10, 1000);
    simulate(argv[1], 100, 10000);
    return 0;
}
