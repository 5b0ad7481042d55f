/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lock that is had in the order in which it was asked for */
#include "turn.h"

struct waiter {
    GCond cond;
    bool next;                    /* the lock is its */
};

void turn_init(struct turn *turn)
{
    g_mutex_init(&turn->lock);
    g_queue_init(&turn->waiting);
    turn->taken = false;
}

void turn_clear(struct turn *turn)
{
    g_assert(!turn->taken && g_queue_is_empty(&turn->waiting));
    g_mutex_clear(&turn->lock);
}

void turn_take(struct turn *turn)
{
    struct waiter waiter = { .next = false };

    g_mutex_lock(&turn->lock);
    if (turn->taken) {
        g_cond_init(&waiter.cond);
        g_queue_push_tail(&turn->waiting, &waiter);
        while (!waiter.next) {
            g_cond_wait(&waiter.cond, &turn->lock);
        }
        g_cond_clear(&waiter.cond);
    }
    turn->taken = true;
    g_mutex_unlock(&turn->lock);
}

void turn_leave(struct turn *turn)
{
    struct waiter *next;

    g_mutex_lock(&turn->lock);
    /* It goes from hand to hand: nobody comes between. */
    next = g_queue_pop_head(&turn->waiting);
    if (next) {
        next->next = true;
        g_cond_signal(&next->cond);
    } else {
        turn->taken = false;
    }
    g_mutex_unlock(&turn->lock);
}
