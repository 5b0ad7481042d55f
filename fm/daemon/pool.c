/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread of a pool: waits, looks, acts */
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "log.h"
#include "pool-clean.h"
#include "pool-event.h"
#include "pool-lock.h"
#include "pool-memo.h"
#include "pool-own.h"
#include "pool-pass.h"
#include "pool-view.h"
#include "pool-wish.h"
#include "pool.h"

#define HEADS_POLLED 512
#define SETTLE_US    2000         /* after a look, while more comes */
#define AT_ONCE_US   500
#define OWN_MS       1000         /* until it is tried to get the pool again */
#define LIVE_US      (120 * G_USEC_PER_SEC)

struct pool_letter {
    struct head *head;            /* one more */
    fmd_host *host;               /* or it has another policy */
    char *drop;                   /* or this one goes */
};

static void pool_letter_free(void *opaque)
{
    struct pool_letter *letter = opaque;

    head_unref(letter->head);
    fmd_host_free(letter->host);
    g_free(letter->drop);
    g_free(letter);
}

static void pool_post(struct pool *pool, struct pool_letter *letter)
{
    g_async_queue_push(pool->inbox, letter);
    pool_wake(pool);
}

void pool_add_head(struct pool *pool, struct head *head)
{
    struct pool_letter *letter = g_new0(struct pool_letter, 1);

    letter->head = head_ref(head);
    pool_post(pool, letter);
}

void pool_drop_head(struct pool *pool, const char *uuid)
{
    struct pool_letter *letter = g_new0(struct pool_letter, 1);

    letter->drop = g_strdup(uuid);
    pool_post(pool, letter);
}

void pool_change_host(struct pool *pool, fmd_host *host)
{
    struct pool_letter *letter = g_new0(struct pool_letter, 1);

    letter->host = host;
    pool_post(pool, letter);
}

void pool_wake(struct pool *pool)
{
    eventfd_write(pool->wake_fd, 1);
}

bool pool_is_live(struct pool *pool)
{
    return g_get_monotonic_time() -
           __atomic_load_n(&pool->alive, __ATOMIC_RELAXED) < LIVE_US;
}

/* --- Heads --- */

static int pool_head_index(const struct pool *pool, const char *uuid)
{
    unsigned i;

    for (i = 0; i < pool->heads->len; i++) {
        if (!strcmp(((struct head *)pool->heads->pdata[i])->host->uuid,
                    uuid)) {
            return i;
        }
    }
    return -1;
}

static void pool_read_inbox(struct pool *pool)
{
    struct pool_letter *letter;

    while ((letter = g_async_queue_try_pop(pool->inbox))) {
        int at = letter->drop ? pool_head_index(pool, letter->drop) :
                 letter->host ? pool_head_index(pool, letter->host->uuid) : -1;

        if (letter->head) {
            g_ptr_array_add(pool->heads, head_ref(letter->head));
        } else if (letter->drop && at >= 0) {
            pool_unpublish(pool, pool->heads->pdata[at]);
            g_ptr_array_remove_index(pool->heads, at);
        } else if (letter->host && at >= 0) {
            struct head *head = pool->heads->pdata[at];

            /* Who has the device for a call may look at it. */
            g_mutex_lock(&head->lock);
            fmd_host_free(head->host);
            head->host = g_steal_pointer(&letter->host);
            g_mutex_unlock(&head->lock);
        }
        pool_letter_free(letter);
    }
}

static void pool_reconnect(struct pool *pool)
{
    unsigned i;

    for (i = 0; i < pool->heads->len && !pool_has_ended(pool); i++) {
        struct head *head = pool->heads->pdata[i];

        if (head->state == HEAD_UP || head_due(head) > 0) {
            continue;
        }
        if (head_connect(head, pool->fmd->config->machine)) {
            events_add(pool->fmd->events, "host", head->host->uuid, NULL,
                       "host %s answers", head->host->name);
        }
        if (strcmp(head->pool_uuid, pool->uuid)) {
            /* Ours no more before it is another's */
            g_ptr_array_steal_index(pool->heads, i--);
            pool->moved(pool->fmd, head);
            head_unref(head);
        }
    }
}

/* --- Waiting --- */

static int64_t pool_wait_ms(const struct pool *pool)
{
    int64_t now = g_get_monotonic_time(), until = pool->again;
    unsigned i;

    if (pool->at_once) {
        return 0;
    }
    for (i = 0; i < pool->heads->len; i++) {
        int64_t due = head_due(pool->heads->pdata[i]);

        if (due >= 0) {
            until = MIN(until, now + due);
        }
    }
    return CLAMP((until - now + 999) / 1000, 0,
                 pool->fmd->config->pass * 1000ll);
}

static void pool_heard(struct pool *pool, const struct pollfd *fds,
                       struct head *const *heads, unsigned count,
                       int64_t since)
{
    unsigned i;

    for (i = 1; i < count; i++) {
        if (fds[i].revents) {
            pool_events(pool, heads[i], since);
        }
    }
}

static void pool_wait(struct pool *pool)
{
    struct pollfd fds[1 + HEADS_POLLED] = {
        { .fd = pool->wake_fd, .events = POLLIN },
    };
    struct head *heads[1 + HEADS_POLLED];
    int64_t begin = g_get_monotonic_time(), end, since;
    unsigned count = 1, i;
    int ready;
    eventfd_t wakes;

    for (i = 0; i < pool->heads->len && count < G_N_ELEMENTS(fds); i++) {
        struct head *head = pool->heads->pdata[i];

        if (head->state == HEAD_UP) {
            heads[count] = head;
            fds[count++] = (struct pollfd) { .fd = cxlfm_fd(head->fm),
                                             .events = POLLIN };
        }
    }
    ready = poll(fds, count, pool_wait_ms(pool));
    end = g_get_monotonic_time();
    /* What was there at once has come after the last wait. */
    since = end - begin < AT_ONCE_US ? pool->waited : end;
    pool->waited = end;
    /* Others wait for what devices say; we look when we have to. */
    pool_heard(pool, fds, heads, count, since);
    if (ready > 0 && !pool->at_once && end - pool->looked < SETTLE_US) {
        /* Much happens: what comes together is looked at once. */
        g_usleep(SETTLE_US);
        if (poll(fds, count, 0) > 0) {
            pool_heard(pool, fds, heads, count, end);
        }
    }
    (void)!eventfd_read(pool->wake_fd, &wakes);
}

/* --- The thread --- */

static void pool_look(struct pool *pool)
{
    int64_t begin;

    pool->again = g_get_monotonic_time() +
                  (int64_t)pool->fmd->config->pass * G_USEC_PER_SEC;
    pool->at_once = false;
    begin = g_get_monotonic_time();
    truth_free(pool->truth);
    pool->truth = truth_read(pool->heads, pool->uuid,
                             pool->fmd->config->machine, &pool->ended);
    /* What was read then is not all there is. */
    if (pool_has_ended(pool)) {
        return;
    }
    if (!pool_own(pool)) {
        pool->again = MIN(pool->again, g_get_monotonic_time() +
                          OWN_MS * 1000);
    }
    pool_clean_look(pool, begin);
    pool_publish(pool);
    pool_pass(pool);
    pool_view(pool);
    pool->looked = g_get_monotonic_time();
}

static void *pool_run(void *opaque)
{
    struct pool *pool = opaque;

    while (!pool_has_ended(pool)) {
        __atomic_store_n(&pool->alive, g_get_monotonic_time(),
                         __ATOMIC_RELAXED);
        pool_read_inbox(pool);
        pool_reconnect(pool);
        pool_look(pool);
        if (!pool_has_ended(pool)) {
            pool_wait(pool);
        }
    }
    pool_give_up(pool);
    return NULL;
}

struct pool *pool_start(struct fmd *fmd, struct lease *lease, const char *uuid,
                        pool_moved_fn moved)
{
    struct pool *pool = g_new0(struct pool, 1);

    pool->fmd = fmd;
    pool->lease = lease;
    pool->moved = moved;
    g_strlcpy(pool->uuid, uuid, sizeof(pool->uuid));
    pool->inbox = g_async_queue_new_full(pool_letter_free);
    pool->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pool->heads = g_ptr_array_new_with_free_func((GDestroyNotify)head_unref);
    pool->clean = pool_clean_new();
    pool->wishes = pool_wishes_new();
    pool->memos = pool_memos_new();
    pool->orphans = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          NULL);
    pool->notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                        g_free);
    pool->lock_fds[0] = pool->lock_fds[1] = -1;
    pool->alive = pool->waited = g_get_monotonic_time();
    g_mutex_init(&pool->lock);
    pool->thread = g_thread_new("fmd-pool", pool_run, pool);
    return pool;
}

void pool_end(struct pool *pool)
{
    __atomic_store_n(&pool->ended, true, __ATOMIC_RELEASE);
    pool_wake(pool);
}

void pool_stop(struct pool *pool)
{
    pool_end(pool);
    g_thread_join(pool->thread);
    g_async_queue_unref(pool->inbox);
    close(pool->wake_fd);
    pool_clean_free(pool->clean);
    truth_free(pool->truth);
    g_ptr_array_unref(pool->heads);
    g_hash_table_unref(pool->wishes);
    g_hash_table_unref(pool->memos);
    g_hash_table_unref(pool->orphans);
    g_hash_table_unref(pool->notes);
    g_mutex_clear(&pool->lock);
    g_free(pool->published);
    g_free(pool->error);
    g_free(pool->live);
    g_free(pool->shown_error);
    g_free(pool);
}
