/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One claim in a pass
 *
 * In this order: what is, from the devices; what is to be done, from the plan;
 * the status says that it will be done, as this epoch's; it is done. What came
 * of it is seen at the next pass.
 */
#include <string.h>
#include "crash.h"
#include "log.h"
#include "pool-act.h"
#include "pool-claim.h"
#include "pool-memo.h"

#define HOSTS_MAX (FMD_SHARED_MAX + 1 + 64)

/* A host of the plan, and what it stands for */
struct step_host {
    struct head *head;            /* NULL: not of this pool, or not put */
    struct memo *memo;            /* NULL as well */
    char *uuid;
};

struct step {
    struct plan_in in;
    struct plan_host hosts[HOSTS_MAX];
    struct step_host of[HOSTS_MAX];
    unsigned count;
};

struct head *pool_find_head(const struct pool *pool, const char *name)
{
    unsigned i;

    for (i = 0; i < pool->heads->len; i++) {
        struct head *head = pool->heads->pdata[i];

        if (!strcmp(head->host->uuid, name) ||
            !strcmp(head->host->name, name)) {
            return head;
        }
    }
    return NULL;
}

/* --- What is --- */

static struct plan_host *step_add(struct step *step, struct head *head,
                                  const char *name)
{
    struct plan_host *host = &step->hosts[step->count];

    step->of[step->count] = (struct step_host) {
        .head = head, .uuid = g_strdup(head ? head->host->uuid : ""),
    };
    *host = (struct plan_host) {
        .uuid = step->of[step->count].uuid,
        .name = head ? head->host->name : name,
        .state = head ? head->state : HEAD_UNKNOWN,
        .error = head ? head->error : "it is not a host of this pool",
        .asked = PLAN_NEVER, .offered = PLAN_NEVER, .dead = PLAN_NEVER,
        .failed = PLAN_NEVER, .ask_timeout = PLAN_NEVER,
        .force_after = PLAN_NEVER, .reclaim_after = PLAN_NEVER,
        .silent = PLAN_NEVER, .kill_after = PLAN_NEVER,
    };
    step->count++;
    return host;
}

static struct plan_host *step_host(struct step *step, struct head *head)
{
    unsigned i;

    for (i = 0; i < step->count; i++) {
        if (step->of[i].head == head) {
            return &step->hosts[i];
        }
    }
    return step->count == HOSTS_MAX ? NULL :
           step_add(step, head, "that nobody has put");
}

static void step_want(struct pool *pool, struct step *step, const char *name)
{
    struct head *head = pool_find_head(pool, name);
    struct plan_host *host = head ? step_host(step, head) :
                             step_add(step, NULL, name);

    host->wanted = true;
}

/* True when all that the dead host had is of claims: it can be reclaimed. */
static bool step_is_reclaimable(struct pool *pool, const struct head *head)
{
    unsigned i;

    if (!pool->truth->speaker || pool->truth->speaker == head) {
        return false;
    }
    for (i = 0; i < pool->truth->pieces->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece, i);
        char text[CXLFM_TAG_TEXT];
        g_autofree char *key = NULL;
        struct store_entry *entry;

        if (piece->head != head || piece->state == CXLFM_EXTENT_SANITIZING) {
            continue;
        }
        cxlfm_tag_format(piece->tag, text);
        key = fmd_key_claim(text);
        entry = cxlfm_tag_is_zero(piece->tag) ? NULL :
                mirror_get(pool->fmd->mirror, key);
        if (!entry) {
            return false;
        }
        store_entry_free(entry);
    }
    return true;
}

static void step_policy(struct pool *pool, const struct head *head,
                        bool sharable, struct plan_host *host)
{
    const struct truth_sum *sum = truth_sum(pool->truth, head);
    uint64_t kept = sum->accepted - MIN(sum->accepted, sum->releasing);
    uint64_t has = sum->accepted + sum->offered;
    const fmd_host *policy = head->host;

    host->ask_timeout = policy->ask_timeout * 1000ll;
    host->force_after = policy->force_after < 0 ? PLAN_NEVER :
                        policy->force_after * 1000;
    host->reclaim_after = policy->reclaim_after < 0 ? PLAN_NEVER :
                          policy->reclaim_after * 1000;
    host->dead = !head->down_since ? PLAN_NEVER :
                 (g_get_monotonic_time() - head->down_since) / 1000;
    host->takeable = sharable ? UINT64_MAX :
                     kept - MIN(kept, policy->min);
    host->below_min = !sharable && kept < policy->min;
    host->room_to_max = policy->max - MIN(policy->max, has);
    host->silent = !head->silent_since ? PLAN_NEVER :
                   (head->silent_until - head->silent_since) / 1000;
    host->kill_after = policy->kill_after < 0 ? PLAN_NEVER :
                       policy->kill_after * 1000;
    host->reclaimable = (head->state == HEAD_DEAD ||
                         (head->state == HEAD_HUNG && head->silent_since)) &&
                        step_is_reclaimable(pool, head);
}

static void step_truth(struct pool *pool, struct wish *wish, struct step *step)
{
    const GArray *index = truth_tag(pool->truth, wish->uuid);
    unsigned i;

    for (i = 0; index && i < index->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece,
            g_array_index(index, guint, i));
        struct plan_host *host = step_host(step, piece->head);

        if (host) {
            host->bytes[piece->state] += piece->length;
        }
    }
    for (i = 0; i < step->count; i++) {
        struct head *head = step->of[i].head;

        if (head) {
            struct memo *memo = pool_memo(pool, wish->uuid, head->host->uuid);

            pool_memo_see(memo, head, step->hosts[i].bytes,
                          step->hosts[i].wanted && !wish->claim->deleted,
                          wish->claim->bytes);
            pool_memo_fill(memo, head, &step->hosts[i]);
            step_policy(pool, head, step->in.sharable, &step->hosts[i]);
            step->of[i].memo = memo;
        }
    }
}

static void step_begin(struct pool *pool, struct wish *wish, struct step *step)
{
    const fmd_claim *claim = wish->claim;
    const struct fmd_region *r = truth_region(pool->truth, claim->region);
    unsigned i;

    step->in = (struct plan_in) {
        .bytes = claim->bytes, .deleted = claim->deleted,
        .shared = claim->shared_with->len, .sharable = r && r->sharable,
        .region_is_there = r, .block_size = r ? r->block_size : 0,
        .available = r ? r->available : 0, .phase = wish->status->phase,
        .known = pool->truth->known,
        .hosts = step->hosts,
    };
    step_want(pool, step, wish->status->host);
    for (i = 0; i < claim->shared_with->len; i++) {
        step_want(pool, step, claim->shared_with->pdata[i]);
    }
    step_truth(pool, wish, step);
    step->in.host_count = step->count;
}

static void step_end(struct step *step)
{
    unsigned i;

    for (i = 0; i < step->count; i++) {
        g_free(step->of[i].uuid);
    }
}

/* --- What is said of it --- */

static void step_extents(struct pool *pool, const char *uuid, GArray *fill)
{
    const GArray *index = truth_tag(pool->truth, uuid);
    unsigned i;

    g_array_set_size(fill, 0);
    for (i = 0; index && i < index->len; i++) {
        const struct truth_piece *piece = &g_array_index(
            pool->truth->pieces, struct truth_piece,
            g_array_index(index, guint, i));
        struct fmd_extent e;

        /* With what lies between members: they are compared as bytes. */
        memset(&e, 0, sizeof(e));
        e.offset = piece->offset;
        e.length = piece->length;
        e.region = piece->region;
        e.state = piece->state;
        g_strlcpy(e.host, piece->head ? piece->head->host->uuid : "",
                  sizeof(e.host));
        g_array_append_val(fill, e);
    }
}

static void step_decline(fmd_status *next, const char *uuid)
{
    unsigned i;

    for (i = 0; i < next->declined->len; i++) {
        if (!strcmp(next->declined->pdata[i], uuid)) {
            return;
        }
    }
    g_ptr_array_add(next->declined, g_strdup(uuid));
}

/*
 * Where any host would do, one that declined, or is lost, is left for another:
 * the placer's turn. True when it is.
 */
static bool step_leaves(const struct pool *pool, const struct wish *wish,
                        const struct step *step, const struct plan_out *out,
                        fmd_status *next)
{
    const struct plan_host *host = &step->hosts[0];
    bool dead = host->state != HEAD_UP && host->dead != PLAN_NEVER &&
                host->reclaim_after != PLAN_NEVER &&
                host->dead >= host->reclaim_after;
    unsigned i;

    if (*wish->claim->host || wish->claim->deleted || out->act ||
        !step->of[0].head || !pool->truth->known) {
        return false;
    }
    for (i = 0; i < CXLFM_EXTENT_STATE_MAX; i++) {
        if (host->bytes[i] && host->state != HEAD_DEAD) {
            return false;
        }
    }
    if (out->phase == FMD_DECLINED || out->phase == FMD_PENDING) {
        step_decline(next, host->uuid);
    } else if (out->phase != FMD_LOST || !dead) {
        return false;
    }
    pool_status_text(&next->host, "");
    pool_status_text(&next->pool, "");
    return true;
}

static void step_again(struct pool *pool, int64_t ms)
{
    if (ms != PLAN_NEVER) {
        pool->again = MIN(pool->again, g_get_monotonic_time() + ms * 1000);
    }
}

static void step_act(struct pool *pool, struct wish *wish,
                     const struct step *step, const struct plan_out *out)
{
    struct step_host *of = (struct step_host *)&step->of[out->host];

    crash_point("intent-written");
    if (pool_act(pool, out->act, wish->uuid, of->head, wish->claim->region,
                 wish->claim->bytes, of->memo)) {
        pool->at_once = true;
    } else {
        step_again(pool, of->memo->patience / 1000);
    }
}

static void step_do(struct pool *pool, struct wish *wish, struct step *step,
                    const struct plan_out *out)
{
    g_autoptr(fmd_status) next = pool_status_copy(wish->status);
    g_autoptr(GError) error = NULL;
    bool acts = out->act && step->of[out->host].head;

    /* Who is not known yet, or nowhere any more: nothing can be said. */
    if (out->phase == FMD_GONE ? !pool->truth->known : !step->of[0].head) {
        return;
    }
    if (out->phase == FMD_GONE) {
        crash_point("gone-due");
        if (pool_wish_gone(pool, wish)) {
            pool_memo_forget(pool, wish->uuid);
        }
        return;
    }
    next->phase = out->phase;
    next->act = acts ? out->act : FMD_ACT_NONE;
    next->attempts += acts;
    pool_status_text(&next->act_host, acts ? step->hosts[out->host].uuid : "");
    pool_status_text(&next->message, out->message);
    if (pool->truth->known) {
        step_extents(pool, wish->uuid, next->extents);
    }
    if (step_leaves(pool, wish, step, out, next)) {
        pool_memo_forget(pool, wish->uuid);
    }
    if (acts) {
        crash_point("intent-due");
    }
    if (!pool_wish_write(pool, wish, next, &error)) {
        /* Somebody changed it, or nothing can be kept: look again. */
        step_again(pool, error->code == FMD_ERROR_CONFLICT ? 20 : 1000);
    } else if (acts) {
        step_act(pool, wish, step, out);
    }
}

void pool_claim_step(struct pool *pool, struct wish *wish)
{
    g_autofree struct step *step = g_new0(struct step, 1);
    struct plan_out out;

    step_begin(pool, wish, step);
    plan(&step->in, &out);
    step_again(pool, out.again);
    step_do(pool, wish, step, &out);
    g_free(out.message);
    step_end(step);
}
