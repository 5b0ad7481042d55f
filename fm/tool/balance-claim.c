/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of balance as claims
 *
 * Where cxl-fmd keeps a pool, a second hand on its devices would make capacity
 * that no claim wants. So what balance gives is a claim of its own kind, and
 * what it takes are such claims, whole; those of others are theirs.
 */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include "balance-claim.h"
#include "balance-other.h"
#include "fleet-claim.h"
#include "signals.h"

#define TAKE_BACK_US      (10 * G_USEC_PER_SEC)
#define TAKE_BACK_STEP_US (200 * 1000)

bool balance_claim_is_due(const PoolView *view)
{
    unsigned i;

    for (i = 0; i < view->heads->len; i++) {
        const PoolHead *head = &g_array_index(view->heads, PoolHead, i);

        if (!g_str_has_prefix(cxlfm_address(head->target.fm), "fmd:")) {
            return false;
        }
    }
    return view->heads->len;
}

/* --- Which there are --- */

/* One that may end: nobody else's, and all of it is there */
static bool balance_claim_is_ours(const PoolView *view,
                                  const BalanceWho *who, GHashTable *names,
                                  struct json_object *claim)
{
    struct json_object *shared = fleet_member(claim, "shared_with");
    bool other;

    return balance_other_is_here(view, who->region, who->name, names, claim,
                                 &other) && !other &&
           !strcmp(fleet_claim_phase(claim), "Bound") &&
           !(shared && json_object_array_length(shared));
}

static void balance_claim_add(const PoolView *view, BalancePolicy *policy,
                              struct json_object *claim, GHashTable *names)
{
    const char *at = fleet_text(fleet_member(claim, "status"), "host");
    const char *name = g_hash_table_lookup(names, at);
    BalanceClaim one = { .bytes = fleet_number(claim, "bytes") };
    unsigned i;

    g_strlcpy(one.uuid, fleet_text(claim, "uuid"), sizeof(one.uuid));
    for (i = 0; name && i < policy->hosts->len; i++) {
        BalanceHost *host = &g_array_index(policy->hosts, BalanceHost, i);
        Target target;

        if (pool_head(view, host->id, &target, NULL) &&
            !strcmp(target.name, name)) {
            g_array_append_val(host->claims, one);
        }
    }
}

void balance_claim_forget(BalancePolicy *policy)
{
    unsigned i;

    for (i = 0; i < policy->hosts->len; i++) {
        g_clear_pointer(&g_array_index(policy->hosts, BalanceHost, i).claims,
                        g_array_unref);
    }
}

/* Is the pool, for this region, ours to balance? */
static bool balance_claim_may(Tool *tool, const PoolView *view,
                              const BalanceWho *who, GHashTable *names,
                              struct json_object *list, GError **error)
{
    return who->looks ||
           (who->take_over ?
            balance_other_take_over(tool, view, who->region, who->name, names,
                                    list, error) :
            balance_other_is_none(view, who->region, who->name, names, list,
                                  error));
}

bool balance_claim_read(Tool *tool, const PoolView *view,
                        const BalanceWho *who, BalancePolicy *policy,
                        GError **error)
{
    g_autoptr(GHashTable) names = NULL;
    struct json_object *said, *list;
    unsigned i;
    bool may;

    for (i = 0; i < policy->hosts->len; i++) {
        BalanceHost *host = &g_array_index(policy->hosts, BalanceHost, i);

        host->claims = g_array_new(false, false, sizeof(BalanceClaim));
    }
    if (!(names = fleet_host_names(tool, view->fm, error)) ||
        !fleet_ask_list(tool, view->fm, FLEET_CLAIMS "&consumer_kind="
                        BALANCE_KIND, "claims", &said, error)) {
        return false;
    }
    list = fleet_member(said, "claims");
    may = balance_claim_may(tool, view, who, names, list, error);
    for (i = 0; may && i < json_object_array_length(list); i++) {
        struct json_object *claim = json_object_array_get_idx(list, i);

        if (balance_claim_is_ours(view, who, names, claim)) {
            balance_claim_add(view, policy, claim, names);
        }
    }
    json_object_put(said);
    return may;
}

/* --- Changes --- */

/* One more for "changes" of the JSON that tells of a step */
static void balance_claim_tell(Tool *tool, const char *change,
                               const char *uuid, const char *host,
                               uint64_t bytes, int exit)
{
    struct json_object *o = json_object_new_object();

    json_object_object_add(o, "change", json_object_new_string(change));
    json_object_object_add(o, "claim", json_object_new_string(uuid));
    json_object_object_add(o, "host", json_object_new_string(host));
    json_object_object_add(o, "bytes", json_object_new_uint64(bytes));
    json_object_object_add(o, "outcome", json_object_new_string(
                               exit ? "failed" : "done"));
    json_object_array_add(tool->steps, o);
}

/* The answer of the host, else of the daemon, as an error */
static void balance_claim_fail(struct json_object *claim, int exit,
                               GError **error)
{
    const char *why = fleet_text(fleet_member(claim, "status"), "message");

    tool_fail(error, exit, "the claim was %s%s%s",
              fleet_claim_phase(claim), *why ? ": " : "", why);
}

/* 0; TOOL_TIMEOUT when it takes longer; or -1 with @error */
static int balance_claim_end(Tool *tool, const Target *source,
                             const BalanceClaim *claim,
                             const ChangeOptions *options, GError **error)
{
    g_autofree char *path = fleet_claim_path(claim->uuid);
    g_autoptr(GError) wrong = NULL;
    struct json_object *last = NULL;
    unsigned status;
    int ret = -1;

    if (fleet_ask(tool, source->fm, "DELETE", path, NULL, &status, NULL,
                  &wrong)) {
        ret = fleet_claim_wait(tool, source->fm, claim->uuid, true,
                               change_timeout(options), &signals_stop, &last,
                               &wrong);
    } else if (status == 404) {
        ret = 0;                  /* somebody else has ended it */
    }
    if (ret > 0 && ret != TOOL_TIMEOUT) {
        balance_claim_fail(last, ret, &wrong);
        ret = -1;
    }
    json_object_put(last);
    balance_claim_tell(tool, "end", claim->uuid, source->name, claim->bytes,
                       ret);
    if (ret < 0) {
        g_propagate_error(error, g_steal_pointer(&wrong));
    }
    return ret;
}

static int balance_claim_end_all(Tool *tool, const PoolView *view,
                                 const BalanceHost *host, uint64_t bytes,
                                 const ChangeOptions *options, GError **error)
{
    g_autofree bool *ends = g_new(bool, host->claims->len + 1);
    Target source;
    int ret = 0;
    unsigned i;

    if (!pool_head(view, host->id, &source, error)) {
        return -1;
    }
    balance_pick_claims(host->claims, bytes, ends);
    for (i = 0; !ret && i < host->claims->len; i++) {
        if (ends[i]) {
            ret = balance_claim_end(tool, &source,
                                    &g_array_index(host->claims, BalanceClaim,
                                                   i), options, error);
        }
    }
    return ret;
}

/*
 * A claim that did not come to be bound must not come later, when nobody asks
 * for it. Of one whose PUT was not answered, it is not known when that arrives:
 * so it is looked for a while. False with @error: it may be there.
 */
static bool balance_claim_take_back(Tool *tool, const Target *sink,
                                    const char *uuid, bool answered,
                                    GError **error)
{
    gint64 end = g_get_monotonic_time() + TAKE_BACK_US;
    g_autofree char *path = fleet_claim_path(uuid);
    unsigned status = 0;

    for (;;) {
        g_autoptr(GError) wrong = NULL;

        if (fleet_ask(tool, sink->fm, "DELETE", path, NULL, &status, NULL,
                      &wrong) || (status == 404 && answered)) {
            return true;
        }
        if (g_get_monotonic_time() >= end) {
            if (status == 404) {
                return true;
            }
            tool_fail(error, TOOL_UNKNOWN, "claim %s may be left: %s; 'cxl-fm "
                      "claim delete %s' ends it", uuid, wrong->message, uuid);
            return false;
        }
        g_usleep(TAKE_BACK_STEP_US);
    }
}

static int balance_claim_make(Tool *tool, const PoolView *view,
                              const BalanceWho *who, uint16_t to,
                              uint64_t bytes, const ChangeOptions *options,
                              GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *path = fleet_claim_path(uuid);
    struct json_object *wish = json_object_new_object(), *claim = NULL;
    struct json_object *put = NULL;
    g_autoptr(GError) wrong = NULL;
    Target sink;
    bool answered, first;
    int ret = -1;

    if (!pool_head(view, to, &sink, error)) {
        json_object_put(wish);
        return -1;
    }
    json_object_object_add(wish, "host", json_object_new_string(sink.name));
    json_object_object_add(wish, "bytes", json_object_new_uint64(bytes));
    json_object_object_add(wish, "region",
                           json_object_new_int(who->region));
    json_object_object_add(wish, "consumer_kind",
                           json_object_new_string(BALANCE_KIND));
    json_object_object_add(wish, "consumer",
                           json_object_new_string(who->name));
    answered = fleet_ask(tool, sink.fm, "PUT", path, wish, NULL, &put, &wrong);
    /* Another one may have begun in the meantime. */
    first = answered && balance_other_is_later(
        tool, view, who->region, who->name, fleet_number(put, "revision"),
        &wrong);
    json_object_put(put);
    if (first) {
        ret = fleet_claim_wait(tool, sink.fm, uuid, false,
                               change_timeout(options), &signals_stop, &claim,
                               &wrong);
    }
    if (ret > 0) {
        balance_claim_fail(claim, ret, &wrong);
        ret = -1;
    }
    if (ret < 0 && balance_claim_take_back(tool, &sink, uuid, answered,
                                           error)) {
        g_propagate_error(error, g_steal_pointer(&wrong));
    }
    json_object_put(claim);
    balance_claim_tell(tool, "make", uuid, sink.name, bytes, ret);
    return ret;
}

int balance_claim_step(Tool *tool, const PoolView *view,
                       const BalanceWho *who, const BalancePolicy *policy,
                       const BalanceStep *step,
                       const ChangeOptions *options, GError **error)
{
    unsigned i;
    int ret = 0;

    for (i = 0; !ret && i < policy->hosts->len; i++) {
        const BalanceHost *host = &g_array_index(policy->hosts, BalanceHost,
                                                 i);

        if (host->id == step->from) {
            ret = balance_claim_end_all(tool, view, host, step->bytes,
                                        options, error);
        }
    }
    return ret ? ret : balance_claim_make(tool, view, who, step->to,
                                          step->bytes, options, error);
}
