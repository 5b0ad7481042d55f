/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticks - how late a timer of a millisecond comes
 *
 * Runs in the guest.  Prints "ready", sleeps a millisecond at a time until its
 * input ends, and prints how many times, and how late the latest was and the
 * latest but one in a thousand: COUNT MAX_US THOUSANDTH_US.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PERIOD_NS 1000000
#define LONGEST_US 10000000

/* How many ticks were that late; a histogram needs no room for each of them */
static uint32_t late[LONGEST_US + 1];

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int input_ended(void)
{
    struct pollfd in = { .fd = 0, .events = POLLIN };

    return poll(&in, 1, 0) > 0;
}

int main(void)
{
    uint64_t count = 0, above = 0;
    int64_t due = now_ns();
    int max, i;

    printf("ready\n");
    fflush(stdout);
    while (!input_ended()) {
        struct timespec at;
        int64_t us;

        due += PERIOD_NS;
        at.tv_sec = due / 1000000000;
        at.tv_nsec = due % 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
        us = (now_ns() - due) / 1000;
        late[us < LONGEST_US ? us : LONGEST_US]++;
        count++;
        if (us * 1000 > PERIOD_NS) {
            due = now_ns();             /* one stall is one late tick */
        }
    }
    for (max = LONGEST_US; max > 0 && late[max] == 0; max--) {
    }
    for (i = max; i > 0 && above + late[i] <= count / 1000; i--) {
        above += late[i];
    }
    printf("%llu %d %d\n", (unsigned long long)count, max, i);
    return 0;
}
