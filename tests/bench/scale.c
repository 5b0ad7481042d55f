/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs that measure the core share
 */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "scale.h"

#define REPEATS     5

double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + now.tv_nsec / 1e9;
}

void must(bool ok, GError *error)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", program_invocation_short_name,
                error ? error->message : "failed");
        exit(1);
    }
}

size_t heap(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

double best_microseconds(unsigned rounds, ScaleRound what, void *opaque)
{
    uint64_t random = 88172645463325252ULL;
    double best = 1e9;

    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        double start = seconds(), spent;

        for (unsigned i = 0; i < rounds; i++) {
            what(opaque, &random);
        }
        spent = (seconds() - start) / rounds * 1e6;
        best = MIN(best, spent);
    }
    return best;
}
