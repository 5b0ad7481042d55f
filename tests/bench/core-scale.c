/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * core-scale - what one add, accept and release costs with many live extents
 *
 * A device of 16 TiB in blocks of 2 MiB. For each number of live extents, which
 * lie as far apart as they can, so that nothing merges: microseconds of one
 * round (offer by address, answer, release), of one by the free policy, and of
 * reading one entry of the extent list; and what the extents cost in memory.
 *
 * Prints lines "name extents value".
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "hw/cxl/cxl_dcd.h"

#define TIB         (1ULL << 40)
#define BLOCK       (2ULL << 20)
#define CAPACITY    (16 * TIB)
#define MOST        1000000
#define CHUNK       10000
#define ROUNDS      20000
#define REPEATS     5

static uint64_t live;           /* extents laid out, each stride apart */

static void on_event(void *opaque G_GNUC_UNUSED,
                     const CXLDcdEvent *event G_GNUC_UNUSED)
{
}

static const CXLDcdOps ops = { .event = on_event };

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

static void must(bool ok, GError *error)
{
    if (!ok) {
        fprintf(stderr, "core-scale: %s\n", error->message);
        exit(1);
    }
}

static void answer(CXLDcd *dcd, CXLDcdChain kind, const CXLDcdRange *ranges,
                   size_t count)
{
    GError *error = NULL;

    must(cxl_dcd_chain_append(dcd, kind, ranges, count, &error), error);
    must(cxl_dcd_chain_end(dcd, kind, &error), error);
}

/* Every second block of the lowest @MOST * 8 blocks at most */
static uint64_t place(uint64_t index)
{
    return index * 8 * BLOCK;
}

static void grow(CXLDcd *dcd, uint64_t to)
{
    g_autofree CXLDcdExtent *extents = g_new0(CXLDcdExtent, CHUNK);
    g_autofree CXLDcdRange *ranges = g_new0(CXLDcdRange, CHUNK);

    while (live < to) {
        size_t count = MIN(CHUNK, to - live);
        GError *error = NULL;
        CXLDcdAddRequest request = {
            .policy = CXL_DCD_POLICY_PRESCRIPTIVE,
            .extents = extents, .count = count,
        };

        for (size_t i = 0; i < count; i++) {
            ranges[i] = (CXLDcdRange) { place(live + i), BLOCK };
            extents[i] = (CXLDcdExtent) { .dpa = ranges[i].dpa, .len = BLOCK };
        }
        must(cxl_dcd_add(dcd, &request, &error), error);
        answer(dcd, CXL_DCD_CHAIN_ADD_RESPONSE, ranges, count);
        live += count;
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void add_accept_release(CXLDcd *dcd, uint64_t *random)
{
    CXLDcdRange range = { place(next_random(random) % live) + 4 * BLOCK,
                          BLOCK };
    CXLDcdExtent extent = { .dpa = range.dpa, .len = range.len };
    CXLDcdAddRequest request = {
        .policy = CXL_DCD_POLICY_PRESCRIPTIVE, .extents = &extent, .count = 1,
    };
    GError *error = NULL;

    must(cxl_dcd_add(dcd, &request, &error), error);
    answer(dcd, CXL_DCD_CHAIN_ADD_RESPONSE, &range, 1);
    answer(dcd, CXL_DCD_CHAIN_RELEASE, &range, 1);
}

/* A length that fits nowhere between the live extents: the tree must know. */
static void add_free_and_reject(CXLDcd *dcd, uint64_t *random G_GNUC_UNUSED)
{
    CXLDcdAddRequest request = {
        .policy = CXL_DCD_POLICY_CONTIGUOUS, .length = 16 * BLOCK,
    };
    GError *error = NULL;

    must(cxl_dcd_add(dcd, &request, &error), error);
    answer(dcd, CXL_DCD_CHAIN_ADD_RESPONSE, NULL, 0);
}

static void read_entry(CXLDcd *dcd, uint64_t *random)
{
    CXLDcdExtent extent;

    if (!cxl_dcd_listed(dcd, next_random(random) % live, &extent)) {
        abort();
    }
}

static double best_microseconds(CXLDcd *dcd,
                                void (*what)(CXLDcd *dcd, uint64_t *random))
{
    uint64_t random = 88172645463325252ULL;
    double best = 1e9;

    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        double start = seconds(), spent;

        for (unsigned i = 0; i < ROUNDS; i++) {
            what(dcd, &random);
        }
        spent = (seconds() - start) / ROUNDS * 1e6;
        best = MIN(best, spent);
    }
    return best;
}

static size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

int main(void)
{
    static const uint64_t sizes[] = { 100, 1000, 10000, 100000, MOST };
    CXLDcdConfig config = {
        .max_extents = 2 * MOST, .max_tags = 1, .num_regions = 1,
        .regions = { {
            .decode_length = CAPACITY, .length = CAPACITY,
            .block_size = BLOCK, .block_sizes = BLOCK,
        } },
    };
    GError *error = NULL;
    CXLDcd *dcd = cxl_dcd_new(&config, &ops, NULL, &error);
    size_t empty = heap();

    must(dcd, error);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        grow(dcd, sizes[i]);
        printf("add-accept-release %" G_GUINT64_FORMAT " %.3f\n", live,
               best_microseconds(dcd, add_accept_release));
        printf("contiguous-add-reject %" G_GUINT64_FORMAT " %.3f\n", live,
               best_microseconds(dcd, add_free_and_reject));
        printf("list-entry %" G_GUINT64_FORMAT " %.3f\n", live,
               best_microseconds(dcd, read_entry));
        fflush(stdout);
    }
    /* The block bits are in it: 1 MiB for 16 TiB is 8.4 bits an extent here */
    printf("bytes-per-extent %" G_GUINT64_FORMAT " %.1f\n", live,
           (heap() - empty - CAPACITY / BLOCK / 8.0) / live);
    cxl_dcd_free(dcd);
    return 0;
}
