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
#include <stdio.h>
#include <stdlib.h>
#include "hw/cxl/dcd/core.h"
#include "scale.h"

#define TIB         (1ULL << 40)
#define BLOCK       (2ULL << 20)
#define CAPACITY    (16 * TIB)
#define MOST        1000000
#define CHUNK       10000
#define ROUNDS      20000

static uint64_t live;           /* extents laid out, each stride apart */

static void on_event(void *opaque G_GNUC_UNUSED,
                     const CXLDcdEvent *event G_GNUC_UNUSED)
{
}

static const CXLDcdOps ops = { .event = on_event };

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

static void add_accept_release(void *dcd, uint64_t *random)
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
static void add_free_and_reject(void *dcd, uint64_t *random G_GNUC_UNUSED)
{
    CXLDcdAddRequest request = {
        .policy = CXL_DCD_POLICY_CONTIGUOUS, .length = 16 * BLOCK,
    };
    GError *error = NULL;

    must(cxl_dcd_add(dcd, &request, &error), error);
    answer(dcd, CXL_DCD_CHAIN_ADD_RESPONSE, NULL, 0);
}

static void read_entry(void *dcd, uint64_t *random)
{
    CXLDcdExtent extent;

    if (!cxl_dcd_listed(dcd, next_random(random) % live, &extent)) {
        abort();
    }
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
               best_microseconds(ROUNDS, add_accept_release, dcd));
        printf("contiguous-add-reject %" G_GUINT64_FORMAT " %.3f\n", live,
               best_microseconds(ROUNDS, add_free_and_reject, dcd));
        printf("list-entry %" G_GUINT64_FORMAT " %.3f\n", live,
               best_microseconds(ROUNDS, read_entry, dcd));
        fflush(stdout);
    }
    /* The block bits are in it: 1 MiB for 16 TiB is 8.4 bits an extent here */
    printf("bytes-per-extent %" G_GUINT64_FORMAT " %.1f\n", live,
           (heap() - empty - CAPACITY / BLOCK / 8.0) / live);
    cxl_dcd_free(dcd);
    return 0;
}
