/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GLib's locks and queues for ThreadSanitizer, which must see what orders two
 * threads: GLib's own are made of system calls, in a library that is not
 * instrumented. Linked into each program of scripts/check-fm-sanitizers
 * --threads, in front of GLib.
 *
 * A lock is one of the C library's, made when it is first used; its address
 * stands in the first word of GLib's. What a queue or a pool hands over is said
 * to ThreadSanitizer.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <glib.h>

void __tsan_acquire(void *at);
void __tsan_release(void *at);

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void *made(gpointer *at, void *(*make)(void), void (*drop)(void *))
{
    void *have = __atomic_load_n(at, __ATOMIC_ACQUIRE), *ours;

    if (have) {
        return have;
    }
    ours = make();
    if (__atomic_compare_exchange_n(at, &have, ours, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
        return ours;
    }
    drop(ours);
    return have;
}

static void *make_mutex(void)
{
    pthread_mutex_t *mutex = malloc(sizeof(*mutex));

    pthread_mutex_init(mutex, NULL);
    return mutex;
}

static void drop_mutex(void *mutex)
{
    pthread_mutex_destroy(mutex);
    free(mutex);
}

static void *make_cond(void)
{
    pthread_cond_t *cond = malloc(sizeof(*cond));
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return cond;
}

static void drop_cond(void *cond)
{
    pthread_cond_destroy(cond);
    free(cond);
}

static pthread_mutex_t *of_mutex(GMutex *mutex)
{
    return made(&mutex->p, make_mutex, drop_mutex);
}

static pthread_cond_t *of_cond(GCond *cond)
{
    return made(&cond->p, make_cond, drop_cond);
}

void g_mutex_init(GMutex *mutex)
{
    mutex->p = NULL;
}

void g_mutex_clear(GMutex *mutex)
{
    if (mutex->p) {
        drop_mutex(mutex->p);
        mutex->p = NULL;
    }
}

void g_mutex_lock(GMutex *mutex)
{
    pthread_mutex_lock(of_mutex(mutex));
}

void g_mutex_unlock(GMutex *mutex)
{
    pthread_mutex_unlock(of_mutex(mutex));
}

gboolean g_mutex_trylock(GMutex *mutex)
{
    return !pthread_mutex_trylock(of_mutex(mutex));
}

void g_cond_init(GCond *cond)
{
    cond->p = NULL;
}

void g_cond_clear(GCond *cond)
{
    if (cond->p) {
        drop_cond(cond->p);
        cond->p = NULL;
    }
}

void g_cond_signal(GCond *cond)
{
    pthread_cond_signal(of_cond(cond));
}

void g_cond_broadcast(GCond *cond)
{
    pthread_cond_broadcast(of_cond(cond));
}

void g_cond_wait(GCond *cond, GMutex *mutex)
{
    pthread_cond_wait(of_cond(cond), of_mutex(mutex));
}

gboolean g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
    struct timespec at = { end / 1000000, end % 1000000 * 1000 };

    return !pthread_cond_timedwait(of_cond(cond), of_mutex(mutex), &at);
}

void g_async_queue_push(GAsyncQueue *queue, gpointer data)
{
    __tsan_release(queue);
    NEXT(g_async_queue_push)(queue, data);
}

gpointer g_async_queue_try_pop(GAsyncQueue *queue)
{
    gpointer data = NEXT(g_async_queue_try_pop)(queue);

    __tsan_acquire(queue);
    return data;
}

/* --- Pools: the function that is called has seen what was before the push --- */

/* GLib's own struct, which a thread of GLib frees out of sight */
#define UNSEEN __attribute__((no_sanitize_thread))

typedef struct Pool {
    GFunc func;
    gpointer data;
} Pool;

static void run(gpointer item, gpointer data)
{
    Pool *pool = data;

    __tsan_acquire(pool);
    pool->func(item, pool->data);
    __tsan_release(pool);
}

UNSEEN
GThreadPool *g_thread_pool_new(GFunc func, gpointer data, gint max,
                               gboolean exclusive, GError **error)
{
    Pool *pool = malloc(sizeof(*pool));
    GThreadPool *made_pool;

    *pool = (Pool) { func, data };
    made_pool = NEXT(g_thread_pool_new)(run, pool, max, exclusive, error);
    if (made_pool) {
        made_pool->user_data = pool;
    }
    return made_pool;
}

UNSEEN
gboolean g_thread_pool_push(GThreadPool *pool, gpointer item, GError **error)
{
    __tsan_release(pool->user_data);
    return NEXT(g_thread_pool_push)(pool, item, error);
}

/* Waits for all that runs; its Pool is left to the end of the program. */
UNSEEN
void g_thread_pool_free(GThreadPool *pool, gboolean immediate, gboolean wait)
{
    void *ours = pool->user_data;

    NEXT(g_thread_pool_free)(pool, immediate, wait);
    if (wait) {
        __tsan_acquire(ours);
    }
}
