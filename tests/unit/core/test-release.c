/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Initiate Dynamic Capacity Release: asking and taking, plain regions (CXL
 * r3.2 7.6.7.6.6).
 */
#include "tests/unit/owner.h"

/* An owner whose host has accepted @extents, with an empty trace */
static Owner *with_accepted(const char *extents)
{
    Owner *o = owner_new();

    assert_ok(add(o, extents));
    assert_ok(answer(o, extents));
    skip_trace(o);
    return o;
}

/* --- Asking --- */

static void ask_leaves_it_reachable(void)
{
    g_autoptr(Owner) o = with_accepted("0:3+2 A#0, 0:8+1");
    uint32_t generation = cxl_dcd_generation(o->dcd);

    assert_ok(ask_back(o, "0:8+1, 0:3+2"));
    assert_extents(o, "0:3+2 A#0 releasing, 0:8+1 releasing");
    assert_trace(o, "release 0:3+2 A#0 more\nrelease 0:8+1\n");
    g_assert_true(cxl_dcd_reachable(o->dcd, REGION0_BASE + 6 * MIB, 4 * MIB));
    g_assert_cmpuint(cxl_dcd_listed_count(o->dcd), ==, 2);
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, generation);
}

/* One record for each piece, so that each can carry the tag it belongs to */
static void ask_across_extents(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2 A#0, 0:2+2, 0:4+2 B#0");

    assert_ok(ask_back(o, "0:1+4"));
    assert_trace(o, "release 0:1+1 A#0 more\nrelease 0:2+2 more\n"
                 "release 0:4+1 B#0\n");
    assert_ok(give_back(o, "0:1+4"));
    assert_extents(o, "0:0+1 A#0 releasing, 0:5+1 B#0 releasing");
}

static void ask_again(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2");

    assert_ok(ask_back(o, "0:0+2"));
    assert_ok(ask_back(o, "0:0+2"));
    assert_trace(o, "release 0:0+2\nrelease 0:0+2\n");
}

static void ask_for_what_is_not_there(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2");

    assert_rc(ask_back(o, "0:4+1"), INVALID_PA);
    assert_message("extent [0x10800000, +0x200000] was not added");
    assert_rc(ask_back(o, "0:1+2"), INVALID_PA);
    assert_rc(ask_back(o, "0:0+1, 0:4+1"), INVALID_PA);
    assert_ok(give_back(o, "0:0+2"));
    assert_rc(ask_back(o, "0:0+2"), INVALID_PA);
}

static void ask_for_pending(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2"));
    assert_rc(ask_back(o, "0:0+2"), INVALID_PA);
    assert_message("is pending");
    assert_ok(force(o, "0:0+2"));
    assert_rc(ask_back(o, "0:0+2"), INVALID_PA);
    assert_message("is dead");
}

static void malformed(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+8");

    assert_rc(ask_back(o, ""), INVALID_EXTENT_LIST);
    assert_rc(force(o, ""), INVALID_EXTENT_LIST);
    assert_rc(ask_back(o, "0:1+0"), INVALID_EXTENT_LIST);
    assert_rc(ask_back(o, "@10100000+200000"), INVALID_EXTENT_LIST);
    assert_rc(ask_back(o, "0:0+2, 0:1+1"), INVALID_EXTENT_LIST);
    assert_message("in the same request");
    assert_rc(ask_back(o, "@0+200000"), INVALID_PA);
    assert_rc(ask_back(o, "0:60+8"), INVALID_PA);
    assert_rc(force(o, "@10200000+ffffffffffe00000"), INVALID_PA);
    assert_rc(force(o, "@ffffffffffe00000+400000"), INVALID_PA);
}

static void wrong_host_or_policy(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+8");

    assert_rc(remove_request(o, &(CXLDcdRemoveRequest) { .host_id = 0 }),
              INVALID_INPUT);
    assert_message("host 0");
    for (unsigned policy = 2; policy < 256; policy++) {
        assert_rc(remove_request(o, &(CXLDcdRemoveRequest) {
                      .host_id = HOST, .policy = policy }), INVALID_INPUT);
    }
}

/* Not forced: the request waits for room. Forced: it goes ahead (3.4). */
static void log_has_no_room(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+1, 0:2+1");

    o->room = 1;
    assert_rc(ask_back(o, "0:0+1, 0:2+1"), RETRY_REQUIRED);
    assert_message("2 event records");
    assert_ok(ask_back(o, "0:0+1"));
    o->room = 0;
    assert_ok(force(o, "0:0+1, 0:2+1"));
    assert_extents(o, "");
}

/* --- Taking --- */

/* Nobody reaches it before it is wiped, wiped before it is given away. */
static void force_takes_at_once(void)
{
    g_autoptr(Owner) o = with_accepted("0:3+2 A#0, 1:0+1");

    assert_ok(force(o, "0:3+2, 1:0+1"));
    assert_extents(o, "");
    assert_trace(o, "unreach 0:3+2\nunreach 1:0+1\ncommit\n"
                 "discard 0:3+2\nzero 1:0+1\n"
                 "forced 0:3+2 A#0 more\nforced 1:0+1\n"
                 "fm-released 0:3+2 A#0 more\nfm-released 1:0+1\n"
                 "FORCED 0:3+2 A#0, 1:0+1\n");
    g_assert_false(cxl_dcd_reachable(o->dcd, REGION0_BASE + 6 * MIB, 1));
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 2);
    assert_rc(give_back(o, "0:3+2"), INVALID_PA);
}

static void force_part_of_an_extent(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+9 A#0");

    assert_ok(ask_back(o, "0:0+9"));
    assert_ok(force(o, "0:4+1"));
    assert_extents(o, "0:0+4 A#0 releasing, 0:5+4 A#0 releasing");
}

static void force_sanitizes_when_asked(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2");
    CXLDcdExtent extent = { .dpa = REGION0_BASE, .len = 4 * MIB };

    assert_ok(remove_request(o, &(CXLDcdRemoveRequest) {
        .host_id = HOST, .policy = CXL_DCD_REMOVE_PRESCRIPTIVE,
        .forced = true, .sanitize = true, .extents = &extent, .count = 1,
    }));
    assert_trace(o, "unreach 0:0+2\ncommit\nzero 0:0+2\n"
                 "forced 0:0+2\nfm-released 0:0+2\nFORCED 0:0+2\n");
}

/* Sanitize asked for with the request holds when the host answers later. */
static void ask_sanitizes_later(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+4");
    CXLDcdExtent extent = { .dpa = REGION0_BASE, .len = 8 * MIB };

    assert_ok(remove_request(o, &(CXLDcdRemoveRequest) {
        .host_id = HOST, .policy = CXL_DCD_REMOVE_PRESCRIPTIVE,
        .sanitize = true, .extents = &extent, .count = 1,
    }));
    skip_trace(o);
    assert_ok(give_back(o, "0:1+1"));
    assert_trace(o, "unreach 0:1+1\ncommit\nzero 0:1+1\n"
                 "fm-released 0:1+1\nRELEASED 0:1+1\n");
    assert_ok(give_back(o, "0:0+1, 0:2+2"));
    assert_trace(o, "unreach 0:0+1\nunreach 0:2+2\ncommit\n"
                 "zero 0:0+1\nzero 0:2+2\n"
                 "fm-released 0:0+1 more\nfm-released 0:2+2\n"
                 "RELEASED 0:0+1, 0:2+2\n");
}

/* --- Dead offers --- */

/* No new event; the offer stays tracked; only an empty answer is taken. */
static void force_pending(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2, 0:4+1"));
    skip_trace(o);
    assert_ok(force(o, "0:0+2, 0:4+1"));
    assert_trace(o, "FORCED 0:0+2, 0:4+1\n");
    assert_extents(o, "0:0+2 dead, 0:4+1 dead");
    g_assert_cmpuint(cxl_dcd_available_extents(o->dcd), ==, MAX_EXTENTS - 2);
    assert_rc(answer(o, "0:0+2"), INVALID_PA);
    assert_message("withdrawn");
    assert_rc(answer(o, "0:0+2, 0:4+1"), INVALID_PA);
    skip_trace(o);
    assert_ok(answer(o, ""));
    assert_extents(o, "");
    assert_trace(o, "discard 0:0+2\n"
                 "discard 0:4+1\n");
    g_assert_cmpuint(cxl_dcd_generation(o->dcd), ==, 0);
}

/* One extent of a group, or a part of one, kills the whole group. */
static void force_part_of_an_offer(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2, 0:4+1"));
    assert_ok(add(o, "0:8+1"));
    skip_trace(o);
    assert_ok(force(o, "0:1+1"));
    assert_extents(o, "0:0+2 dead, 0:4+1 dead, 0:8+1 pending");
    assert_trace(o, "FORCED 0:0+2, 0:4+1\n");
    assert_rc(force(o, "0:4+1"), INVALID_PA);
    assert_rc(answer(o, "0:4+1"), INVALID_PA);
    assert_rc(answer(o, "0:8+1"), INVALID_PA);
    assert_ok(answer(o, ""));
    assert_ok(answer(o, "0:8+1"));
    assert_extents(o, "0:8+1 accepted");
}

static void force_pending_and_accepted(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2");

    assert_ok(add(o, "0:2+2"));
    skip_trace(o);
    assert_ok(force(o, "0:0+4"));
    assert_extents(o, "0:2+2 dead");
    assert_trace(o, "unreach 0:0+2\ncommit\ndiscard 0:0+2\n"
                 "forced 0:0+2\nfm-released 0:0+2\nFORCED 0:0+2\n"
                 "FORCED 0:2+2\n");
}

/* --- By tag --- */

static void tag_all_of_it(void)
{
    g_autoptr(Owner) o = with_accepted("0:8+1 A#0, 0:0+2 A#0, 1:0+1 A#0, "
                                       "0:4+1 B#0");

    assert_ok(ask_tag(o, 'A', 0));
    assert_trace(o, "release 0:0+2 A#0 more\nrelease 0:8+1 A#0 more\n"
                 "release 1:0+1 A#0\n");
    assert_extents(o, "0:0+2 A#0 releasing, 0:4+1 B#0 accepted, "
                   "0:8+1 A#0 releasing, 1:0+1 A#0 releasing");
    assert_ok(force_tag(o, 'A', 0));
    assert_extents(o, "0:4+1 B#0 accepted");
}

/* Which part goes is the device's choice: ours is the lowest DPA first. */
static void tag_part_of_it(void)
{
    g_autoptr(Owner) o = with_accepted("0:8+4 A#0, 0:0+2 A#0");

    assert_ok(ask_tag(o, 'A', 6 * MIB));
    assert_trace(o, "release 0:0+2 A#0 more\nrelease 0:8+1 A#0\n");
    assert_ok(force_tag(o, 'A', 6 * MIB));
    assert_extents(o, "0:9+3 A#0 releasing");
    assert_ok(force_tag(o, 'A', 6 * MIB));
    assert_extents(o, "");
}

static void tag_length_checked(void)
{
    g_autoptr(Owner) o = with_accepted("0:8+4 A#0, 0:0+2 A#0");

    assert_rc(ask_tag(o, 'A', 14 * MIB), RESOURCES_EXHAUSTED);
    assert_message("0xe00000");
    assert_message("0xc00000");
    assert_rc(ask_tag(o, 'A', UINT64_MAX), RESOURCES_EXHAUSTED);
    assert_rc(ask_tag(o, 'A', 3 * MIB), INVALID_INPUT);
    assert_message("block size");
    assert_rc(force_tag(o, 'A', 1), INVALID_INPUT);
}

static void tag_unknown(void)
{
    g_autoptr(Owner) o = with_accepted("0:0+2, 0:2+1 A#0");

    assert_rc(ask_tag(o, 'B', 0), INVALID_INPUT);
    assert_rc(force_tag(o, 'B', 2 * MIB), INVALID_INPUT);
    /* Untagged is not a tag */
    assert_rc(ask_tag(o, 0, 0), INVALID_INPUT);
    assert_ok(give_back(o, "0:2+1"));
    assert_rc(ask_tag(o, 'A', 0), INVALID_INPUT);
}

/* What is only offered cannot be asked back, only taken. */
static void tag_pending(void)
{
    g_autoptr(Owner) o = owner_new();

    assert_ok(add(o, "0:0+2 A#0"));
    assert_rc(ask_tag(o, 'A', 0), INVALID_INPUT);
    assert_ok(add(o, "0:2+2 A#0"));
    assert_ok(answer(o, "0:0+2"));
    skip_trace(o);
    assert_ok(ask_tag(o, 'A', 0));
    assert_trace(o, "release 0:0+2 A#0\n");
    assert_ok(force_tag(o, 'A', 0));
    assert_extents(o, "0:2+2 A#0 dead");
    assert_rc(force_tag(o, 'A', 0), INVALID_INPUT);
}

static void splits_past_the_limit(void)
{
    CXLDcdConfig config = owner_config();
    g_autoptr(Owner) o = NULL;

    config.max_extents = 2;
    o = owner_new_with(&config);
    assert_ok(add(o, "0:0+10, 0:20+1"));
    assert_ok(answer(o, "0:0+10, 0:20+1"));
    assert_rc(force(o, "0:5+1"), RESOURCES_EXHAUSTED);
    /* Asking splits nothing */
    assert_ok(ask_back(o, "0:5+1"));
    assert_rc(force(o, "0:5+1"), RESOURCES_EXHAUSTED);
    assert_ok(force(o, "0:5+1, 0:20+1"));
}

#define T(path, function) g_test_add_func("/core/release/" path, function)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    T("ask/leaves-it-reachable", ask_leaves_it_reachable);
    T("ask/across-extents", ask_across_extents);
    T("ask/again", ask_again);
    T("ask/not-there", ask_for_what_is_not_there);
    T("ask/pending", ask_for_pending);
    T("malformed", malformed);
    T("host-or-policy", wrong_host_or_policy);
    T("log-has-no-room", log_has_no_room);
    T("force/at-once", force_takes_at_once);
    T("force/part-of-an-extent", force_part_of_an_extent);
    T("force/sanitizes-when-asked", force_sanitizes_when_asked);
    T("ask/sanitizes-later", ask_sanitizes_later);
    T("force/pending", force_pending);
    T("force/part-of-an-offer", force_part_of_an_offer);
    T("force/pending-and-accepted", force_pending_and_accepted);
    T("tag/all", tag_all_of_it);
    T("tag/part", tag_part_of_it);
    T("tag/length", tag_length_checked);
    T("tag/unknown", tag_unknown);
    T("tag/pending", tag_pending);
    T("splits-past-the-limit", splits_past_the_limit);
    return g_test_run();
}
