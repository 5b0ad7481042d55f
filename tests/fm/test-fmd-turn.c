/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock that is had in turn: nobody overtakes who waits */
#include "turn.h"

#define WAITERS 5

struct bench {
    struct turn turn;
    GArray *order;                /* who had it; under it */
};

struct waiter {
    struct bench *bench;
    int number;
};

static unsigned waiting(struct turn *turn)
{
    unsigned count;

    g_mutex_lock(&turn->lock);
    count = turn->waiting.length;
    g_mutex_unlock(&turn->lock);
    return count;
}

static void *wait_once(void *opaque)
{
    struct waiter *waiter = opaque;
    g_autoptr(turn_holder) turn = turn_hold(&waiter->bench->turn);

    g_array_append_val(waiter->bench->order, waiter->number);
    return turn ? NULL : waiter;
}

/* Who gives it back and wants it again at once is behind those who wait. */
static void test_order(void)
{
    struct bench bench = {
        .order = g_array_new(false, false, sizeof(int)),
    };
    struct waiter waiters[WAITERS];
    GThread *threads[WAITERS];
    int i, me = WAITERS;

    turn_init(&bench.turn);
    turn_take(&bench.turn);
    for (i = 0; i < WAITERS; i++) {
        waiters[i] = (struct waiter) { &bench, i };
        threads[i] = g_thread_new("waiter", wait_once, &waiters[i]);
        while (waiting(&bench.turn) <= (unsigned)i) {
            g_usleep(1000);
        }
    }
    turn_leave(&bench.turn);
    turn_take(&bench.turn);
    g_array_append_val(bench.order, me);
    turn_leave(&bench.turn);
    for (i = 0; i < WAITERS; i++) {
        g_assert_null(g_thread_join(threads[i]));
    }
    g_assert_cmpuint(bench.order->len, ==, WAITERS + 1);
    for (i = 0; i <= WAITERS; i++) {
        g_assert_cmpint(g_array_index(bench.order, int, i), ==, i);
    }
    turn_clear(&bench.turn);
    g_array_unref(bench.order);
}

static void *count(void *opaque)
{
    struct waiter *waiter = opaque;
    int i;

    for (i = 0; i < 2000; i++) {
        turn_take(&waiter->bench->turn);
        waiter->number++;         /* shared: of all threads */
        turn_leave(&waiter->bench->turn);
    }
    return NULL;
}

static void test_alone(void)
{
    struct bench bench = { .order = NULL };
    struct waiter all = { &bench, 0 };
    GThread *threads[WAITERS];
    int i;

    turn_init(&bench.turn);
    for (i = 0; i < WAITERS; i++) {
        threads[i] = g_thread_new("count", count, &all);
    }
    for (i = 0; i < WAITERS; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_cmpint(all.number, ==, WAITERS * 2000);
    turn_clear(&bench.turn);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/turn/order", test_order);
    g_test_add_func("/turn/alone", test_alone);
    return g_test_run();
}
