/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cxl-fm balance: the policy file, and what is decided by it
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "balance-plan.h"
#include "fail.h"
#include "pressure-command.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static BalancePolicy *policy(const char *text)
{
    g_autoptr(GError) error = NULL;
    BalancePolicy *p = balance_policy_parse(text, &error);

    g_assert_no_error(error);
    return p;
}

/* What @host has and suffers now */
static void is(BalancePolicy *p, unsigned index, uint64_t owned,
               double pressure)
{
    BalanceHost *h = &g_array_index(p->hosts, BalanceHost, index);

    h->alive = true;
    h->owned = owned;
    h->pressure = pressure;
}

/* Decide; the steps as text "FROM>TO:MIB ...", -1 for what is free */
static void decides(BalancePolicy *p, uint64_t available, const char *want)
{
    g_autoptr(GPtrArray) steps = balance_plan(p, available);
    g_autoptr(GString) got = g_string_new(NULL);
    unsigned i;

    for (i = 0; i < steps->len; i++) {
        const BalanceStep *s = steps->pdata[i];

        g_string_append_printf(got, "%s%d>%u:%" PRIu64, i ? " " : "", s->from,
                               s->to, s->bytes / MIB);
        g_assert_nonnull(s->why);
    }
    g_assert_cmpstr(got->str, ==, want);
}

static void test_policy(void)
{
    BalancePolicy *p = policy("# comment\n\nstep 512M\nhigh 20\nlow 2.5\n"
                              "host 3 min 1G max 4G weight 2 pressure ssh a b\n"
                              "host 4\n");
    const BalanceHost *h = &g_array_index(p->hosts, BalanceHost, 0);

    g_assert_cmpuint(p->step, ==, 512 * MIB);
    g_assert_cmpfloat(p->high, ==, 20);
    g_assert_cmpfloat(p->low, ==, 2.5);
    g_assert_cmpuint(p->hosts->len, ==, 2);
    g_assert_cmpuint(h->id, ==, 3);
    g_assert_cmpuint(h->min, ==, GIB);
    g_assert_cmpuint(h->max, ==, 4 * GIB);
    g_assert_cmpfloat(h->weight, ==, 2);
    g_assert_cmpstr(h->command, ==, "ssh a b");
    h = &g_array_index(p->hosts, BalanceHost, 1);
    g_assert_cmpuint(h->min, ==, 0);
    g_assert_cmpuint(h->max, ==, UINT64_MAX);
    g_assert_null(h->command);
    balance_policy_free(p);
}

static void test_policy_bad(void)
{
    static const struct {
        const char *text, *said;
    } bad[] = {
        { "", "there is no line 'host ID ...'" },
        { "step 1G\nhots 3\n", "line 2: 'hots' begins no line" },
        { "host\n", "line 1: 'host '" },
        { "host 70000\n", "from 0 to 65535" },
        { "host 1 min\n", "'min': a size" },
        { "host 1 min 1.5G\n", "is not a size" },
        { "host 1 weight 0\n", "'weight 0'" },
        { "host 1 maximum 1G\n", "there are min, max, weight and pressure" },
        { "host 1 pressure  \n", "a command belongs there" },
        { "host 1 min 2G max 1G\n", "min is more than max" },
        { "host 1\nhost 1\n", "line 2: host 1 has two lines" },
        { "high 5\nlow 6\nhost 1\n", "low is more than high" },
        { "high 101\nhost 1\n", "from 0 to 100" },
        { "step 0\nhost 1\n", "step is 0" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(balance_policy_parse(bad[i].text, &error));
        g_assert_nonnull(error);
        if (!strstr(error->message, bad[i].said)) {
            g_assert_cmpstr(error->message, ==, bad[i].said);
        }
        g_assert_cmpint(error->code, ==, TOOL_USAGE);
    }
}

static void test_pressure(void)
{
    g_assert_cmpfloat(pressure_parse(
        "some avg10=12.34 avg60=1.00 avg300=0.00 total=1\n"
        "full avg10=5.00 avg60=0.00 avg300=0.00 total=1\n"), ==, 12.34);
    g_assert_cmpfloat(pressure_parse("7\n"), ==, 7);
    g_assert_cmpfloat(pressure_parse(""), <, 0);
    g_assert_cmpfloat(pressure_parse("ssh: no route"), <, 0);
    g_assert_cmpfloat(pressure_parse("nan"), <, 0);
    g_assert_cmpfloat(pressure_parse("-3"), <, 0);
    g_assert_cmpfloat(pressure_parse("101"), <, 0);
}

static void test_plan(void)
{
    BalancePolicy *p = policy("host 1 min 256M max 2G\n"
                              "host 2 min 256M max 2G weight 3\nhost 3\n");

    /* All is well. */
    is(p, 0, GIB, 0);
    is(p, 1, GIB, 5);
    is(p, 2, GIB, 0);
    decides(p, GIB, "");
    /* One is short: from what is free, else from who needs it least */
    is(p, 0, GIB, 40);
    decides(p, GIB, "-1>1:256");
    decides(p, 0, "3>1:256");
    is(p, 2, 0, 0);
    decides(p, 0, "");
    /* 2 has pressure, if not a high one: it gives nothing. */
    is(p, 1, GIB, 1);
    decides(p, 0, "2>1:256");
    /* Both are short; weight decides who comes first. */
    is(p, 1, GIB, 20);
    decides(p, 256 * MIB, "-1>2:256");
    decides(p, GIB, "-1>2:256 -1>1:256");
    /* Never above the maximum */
    is(p, 1, 2 * GIB - 64 * MIB, 20);
    decides(p, GIB, "-1>2:64 -1>1:256");
    is(p, 1, 2 * GIB, 20);
    decides(p, GIB, "-1>1:256");
    balance_policy_free(p);
}

static void test_plan_minimum(void)
{
    BalancePolicy *p = policy("step 1G\nhost 1 min 1G\nhost 2 min 512M\n");

    /* Its minimum comes first, also from one under some pressure. */
    is(p, 0, 768 * MIB, 0);
    is(p, 1, 2 * GIB, 9);
    decides(p, GIB, "-1>1:256");
    decides(p, 0, "2>1:256");
    is(p, 1, 2 * GIB, 90);
    decides(p, 0, "");
    /* Nobody goes below a minimum to help. */
    is(p, 1, 640 * MIB, 0);
    decides(p, 0, "");
    /* Who is not there neither gets nor gives. */
    is(p, 1, 2 * GIB, 0);
    g_array_index(p->hosts, BalanceHost, 1).alive = false;
    decides(p, 0, "");
    g_array_index(p->hosts, BalanceHost, 0).alive = false;
    decides(p, GIB, "");
    balance_policy_free(p);
}

/* Unknown pressure: only the minimum counts, and nothing is taken. */
static void test_plan_unknown(void)
{
    BalancePolicy *p = policy("host 1 min 1G\nhost 2\n");

    is(p, 0, GIB, 50);
    is(p, 1, GIB, -1);
    decides(p, 0, "");
    decides(p, GIB, "-1>1:256");
    is(p, 0, 0, -1);
    decides(p, GIB, "-1>1:256");
    balance_policy_free(p);
}

/* Whose pressure is not known is not robbed, however little it seems to need */
static void test_plan_unknown_source(void)
{
    BalancePolicy *p = policy("host 1 min 1G\nhost 2 weight 100\nhost 3\n");

    is(p, 0, 0, 0);
    is(p, 1, GIB, -1);
    is(p, 2, GIB, 0);
    decides(p, 0, "3>1:256");
    is(p, 2, GIB, -1);
    decides(p, 0, "");
    is(p, 2, GIB, 20);
    decides(p, 0, "");
    balance_policy_free(p);
}

/* What was asked for is gone, as far as the minimum is concerned. */
static void test_plan_outstanding(void)
{
    BalancePolicy *p = policy("step 512M\nhost 1 min 1G\nhost 2\nhost 3\n");
    BalanceHost *hosts = (BalanceHost *)(void *)p->hosts->data;

    is(p, 0, 2 * GIB, 0);
    is(p, 1, 0, 50);
    is(p, 2, 0, 0);
    decides(p, 0, "1>2:512");
    /* It has not given back what it was asked for: it is asked no more. */
    hosts[0].owned = 1536 * MIB;
    hosts[0].asked = 512 * MIB;
    decides(p, 0, "");
    hosts[2].owned = GIB;
    decides(p, 0, "3>2:512");
    /* Who has an offer to answer gets no other. */
    hosts[1].offered = 512 * MIB;
    decides(p, 0, "");
    decides(p, GIB, "");
    balance_policy_free(p);
}

static GArray *extents(unsigned count, ...)
{
    GArray *list = g_array_new(false, true, sizeof(struct cxlfm_extent));
    va_list args;

    va_start(args, count);
    while (count--) {
        const struct cxlfm_extent e = {
            .dpa = list->len * 4 * GIB, .length = va_arg(args, uint64_t),
        };

        g_array_append_val(list, e);
    }
    va_end(args);
    return list;
}

/* A host may give back the whole extent of which a part was asked for. */
static void test_plan_whole_extents(void)
{
    BalancePolicy *p = policy("host 1 min 512M\nhost 2\nhost 3\n");
    BalanceHost *hosts = (BalanceHost *)(void *)p->hosts->data;

    is(p, 0, GIB, 0);
    is(p, 1, 0, 50);
    is(p, 2, 0, 0);
    hosts[0].held = extents(1, GIB);
    decides(p, 0, "");
    g_array_unref(hosts[0].held);
    hosts[0].held = extents(2, 768 * MIB, 256 * MIB);
    decides(p, 0, "1>2:256");
    /* Nothing that may be chosen from: the rest has tags. */
    g_array_unref(hosts[0].held);
    hosts[0].held = extents(1, 128 * MIB);
    decides(p, 0, "");
    balance_policy_free(p);
}

/* Claims of @mib each, up to a 0 */
static GArray *claims(unsigned mib, ...)
{
    GArray *made = g_array_new(false, false, sizeof(BalanceClaim));
    va_list args;

    va_start(args, mib);
    for (; mib; mib = va_arg(args, unsigned)) {
        BalanceClaim one = { .bytes = mib * MIB };

        g_array_append_val(made, one);
    }
    va_end(args);
    return made;
}

/* Which of @made go for @bytes: @want has a letter for each */
static void picks(GArray *made, uint64_t bytes, const char *want)
{
    bool picked[8];
    uint64_t all = balance_pick_claims(made, bytes, picked), sum = 0;
    unsigned i;

    for (i = 0; i < made->len; i++) {
        g_assert_cmpint(picked[i], ==, want[i] == 'x');
        sum += picked[i] ? g_array_index(made, BalanceClaim, i).bytes : 0;
    }
    g_assert_cmpuint(all, ==, sum);
    g_array_unref(made);
}

/* Claims go whole: those that fit best, and a little more if it must be. */
static void test_pick_claims(void)
{
    g_autoptr(GArray) few = claims(64, 0);
    bool picked[1];

    picks(claims(64, 32, 128, 0), 32 * MIB, ".x.");
    picks(claims(64, 32, 128, 0), 128 * MIB, "..x");
    picks(claims(64, 32, 128, 0), 96 * MIB, "xx.");
    picks(claims(64, 32, 128, 0), 16 * MIB, ".x.");
    picks(claims(64, 32, 128, 0), 224 * MIB, "xxx");
    picks(claims(128, 64, 0), 80 * MIB, "x.");
    picks(claims(128, 64, 0), 136 * MIB, "xx");
    picks(claims(0), 0, "");
    g_assert_true(balance_pick_claims(few, 65 * MIB, picked) == UINT64_MAX);
}

/* A claim of which a part is enough goes all the same, or not at all. */
static void test_plan_claims(void)
{
    BalancePolicy *p = policy("step 64M\nhost 1 min 512M\nhost 2\n");
    BalanceHost *hosts = (BalanceHost *)(void *)p->hosts->data;

    is(p, 0, 640 * MIB, 0);
    is(p, 1, 0, 50);
    hosts[0].claims = claims(256, 0);
    decides(p, 0, "");
    g_array_unref(hosts[0].claims);
    hosts[0].claims = claims(256, 128, 0);
    decides(p, 0, "1>2:64");
    /* It has capacity enough, but not by claims of ours. */
    g_array_unref(hosts[0].claims);
    hosts[0].claims = claims(32, 0);
    decides(p, 0, "");
    balance_policy_free(p);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fm/balance/policy", test_policy);
    g_test_add_func("/fm/balance/policy/bad", test_policy_bad);
    g_test_add_func("/fm/balance/pressure", test_pressure);
    g_test_add_func("/fm/balance/plan", test_plan);
    g_test_add_func("/fm/balance/plan/minimum", test_plan_minimum);
    g_test_add_func("/fm/balance/plan/unknown", test_plan_unknown);
    g_test_add_func("/fm/balance/plan/unknown-source",
                    test_plan_unknown_source);
    g_test_add_func("/fm/balance/plan/outstanding", test_plan_outstanding);
    g_test_add_func("/fm/balance/plan/claims", test_plan_claims);
    g_test_add_func("/fm/balance/pick-claims", test_pick_claims);
    g_test_add_func("/fm/balance/plan/whole-extents", test_plan_whole_extents);
    return g_test_run();
}
