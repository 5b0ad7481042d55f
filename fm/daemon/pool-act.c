/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked of devices, and what they said */
#include <string.h>
#include "counters.h"
#include "crash.h"
#include "pool-act.h"
#include "pool-memo.h"
#include "pool-own.h"

static int act_add(struct head *head, const uint8_t *tag, bool share,
                   uint8_t region, uint64_t bytes)
{
    struct cxlfm_add add = {
        .host = head->id, .region = region,
        .policy = share ? CXLFM_POLICY_SHARED : CXLFM_POLICY_FREE,
        .length = share ? 0 : bytes,
    };

    memcpy(add.tag, tag, sizeof(add.tag));
    return cxlfm_add(head->fm, head->device, &add);
}

static int act_release(struct head *head, const uint8_t *tag, bool force,
                       uint8_t region)
{
    struct cxlfm_release release = {
        .host = head->id, .region = region, .force = force, .sanitize = true,
        .removal = CXLFM_REMOVE_TAG,
    };

    memcpy(release.tag, tag, sizeof(release.tag));
    return cxlfm_release(head->fm, head->device, &release);
}

/* By another head of the pool: the host's own process has ended. */
static int act_reclaim(struct pool *pool, struct head *of)
{
    uint64_t freed;

    return cxlfm_pool_reclaim(pool->truth->speaker->fm,
                              pool->truth->speaker->pool_name, of->id, &freed);
}

/*
 * Whether it has ended, and what it had may be taken by others, is seen at the
 * next look, by its line and by the pool's own lock.
 */
static bool act_kill(struct pool *pool, struct head *head, char **ret_said)
{
    g_autoptr(GError) error = NULL;

    if (!head->peer || !*head->pool_file) {
        *ret_said = g_strdup("its process is not known");
    } else if (!head_peer_kill(head->peer, head->pool_file, &error)) {
        *ret_said = g_strdup(error->message);
    }
    return !*ret_said;
}

static int act_do(struct pool *pool, enum fmd_act act, const uint8_t *tag,
                  struct head *head, uint8_t region, uint64_t bytes)
{
    switch (act) {
    case FMD_ACT_ADD:
    case FMD_ACT_SHARE:
        return act_add(head, tag, act == FMD_ACT_SHARE, region, bytes);
    case FMD_ACT_RELEASE:
    case FMD_ACT_FORCE:
        return act_release(head, tag, act == FMD_ACT_FORCE, region);
    case FMD_ACT_RECLAIM:
        return act_reclaim(pool, head);
    default:
        g_assert_not_reached();
    }
}

/* What others may want, or take, in the same pass is less now. */
static void act_spend(struct pool *pool, enum fmd_act act, struct head *head,
                      uint8_t region, uint64_t bytes)
{
    struct fmd_region *r = truth_region(pool->truth, region);
    struct truth_sum *sum = g_hash_table_lookup(pool->truth->sums, head);

    if (!sum) {
        sum = g_new0(struct truth_sum, 1);
        g_hash_table_insert(pool->truth->sums, head, sum);
    }
    if (act == FMD_ACT_ADD) {
        sum->offered += bytes;
        if (r && r->available != CXLFM_UNKNOWN) {
            r->available -= MIN(r->available, bytes);
        }
    } else if (act == FMD_ACT_RELEASE && !(r && r->sharable)) {
        sum->releasing += bytes;
    }
}

static void act_told(struct pool *pool, enum fmd_act act, const char *uuid,
                     const struct head *head, const char *said)
{
    g_autofree char *data = g_strdup_printf(
        "{\"act\":\"%s\",\"host\":\"%s\",\"pool\":\"%s\",\"ok\":%s}",
        fmd_act_name(act), head->host->uuid, pool->uuid,
        said ? "false" : "true");

    events_add(pool->fmd->events, "act", uuid, data, "%s at host %s: %s",
               fmd_act_name(act), head->host->name, said ? said : "done");
}

bool pool_act(struct pool *pool, enum fmd_act act, const char *uuid,
              struct head *head, uint8_t region, uint64_t bytes,
              struct memo *memo)
{
    struct head *by = act == FMD_ACT_RECLAIM ? pool->truth->speaker : head;
    g_autofree char *said = NULL;
    uint8_t tag[CXLFM_TAG_SIZE];
    int ret;

    g_assert(!cxlfm_tag_parse(uuid, tag));
    crash_point("act-due");
    g_mutex_lock(&by->lock);
    /* The last look at the clock: who was stopped, or waited, does nothing. */
    if (!pool_is_own(pool)) {
        g_mutex_unlock(&by->lock);
        pool_disown(pool, "its lease has lapsed");
        return false;
    }
    counter_add(FMD_COUNT_ACTS, act, 1);
    if (act == FMD_ACT_KILL) {
        ret = act_kill(pool, head, &said) ? 0 : CXLFM_ERROR_REFUSED;
        pool_memo_failed(memo, said ? said : "its process was sent SIGKILL", false);
    } else if ((ret = act_do(pool, act, tag, head, region, bytes)) < 0) {
        said = g_utf8_make_valid(cxlfm_error_text(by->fm), -1);
        pool_memo_failed(memo, said, cxlfm_return_code(by->fm) ==
                         CXLFM_RETRY_REQUIRED);
        head_note(by, ret);
    }
    g_mutex_unlock(&by->lock);
    crash_point("act-done");
    memo->life = head->life;
    /* One whose answer was lost may have been made. */
    if (ret >= 0 || ret == CXLFM_ERROR_UNKNOWN) {
        memo->sent = act == FMD_ACT_ADD || act == FMD_ACT_SHARE;
        act_spend(pool, act, head, region, bytes);
    }
    if (act == FMD_ACT_RELEASE) {
        pool_memo_asked(memo);
    } else if (act == FMD_ACT_RECLAIM && ret >= 0) {
        /* It may be sanitized for long: do not ask at each look. */
        pool_memo_failed(memo, "has ended; what it had is taken back", false);
    }
    if (ret < 0) {
        counter_add(FMD_COUNT_ACTS_FAILED, act, 1);
    }
    act_told(pool, act, uuid, head, said);
    return ret >= 0;
}
