/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one next act of a claim
 *
 * Each host is judged alone; then the first that has something to do does it,
 * and the claim's phase is that of the host that is farthest from what is
 * wished. Capacity is given to the hosts of a shared claim one after the other:
 * the first one's makes the tag, the others join.
 */
#include <stdarg.h>
#include "plan.h"

static void G_GNUC_PRINTF(4, 5) plan_say(struct plan_out *out,
                                         enum fmd_phase phase, int64_t again,
                                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_free(out->message);
    out->message = g_strdup_vprintf(format, args);
    va_end(args);
    out->phase = phase;
    out->again = again;
}

static bool plan_is_over(int64_t since, int64_t limit)
{
    return limit != PLAN_NEVER && since != PLAN_NEVER && since >= limit;
}

/* ms until @limit after something that was @since ms ago */
static int64_t plan_left(int64_t since, int64_t limit)
{
    return limit == PLAN_NEVER || since == PLAN_NEVER ? PLAN_NEVER :
           MAX(limit - since, 1);
}

static uint64_t plan_present(const struct plan_host *host)
{
    uint64_t bytes = 0;
    unsigned i;

    for (i = 0; i < CXLFM_EXTENT_STATE_MAX; i++) {
        bytes += host->bytes[i];
    }
    return bytes;
}

/* Wait after a refusal, or act; true when it acts. */
static bool plan_act(const struct plan_host *host, enum fmd_phase phase,
                     enum fmd_act act, const char *what, struct plan_out *out)
{
    if (host->failed != PLAN_NEVER && host->failed < host->patience &&
        !host->life_changed) {
        plan_say(out, phase, host->patience - host->failed, "host %s: %s",
                 host->name, host->refusal ? host->refusal : what);
        return false;
    }
    plan_say(out, phase, PLAN_NEVER, "host %s %s", host->name, what);
    out->act = act;
    return true;
}

/* --- Hosts that do not answer --- */

/* True: its process has ended, and what it has is on the way to be free. */
static bool plan_dead(const struct plan_host *host, bool remove,
                      struct plan_out *out)
{
    enum fmd_phase phase = remove ? FMD_RELEASING : FMD_LOST;

    if (host->state != HEAD_DEAD || !plan_present(host)) {
        return false;
    }
    if (!plan_is_over(host->dead, host->reclaim_after)) {
        plan_say(out, phase, plan_left(host->dead, host->reclaim_after),
                 "the process of host %s has ended; what it had waits for it%s",
                 host->name, host->reclaim_after == PLAN_NEVER ?
                 "" : ", and is taken back when it does not come");
    } else if (!host->reclaimable) {
        plan_say(out, phase, PLAN_NEVER, "the process of host %s has ended; it "
                 "also had capacity that no claim has: take all of it back by "
                 "hand (cxl-fm reclaim)", host->name);
    } else {
        plan_act(host, phase, FMD_ACT_RECLAIM, "has ended; what it had is "
                 "taken back", out);
    }
    return true;
}

/*
 * Whose monitor is silent cannot be asked, nor cut off from its capacity: that
 * goes by the same monitor. When its process has ended, another head can.
 */
static void plan_kill(const struct plan_host *host, struct plan_out *out)
{
    if (plan_is_over(host->silent, host->kill_after)) {
        plan_act(host, FMD_FORCING, FMD_ACT_KILL, "does not answer, and its "
                 "process is ended", out);
    } else {
        /* It is asked again before: no more is known until then. */
        plan_say(out, FMD_RELEASING, PLAN_NEVER,
                 "host %s does not answer; its process will be ended",
                 host->name);
    }
}

static bool plan_hung(const struct plan_in *in, const struct plan_host *host,
                      bool remove, struct plan_out *out)
{
    enum fmd_phase phase = !in->known ? in->phase :
                           host->bytes[CXLFM_EXTENT_ACCEPTED] ? FMD_BOUND :
                           host->bytes[CXLFM_EXTENT_PENDING] ? FMD_OFFERING :
                           FMD_PENDING;

    if (host->state == HEAD_UP || (host->state == HEAD_DEAD && !remove)) {
        return false;
    }
    if (!plan_present(host) && remove && in->known) {
        return false;
    }
    if (remove && in->known && host->state == HEAD_HUNG && host->reclaimable &&
        host->kill_after != PLAN_NEVER && host->silent != PLAN_NEVER) {
        plan_kill(host, out);
        return true;
    }
    plan_say(out, remove ? FMD_RELEASING : phase, PLAN_NEVER,
             "host %s does not answer: %s", host->name,
             host->error ? host->error : "not reached yet");
    return true;
}

/* --- Taking back --- */

static void plan_asked(const struct plan_host *host, struct plan_out *out)
{
    int64_t force = host->force_after == PLAN_NEVER ? PLAN_NEVER :
                    host->ask_timeout + host->force_after;

    if (plan_is_over(host->asked, force) && host->below_min) {
        plan_say(out, FMD_STUCK, PLAN_NEVER, "host %s was asked and does not "
                 "give it back; without it, it has less than its minimum",
                 host->name);
    } else if (plan_is_over(host->asked, force)) {
        plan_act(host, FMD_FORCING, FMD_ACT_FORCE, "has not given it back; it "
                 "is taken away", out);
    } else if (!plan_is_over(host->asked, host->ask_timeout)) {
        plan_say(out, FMD_RELEASING, plan_left(host->asked, host->ask_timeout),
                 "host %s was asked for it", host->name);
    } else if (force == PLAN_NEVER) {
        static const char say[] = "was asked and does not give it back; force "
                                  "is not allowed there (force_after)";

        /* It may have been in use; now and then it is asked once more. */
        if (host->ask_in) {
            plan_say(out, FMD_STUCK, host->ask_in, "host %s %s", host->name,
                     say);
        } else {
            plan_act(host, FMD_STUCK, FMD_ACT_RELEASE, say, out);
        }
    } else {
        plan_say(out, FMD_RELEASING, plan_left(host->asked, force),
                 "host %s was asked and has not given it back; it will be "
                 "taken away", host->name);
    }
}

/* An offer cannot be asked back: it is answered, or withdrawn by force. */
static void plan_withdraw(const struct plan_host *host, struct plan_out *out)
{
    int64_t force = host->force_after == PLAN_NEVER ? PLAN_NEVER :
                    host->ask_timeout + host->force_after;

    if (plan_is_over(host->offered, force)) {
        plan_act(host, FMD_FORCING, FMD_ACT_FORCE, "has not answered the "
                 "offer; it is withdrawn", out);
    } else if (!plan_is_over(host->offered, host->ask_timeout)) {
        plan_say(out, FMD_RELEASING,
                 plan_left(host->offered, host->ask_timeout),
                 "host %s has not answered the offer yet", host->name);
    } else {
        plan_say(out, FMD_UNANSWERED, plan_left(host->offered, force),
                 "host %s does not answer the offer, which stands%s",
                 host->name, force == PLAN_NEVER ? "; withdrawing it is not "
                 "allowed there (force_after)" : "; it will be withdrawn");
    }
}

static void plan_remove(const struct plan_in *in, const struct plan_host *host,
                        struct plan_out *out)
{
    uint64_t accepted = host->bytes[CXLFM_EXTENT_ACCEPTED];

    if (plan_dead(host, true, out) || plan_hung(in, host, true, out)) {
        return;
    } else if (!plan_present(host)) {
        plan_say(out, FMD_GONE, PLAN_NEVER, "%s", "");
    } else if (host->bytes[CXLFM_EXTENT_RELEASING]) {
        plan_asked(host, out);
    } else if (accepted && accepted > host->takeable) {
        plan_say(out, FMD_STUCK, PLAN_NEVER, "host %s keeps it: without it, it "
                 "would have less than its minimum", host->name);
    } else if (accepted && host->ask_in) {
        /* Asked, and it has it as before: not again and again. */
        plan_say(out, FMD_RELEASING, host->ask_in, "host %s was asked for it",
                 host->name);
    } else if (accepted) {
        plan_act(host, FMD_RELEASING, FMD_ACT_RELEASE, "is asked for it", out);
    } else if (host->bytes[CXLFM_EXTENT_PENDING]) {
        plan_withdraw(host, out);
    } else {
        plan_say(out, FMD_RELEASING, PLAN_NEVER,
                 host->bytes[CXLFM_EXTENT_DEAD] ?
                 "host %s must see that the offer was withdrawn" :
                 "what host %s had is being sanitized", host->name);
    }
}

/* --- Giving --- */

/* Why it cannot be offered now; true when it can. */
static bool plan_may_offer(const struct plan_in *in,
                           const struct plan_host *host, bool join,
                           struct plan_out *out)
{
    g_autofree char *want = fmd_size_text(in->bytes);

    if (!in->region_is_there) {
        plan_say(out, FMD_PENDING, PLAN_NEVER, "the pool has no such region");
    } else if (in->shared && !in->sharable) {
        plan_say(out, FMD_PENDING, PLAN_NEVER, "the region is not sharable: "
                 "choose one that is, or one host");
    } else if (in->block_size && in->bytes % in->block_size) {
        g_autofree char *block = fmd_size_text(in->block_size);

        plan_say(out, FMD_PENDING, PLAN_NEVER, "%s is not a multiple of the "
                 "region's block size, %s", want, block);
    } else if (!join && in->bytes > in->available) {
        /* How much is free is no news to write for each that waits. */
        plan_say(out, FMD_PENDING, PLAN_NEVER, "no room: less than %s are free "
                 "in the region", want);
    } else if (!in->sharable && in->bytes > host->room_to_max) {
        plan_say(out, FMD_PENDING, PLAN_NEVER, "host %s would have more than "
                 "its maximum", host->name);
    } else {
        return true;
    }
    return false;
}

/* A tag that is not shared is at one host: the other must be rid of it. */
static const struct plan_host *plan_elsewhere(const struct plan_in *in,
                                              const struct plan_host *host)
{
    unsigned i;

    for (i = 0; !in->shared && i < in->host_count; i++) {
        if (&in->hosts[i] != host && plan_present(&in->hosts[i])) {
            return &in->hosts[i];
        }
    }
    return NULL;
}

static void plan_offer(const struct plan_in *in, const struct plan_host *host,
                       bool join, bool may_join, struct plan_out *out)
{
    bool had = in->phase == FMD_BOUND || in->phase == FMD_LOST;
    const struct plan_host *other = plan_elsewhere(in, host);

    if (host->state != HEAD_UP) {
        plan_say(out, had ? FMD_LOST : FMD_PENDING, PLAN_NEVER,
                 "host %s is not there: %s", host->name,
                 host->error ? host->error : "not reached yet");
    } else if (host->declined && !host->life_changed &&
               host->failed != PLAN_NEVER && host->failed < host->patience) {
        plan_say(out, FMD_DECLINED, host->patience - host->failed, "host %s: "
                 "%s", host->name, host->refusal ? host->refusal :
                 "took nothing");
    } else if (other) {
        plan_say(out, FMD_PLACED, PLAN_NEVER, "host %s gets it when host %s "
                 "has given it back", host->name, other->name);
    } else if (join && !may_join) {
        plan_say(out, FMD_PLACED, PLAN_NEVER, "host %s gets it when the "
                 "first host has it", host->name);
    } else if (plan_may_offer(in, host, join, out)) {
        if (!plan_act(host, FMD_OFFERING, join ? FMD_ACT_SHARE : FMD_ACT_ADD,
                      "is offered it", out)) {
            out->phase = FMD_PENDING;
        }
    }
}

static void plan_give(const struct plan_in *in, const struct plan_host *host,
                      bool join, bool may_join, struct plan_out *out)
{
    uint64_t has = host->bytes[CXLFM_EXTENT_ACCEPTED] +
                   host->bytes[CXLFM_EXTENT_RELEASING];
    uint64_t pending = host->bytes[CXLFM_EXTENT_PENDING];

    if (plan_dead(host, false, out) || plan_hung(in, host, false, out)) {
        return;
    }
    if (has >= in->bytes) {
        plan_say(out, FMD_BOUND, PLAN_NEVER, "%s",
                 host->bytes[CXLFM_EXTENT_RELEASING] ?
                 "somebody else asked the host for it" : "");
    } else if (pending && plan_is_over(host->offered, host->ask_timeout)) {
        plan_say(out, FMD_UNANSWERED, PLAN_NEVER, "host %s does not answer the "
                 "offer, which stands", host->name);
    } else if (pending) {
        plan_say(out, FMD_OFFERING, plan_left(host->offered, host->ask_timeout),
                 "host %s has not answered the offer yet", host->name);
    } else if (has) {
        /* Half of what was wished is of no use: all or nothing. */
        plan_remove(in, host, out);
        if (out->phase == FMD_RELEASING) {
            plan_say(out, FMD_DECLINED, out->again, "host %s took only a part, "
                     "and is asked for it", host->name);
        }
    } else if (plan_present(host)) {
        plan_say(out, FMD_OFFERING, PLAN_NEVER, "what host %s had of it is "
                 "being sanitized", host->name);
    } else {
        plan_offer(in, host, join, may_join, out);
    }
}

/* --- All hosts --- */

/* How far it is from what is wished; the farthest is the claim's. */
static unsigned plan_rank(enum fmd_phase phase)
{
    static const unsigned ranks[FMD_PHASE_MAX] = {
        [FMD_GONE] = 0, [FMD_BOUND] = 1, [FMD_PLACED] = 2, [FMD_PENDING] = 3,
        [FMD_OFFERING] = 4, [FMD_RELEASING] = 5, [FMD_UNANSWERED] = 6,
        [FMD_DECLINED] = 7, [FMD_STUCK] = 8, [FMD_LOST] = 9,
        [FMD_FORCING] = 10,
    };

    return ranks[phase];
}

void plan(const struct plan_in *in, struct plan_out *out)
{
    const struct plan_host *first = in->hosts;
    bool any_has = false;
    unsigned i;

    *out = (struct plan_out) { .phase = FMD_GONE, .again = PLAN_NEVER,
                               .message = g_strdup("") };
    for (i = 0; i < in->host_count; i++) {
        any_has |= in->hosts[i].bytes[CXLFM_EXTENT_ACCEPTED] > 0;
    }
    for (i = 0; i < in->host_count; i++) {
        const struct plan_host *host = &in->hosts[i];
        struct plan_out one = { .again = PLAN_NEVER };
        bool join = in->shared && (any_has || host != first);

        if (in->deleted || !host->wanted) {
            plan_remove(in, host, &one);
        } else {
            plan_give(in, host, join, any_has, &one);
        }
        one.host = i;
        if (one.again != PLAN_NEVER &&
            (out->again == PLAN_NEVER || one.again < out->again)) {
            out->again = one.again;
        }
        one.again = out->again;
        if (!out->act &&
            (one.act || plan_rank(one.phase) > plan_rank(out->phase) || !i)) {
            g_free(out->message);
            *out = one;
        } else {
            g_free(one.message);
        }
    }
}
