/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one next act of a claim, case by case: no device, no clock
 */
#include "plan.h"

#define MIB   (1ULL << 20)
#define WANT  (64 * MIB)

/* A host that answers and has nothing; a claim that is not there yet */
typedef struct Case {
    struct plan_host hosts[3];
    struct plan_in in;
} Case;

static void begin(Case *c, unsigned hosts)
{
    unsigned i;

    for (i = 0; i < 3; i++) {
        c->hosts[i] = (struct plan_host) {
            .uuid = "u", .name = i ? i == 1 ? "two" : "three" : "one",
            .state = HEAD_UP, .wanted = i < hosts, .asked = PLAN_NEVER,
            .offered = PLAN_NEVER, .dead = PLAN_NEVER, .failed = PLAN_NEVER,
            .silent = PLAN_NEVER, .kill_after = PLAN_NEVER,
            .ask_timeout = 1000, .force_after = PLAN_NEVER,
            .reclaim_after = 5000, .takeable = UINT64_MAX,
            .room_to_max = UINT64_MAX,
        };
    }
    c->in = (struct plan_in) {
        .bytes = WANT, .known = true, .region_is_there = true,
        .block_size = 2 * MIB, .available = 1024 * MIB, .host_count = hosts,
        .hosts = c->hosts, .shared = hosts > 1, .sharable = hosts > 1,
    };
}

static void expect(const Case *c, enum fmd_phase phase, enum fmd_act act,
                   unsigned host, const char *words)
{
    struct plan_out out;

    plan(&c->in, &out);
    g_assert_cmpstr(fmd_phase_name(out.phase), ==, fmd_phase_name(phase));
    g_assert_cmpstr(fmd_act_name(out.act), ==, fmd_act_name(act));
    if (act) {
        g_assert_cmpuint(out.host, ==, host);
    }
    if (!g_strrstr(out.message, words)) {
        g_error("\"%s\" is not in \"%s\"", words, out.message);
    }
    g_free(out.message);
}

#define HAS(c, host, state, size) \
    ((c)->hosts[host].bytes[CXLFM_EXTENT_##state] = (size))

static void test_give(void)
{
    Case c;

    begin(&c, 1);
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "is offered");
    HAS(&c, 0, PENDING, WANT);
    c.hosts[0].offered = 10;
    expect(&c, FMD_OFFERING, FMD_ACT_NONE, 0, "not answered");
    c.hosts[0].offered = 1000;
    expect(&c, FMD_UNANSWERED, FMD_ACT_NONE, 0, "stands");
    HAS(&c, 0, PENDING, 0);
    HAS(&c, 0, ACCEPTED, WANT);
    expect(&c, FMD_BOUND, FMD_ACT_NONE, 0, "");
    HAS(&c, 0, ACCEPTED, WANT / 2);
    expect(&c, FMD_DECLINED, FMD_ACT_RELEASE, 0, "part");
    HAS(&c, 0, PENDING, WANT / 2);
    c.hosts[0].offered = 10;
    expect(&c, FMD_OFFERING, FMD_ACT_NONE, 0, "not answered");
}

static void test_wait(void)
{
    Case c;

    begin(&c, 1);
    c.in.available = WANT - 1;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "no room");
    c.in.available = WANT;
    c.hosts[0].room_to_max = WANT - 1;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "maximum");
    c.hosts[0].room_to_max = WANT;
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "");
    c.in.block_size = 3 * MIB;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "multiple");
    c.in.region_is_there = false;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "no such region");
    begin(&c, 1);
    c.hosts[0].failed = 10;
    c.hosts[0].patience = 1000;
    c.hosts[0].refusal = "full of stars";
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "full of stars");
    c.hosts[0].declined = true;
    expect(&c, FMD_DECLINED, FMD_ACT_NONE, 0, "full of stars");
    c.hosts[0].life_changed = true;
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "");
    c.hosts[0].life_changed = false;
    c.hosts[0].failed = 1000;
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "");
}

static void test_take(void)
{
    Case c;

    begin(&c, 1);
    c.in.deleted = true;
    expect(&c, FMD_GONE, FMD_ACT_NONE, 0, "");
    HAS(&c, 0, ACCEPTED, WANT);
    expect(&c, FMD_RELEASING, FMD_ACT_RELEASE, 0, "asked");
    c.hosts[0].ask_in = 100;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "was asked");
    c.hosts[0].ask_in = 0;
    c.hosts[0].takeable = WANT - 1;
    expect(&c, FMD_STUCK, FMD_ACT_NONE, 0, "minimum");
    HAS(&c, 0, ACCEPTED, 0);
    HAS(&c, 0, RELEASING, WANT);
    c.hosts[0].asked = 999;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "was asked");
    c.hosts[0].asked = 1000;
    c.hosts[0].ask_in = 100;
    expect(&c, FMD_STUCK, FMD_ACT_NONE, 0, "not allowed");
    c.hosts[0].ask_in = 0;
    expect(&c, FMD_STUCK, FMD_ACT_RELEASE, 0, "not allowed");
    c.hosts[0].force_after = 500;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "will be");
    c.hosts[0].asked = 1500;
    expect(&c, FMD_FORCING, FMD_ACT_FORCE, 0, "taken away");
    c.hosts[0].below_min = true;
    expect(&c, FMD_STUCK, FMD_ACT_NONE, 0, "minimum");
    HAS(&c, 0, RELEASING, 0);
    HAS(&c, 0, SANITIZING, WANT);
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "sanitized");
    HAS(&c, 0, SANITIZING, 0);
    HAS(&c, 0, DEAD, WANT);
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "withdrawn");
}

static void test_withdraw(void)
{
    Case c;

    begin(&c, 1);
    c.in.deleted = true;
    HAS(&c, 0, PENDING, WANT);
    c.hosts[0].offered = 1;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "not answered");
    c.hosts[0].offered = 1000;
    expect(&c, FMD_UNANSWERED, FMD_ACT_NONE, 0, "not allowed");
    c.hosts[0].force_after = 0;
    expect(&c, FMD_FORCING, FMD_ACT_FORCE, 0, "withdrawn");
}

static void test_hung(void)
{
    Case c;

    begin(&c, 1);
    c.hosts[0].state = HEAD_HUNG;
    c.in.phase = FMD_BOUND;
    HAS(&c, 0, ACCEPTED, WANT);
    c.hosts[0].silent = 9000;
    expect(&c, FMD_BOUND, FMD_ACT_NONE, 0, "does not answer");
    c.in.deleted = true;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
    c.hosts[0].kill_after = 10000;
    /* Its end would be for nothing: nobody can take it back then. */
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
    c.hosts[0].reclaimable = true;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "will be ended");
    c.hosts[0].silent = 10000;
    expect(&c, FMD_FORCING, FMD_ACT_KILL, 0, "is ended");
    /* What is wished is no reason. */
    c.in.deleted = false;
    expect(&c, FMD_BOUND, FMD_ACT_NONE, 0, "does not answer");
    c.in.deleted = true;
    c.in.known = false;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
    c.in.known = true;
    HAS(&c, 0, ACCEPTED, 0);
    expect(&c, FMD_GONE, FMD_ACT_NONE, 0, "");
}

static void test_dead(void)
{
    Case c;

    begin(&c, 1);
    c.hosts[0].state = HEAD_DEAD;
    c.hosts[0].dead = 10;
    c.in.phase = FMD_BOUND;
    HAS(&c, 0, ACCEPTED, WANT);
    expect(&c, FMD_LOST, FMD_ACT_NONE, 0, "waits for it");
    c.hosts[0].dead = 5000;
    expect(&c, FMD_LOST, FMD_ACT_NONE, 0, "by hand");
    c.hosts[0].reclaimable = true;
    expect(&c, FMD_LOST, FMD_ACT_RECLAIM, 0, "taken back");
    c.in.deleted = true;
    expect(&c, FMD_RELEASING, FMD_ACT_RECLAIM, 0, "taken back");
    c.hosts[0].reclaim_after = PLAN_NEVER;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "waits for it");
    HAS(&c, 0, ACCEPTED, 0);
    expect(&c, FMD_GONE, FMD_ACT_NONE, 0, "");
    c.in.deleted = false;
    expect(&c, FMD_LOST, FMD_ACT_NONE, 0, "not there");
    c.in.phase = FMD_PENDING;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "not there");
}

/* What nobody could be asked about is neither given nor forgotten. */
static void test_unknown(void)
{
    static const enum head_state states[] = { HEAD_UNKNOWN, HEAD_HUNG };
    Case c;
    unsigned i;

    for (i = 0; i < G_N_ELEMENTS(states); i++) {
        begin(&c, 1);
        c.in.known = false;
        c.hosts[0].state = states[i];
        c.in.phase = FMD_BOUND;
        expect(&c, FMD_BOUND, FMD_ACT_NONE, 0, "does not answer");
        c.in.deleted = true;
        expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
        c.in.known = true;
        HAS(&c, 0, ACCEPTED, WANT);
        expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
    }
    begin(&c, 1);
    c.in.known = false;
    c.in.deleted = true;
    c.hosts[0].state = HEAD_DEAD;
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "does not answer");
}

static void test_elsewhere(void)
{
    Case c;

    /* Its tag is at a host that it is not for. */
    begin(&c, 1);
    c.in.host_count = 2;
    HAS(&c, 1, ACCEPTED, WANT);
    expect(&c, FMD_RELEASING, FMD_ACT_RELEASE, 1, "asked");
    HAS(&c, 1, ACCEPTED, 0);
    HAS(&c, 1, SANITIZING, WANT);
    expect(&c, FMD_RELEASING, FMD_ACT_NONE, 0, "sanitized");
    HAS(&c, 1, SANITIZING, 0);
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "offered");
}

static void test_shared(void)
{
    Case c;

    begin(&c, 3);
    expect(&c, FMD_OFFERING, FMD_ACT_ADD, 0, "one");
    HAS(&c, 0, PENDING, WANT);
    c.hosts[0].offered = 1;
    expect(&c, FMD_OFFERING, FMD_ACT_NONE, 0, "one");
    HAS(&c, 0, PENDING, 0);
    HAS(&c, 0, ACCEPTED, WANT);
    expect(&c, FMD_OFFERING, FMD_ACT_SHARE, 1, "two");
    HAS(&c, 1, ACCEPTED, WANT);
    expect(&c, FMD_OFFERING, FMD_ACT_SHARE, 2, "three");
    HAS(&c, 2, ACCEPTED, WANT);
    expect(&c, FMD_BOUND, FMD_ACT_NONE, 0, "");
    c.in.deleted = true;
    expect(&c, FMD_RELEASING, FMD_ACT_RELEASE, 0, "one");
    /* One that does not give holds up no other. */
    HAS(&c, 0, ACCEPTED, 0);
    HAS(&c, 0, RELEASING, WANT);
    c.hosts[0].asked = 5000;
    c.hosts[0].ask_in = 100;
    expect(&c, FMD_RELEASING, FMD_ACT_RELEASE, 1, "two");
    begin(&c, 3);
    c.in.sharable = false;
    expect(&c, FMD_PENDING, FMD_ACT_NONE, 0, "not sharable");
    /* The first has lost it: it joins the others. */
    begin(&c, 2);
    HAS(&c, 1, ACCEPTED, WANT);
    expect(&c, FMD_OFFERING, FMD_ACT_SHARE, 0, "one");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/give", test_give);
    g_test_add_func("/plan/wait", test_wait);
    g_test_add_func("/plan/take", test_take);
    g_test_add_func("/plan/withdraw", test_withdraw);
    g_test_add_func("/plan/dead", test_dead);
    g_test_add_func("/plan/hung", test_hung);
    g_test_add_func("/plan/unknown", test_unknown);
    g_test_add_func("/plan/elsewhere", test_elsewhere);
    g_test_add_func("/plan/shared", test_shared);
    return g_test_run();
}
