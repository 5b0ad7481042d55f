/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A wall clock that is wrong, for one process: put before the C library by
 * LD_PRELOAD. The file that CLOCK_JUMP names has the seconds it is ahead, and
 * may change while the process runs. Clocks that only grow are not touched.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long clock_ahead(void)
{
    const char *path = getenv("CLOCK_JUMP");
    FILE *file = path ? fopen(path, "r") : NULL;
    long ahead = 0;

    if (file) {
        if (fscanf(file, "%ld", &ahead) != 1) {
            ahead = 0;
        }
        fclose(file);
    }
    return ahead;
}

int clock_gettime(clockid_t id, struct timespec *ret)
{
    int failed = syscall(SYS_clock_gettime, id, ret);

    if (!failed && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        ret->tv_sec += clock_ahead();
    }
    return failed;
}

int gettimeofday(struct timeval *ret, void *zone)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    ret->tv_sec = now.tv_sec;
    ret->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *ret)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (ret) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}
