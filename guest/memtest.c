/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memtest - write a pattern over memory, read it back, say what was wrong
 *
 * usage: memtest [-v] MIB [FILE [SEED]]
 *
 * Without FILE the memory is anonymous: bind it with numactl to test one
 * node.  With FILE (a DAX device or a file) it is a shared mapping from its
 * start.  Every 64-bit word gets a value that depends on its place and on
 * SEED, so that words written to the wrong place are found as well as words
 * that were lost.  -v only reads and compares with what an earlier run with the
 * same SEED left in FILE.  Prints one line with the bandwidths.
 *
 * Exit status: 0 all words right, 1 some wrong, 2 the memory was not to be had.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024UL * 1024UL)
#define MAX_MIB (1024UL * 1024UL)

/* A finaliser of a 64-bit hash: no two neighbouring words look alike. */
static inline uint64_t pattern(uint64_t index, uint64_t seed)
{
    uint64_t x = index + seed * 0x9e3779b97f4a7c15ull;

    x ^= x >> 31;
    x *= 0xbf58476d1ce4e5b9ull;
    x ^= x >> 29;
    return x;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* Parse a whole unsigned number of at most @max; exit with a message if not. */
static uint64_t number(const char *what, const char *text, uint64_t max)
{
    char *end;
    uint64_t value;

    errno = 0;
    value = strtoull(text, &end, 0);
    if (errno || !*text || *end || *text == '-' || value > max) {
        fprintf(stderr, "memtest: %s '%s' is not a number up to %" PRIu64 "\n",
                what, text, max);
        exit(2);
    }
    return value;
}

static uint64_t *map(const char *path, size_t bytes)
{
    int fd = -1;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    void *memory;

    if (path) {
        fd = open(path, O_RDWR);
        if (fd < 0) {
            fprintf(stderr, "memtest: cannot open %s: %s\n", path,
                    strerror(errno));
            exit(2);
        }
        flags = MAP_SHARED;
    }
    memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED) {
        fprintf(stderr, "memtest: cannot map %zu MiB of %s: %s\n", bytes / MIB,
                path ? path : "anonymous memory", strerror(errno));
        exit(2);
    }
    if (fd >= 0) {
        close(fd);
    }
    return memory;
}

/* Read everything back; returns the number of wrong words, shows the first. */
static uint64_t verify(volatile uint64_t *words, uint64_t count, uint64_t seed)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t got = words[i];

        if (got != pattern(i, seed)) {
            if (!wrong) {
                fprintf(stderr, "memtest: offset 0x%" PRIx64 ": wrote 0x%016"
                        PRIx64 ", read 0x%016" PRIx64 "\n", i * 8,
                        pattern(i, seed), got);
            }
            wrong++;
        }
    }
    return wrong;
}

int main(int argc, char **argv)
{
    bool verify_only = argc > 1 && !strcmp(argv[1], "-v");
    const char *path;
    uint64_t mib, seed, count, wrong;
    volatile uint64_t *words;
    double start, written, read;

    argv += verify_only;
    argc -= verify_only;
    if (argc < 2 || argc > 4 || (verify_only && argc < 3)) {
        fprintf(stderr, "usage: memtest [-v] MIB [FILE [SEED]]\n");
        return 2;
    }
    mib = number("size in MiB", argv[1], MAX_MIB);
    if (!mib) {
        fprintf(stderr, "memtest: a size of 0 MiB tests nothing\n");
        return 2;
    }
    path = argc > 2 ? argv[2] : NULL;
    seed = argc > 3 ? number("seed", argv[3], UINT64_MAX) : 1;
    count = mib * MIB / sizeof(*words);
    words = map(path, mib * MIB);

    start = now();
    for (uint64_t i = 0; i < count && !verify_only; i++) {
        words[i] = pattern(i, seed);
    }
    written = now();
    wrong = verify(words, count, seed);
    read = now();

    printf("memtest: %" PRIu64 " MiB, ", mib);
    if (!verify_only) {
        printf("write %.1f MB/s, ", mib * MIB / 1e6 / (written - start));
    }
    printf("read %.1f MB/s, %" PRIu64 " of %" PRIu64 " words wrong\n",
           mib * MIB / 1e6 / (read - written), wrong, count);
    return wrong ? 1 : 0;
}
