/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who shall get capacity, and from whom: cxl-fm balance decides here
 *
 * A host is short when it has less than its minimum, or when its pressure is
 * high. It gets what is free, else a step from the host that misses it least.
 * One whose pressure is not known gives nothing, nor does one that has not yet
 * given what it was asked for: what is asked for counts as gone. A host may
 * give back more than a part, namely all of an extent of which it was asked for
 * a part; that must leave it its minimum, too.
 * No host is in two steps of one plan: pressure is read again before a second
 * step, so a wrong reading costs one step at most.
 */
#include <string.h>
#include "balance-plan.h"
#include "pick.h"
#include "text.h"

typedef struct Plan {
    const BalancePolicy *policy;
    GArray *hosts;                    /* BalanceHost *, the neediest first */
    uint64_t available;
    bool *used;                       /* by index in hosts */
    GPtrArray *steps;
} Plan;

static bool plan_below_min(const BalanceHost *h)
{
    return h->owned < h->min;
}

/* It has yet to answer what it was asked or offered in an earlier round. */
static bool plan_is_busy(const BalanceHost *h)
{
    return h->asked || h->offered;
}

/* Bytes that @h shall get; 0 when it is content. */
static uint64_t plan_wants(const Plan *plan, const BalanceHost *h)
{
    uint64_t step = plan->policy->step;

    if (!h->alive || plan_is_busy(h)) {
        return 0;
    }
    if (plan_below_min(h)) {
        return MIN(step, h->min - h->owned);
    }
    if (h->pressure < plan->policy->high || h->owned >= h->max) {
        return 0;
    }
    return MIN(step, h->max - h->owned);
}

/* Hosts below their minimum first, then by weighted pressure */
static int plan_compare(gconstpointer a, gconstpointer b)
{
    const BalanceHost *x = *(BalanceHost *const *)a;
    const BalanceHost *y = *(BalanceHost *const *)b;
    double first = MAX(x->pressure, 0) * x->weight;
    double second = MAX(y->pressure, 0) * y->weight;

    if (plan_below_min(x) != plan_below_min(y)) {
        return plan_below_min(x) ? -1 : 1;
    }
    if (first != second) {
        return first > second ? -1 : 1;
    }
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The largest that is not more than @left, else the smallest; -1: none */
static int plan_next_claim(const GArray *claims, uint64_t left,
                           const bool *picked)
{
    int fits = -1, least = -1;
    unsigned i;

    for (i = 0; i < claims->len; i++) {
        uint64_t bytes = g_array_index(claims, BalanceClaim, i).bytes;

        if (picked[i]) {
            continue;
        }
        if (bytes <= left && (fits < 0 || bytes > g_array_index(
                                  claims, BalanceClaim, fits).bytes)) {
            fits = i;
        }
        if (least < 0 || bytes < g_array_index(claims, BalanceClaim,
                                               least).bytes) {
            least = i;
        }
    }
    return fits >= 0 ? fits : least;
}

/* The smallest that is enough alone; -1: none is */
static int plan_one_claim(const GArray *claims, uint64_t bytes)
{
    int found = -1;
    unsigned i;

    for (i = 0; i < claims->len; i++) {
        uint64_t one = g_array_index(claims, BalanceClaim, i).bytes;

        if (one >= bytes && (found < 0 || one < g_array_index(
                                 claims, BalanceClaim, found).bytes)) {
            found = i;
        }
    }
    return found;
}

uint64_t balance_pick_claims(const GArray *claims, uint64_t bytes,
                             bool *picked)
{
    int one = plan_one_claim(claims, bytes);
    uint64_t all = 0;

    memset(picked, 0, claims->len * sizeof(*picked));
    while (all < bytes) {
        int next = plan_next_claim(claims, bytes - all, picked);

        if (next < 0) {
            return UINT64_MAX;
        }
        picked[next] = true;
        all += g_array_index(claims, BalanceClaim, next).bytes;
    }
    if (one >= 0 && g_array_index(claims, BalanceClaim, one).bytes < all) {
        memset(picked, 0, claims->len * sizeof(*picked));
        picked[one] = true;
        all = g_array_index(claims, BalanceClaim, one).bytes;
    }
    return all;
}

/*
 * Bytes that @h may give back when it is asked for @bytes; UINT64_MAX when it
 * cannot be asked for so many.
 */
static uint64_t plan_may_go(const BalanceHost *h, uint64_t bytes)
{
    g_autofree struct cxlfm_extent *picked = NULL;
    size_t count;

    if (h->claims) {
        g_autofree bool *ends = g_new(bool, h->claims->len + 1);

        return balance_pick_claims(h->claims, bytes, ends);
    }
    if (!h->held) {
        return bytes;
    }
    if (!pick_extents((const struct cxlfm_extent *)(void *)h->held->data,
                      h->held->len, bytes, 0, &picked, &count, NULL)) {
        return UINT64_MAX;
    }
    return pick_whole_bytes((const struct cxlfm_extent *)(void *)h->held->data,
                            h->held->len, picked, count);
}

/*
 * Whether @h can release @bytes, to a host below its minimum (@for_minimum) or
 * to one whose pressure is high
 */
static bool plan_can_release(const Plan *plan, const BalanceHost *h,
                             uint64_t bytes, bool for_minimum)
{
    bool calm = h->pressure >= 0 &&
                (for_minimum ? h->pressure < plan->policy->high :
                 h->pressure <= plan->policy->low);
    uint64_t gone;

    if (!h->alive || plan_is_busy(h) || !calm || h->owned < bytes) {
        return false;
    }
    gone = plan_may_go(h, bytes);
    return gone <= h->owned && h->owned - gone >= h->min;
}

/* Index of the host that needs @bytes least, from the end; -1: there is none */
static int plan_find_source(const Plan *plan, unsigned to, uint64_t bytes)
{
    const BalanceHost *t = g_array_index(plan->hosts, BalanceHost *, to);
    int i;

    for (i = plan->hosts->len - 1; i >= 0; i--) {
        if (i != to && !plan->used[i] &&
            plan_can_release(plan, g_array_index(plan->hosts, BalanceHost *, i),
                             bytes, plan_below_min(t))) {
            return i;
        }
    }
    return -1;
}

static char *plan_why(const Plan *plan, const BalanceHost *h)
{
    g_autofree char *has = format_size(h->owned);

    if (plan_below_min(h)) {
        g_autofree char *min = format_size(h->min);

        return g_strdup_printf("has %s, less than its minimum %s", has, min);
    }
    return g_strdup_printf("has %s, pressure %.2f is at least %.2f", has,
                           h->pressure, plan->policy->high);
}

static void plan_step(Plan *plan, int from, unsigned to, uint64_t bytes)
{
    BalanceStep *step = g_new0(BalanceStep, 1);
    const BalanceHost *t = g_array_index(plan->hosts, BalanceHost *, to);

    step->from = from < 0 ? -1 :
                 g_array_index(plan->hosts, BalanceHost *, from)->id;
    step->to = t->id;
    step->bytes = bytes;
    step->why = plan_why(plan, t);
    g_ptr_array_add(plan->steps, step);
    plan->used[to] = true;
    if (from >= 0) {
        plan->used[from] = true;
    } else {
        plan->available -= bytes;
    }
}

static void plan_step_free(gpointer data)
{
    BalanceStep *step = data;

    g_free(step->why);
    g_free(step);
}

GPtrArray *balance_plan(const BalancePolicy *policy, uint64_t available)
{
    Plan plan = {
        .policy = policy,
        .hosts = g_array_new(false, false, sizeof(BalanceHost *)),
        .available = available,
        .used = g_new0(bool, policy->hosts->len),
        .steps = g_ptr_array_new_with_free_func(plan_step_free),
    };
    unsigned i;

    for (i = 0; i < policy->hosts->len; i++) {
        BalanceHost *host = &g_array_index(policy->hosts, BalanceHost, i);

        g_array_append_val(plan.hosts, host);
    }
    g_array_sort(plan.hosts, plan_compare);
    for (i = 0; i < plan.hosts->len; i++) {
        uint64_t bytes = plan_wants(&plan, g_array_index(plan.hosts,
                                                         BalanceHost *, i));
        int from;

        if (!bytes || plan.used[i]) {
            continue;
        }
        if (bytes <= plan.available) {
            plan_step(&plan, -1, i, bytes);
        } else if ((from = plan_find_source(&plan, i, bytes)) >= 0) {
            plan_step(&plan, from, i, bytes);
        }
    }
    g_array_unref(plan.hosts);
    g_free(plan.used);
    return plan.steps;
}
