/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lease on which all hangs that this daemon owns */
#include <time.h>
#include "counters.h"
#include "lease.h"
#include "log.h"

struct lease {
    struct store *store;
    unsigned ttl;                 /* s */
    void (*fn)(void *opaque);
    void *opaque;
    GThread *thread;
    GMutex lock;                  /* of all that follows */
    GCond wake;
    int64_t id;                   /* 0: none */
    int64_t until;                /* ms of lease_now() */
    bool ended;
};

static int64_t lease_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True when there is another lease than before, or none any more. */
static bool lease_renew(struct lease *lease)
{
    int64_t begin = lease_now(), id = lease->id;
    GError *error = NULL;
    bool ok, news;

    if (id) {
        ok = store_lease_keep_alive(lease->store, id, &error);
    } else {
        ok = store_lease_grant(lease->store, lease->ttl, &id, &error);
    }
    if (!ok && lease->id && error->code == STORE_ERROR_NO_LEASE) {
        log_line(LOG_LEVEL_WARNING, "store: the lease has lapsed: nothing is "
                 "done until there is another");
        counter_add(FMD_COUNT_LEASES_LOST, 0, 1);
        id = 0;
    }
    g_clear_error(&error);
    g_mutex_lock(&lease->lock);
    if (ok) {
        /* Its time began after we did. */
        lease->until = begin + lease->ttl * 1000ll;
    }
    news = id != lease->id;
    lease->id = id;
    g_mutex_unlock(&lease->lock);
    return news;
}

static void *lease_run(void *opaque)
{
    struct lease *lease = opaque;
    bool ended = false;

    while (!ended) {
        bool news = lease_renew(lease);
        int64_t wait = lease->id ? lease->ttl * 1000ll / 4 : 200;
        int64_t end = g_get_monotonic_time() + wait * 1000;

        if (news) {
            lease->fn(lease->opaque);
        }
        g_mutex_lock(&lease->lock);
        while (!lease->ended && (lease->id || !news) &&
               g_cond_wait_until(&lease->wake, &lease->lock, end)) {
            continue;
        }
        ended = lease->ended;
        g_mutex_unlock(&lease->lock);
    }
    return NULL;
}

struct lease *lease_start(struct store *store, unsigned ttl,
                          void (*fn)(void *opaque), void *opaque)
{
    struct lease *lease = g_new0(struct lease, 1);

    lease->store = store;
    lease->ttl = ttl;
    lease->fn = fn;
    lease->opaque = opaque;
    g_mutex_init(&lease->lock);
    g_cond_init(&lease->wake);
    lease->thread = g_thread_new("fmd-lease", lease_run, lease);
    return lease;
}

void lease_stop(struct lease *lease)
{
    if (!lease) {
        return;
    }
    g_mutex_lock(&lease->lock);
    lease->ended = true;
    g_cond_broadcast(&lease->wake);
    g_mutex_unlock(&lease->lock);
    g_thread_join(lease->thread);
    g_mutex_clear(&lease->lock);
    g_cond_clear(&lease->wake);
    g_free(lease);
}

bool lease_get(struct lease *lease, int64_t *ret_id)
{
    bool there;

    g_mutex_lock(&lease->lock);
    there = lease->id && lease_now() < lease->until;
    *ret_id = lease->id;
    g_mutex_unlock(&lease->lock);
    return there;
}

bool lease_is(struct lease *lease, int64_t id)
{
    int64_t now;

    return lease_get(lease, &now) && now == id;
}
