/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions that wait for the disk, together
 *
 * A disk takes as long for one as for many. So whoever has its turn carries out
 * all that wait, one after the other, each as if it were alone: what it compares
 * is what those before it have left, and what does not hold changes nothing. Then
 * they are kept as one. Who finds its own done when its turn comes has nothing
 * to do.
 */
#include "store-sqlite.h"

#define TOGETHER 64

struct store_job {
    const struct store_cmp *compares;
    size_t compare_count;
    const struct store_op *ops;
    size_t op_count;
    uint64_t rev;
    GError *error;
    bool done;                    /* under the turn, as the two before it */
};

static void group_take(struct store_sqlite *store, GPtrArray *jobs)
{
    g_mutex_lock(&store->jobs_lock);
    while (jobs->len < TOGETHER && !g_queue_is_empty(&store->jobs)) {
        g_ptr_array_add(jobs, g_queue_pop_head(&store->jobs));
    }
    g_mutex_unlock(&store->jobs_lock);
}

/* All of @jobs that have not failed already */
static void group_fail(const GPtrArray *jobs, const GError *error)
{
    unsigned i;

    for (i = 0; i < jobs->len; i++) {
        struct store_job *job = jobs->pdata[i];

        if (!job->error) {
            job->error = g_error_copy(error);
        }
    }
}

/* False, with @error, when none of the transaction is left. */
static bool group_one(struct store_sqlite *store, struct store_job *job,
                      int64_t *rev, bool *changed, GError **error)
{
    if (!sqlite_run(store->db, "SAVEPOINT one", error)) {
        return false;
    }
    if (store_sqlite_try(store->db, job->compares, job->compare_count,
                         job->ops, job->op_count, rev, changed, &job->error)) {
        job->rev = *rev;
        return sqlite_run(store->db, "RELEASE one", error);
    }
    /* Without room, SQLite gives up the whole. */
    if (sqlite3_get_autocommit(store->db)) {
        *error = g_error_copy(job->error);
        return false;
    }
    return sqlite_run(store->db, "ROLLBACK TO one; RELEASE one", error);
}

static bool group_all(struct store_sqlite *store, const GPtrArray *jobs,
                      GError **error)
{
    bool changed = false;
    int64_t rev;
    unsigned i;

    if (!store_sqlite_begin(store, &rev, &changed, error)) {
        return false;
    }
    for (i = 0; i < jobs->len; i++) {
        if (!group_one(store, jobs->pdata[i], &rev, &changed, error)) {
            store_sqlite_rollback(store);
            return false;
        }
    }
    return store_sqlite_commit(store, rev, changed, error);
}

static void group_work(struct store_sqlite *store)
{
    g_autoptr(GPtrArray) jobs = g_ptr_array_new();
    g_autoptr(GError) error = NULL;
    unsigned i;

    group_take(store, jobs);
    if (!group_all(store, jobs, &error)) {
        group_fail(jobs, error);
    }
    for (i = 0; i < jobs->len; i++) {
        ((struct store_job *)jobs->pdata[i])->done = true;
    }
}

bool store_sqlite_txn(struct store *base, const struct store_cmp *compares,
                      size_t compare_count, const struct store_op *ops,
                      size_t op_count, uint64_t *ret_rev, GError **error)
{
    struct store_sqlite *store = (struct store_sqlite *)base;
    struct store_job job = {
        .compares = compares, .compare_count = compare_count, .ops = ops,
        .op_count = op_count,
    };

    g_mutex_lock(&store->jobs_lock);
    g_queue_push_tail(&store->jobs, &job);
    g_mutex_unlock(&store->jobs_lock);
    turn_take(&store->turn);
    while (!job.done) {
        group_work(store);
    }
    turn_leave(&store->turn);
    if (job.error) {
        g_propagate_error(error, job.error);
        return false;
    }
    *ret_rev = job.rev;
    return true;
}
