/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that wait for workers
 */
#include "http-queue.h"

typedef struct Waiting {
    void *job;
    gint64 since;
} Waiting;

/* Somebody of whom something waits or runs */
typedef struct Asker {
    char *who;
    GQueue jobs;                  /* Waiting *, oldest first */
    unsigned running;
} Asker;

struct HttpQueue {
    GFunc run;
    void *opaque;
    GThread **threads;
    unsigned workers;
    GMutex lock;                  /* of all that follows */
    GCond more;
    GHashTable *askers;           /* by its name */
    GQueue turns;                 /* Asker * of which jobs wait, next first */
    bool ended;
};

static void asker_free(gpointer data)
{
    Asker *asker = data;

    g_free(asker->who);
    g_free(asker);
}

/* The rest of these, with the lock: */

static void queue_forget(HttpQueue *queue, Asker *asker)
{
    if (!asker->running && g_queue_is_empty(&asker->jobs)) {
        g_hash_table_remove(queue->askers, asker->who);
    }
}

/* The next one, whose asker goes to the end; NULL: the end */
static void *queue_next(HttpQueue *queue, Asker **ret_asker)
{
    Waiting *waiting;
    Asker *asker;
    void *job;

    while (g_queue_is_empty(&queue->turns)) {
        if (queue->ended) {
            return NULL;
        }
        g_cond_wait(&queue->more, &queue->lock);
    }
    asker = g_queue_pop_head(&queue->turns);
    waiting = g_queue_pop_head(&asker->jobs);
    if (!g_queue_is_empty(&asker->jobs)) {
        g_queue_push_tail(&queue->turns, asker);
    }
    asker->running++;
    job = waiting->job;
    g_free(waiting);
    *ret_asker = asker;
    return job;
}

static gpointer queue_work(gpointer opaque)
{
    HttpQueue *queue = opaque;
    Asker *asker;
    void *job;

    g_mutex_lock(&queue->lock);
    while ((job = queue_next(queue, &asker))) {
        g_mutex_unlock(&queue->lock);
        queue->run(job, queue->opaque);
        g_mutex_lock(&queue->lock);
        asker->running--;
        queue_forget(queue, asker);
    }
    g_mutex_unlock(&queue->lock);
    return NULL;
}

/* What is @wanted of one of them, to @taken */
static void queue_take_of(HttpQueue *queue, Asker *asker, HttpQueueFn wanted,
                          GPtrArray *taken)
{
    GList *at = asker->jobs.head, *next;

    for (; at; at = next) {
        Waiting *waiting = at->data;

        next = at->next;
        if (!wanted || wanted(waiting->job)) {
            g_ptr_array_add(taken, waiting->job);
            g_free(waiting);
            g_queue_delete_link(&asker->jobs, at);
        }
    }
    if (g_queue_is_empty(&asker->jobs)) {
        g_queue_remove(&queue->turns, asker);
    }
}

/* And those that take it. */

HttpQueue *http_queue_new(const char *name, unsigned workers, GFunc run,
                          void *opaque)
{
    HttpQueue *queue = g_new0(HttpQueue, 1);
    unsigned i;

    queue->run = run;
    queue->opaque = opaque;
    queue->workers = workers;
    queue->threads = g_new(GThread *, workers);
    g_mutex_init(&queue->lock);
    g_cond_init(&queue->more);
    queue->askers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                          asker_free);
    for (i = 0; i < workers; i++) {
        queue->threads[i] = g_thread_new(name, queue_work, queue);
    }
    return queue;
}

void http_queue_free(HttpQueue *queue)
{
    unsigned i;

    g_mutex_lock(&queue->lock);
    queue->ended = true;
    g_cond_broadcast(&queue->more);
    g_mutex_unlock(&queue->lock);
    for (i = 0; i < queue->workers; i++) {
        g_thread_join(queue->threads[i]);
    }
    g_assert(!g_hash_table_size(queue->askers));
    g_hash_table_unref(queue->askers);
    g_cond_clear(&queue->more);
    g_mutex_clear(&queue->lock);
    g_free(queue->threads);
    g_free(queue);
}

unsigned http_queue_count(HttpQueue *queue, const char *who)
{
    const Asker *asker;
    unsigned count;

    g_mutex_lock(&queue->lock);
    asker = g_hash_table_lookup(queue->askers, who);
    count = asker ? asker->running + g_queue_get_length(
        (GQueue *)&asker->jobs) : 0;
    g_mutex_unlock(&queue->lock);
    return count;
}

void http_queue_push(HttpQueue *queue, const char *who, void *job)
{
    Waiting *waiting = g_new(Waiting, 1);
    Asker *asker;

    *waiting = (Waiting) { job, g_get_monotonic_time() };
    g_mutex_lock(&queue->lock);
    asker = g_hash_table_lookup(queue->askers, who);
    if (!asker) {
        asker = g_new0(Asker, 1);
        asker->who = g_strdup(who);
        g_hash_table_insert(queue->askers, asker->who, asker);
    }
    if (g_queue_is_empty(&asker->jobs)) {
        g_queue_push_tail(&queue->turns, asker);
    }
    g_queue_push_tail(&asker->jobs, waiting);
    g_cond_signal(&queue->more);
    g_mutex_unlock(&queue->lock);
}

GPtrArray *http_queue_take(HttpQueue *queue, HttpQueueFn wanted)
{
    GPtrArray *taken = g_ptr_array_new();
    g_autoptr(GPtrArray) askers = g_ptr_array_new();
    GHashTableIter iter;
    Asker *asker;
    unsigned i;

    g_mutex_lock(&queue->lock);
    g_hash_table_iter_init(&iter, queue->askers);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&asker)) {
        g_ptr_array_add(askers, asker);
    }
    for (i = 0; i < askers->len; i++) {
        queue_take_of(queue, askers->pdata[i], wanted, taken);
        queue_forget(queue, askers->pdata[i]);
    }
    g_mutex_unlock(&queue->lock);
    return taken;
}

int64_t http_queue_waited(HttpQueue *queue)
{
    gint64 now = g_get_monotonic_time(), oldest = now;
    const GList *at;

    g_mutex_lock(&queue->lock);
    for (at = queue->turns.head; at; at = at->next) {
        const Asker *asker = at->data;
        const Waiting *waiting = asker->jobs.head->data;

        oldest = MIN(oldest, waiting->since);
    }
    g_mutex_unlock(&queue->lock);
    return now - oldest;
}
