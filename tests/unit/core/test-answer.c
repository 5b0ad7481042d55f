/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's answers: Add Dynamic Capacity Response and Release Dynamic
 * Capacity (CXL r3.2 8.2.10.9.9.3 and .4), plain regions and More chains.
 */
#include "tests/unit/owner.h"

#define DPA(block) (REGION0_BASE + (block) * 2 * MIB)

/* --- 4802h --- */

static void accept_all(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:3+2 A#0, 0:8+1"));
    skip_trace(o);
    assert_ok(answer(o, "0:8+1, 0:3+2"));
    assert_extents(o, "0:3+2 A#0 accepted, 0:8+1 accepted");
    assert_trace(o, "reach 0:3+2\nreach 0:8+1\ncommit\n"
                 "fm-added 0:3+2 A#0 more\nfm-added 0:8+1\n"
                 "ADDED 0:3+2 A#0, 0:8+1\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 1);
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 2);
}

static void accept_subset(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1, 0:2+1, 0:4+1"));
    skip_trace(o);
    assert_ok(answer(o, "0:2+1"));
    assert_extents(o, "0:2+1 accepted");
    assert_trace(o, "reach 0:2+1\ncommit\ndiscard 0:0+1\n"
                 "discard 0:4+1\n"
                 "fm-added 0:2+1\nADDED 0:2+1\nREJECTED 0:0+1, 0:4+1\n");
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, 63 * 2 * MIB);
    assert_ok(add(o, "0:0+2, 0:3+2"));
}

static void accept_parts_of_an_extent(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:10+10 A#0"));
    skip_trace(o);
    assert_ok(answer(o, "0:18+1, 0:12+2"));
    assert_extents(o, "0:12+2 A#0 accepted, 0:18+1 A#0 accepted");
    assert_trace(o, "reach 0:12+2\nreach 0:18+1\ncommit\n"
                 "discard 0:10+2\n"
                 "discard 0:14+4\n"
                 "discard 0:19+1\n"
                 "fm-added 0:12+2 A#0 more\nfm-added 0:18+1 A#0\n"
                 "ADDED 0:12+2 A#0, 0:18+1 A#0\n"
                 "REJECTED 0:10+2 A#0, 0:14+4 A#0, 0:19+1 A#0\n");
}

/* One entry over two extents that touch: each keeps its own tag. */
static void accept_across_extents(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2 A#0, 0:2+2 B#0, 0:4+2"));
    assert_ok(answer(o, "0:1+4"));
    assert_extents(o, "0:1+1 A#0 accepted, 0:2+2 B#0 accepted, "
                   "0:4+1 accepted");
}

static void reject(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+4, 0:9+1"));
    skip_trace(o);
    assert_ok(answer(o, ""));
    assert_extents(o, "");
    assert_trace(o, "discard 0:0+4\n"
                 "discard 0:9+1\nREJECTED 0:0+4, 0:9+1\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 0);
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, MAX_EXTENTS);
}

/* Once killed the whole virtual machine. */
static void answer_when_nothing_is_pending(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(answer(o, ""), INVALID_INPUT);
    assert_rc(answer(o, "0:0+1"), INVALID_INPUT);
    assert_ok(add(o, "0:0+1"));
    assert_ok(answer(o, "0:0+1"));
    assert_rc(answer(o, ""), INVALID_INPUT);
    assert_rc(answer(o, "0:0+1"), INVALID_INPUT);
}

static void groups_in_order(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1"));
    assert_ok(add(o, "0:2+1"));
    assert_rc(answer(o, "0:2+1"), INVALID_PA);
    assert_rc(answer(o, "0:0+1, 0:2+1"), INVALID_PA);
    assert_ok(answer(o, ""));
    assert_ok(answer(o, "0:2+1"));
    assert_extents(o, "0:2+1 accepted");
}

static void accept_outside_the_group(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:3+1"));
    assert_ok(answer(o, "0:3+1"));
    assert_ok(add(o, "0:5+2"));
    assert_rc(answer(o, "0:4+2"), INVALID_PA);          /* before it */
    assert_message("[0x10800000, +0x400000]");
    assert_rc(answer(o, "0:6+2"), INVALID_PA);          /* behind it */
    assert_rc(answer(o, "0:3+1"), INVALID_PA);          /* already added */
    assert_rc(answer(o, "1:0+1"), INVALID_PA);
    assert_rc(answer(o, "@0+200000"), INVALID_PA);      /* no region */
    assert_rc(answer(o, "@18000000+200000"), INVALID_PA);
    assert_rc(answer(o, "0:60+8"), INVALID_PA);         /* past the region */
    /* 2^64 - 2 MiB long: the address is what is wrong */
    assert_rc(answer(o, "@10a00000+ffffffffffe00000"), INVALID_PA);
    assert_rc(answer(o, "@ffffffffffe00000+400000"), INVALID_PA);
    assert_ok(answer(o, "0:5+2"));
}

static void accept_malformed(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+8"));
    assert_rc(answer(o, "0:0+2, 0:1+1"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "0:3+1, 0:3+1"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "0:3+0"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "@10100000+200000"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "@10000000+100000"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "@10000001+200000"), INVALID_EXTENT_LIST);
    assert_rc(answer(o, "@10000000+ffffffffffffffff"), INVALID_EXTENT_LIST);
    assert_ok(answer(o, "0:0+8"));
}

static void accept_past_the_limit(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 3;
    o = owner_new_with(&config);
    assert_ok(add(o, "0:0+10"));
    assert_ok(add(o, "0:20+1"));
    assert_rc(answer(o, "0:0+1, 0:2+1, 0:4+1"), RESOURCES_EXHAUSTED);
    /* The offered extent makes room for one of the two. */
    assert_ok(answer(o, "0:0+1, 0:2+1"));
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, 0);
}

static void accept_at_the_limit(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 2;
    o = owner_new_with(&config);
    assert_ok(add(o, "0:0+4, 0:8+4"));
    assert_ok(answer(o, "0:0+1, 0:3+1"));
    assert_extents(o, "0:0+1 accepted, 0:3+1 accepted");
}

/* --- 4803h --- */

static void release_whole(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:3+2 A#0, 1:0+1"));
    assert_ok(answer(o, "0:3+2, 1:0+1"));
    skip_trace(o);
    assert_ok(give_back(o, "1:0+1, 0:3+2"));
    assert_extents(o, "");
    assert_trace(o, "unreach 0:3+2\nunreach 1:0+1\ncommit\n"
                 "discard 0:3+2\nzero 1:0+1\n"
                 "fm-released 0:3+2 A#0 more\nfm-released 1:0+1\n"
                 "RELEASED 0:3+2 A#0, 1:0+1\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 2);
    g_assert_cmpuint(cxl_dcd_available_tags(o->dcd), ==, MAX_TAGS);
    g_assert_cmphex(cxl_dcd_available(o->dcd, 0), ==, 128 * MIB);
}

static void release_start_middle_end(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:10+10 A#0"));
    assert_ok(answer(o, "0:10+10"));
    assert_ok(give_back(o, "0:10+1"));
    assert_extents(o, "0:11+9 A#0 accepted");
    assert_ok(give_back(o, "0:19+1"));
    assert_extents(o, "0:11+8 A#0 accepted");
    skip_trace(o);
    assert_ok(give_back(o, "0:14+2"));
    assert_extents(o, "0:11+3 A#0 accepted, 0:16+3 A#0 accepted");
    assert_trace(o, "unreach 0:14+2\ncommit\n"
                 "discard 0:14+2\n"
                 "fm-released 0:14+2 A#0\nRELEASED 0:14+2 A#0\n");
    g_assert_true(cxl_dcd_reachable(o->dcd, DPA(13), 2 * MIB));
    g_assert_false(cxl_dcd_reachable(o->dcd, DPA(13), 2 * MIB + 1));
    g_assert_false(cxl_dcd_reachable(o->dcd, DPA(14), 1));
    g_assert_true(cxl_dcd_reachable(o->dcd, DPA(16), 1));
}

static void release_many_holes_at_once(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+16"));
    assert_ok(answer(o, "0:0+16"));
    assert_ok(give_back(o, "0:12+1, 0:2+1, 0:15+1, 0:7+2, 0:0+1, 0:9+1"));
    assert_extents(o, "0:1+1 accepted, 0:3+4 accepted, 0:10+2 accepted, "
                   "0:13+2 accepted");
}

static void release_across_extents(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2 A#0, 0:2+2, 0:4+2 B#0"));
    assert_ok(answer(o, "0:0+6"));
    assert_ok(give_back(o, "0:1+4"));
    assert_extents(o, "0:0+1 A#0 accepted, 0:5+1 B#0 accepted");
}

static void release_keeps_releasing(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+6"));
    assert_ok(answer(o, "0:0+6"));
    assert_ok(ask_back(o, "0:0+6"));
    assert_ok(give_back(o, "0:2+1"));
    assert_extents(o, "0:0+2 releasing, 0:3+3 releasing");
    assert_ok(give_back(o, "0:0+2, 0:3+3"));
}

static void release_empty(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(give_back(o, ""), INVALID_INPUT);
    assert_ok(add(o, "0:0+1"));
    assert_ok(answer(o, "0:0+1"));
    assert_rc(give_back(o, ""), INVALID_INPUT);
}

static void release_what_is_not_accepted(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_rc(give_back(o, "0:0+1"), INVALID_PA);
    assert_ok(add(o, "0:0+2"));
    assert_rc(give_back(o, "0:0+2"), INVALID_PA);       /* pending */
    assert_ok(answer(o, "0:0+2"));
    assert_rc(give_back(o, "0:1+2"), INVALID_PA);       /* half of it free */
    assert_rc(give_back(o, "0:0+1, 0:4+1"), INVALID_PA);
    assert_ok(give_back(o, "0:0+1"));
    assert_rc(give_back(o, "0:0+1"), INVALID_PA);       /* twice */
    assert_rc(give_back(o, "0:0+2"), INVALID_PA);
    assert_rc(give_back(o, "@0+200000"), INVALID_PA);
    assert_rc(give_back(o, "@10200000+ffffffffffe00000"), INVALID_PA);
    assert_rc(give_back(o, "@ffffffffffe00000+200000"), INVALID_PA);
}

static void release_malformed(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+8"));
    assert_ok(answer(o, "0:0+8"));
    assert_rc(give_back(o, "0:0+2, 0:1+1"), INVALID_EXTENT_LIST);
    assert_rc(give_back(o, "0:1+0"), INVALID_EXTENT_LIST);
    assert_rc(give_back(o, "@10000040+200000"), INVALID_EXTENT_LIST);
    assert_rc(give_back(o, "@10000000+40"), INVALID_EXTENT_LIST);
}

static void release_past_the_limit(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 3;
    o = owner_new_with(&config);
    assert_ok(add(o, "0:0+10, 0:20+1, 0:30+1"));
    assert_ok(answer(o, "0:0+10, 0:20+1, 0:30+1"));
    assert_rc(give_back(o, "0:5+1"), RESOURCES_EXHAUSTED);
    assert_message("limit 3");
    /* Trimming and whole extents need no room, and make some. */
    assert_ok(give_back(o, "0:0+1, 0:9+1"));
    assert_ok(give_back(o, "0:5+1, 0:20+1"));
    assert_extents(o, "0:1+4 accepted, 0:6+3 accepted, 0:30+1 accepted");
}

/* --- More chains --- */

static void chain_is_one_answer(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+1, 0:2+1, 0:4+1, 0:6+1"));
    skip_trace(o);
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:6+1, 0:0+1"));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, ""));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:4+1"));
    assert_trace(o, "");
    assert_extents(o, "0:0+1 pending, 0:2+1 pending, 0:4+1 pending, "
                   "0:6+1 pending");
    assert_ok(end(o, CXL_DCD_CHAIN_ADD_RESPONSE));
    assert_extents(o, "0:0+1 accepted, 0:4+1 accepted, 0:6+1 accepted");
    assert_trace(o, "reach 0:0+1\nreach 0:4+1\nreach 0:6+1\ncommit\n"
                 "discard 0:2+1\n"
                 "fm-added 0:0+1 more\nfm-added 0:4+1 more\nfm-added 0:6+1\n"
                 "ADDED 0:0+1, 0:4+1, 0:6+1\nREJECTED 0:2+1\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 1);
}

static void chain_overlaps_across_commands(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+4"));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:0+2"));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:1+2"));
    assert_rc(end(o, CXL_DCD_CHAIN_ADD_RESPONSE), INVALID_EXTENT_LIST);
    assert_extents(o, "0:0+4 pending");
    /* The chain is gone: what was collected does not come back */
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:3+1"));
    assert_ok(end(o, CXL_DCD_CHAIN_ADD_RESPONSE));
    assert_extents(o, "0:3+1 accepted");
}

static void chain_aborted(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+4"));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:0+2"));
    cxl_dcd_chain_abort(o->dcd);
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:2+2"));
    assert_ok(end(o, CXL_DCD_CHAIN_ADD_RESPONSE));
    assert_extents(o, "0:2+2 accepted");
}

static void chain_of_the_other_kind(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+4"));
    assert_ok(answer(o, "0:0+4"));
    assert_ok(add(o, "0:8+2"));
    assert_ok(append(o, CXL_DCD_CHAIN_ADD_RESPONSE, "0:8+2"));
    assert_ok(append(o, CXL_DCD_CHAIN_RELEASE, "0:0+1"));
    assert_ok(end(o, CXL_DCD_CHAIN_RELEASE));
    assert_extents(o, "0:1+3 accepted, 0:8+2 pending");
    /* Nothing left of the first chain: this rejects */
    assert_ok(end(o, CXL_DCD_CHAIN_ADD_RESPONSE));
    assert_extents(o, "0:1+3 accepted");
}

/* No host can make the device collect without end. */
static void chain_has_an_end(void)
{
    g_autoptr(Owner) o = owner_new();
    g_autofree CXLDcdRange *many = g_new0(CXLDcdRange, 65536);
    g_autoptr(GError) error = NULL;
    unsigned commands = 0;

    assert_ok(add(o, "0:0+1"));
    while (cxl_dcd_chain_append(o->dcd, CXL_DCD_CHAIN_ADD_RESPONSE, many,
                                65536, &error)) {
        g_assert_cmpuint(++commands, <, 100);
    }
    g_assert_error(error, CXL_DCD_ERROR, CXL_DCD_RC_RESOURCES_EXHAUSTED);
    assert_extents(o, "0:0+1 pending");
    assert_ok(answer(o, "0:0+1"));
}

static void chain_of_ten_thousand(void)
{
    CXLDcdConfig config = owner_config();
    g_autofree CXLDcdExtent *offer = g_new0(CXLDcdExtent, 10000);
    g_autoptr(Owner) o = NULL;
    CXLDcdExtent extent;

    config.max_extents = 10000;
    config.regions[0].block_size = config.regions[0].block_sizes = 4096;
    o = owner_new_with(&config);
    for (unsigned i = 0; i < 10000; i++) {
        offer[i].dpa = REGION0_BASE + i * 8192;
        offer[i].len = 4096;
    }
    assert_ok(add_request(o, &(CXLDcdAddRequest) {
        .host_id = HOST, .policy = CXL_DCD_POLICY_PRESCRIPTIVE,
        .extents = offer, .count = 10000,
    }));
    for (unsigned i = 0; i < 10000; i++) {
        CXLDcdRange range = { offer[9999 - i].dpa, 4096 };

        g_assert_true(cxl_dcd_chain_append(o->dcd, CXL_DCD_CHAIN_ADD_RESPONSE,
                                           &range, 1, NULL));
    }
    assert_ok(end(o, CXL_DCD_CHAIN_ADD_RESPONSE));
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 10000);
    for (unsigned i = 0; i < 10000; i++) {
        g_assert_true(cxl_dcd_listed(o->dcd, i, &extent));
        g_assert_cmphex(extent.dpa, ==, offer[i].dpa);
    }
    g_assert_false(cxl_dcd_listed(o->dcd, 10000, &extent));
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 1);
}

#define T(path, function) g_test_add_func("/core/answer/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("accept/all", accept_all);
    T("accept/subset", accept_subset);
    T("accept/parts-of-an-extent", accept_parts_of_an_extent);
    T("accept/across-extents", accept_across_extents);
    T("accept/nothing", reject);
    T("accept/nothing-pending", answer_when_nothing_is_pending);
    T("accept/groups-in-order", groups_in_order);
    T("accept/outside-the-group", accept_outside_the_group);
    T("accept/malformed", accept_malformed);
    T("accept/past-the-limit", accept_past_the_limit);
    T("accept/at-the-limit", accept_at_the_limit);
    T("release/whole", release_whole);
    T("release/start-middle-end", release_start_middle_end);
    T("release/many-holes", release_many_holes_at_once);
    T("release/across-extents", release_across_extents);
    T("release/keeps-releasing", release_keeps_releasing);
    T("release/empty", release_empty);
    T("release/not-accepted", release_what_is_not_accepted);
    T("release/malformed", release_malformed);
    T("release/past-the-limit", release_past_the_limit);
    T("chain/one-answer", chain_is_one_answer);
    T("chain/overlaps", chain_overlaps_across_commands);
    T("chain/aborted", chain_aborted);
    T("chain/other-kind", chain_of_the_other_kind);
    T("chain/is-limited", chain_has_an_end);
    T("chain/ten-thousand", chain_of_ten_thousand);
    return g_test_run();
}
