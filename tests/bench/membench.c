/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * membench: bandwidth and latency of one piece of memory, for `make bench`
 *
 * Runs in the guest. The memory is either anonymous (bind it with
 * `numactl --membind`) or a device file such as /dev/dax0.1. Every figure is
 * the best of several rounds, because noise on a shared machine only ever makes
 * memory look slower. One line per figure: NAME VALUE UNIT.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024UL * 1024)
#define LATENCY_STEPS 2000000UL

typedef struct Job {
    pthread_t thread;
    pthread_barrier_t *start;
    uint8_t *area;
    size_t len;
    char kind;                  /* 'w'rite, 'r'ead, 'c'opy */
    double seconds;
    uint64_t sum;               /* keeps reads from being optimised away */
} Job;

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

static uint64_t sum_words(const uint64_t *words, size_t n)
{
    uint64_t sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        sum += words[i];
    }
    return sum;
}

static void *run_job(void *opaque)
{
    Job *job = opaque;
    double begin;

    pthread_barrier_wait(job->start);
    begin = now();
    switch (job->kind) {
    case 'w':
        memset(job->area, (int)(begin * 1000) & 0xff, job->len);
        break;
    case 'r':
        job->sum = sum_words((uint64_t *)job->area, job->len / 8);
        break;
    case 'c':
        memcpy(job->area, job->area + job->len / 2, job->len / 2);
        break;
    }
    job->seconds = now() - begin;
    return NULL;
}

/* Slowest thread of one round decides; returns MB/s over all threads. */
static double one_round(uint8_t *area, size_t len, char kind, int threads)
{
    Job *jobs = calloc(threads, sizeof(*jobs));
    pthread_barrier_t start;
    double worst = 0;
    size_t share = len / threads & ~(size_t)4095;
    int i;

    if (!jobs) {
        perror("calloc");
        exit(1);
    }
    pthread_barrier_init(&start, NULL, threads);
    for (i = 0; i < threads; i++) {
        jobs[i].start = &start;
        jobs[i].area = area + i * share;
        jobs[i].len = share;
        jobs[i].kind = kind;
        if (pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i])) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (i = 0; i < threads; i++) {
        pthread_join(jobs[i].thread, NULL);
        worst = jobs[i].seconds > worst ? jobs[i].seconds : worst;
    }
    pthread_barrier_destroy(&start);
    free(jobs);
    return (double)share * threads / (kind == 'c' ? 2 : 1) / worst / 1e6;
}

static void bandwidth(uint8_t *area, size_t len, const char *name, char kind,
                      int threads, int rounds)
{
    double best = 0;
    int i;

    for (i = 0; i < rounds; i++) {
        double rate = one_round(area, len, kind, threads);

        best = rate > best ? rate : best;
    }
    printf("%s-%dt %.2f MB/s\n", name, threads, best);
    fflush(stdout);
}

/* A chain of cache lines in random order: each load waits for the one before */
static void latency(uint8_t *area, size_t len, size_t steps, int rounds)
{
    size_t lines = len / 64;
    uint32_t *order = malloc(lines * sizeof(*order));
    uint64_t seed = 88172645463325252ULL;
    double best = 1e9;
    size_t i;
    int r;

    if (!order) {
        perror("malloc");
        exit(1);
    }
    for (i = 0; i < lines; i++) {
        order[i] = i;
    }
    for (i = lines - 1; i > 0; i--) {
        size_t j;
        uint32_t swap;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        j = seed % i;           /* Sattolo: one single cycle */
        swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (i = 0; i < lines; i++) {
        *(uint64_t *)(area + i * 64) = (uint64_t)order[i] * 64;
    }
    free(order);
    for (r = 0; r < rounds; r++) {
        volatile uint64_t sink;
        uint64_t at = 0;
        double begin = now();
        double each;

        for (i = 0; i < steps; i++) {
            at = *(uint64_t *)(area + at);
        }
        sink = at;
        (void)sink;
        each = (now() - begin) * 1e9 / steps;
        best = each < best ? each : best;
    }
    printf("latency %.2f ns\n", best);
}

static uint8_t *get_area(const char *file, size_t len)
{
    void *area;
    int fd = -1;

    if (file) {
        fd = open(file, O_RDWR | O_CLOEXEC);
        if (fd < 0) {
            fprintf(stderr, "membench: %s: %s\n", file, strerror(errno));
            exit(1);
        }
    }
    area = mmap(NULL, len, PROT_READ | PROT_WRITE,
                file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
    if (area == MAP_FAILED) {
        fprintf(stderr, "membench: mmap of %zu bytes: %s\n", len,
                strerror(errno));
        exit(1);
    }
    if (fd >= 0) {
        close(fd);
    }
    return area;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "file", required_argument, NULL, 'f' },
        { "size", required_argument, NULL, 's' },
        { "threads", required_argument, NULL, 't' },
        { "rounds", required_argument, NULL, 'r' },
        { "steps", required_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },
        { }
    };
    const char *file = NULL;
    size_t len = 64 * MIB;
    size_t steps = LATENCY_STEPS;
    int threads = 2;
    int rounds = 5;
    uint8_t *area;
    int opt, t;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 'f':
            file = optarg;
            break;
        case 's':
            len = strtoul(optarg, NULL, 0) * MIB;
            break;
        case 't':
            threads = atoi(optarg);
            break;
        case 'r':
            rounds = atoi(optarg);
            break;
        case 'l':
            steps = strtoul(optarg, NULL, 0);
            break;
        default:
            fprintf(stderr, "usage: membench [--file PATH] [--size MIB] "
                    "[--threads N] [--rounds N] [--steps N]\n");
            return opt == 'h' ? 0 : 2;
        }
    }
    if (!len || threads < 1 || rounds < 1 || !steps) {
        fprintf(stderr, "membench: size, threads, rounds and steps must be "
                "at least 1\n");
        return 2;
    }
    area = get_area(file, len);
    memset(area, 1, len);       /* fault everything in before timing */
    for (t = 1; t <= threads; t++) {
        bandwidth(area, len, "write", 'w', t, rounds);
        bandwidth(area, len, "read", 'r', t, rounds);
        bandwidth(area, len, "copy", 'c', t, rounds);
    }
    latency(area, len, steps, rounds);
    return 0;
}
